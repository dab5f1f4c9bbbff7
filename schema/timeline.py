"""Everything that happened, in order, from every source: told from the rows that the viewer may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import strawberry

from schema.entities import ENTITIES
from schema.enums import EventKind
from schema.file import CaseFile, Origin, Row
from schema.source import Source, SourceRecord, source


@dataclass(frozen=True, slots=True)
class Telling:
    """How one dated column of an entity is told as an event."""

    entity: str
    column: str
    kind: EventKind
    only: str | None = None  # rows of this kind alone
    detail: str | None = None  # column whose value is added


TELLINGS: tuple[Telling, ...] = (
    Telling("Decision", "decidedOn", EventKind.DECIDED, detail="kind"),
    Telling("Measure", "startsOn", EventKind.ADMITTED, "COMPULSORY_ISOLATION", "agencyName"),
    Telling("Measure", "startsOn", EventKind.ADMITTED, "REHABILITATION_STAY", "agencyName"),
    Telling("Measure", "endedOn", EventKind.RELEASED, "COMPULSORY_ISOLATION", "endReason"),
    Telling("Measure", "endedOn", EventKind.ENDED, "REHABILITATION_STAY", "endReason"),
    Telling("Measure", "orderedOn", EventKind.ORDERED, "COMMUNITY_RECOVERY"),
    Telling("Measure", "reportedOn", EventKind.REPORTED, detail="agencyName"),
    Telling("Measure", "endedOn", EventKind.ENDED, "COMMUNITY_RECOVERY", "endReason"),
    Telling("Measure", "endedOn", EventKind.ENDED, "COMMUNITY_TREATMENT", "endReason"),
    Telling("Assessment", "assessedOn", EventKind.ASSESSED, detail="stage"),
    Telling("Agreement", "signedOn", EventKind.AGREEMENT_SIGNED, detail="kind"),
    Telling("Visit", "visitedOn", EventKind.VISITED, detail="kind"),
    Telling("DrugTest", "testedOn", EventKind.TESTED, detail="result"),
)


@strawberry.type(description="事件")
class TimelineEvent:
    """One thing that happened; `at` is null where a source keeps only the day."""

    on: date
    at: datetime | None
    kind: EventKind
    summary: str | None
    origin: strawberry.Private[Origin]
    row: strawberry.Private[Row]
    column: strawberry.Private[str]

    @property
    def id(self) -> str:
        """Names the event for cursors; not a field."""
        return f"{self.row.id}.{self.column}"

    @strawberry.field
    def source(self, info: strawberry.Info) -> Source:
        return source(info.context.reader.source(self.origin.source, self.origin.jurisdiction))

    @strawberry.field
    def record(self) -> SourceRecord:
        return SourceRecord(origin=self.origin)


def _term(row: Row, name: str | None) -> str | None:
    """A column's value in words: the Chinese term of an enum, else the text itself."""
    if name is None or (value := row.values.get(name)) is None:
        return None
    enum = ENTITIES[row.entity].columns[name].enum
    return str(enum[str(value)].value) if enum else str(value)


def _told(row: Row) -> Iterator[TimelineEvent]:
    for telling in TELLINGS:
        if telling.entity != row.entity or (telling.only and row.values.get("kind") != telling.only):
            continue
        day = row.values.get(telling.column)
        if isinstance(day, date):
            detail = _term(row, telling.detail)
            summary = telling.kind.value + (f": {detail}" if detail else "")
            yield TimelineEvent(
                on=day,
                at=None,
                kind=telling.kind,
                summary=summary,
                origin=row.origin,
                row=row,
                column=telling.column,
            )


def _reported(row: Row) -> Iterator[TimelineEvent]:
    at, kind = row.values.get("at"), row.values.get("kind")
    if isinstance(at, datetime):
        summary = row.values.get("summary")
        yield TimelineEvent(
            on=at.date(),
            at=at,
            kind=EventKind[str(kind)] if kind else EventKind.OTHER,
            summary=str(summary) if summary else None,
            origin=row.origin,
            row=row,
            column="at",
        )


def timeline(case: CaseFile) -> list[TimelineEvent]:
    """The case's events, oldest first."""
    events: list[TimelineEvent] = []
    for entity, rows in case.rows.items():
        tell = _reported if entity == "Event" else _told
        for row in rows or ():
            events.extend(tell(row))
    return sorted(events, key=lambda event: (event.on, event.at is not None, event.row.order, event.column))
