"""Ties that end or begin by themselves: agreements in force, measures that wait to begin, files that are closed.

Time limits of decisions are resolved here, once for each person and day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from schema.file import Row

# The longest order lasts three years (戒毒条例 37), and so does dynamic control after the last relapse (7(2)).
LONGEST: Final = timedelta(days=3 * 366)


def bound_to(agreements: Iterable[Row], today: date) -> Collection[str]:
    """The agencies that have an agreement in force with the person; one without an end lasts as long as an order."""
    return [
        str(code)
        for row in agreements
        if (code := row.values.get("agencyCode"))
        and isinstance(signed := row.values.get("signedOn"), date)
        and signed <= today < (_day(row, "endsOn") or signed + LONGEST)
    ]


def awaited_by(measures: Iterable[Row], today: date) -> Collection[str]:
    """The agencies where a measure was ordered within the longest order's time and has not begun."""
    return [str(code) for row in measures if (code := row.values.get("agencyCode")) and _is_awaited(row, today)]


def is_closed(measures: Sequence[Row], today: date) -> bool:
    """Whether there were measures and the last one ended more than three years ago."""
    since = today - LONGEST
    return bool(measures) and all((ended := _day(row, "endedOn")) is not None and ended < since for row in measures)


def _is_awaited(row: Row, today: date) -> bool:
    if row.values.get("endedOn") is not None:
        return False
    starts = _day(row, "startsOn")
    # Community recovery begins with the report-in (戒毒条例 38), everything else with its start.
    begins = _day(row, "reportedOn") if row.values.get("kind") == "COMMUNITY_RECOVERY" else starts
    ordered = _day(row, "orderedOn") or starts
    return (begins is None or begins > today) and ordered is not None and ordered > today - LONGEST


def _day(row: Row, name: str) -> date | None:
    value = row.values.get(name)
    return value if isinstance(value, date) else None
