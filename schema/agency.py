"""Agencies: who holds a stretch of the journey."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import strawberry
from msgspec import Struct

from schema.enums import AgencyKind
from schema.jurisdiction import REGION, Jurisdiction, jurisdiction
from schema.node import Node, public_id
from schema.reader import AgencyFacts
from schema.reading import READING, Objects, Public


@strawberry.type(description="机构")
class Agency(Node):
    """An organisation of the directory that the manifests make up."""

    code: str = strawberry.field(description="机构代码")
    name: str = strawberry.field(description="名称")
    kind: AgencyKind | None = strawberry.field(description="类别; null when only its name is known.")
    region: strawberry.Private[str]

    @strawberry.field(description="所在区划", metadata={READING: REGION})
    def jurisdiction(self) -> Jurisdiction | None:
        return jurisdiction(self.region) if self.region else None


def agency(facts: AgencyFacts) -> Agency:
    """An agency of the graph; one object for each that the directory knows, because it never changes."""
    return _listed(facts) if facts.kind else _made(facts)


def _made(facts: AgencyFacts) -> Agency:
    return Agency(
        id=public_id("a1", facts.code or facts.name),
        code=facts.code,
        name=facts.name,
        kind=AgencyKind[facts.kind] if facts.kind else None,
        region=facts.jurisdiction,
    )


_listed = lru_cache(maxsize=4_096)(_made)


Named = tuple[Any, Any]  # code and name, as a row's columns agencyCode and agencyName name an agency


def _named(roots: Objects) -> Sequence[Named | None]:
    columns = [(root.values.get("agencyCode"), root.values.get("agencyName")) for root in roots]
    return [None if not named[0] and not named[1] else named for named in columns]


def agency_of(root: Any, info: strawberry.Info) -> Agency | None:
    """The agency that a row names."""
    (named,) = _named((root,))
    return None if named is None else agency(info.context.reader.agency(named[0] or "", named[1]))


class _Unlisted(Struct, frozen=True, gc=False):
    """What stands for an agency that the directory does not know."""

    code: str
    name: str
    kind: None = None
    region: str = ""

    @property
    def id(self) -> strawberry.ID:
        return public_id("a1", self.code or self.name)


def _agencies(named: Sequence[Named], info: Any) -> Sequence[Agency | _Unlisted]:
    look = info.context.reader.agency
    found = [look(code or "", name) for code, name in named]
    return [
        _listed(facts) if facts.kind else _Unlisted(facts.code, facts.name, None, facts.jurisdiction)
        for facts in found
    ]


AGENCY = Public(_named, _agencies, lasting=False)
"""How `agency_of` is read of many rows."""
