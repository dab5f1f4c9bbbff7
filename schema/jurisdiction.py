"""Places: provinces, cities, counties by GB/T 2260, townships below; and addresses in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import strawberry
from msgspec import Struct

from schema.codes import Regions
from schema.declare import sourced
from schema.entities import ENTITIES
from schema.enums import JurisdictionLevel
from schema.file import Values
from schema.node import Node, public_id
from schema.reading import READING, Many, Objects, Public

_PERSON = ENTITIES["PersonRecord"]


@strawberry.type(description="行政区划. GB/T 2260 province, city, county, township. Old codes keep names.")
class Jurisdiction(Node):
    """A region of the dated GB/T 2260 table, or a township of the settings."""

    code: str = strawberry.field(description="GB/T 2260, six digits; nine for a township.")

    @strawberry.field(description="名称")
    def name(self, info: strawberry.Info) -> str:
        return _regions(info).name(self.code) or self.code

    @strawberry.field(description="省、市、县全称")
    def full_name(self, info: strawberry.Info) -> str:
        return "".join(_regions(info).path(self.code)) or self.code

    @strawberry.field(description="级别; null for a code that was never assigned.")
    def level(self, info: strawberry.Info) -> JurisdictionLevel | None:
        level = _regions(info).level(self.code)
        return JurisdictionLevel[level] if level else None

    @strawberry.field(description="上级")
    def parent(self, info: strawberry.Info) -> Jurisdiction | None:
        code = _regions(info).parent(self.code)
        return jurisdiction(code) if code else None

    @strawberry.field(description="下级, currently valid ones.")
    def children(self, info: strawberry.Info) -> list[Jurisdiction]:
        return [jurisdiction(code) for code in _regions(info).children(self.code)]

    @strawberry.field(description="Codes that followed this one, once it is no longer assigned (更名后的代码).")
    def successors(self, info: strawberry.Info) -> list[Jurisdiction]:
        return [jurisdiction(code) for code in _regions(info).successors(self.code)]


def _regions(info: strawberry.Info) -> Regions:
    regions: Regions = info.context.reader.regions
    return regions


@lru_cache(maxsize=8_192)
def jurisdiction(code: str) -> Jurisdiction:
    """The region of a code, known or not; one object for each, because it is public and never changes."""
    return Jurisdiction(id=public_id("j1", code), code=code)


def _at(codes: Sequence[str], _info: Any) -> Sequence[Jurisdiction]:
    return [jurisdiction(code) for code in codes]


REGION = Public(lambda roots: [root.region or None for root in roots], _at)
"""How the jurisdiction of many things is read that have the code of their region."""


def region_in(column: str, *, derived: bool = False) -> tuple[Callable[[Any], Jurisdiction | None], Public]:
    """How a region is read whose code stands in a column, or is derived: of one object, and of many."""

    def codes(roots: Objects) -> Sequence[str | None]:
        if derived:
            return [root.derived.get(column) or None for root in roots]
        return [root.values.get(column) or None for root in roots]

    def read(root: Any) -> Jurisdiction | None:
        (code,) = codes((root,))
        return None if code is None else jurisdiction(code)

    return read, Public(codes, _at)


@strawberry.type(description="A place of a person: region by code, address as the source wrote it.")
class Place:
    """Domicile or residence; the two are never derived from one another."""

    region: strawberry.Private[str | None]
    address: str | None

    @strawberry.field(description="区划", metadata={READING: REGION})
    def jurisdiction(self) -> Jurisdiction | None:
        return jurisdiction(self.region) if self.region else None


def place(values: Values, name: str) -> Place | None:
    """The place whose columns are `<name>Code` and `<name>Address`; None when both are empty."""
    code, address = values.get(f"{name}Code"), values.get(f"{name}Address")
    if code is None and address is None:
        return None
    return Place(region=str(code) if code else None, address=str(address) if address else None)


class _PlaceOf(Struct, frozen=True, gc=False):
    """What stands for a place."""

    region: Any
    address: Any


def _places(name: str) -> Callable[[Objects], Sequence[_PlaceOf | None]]:
    code, address = f"{name}Code", f"{name}Address"

    def read(roots: Objects) -> Sequence[_PlaceOf | None]:
        found = [((values := root.values).get(code), values.get(address)) for root in roots]
        return [
            None if region is None and where is None else _PlaceOf(region, where or None) for region, where in found
        ]

    return read


def placed(name: str, term: str) -> Any:
    """A field that shows such a place."""
    columns = (_PERSON[f"{name}Code"], _PERSON[f"{name}Address"])
    return sourced(*columns, read=lambda root: place(root.values, name), reading=Many(_places(name)), term=term)
