"""The whole schema as a Federation 2 subgraph, checked before it is used, and its printed form."""

from __future__ import annotations

from pathlib import Path

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.labelling import check
from schema.measure import MEASURES
from schema.mutation import Mutation
from schema.query import Query
from schema.subgraph import Subgraph

__all__ = ["SDL_FILE", "build", "check", "sdl"]

SDL_FILE = Path(__file__).with_name("unified.graphql")


def build() -> strawberry.federation.Schema:
    """The schema; raises DeclarationError for a field whose label is missing, doubtful or not enforceable."""
    built = Subgraph(
        query=Query,
        mutation=Mutation,
        types=list(MEASURES.values()),
        config=StrawberryConfig(disable_field_suggestions=True),
    )
    check(built)
    return built


def sdl() -> str:
    """The printed schema, as committed in schema/unified.graphql."""
    return build().as_str() + "\n"
