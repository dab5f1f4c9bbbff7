"""Places: provinces, cities, counties by GB/T 2260, townships below; and addresses in them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import strawberry

from schema.codes import Regions
from schema.declare import sourced
from schema.entities import ENTITIES
from schema.enums import JurisdictionLevel
from schema.file import Values
from schema.node import Node, public_id

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


@strawberry.type(description="A place of a person: region by code, address as the source wrote it.")
class Place:
    """Domicile or residence; the two are never derived from one another."""

    region: strawberry.Private[str | None]
    address: str | None

    @strawberry.field(description="区划")
    def jurisdiction(self) -> Jurisdiction | None:
        return jurisdiction(self.region) if self.region else None


def place(values: Values, name: str) -> Place | None:
    """The place whose columns are `<name>Code` and `<name>Address`; None when both are empty."""
    code, address = values.get(f"{name}Code"), values.get(f"{name}Address")
    if code is None and address is None:
        return None
    return Place(region=str(code) if code else None, address=str(address) if address else None)


def placed(name: str, term: str) -> Any:
    """A field that shows such a place."""
    columns = (_PERSON[f"{name}Code"], _PERSON[f"{name}Address"])
    return sourced(*columns, read=lambda root: place(root.values, name), term=term)
