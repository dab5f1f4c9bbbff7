"""Ties that end or begin by themselves: agreements in force, measures that wait to begin, files that are closed.

Time limits of decisions are resolved here, once for each person and day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from schema.file import Row

# The longest order lasts three years (戒毒条例 37), and so does dynamic control after the last relapse (7(2)).
LONGEST: Final = timedelta(days=3 * 366)


def is_bound(agreements: Iterable[Row], agency: str, today: date) -> bool:
    """Whether the agency has an agreement in force with the person; one without an end lasts as long as an order."""
    return any(
        isinstance(signed := row.values.get("signedOn"), date)
        and signed <= today < (_day(row, "endsOn") or signed + LONGEST)
        for row in agreements
        if row.values.get("agencyCode") == agency
    )


def is_awaited(measure: Row, today: date) -> bool:
    """Whether a measure was ordered within the longest order's time and has not begun."""
    if measure.values.get("endedOn") is not None:
        return False
    starts = _day(measure, "startsOn")
    # Community recovery begins with the report-in (戒毒条例 38), everything else with its start.
    begins = _day(measure, "reportedOn") if measure.values.get("kind") == "COMMUNITY_RECOVERY" else starts
    ordered = _day(measure, "orderedOn") or starts
    return (begins is None or begins > today) and ordered is not None and ordered > today - LONGEST


def is_closed(measures: Sequence[Row], today: date) -> bool:
    """Whether there were measures and the last one ended more than three years ago."""
    since = today - LONGEST
    for row in measures:
        ended = _day(row, "endedOn")
        if ended is None or ended >= since:
            return False
    return bool(measures)


def _day(row: Row, name: str) -> date | None:
    value = row.values.get(name)
    return value if isinstance(value, date) else None
