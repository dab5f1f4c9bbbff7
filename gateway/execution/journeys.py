"""Journeys: one person's rows, grouped to cases. From the first decision to the end of the last measure.

A case opens with isolation or community treatment, or with the decision that orders it. What follows belongs to it
until the next one opens: community recovery, aftercare, a stay at a centre, tests and visits. A measure into which
an earlier one was converted (变更措施) goes on with the same case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from gateway.execution.handles import Handles
from schema.file import CaseFile, Row

_OPENERS = frozenset({"COMPULSORY_ISOLATION", "COMMUNITY_TREATMENT"})
_OPENING_ORDERS = {
    "COMPULSORY_ISOLATION_ORDER": "COMPULSORY_ISOLATION",
    "COMMUNITY_TREATMENT_ORDER": "COMMUNITY_TREATMENT",
}
_SERVED_WITHIN = timedelta(days=60)  # between a decision and the first day of the measure that it opens
_DATES = {
    "Measure": ("startsOn", "orderedOn", "reportedOn", "endedOn"),
    "Decision": ("decidedOn", "startsOn"),
    "Assessment": ("assessedOn",),
    "Agreement": ("signedOn",),
    "Visit": ("visitedOn",),
    "DrugTest": ("testedOn", "dueOn"),
    "Event": ("at",),
}
CASE_ENTITIES = tuple(_DATES)


def day_of(row: Row) -> date | None:
    """The day by which a row takes its place."""
    for name in _DATES[row.entity]:
        value = row.values.get(name)
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
    return None


def journeys(token: str, rows: Mapping[str, Sequence[Row]], handles: Handles) -> tuple[CaseFile, ...]:
    """The cases of one person, newest first; rows without a date go to the newest."""
    belonging = {entity: tuple(rows.get(entity, ())) for entity in CASE_ENTITIES if entity in rows}
    everything = [row for found in belonging.values() for row in found]
    if not everything:
        return ()
    opened = _openings(belonging) or [min((day for row in everything if (day := day_of(row))), default=date.min)]
    groups: list[dict[str, list[Row]]] = [{entity: [] for entity in belonging} for _ in opened]
    for row in everything:
        groups[_place(row, opened)][row.entity].append(row)
    # An entity without rows is known to be empty; one that could not be read is not among `rows` at all.
    cases = [
        CaseFile(
            token,
            day.isoformat(),
            handles,
            {entity: tuple(found) for entity, found in group.items()},
        )
        for day, group in zip(opened, groups, strict=True)
        if any(group.values())
    ]
    return tuple(reversed(cases))


def _openings(rows: Mapping[str, Sequence[Row]]) -> list[date]:
    """The days on which cases open, in order."""
    days: list[date] = []
    measures = sorted(
        (row for row in rows.get("Measure", ()) if row.values.get("kind") in _OPENERS and day_of(row)),
        key=lambda row: day_of(row) or date.min,
    )
    converted: date | None = None
    for row in measures:
        day = day_of(row)
        assert day is not None  # noqa: S101  # filtered above
        goes_on = converted is not None and abs(day - converted) <= _SERVED_WITHIN
        if not goes_on:
            days.append(day)
        ended = row.values.get("endedOn")
        converted = ended if row.values.get("endReason") == "CONVERTED" and isinstance(ended, date) else None
    starts = [day for row in measures if (day := day_of(row))]
    for row in rows.get("Decision", ()):
        decided = day_of(row)
        if row.values.get("kind") in _OPENING_ORDERS and decided and not _is_near(decided, starts):
            days.append(decided)
            starts.append(decided)
    return sorted(days)


def _is_near(day: date, others: Sequence[date]) -> bool:
    return any(abs(day - other) <= _SERVED_WITHIN for other in others)


def _place(row: Row, opened: Sequence[date]) -> int:
    """The case a row belongs to: the last that had opened by then; an opening order may precede its measure."""
    day = day_of(row)
    if day is None:
        return len(opened) - 1
    is_order = row.entity == "Decision" and row.values.get("kind") in _OPENING_ORDERS
    reach = day + _SERVED_WITHIN if is_order else day
    return max((index for index, start in enumerate(opened) if start <= reach), default=0)
