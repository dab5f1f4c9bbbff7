"""What lists can be filtered and sorted by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum

import strawberry

from schema.declare import LabelEnum, describe_enums
from schema.enums import CaseStage, DocumentKind, PersonStatus, Purpose, Role
from schema.reader import AccessConditions, Condition


class Direction(Enum):
    """Sort direction; rows whose key you may not see stand last."""

    ASC = "升序"
    DESC = "降序"


class PersonOrderField(Enum):
    """What people can be sorted by."""

    RELEASED_ON = "最近出所日期"
    BIRTH_DATE = "出生日期"
    STATUS = "当前状态"


class CaseOrderField(Enum):
    """What cases can be sorted by."""

    OPENED_ON = "立案日期"


class AccessEffect(Enum):
    """What became of a field."""

    ALLOW = "显示"
    MASK = "部分遮盖"
    DENY = "未予显示"


class AccessOutcome(Enum):
    """What became of a request."""

    OK = "已答复"
    PARTIAL = "已答复，部分来源未答复"
    DENIED = "没有可告知的人员"
    REFUSED = "已拒绝"
    FAILED = "失败"


describe_enums([Direction, PersonOrderField, CaseOrderField, AccessEffect, AccessOutcome])


@strawberry.input(description="A document number, asked for by lookup; it never appears in an answer's id.")
class DocumentInput:
    """15 or 18 digits for a resident id."""

    number: str
    kind: DocumentKind = DocumentKind.RESIDENT_ID


@strawberry.input
class TextFilter:
    """One of the two."""

    eq: str | None = None
    starts_with: str | None = None


@strawberry.input
class RegionFilter:
    """A region and everything below it; GB/T 2260 or township code, old codes included."""

    under: str


@strawberry.input
class DateFilter:
    """An exact day."""

    eq: date


@strawberry.input
class StatusFilter:
    """Any of these."""

    in_: list[PersonStatus] = strawberry.field(name="in")


@strawberry.input
class StageFilter:
    """Any of these."""

    in_: list[CaseStage] = strawberry.field(name="in")


@strawberry.input(description="All conditions must hold; at least one must be one that a source can search by.")
class PersonFilter:
    """`status` alone is too broad: no agency holds it."""

    name: TextFilter | None = None
    birth_date: DateFilter | None = None
    responsible_jurisdiction: RegionFilter | None = strawberry.field(
        default=None, description="执行地, else 现居住地, lies in it."
    )
    domicile: RegionFilter | None = None
    residence: RegionFilter | None = None
    status: StatusFilter | None = None


@strawberry.input
class PersonOrder:
    """One sort key."""

    field: PersonOrderField
    direction: Direction = Direction.ASC


@strawberry.input(description="All conditions must hold; a region is required.")
class CaseFilter:
    """Cases of people for whom a region is responsible."""

    responsible_jurisdiction: RegionFilter | None = None
    stage: StageFilter | None = None


@strawberry.input
class CaseOrder:
    """One sort key."""

    field: CaseOrderField
    direction: Direction = Direction.ASC


@strawberry.input(description="All conditions must hold.")
class AccessFilter:
    """Conditions on the access log."""

    person: strawberry.ID | None = None
    subject: str | None = None
    agency: str | None = None
    purpose: Purpose | None = None
    role: Role | None = None
    field: str | None = strawberry.field(
        default=None, description="A path of the graph, as `person.cases.measures.startsOn`."
    )
    label: LabelEnum | None = None  # type: ignore[valid-type]  # strawberry.enum returns the class itself
    effect: AccessEffect | None = strawberry.field(
        default=None, description="What became of `field` or `label`; alone, of any field."
    )
    policy: str | None = None
    source: str | None = None
    peer: str | None = strawberry.field(default=None, description="A gateway that was asked, or that asked us.")
    outcome: AccessOutcome | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _present(*found: Condition | None) -> list[Condition]:
    return [one for one in found if one]


def _under(name: str, region: RegionFilter | None) -> Condition | None:
    return Condition(name, "under", region.under) if region else None


def _among(name: str, members: Iterable[Enum] | None) -> Condition | None:
    return None if members is None else Condition(name, "in", tuple(member.name for member in members))


def person_conditions(where: PersonFilter | None) -> list[Condition]:
    """A person filter as conditions."""
    if where is None:
        return []
    text = where.name
    return _present(
        Condition("name", "eq", text.eq) if text and text.eq else None,
        Condition("name", "startsWith", text.starts_with) if text and text.starts_with else None,
        Condition("birthDate", "eq", where.birth_date.eq) if where.birth_date else None,
        _under("responsibleJurisdiction", where.responsible_jurisdiction),
        _under("domicile", where.domicile),
        _under("residence", where.residence),
        _among("status", where.status.in_ if where.status else None),
    )


def case_conditions(where: CaseFilter | None) -> list[Condition]:
    """A case filter as conditions."""
    if where is None:
        return []
    return _present(
        _under("responsibleJurisdiction", where.responsible_jurisdiction),
        _among("stage", where.stage.in_ if where.stage else None),
    )


def _name(member: Enum | None) -> str | None:
    return member.name if member else None


def access_conditions(where: AccessFilter | None) -> AccessConditions:
    """An access filter as conditions."""
    if where is None:
        return AccessConditions()
    return AccessConditions(
        person=where.person,
        subject=where.subject,
        agency=where.agency,
        purpose=_name(where.purpose),
        role=_name(where.role),
        field=where.field,
        label=_name(where.label),
        effect=_name(where.effect),
        policy=where.policy,
        source=where.source,
        peer=where.peer,
        outcome=_name(where.outcome),
        request_id=where.request_id,
        since=where.since,
        until=where.until,
    )
