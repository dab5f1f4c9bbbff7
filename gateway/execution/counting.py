"""Counting people: fixed tables, small numbers withheld, so that no two answers can be subtracted to find somebody.

The rule (docs/adr/0011-counts-that-single-out-nobody.md): the only tables are a region's parts by status; there are
no other filters, so none that overlap. A count under five is not told, zero as little as four, and every other one is
rounded down to a multiple of five, totals by themselves and not as sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, TypeVar

from gateway.execution.people import Judged
from gateway.execution.plan import Plan
from schema.codes import Regions
from schema.entities import column
from schema.enums import PersonStatus
from schema.label import Label
from schema.reader import CellFacts, CountFacts

Key = TypeVar("Key")

SMALLEST: Final = 5
"""Fewer people are not told of, and counts are told in steps of as many."""


class CountingPlan(Plan):
    """What counting reads: also columns that are never shown to whoever counts, because no row is shown at all."""

    def completed(self, _hidden: frozenset[Label], *, binding: bool = False) -> dict[str, frozenset[str]]:
        """As for somebody to whom nothing is hidden."""
        return super().completed(frozenset(), binding=binding)


def counting_plan() -> CountingPlan:
    """Where people belong and where they stand."""
    made = CountingPlan()
    made.derive("status")
    made.derive("executionPlace")
    made.add((column("PersonRecord", "residenceCode"),))
    return made


def tabulate(people: Iterable[Judged], region: str, regions: Regions, *, complete: bool) -> CountFacts:
    """The table of a region: by its direct parts and by status. `complete` unless a source did not answer."""
    parts = tuple(regions.children(region))

    @cache
    def part_of(place: str) -> str:
        return next((part for part in parts if regions.is_under(place, part)), region)

    cells: Counter[tuple[str, str]] = Counter()
    for one in people:
        place = one.derived("executionPlace") or one.raw.values.get("residenceCode")
        status = one.derived("status")
        if place and regions.is_under(str(place), region) and isinstance(status, PersonStatus):
            cells[part_of(str(place)), status.name] += 1
    by_part, by_status = _summed(cells, 0), _summed(cells, 1)
    return CountFacts(
        region=region,
        total=told(sum(cells.values())),
        cells=[CellFacts(part, status, found) for (part, status), found in _told(cells).items()],
        by_part=[CellFacts(part, None, found) for part, found in _told(by_part).items()],
        by_status=[CellFacts(None, status, found) for status, found in _told(by_status).items()],
        complete=complete,
    )


def told(count: int) -> int | None:
    """What is told of a count."""
    return count - count % SMALLEST if count >= SMALLEST else None


def _summed(cells: Mapping[tuple[str, str], int], axis: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for key, count in cells.items():
        found[key[axis]] += count
    return found


def _told(counts: Mapping[Key, int]) -> dict[Key, int]:
    shown = ((key, told(count)) for key, count in sorted(counts.items(), key=lambda item: str(item[0])))
    return {key: count for key, count in shown if count is not None}
