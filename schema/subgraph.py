"""The schema as a Federation 2 subgraph: what `_entities` accepts, and what it says to anything else."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.federation.schema import FederationAny

from schema.case import Case
from schema.person import Person

REFERENCES: dict[str, Any] = {"Person": Person, "Case": Case}


class Subgraph(strawberry.federation.Schema):
    """Strawberry's resolver takes its arguments apart (a second alias would find them empty) and builds any type."""

    def entities_resolver(self, info: strawberry.Info, representations: list[FederationAny]) -> list[FederationAny]:
        """People and cases by their keys; many at once are read as one batch."""
        return [self._refer(info, one) for one in representations]

    def _refer(self, info: strawberry.Info, representation: object) -> Any:
        known = representation if isinstance(representation, dict) else {}
        kind, key = known.get("__typename"), known.get("id")
        if kind not in REFERENCES or not isinstance(key, str):
            raise GraphQLError(
                f"representations: each must be an object with __typename ({' or '.join(REFERENCES)}) and id.",
                extensions={"code": "BAD_ARGUMENT"},
            )
        return REFERENCES[str(kind)].resolve_reference(info, strawberry.ID(key))
