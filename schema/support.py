"""Support: relief, medical aid, jobs, training; and eligibility, which answers without the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from schema.declare import columns_of, grouped, newest_first, shown_rows, sourced
from schema.entities import ENTITIES
from schema.enums import EmploymentStatus, SupportKind
from schema.file import PersonFile
from schema.label import Label
from schema.reading import Above
from schema.shown import Shown

_GRANT = ENTITIES["SupportGrant"]
_JOB = ENTITIES["Employment"]
_COURSE = ENTITIES["Training"]


@strawberry.type(description="救助")
class SupportGrant(Shown):
    """One grant to a person or the household."""

    kind: SupportKind | None = sourced(_GRANT["kind"])
    started_on: date | None = sourced(_GRANT["startedOn"])
    ended_on: date | None = sourced(_GRANT["endedOn"])
    agency_name: str | None = sourced(_GRANT["agencyName"])


@strawberry.type(description="就业")
class Employment(Shown):
    """One job or registration."""

    status: EmploymentStatus | None = sourced(_JOB["status"])
    employer: str | None = sourced(_JOB["employer"])
    started_on: date | None = sourced(_JOB["startedOn"])
    ended_on: date | None = sourced(_JOB["endedOn"])


@strawberry.type(description="培训")
class Training(Shown):
    """One course."""

    course: str | None = sourced(_COURSE["course"])
    started_on: date | None = sourced(_COURSE["startedOn"])
    completed_on: date | None = sourced(_COURSE["completedOn"])


def _listed(entity: str, shape: Any, column: str) -> Any:
    return shown_rows(ENTITIES[entity], newest_first(entity, column), shape, columns=columns_of(entity, column))


@strawberry.type(description="帮扶救助")
class SupportRecord:
    """What was granted, found and learnt."""

    file: strawberry.Private[PersonFile]

    grants: list[SupportGrant] | None = _listed("SupportGrant", SupportGrant, "startedOn")
    employments: list[Employment] | None = _listed("Employment", Employment, "startedOn")
    trainings: list[Training] | None = _listed("Training", Training, "startedOn")


@strawberry.type(description="资格核验: an answer without its reason.")
class Eligibility:
    """Whether somebody is eligible, and until when."""

    eligible: bool | None = strawberry.field(description="Null when no source can say.")
    until: date | None = strawberry.field(description="The last day, where there is one.")


def support_group() -> Any:
    """The field that opens the support record."""
    return grouped(
        Label.SUPPORT, "帮扶救助", lambda root: SupportRecord(file=root.file), rows="SupportGrant", reading=Above()
    )
