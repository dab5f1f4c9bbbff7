"""Where values come from: sources, each source's own record of a person, and what they disagree about."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import strawberry

from schema.agency import Agency, agency
from schema.codes import ETHNIC_GROUPS
from schema.declare import LabelEnum, grouped, sourced
from schema.entities import ENTITIES
from schema.enums import (
    ControlStatus,
    Education,
    MaritalStatus,
    Quality,
    Sex,
)
from schema.file import Disagreement, Origin, Row, Values
from schema.jurisdiction import Jurisdiction, Place, jurisdiction, placed
from schema.label import Label
from schema.reader import HealthFacts, SourceFacts
from schema.reading import Objects, Public

_PERSON = ENTITIES["PersonRecord"]


@strawberry.type(description="民族, GB/T 3304")
class Ethnicity:
    """An ethnic group by its code."""

    code: str

    @strawberry.field(description="名称")
    def name(self) -> str | None:
        return ETHNIC_GROUPS.get(self.code)


def _groups(roots: Objects) -> list[str | None]:
    return [root.values.get("ethnicity") or None for root in roots]


def ethnicity_of(root: Any) -> Ethnicity | None:
    """The ethnic group of a row."""
    (code,) = _groups((root,))
    return None if code is None else Ethnicity(code=code)


ETHNICITY = Public(_groups, lambda codes, _: [Ethnicity(code=code) for code in codes])
"""How `ethnicity_of` is read of many rows."""


@strawberry.type(description="What was noticed about one value; it is kept and shown, never silently repaired.")
class QualityFlag:
    """One flag of one field."""

    field: str
    quality: Quality


@strawberry.type(description="What of one entity a source can be asked.")
class Capability:
    """Fields that it fills, and filters that it can search by."""

    entity: str
    fields: list[str]
    filters: list[str]


@strawberry.type(description="How a source is doing now; found out without touching a personal record.")
class SourceHealth:
    """The answer of a source's health check."""

    ok: bool
    detail: str
    lag: int | None = strawberry.field(description="Seconds by which the dataset trails reality.")


@strawberry.type(description="数据源: one agency system that is federated, or another province's gateway.")
class Source:
    """A registered source; a peer's own source shows what its rows said."""

    id: strawberry.ID
    facts: strawberry.Private[SourceFacts]
    known_health: strawberry.Private[HealthFacts | None] = None

    @strawberry.field
    def name(self) -> str:
        return self.facts.name

    @strawberry.field(description="Who answers for it.")
    def owner(self) -> str:
        return self.facts.owner

    @strawberry.field(description="Version of its manifest.")
    def version(self) -> str:
        return self.facts.version

    @strawberry.field(description="Version of the adapter contract.")
    def contract(self) -> str:
        return self.facts.contract

    @strawberry.field(description="How it is read: sql, rest, soap, subgraph.")
    def kind(self) -> str:
        return self.facts.kind

    @strawberry.field(description="Whether it is another province's gateway.")
    def is_peer(self) -> bool:
        return self.facts.is_peer

    @strawberry.field(description="The province that holds it.")
    def jurisdiction(self) -> Jurisdiction | None:
        return jurisdiction(self.facts.jurisdiction) if self.facts.jurisdiction else None

    @strawberry.field(description="The agency whose system it is.")
    def agency(self, info: strawberry.Info) -> Agency | None:
        return agency(info.context.reader.agency(self.facts.agency)) if self.facts.agency else None

    @strawberry.field
    async def health(self, info: strawberry.Info) -> SourceHealth | None:
        health = await info.context.reader.health(self.facts.id)
        return SourceHealth(ok=health.ok, detail=health.detail, lag=health.lag_seconds) if health else None

    @strawberry.field
    def capabilities(self) -> list[Capability]:
        return [
            Capability(
                entity=entity,
                fields=list(fields),
                filters=[f"{name}: {', '.join(operators)}" for name, operators in filters.items()],
            )
            for entity, (fields, filters) in self.facts.capabilities.items()
        ]


def source(facts: SourceFacts) -> Source:
    """A source of the graph."""
    return Source(id=strawberry.ID(facts.id), facts=facts)


@strawberry.type(description="One source's own view of a person, before anything was merged.")
class SourcePerson:
    """The columns of a PersonRecord as that source has them."""

    values: strawberry.Private[Values]

    name: str | None = sourced(_PERSON["name"])
    former_names: list[str] | None = sourced(_PERSON["formerNames"])
    aliases: list[str] | None = sourced(_PERSON["aliases"])
    romanised_name: str | None = sourced(_PERSON["romanisedName"])
    id_number: str | None = sourced(_PERSON["idNumber"])
    other_id_numbers: list[str] | None = sourced(_PERSON["otherIdNumbers"])
    sex: Sex | None = sourced(_PERSON["sex"])
    birth_date: date | None = sourced(_PERSON["birthDate"])
    ethnicity: Ethnicity | None = sourced(_PERSON["ethnicity"], read=ethnicity_of, reading=ETHNICITY)
    education: Education | None = sourced(_PERSON["education"])
    marital_status: MaritalStatus | None = sourced(_PERSON["maritalStatus"])
    domicile: Place | None = placed("domicile", "户籍地")
    residence: Place | None = placed("residence", "现居住地")
    execution_place_code: str | None = sourced(_PERSON["executionPlaceCode"])
    responsible_police_codes: list[str] | None = sourced(_PERSON["responsiblePoliceCodes"])
    phones: list[str] | None = sourced(_PERSON["phones"])
    first_used_on: date | None = sourced(_PERSON["firstUsedOn"])
    first_caught_on: date | None = sourced(_PERSON["firstCaughtOn"])
    substances: list[str] | None = sourced(_PERSON["substances"])
    use_method: str | None = sourced(_PERSON["useMethod"])
    registered_on: date | None = sourced(_PERSON["registeredOn"])
    control_status: ControlStatus | None = sourced(_PERSON["controlStatus"])
    control_entered_on: date | None = sourced(_PERSON["controlEnteredOn"])
    hiv_positive: bool | None = sourced(_PERSON["hivPositive"])
    sealed: bool | None = sourced(_PERSON["sealed"])
    died_on: date | None = sourced(_PERSON["diedOn"])


@strawberry.type(description="Where a record came from, and what was noticed about it.")
class SourceRecord:
    """Provenance of one record."""

    origin: strawberry.Private[Origin]
    values: strawberry.Private[Values | None] = None

    @strawberry.field
    def source(self, info: strawberry.Info) -> Source:
        return source(info.context.reader.source(self.origin.source, self.origin.jurisdiction))

    @strawberry.field(description="Opaque handle of the source's own key, by which its owner finds the row again.")
    def record_id(self) -> str:
        return self.origin.record_id

    @strawberry.field(description="When the agency says that the fact was true.")
    def as_of(self) -> datetime | None:
        return self.origin.as_of

    @strawberry.field(description="When the gateway read it.")
    def fetched_at(self) -> datetime:
        return self.origin.fetched_at

    @strawberry.field(description="Through which other gateway it came.")
    def peer(self) -> str | None:
        return self.origin.peer

    @strawberry.field
    def quality(self) -> list[QualityFlag]:
        return [QualityFlag(field=name, quality=quality) for name, quality in self.origin.flags]

    person: SourcePerson | None = grouped(
        Label.EXISTENCE,
        "该来源所载的本人信息",
        lambda root: None if root.values is None else SourcePerson(values=root.values),
    )


def record(row: Row) -> SourceRecord:
    """The provenance of a row; with its own view of the person if it is a PersonRecord."""
    return SourceRecord(origin=row.origin, values=row.values if row.entity == "PersonRecord" else None)


@strawberry.type(description="One of several values, and where it stands.")
class ConflictingValue:
    """A value as text."""

    value: str | None
    origin: strawberry.Private[Origin]

    @strawberry.field
    def record(self) -> SourceRecord:
        return SourceRecord(origin=self.origin)


@strawberry.type(description="Sources disagree: all values side by side, which one was chosen, and why.")
class Conflict:
    """One column about which sources disagree."""

    field: str
    label: LabelEnum  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time
    values: list[ConflictingValue]
    chosen: str | None
    because: str | None


def text(value: object) -> str | None:
    """A canonical value as text."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return "; ".join(str(item) for item in value)
    return value.isoformat() if isinstance(value, date) else str(value)


def conflict(found: Disagreement) -> Conflict:
    """A conflict of the graph."""
    return Conflict(
        field=found.column,
        label=found.label,
        values=[ConflictingValue(value=text(value), origin=origin) for value, origin in found.values],
        chosen=text(found.chosen),
        because=found.because,
    )
