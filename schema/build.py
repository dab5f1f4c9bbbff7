"""The whole schema as a Federation 2 subgraph, checked before it is used, and its printed form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import strawberry
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLNonNull, GraphQLObjectType
from strawberry.schema.config import StrawberryConfig

from schema.declare import DeclarationError, declaration_of
from schema.measure import MEASURES
from schema.query import Query
from schema.subgraph import Subgraph

SDL_FILE = Path(__file__).with_name("unified.graphql")


def build() -> strawberry.federation.Schema:
    """The schema; raises DeclarationError for a sourced field that is not nullable or has lost its label."""
    built = Subgraph(
        query=Query,
        types=list(MEASURES.values()),
        config=StrawberryConfig(disable_field_suggestions=True),
    )
    check(built)
    return built


def check(built: strawberry.federation.Schema) -> None:
    """Every labelled field is nullable; every field of a type that shows columns says what it is."""
    for where, field in _fields(built):
        declared = declaration_of(field.extensions["strawberry-definition"].metadata)
        if declared and isinstance(field.type, GraphQLNonNull):
            raise DeclarationError(
                f"{where}: bears {declared.label} and is not nullable; a denial would null the whole object. "
                "Make its type optional."
            )


def _fields(built: strawberry.federation.Schema) -> Iterator[tuple[str, GraphQLField]]:
    for kind in built._schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("_"):
            for name, field in kind.fields.items():
                if "strawberry-definition" in field.extensions:
                    yield f"{kind.name}.{name}", field


def sdl() -> str:
    """The printed schema, as committed in schema/unified.graphql."""
    return build().as_str() + "\n"
