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


def journeys(token: str, rows: Mapping[str, tuple[Row, ...]], handles: Handles) -> tuple[CaseFile, ...]:
    """The cases of one person, newest first; rows without a date go to the newest.

    `rows` has CASE_ENTITIES alone. One without rows is known to be empty; one that could not be read is absent.
    """
    if not any(rows.values()):
        return ()
    opened = _openings(rows) or [_earliest(rows)]
    if len(opened) == 1:
        return (CaseFile(token, opened[0].isoformat(), handles, rows),)
    groups: list[dict[str, list[Row]]] = [{entity: [] for entity in rows} for _ in opened]
    for entity, found in rows.items():
        for row in found:
            groups[_place(row, opened)][entity].append(row)
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


def _earliest(rows: Mapping[str, Sequence[Row]]) -> date:
    days = (day_of(row) for found in rows.values() for row in found)
    return min((day for day in days if day), default=date.min)


def _openings(rows: Mapping[str, Sequence[Row]]) -> list[date]:
    """The days on which cases open, in order."""
    days: list[date] = []
    opening = [
        (day, row)
        for row in rows.get("Measure", ())
        if row.values.get("kind") in _OPENERS and (day := day_of(row)) is not None
    ]
    decisions = rows.get("Decision", ())
    if len(opening) == 1 and not decisions:  # as most journeys are known
        return [opening[0][0]]
    opening.sort(key=_first)
    converted: date | None = None
    for day, row in opening:
        goes_on = converted is not None and abs(day - converted) <= _SERVED_WITHIN
        if not goes_on:
            days.append(day)
        ended = row.values.get("endedOn")
        converted = ended if row.values.get("endReason") == "CONVERTED" and isinstance(ended, date) else None
    starts = [day for day, _ in opening]
    for row in decisions:
        decided = day_of(row)
        if row.values.get("kind") in _OPENING_ORDERS and decided and not _is_near(decided, starts):
            days.append(decided)
            starts.append(decided)
    return sorted(days) if len(days) > 1 else days


def _first(pair: tuple[date, Row]) -> date:
    return pair[0]


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
