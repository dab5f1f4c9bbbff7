"""A page of entries found, as several views show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.audit.event import Kind
from gateway.audit.search import Conditions, Entry, Search, SearchPage, SearchQuery, Step
from gateway.console.conditions import Asked
from gateway.console.rendering import with_query
from gateway.console.visit import OnRecord, Visit

PAGE = 50
# All auditors see the same log: a cursor is the console's, so that an address can be handed from one to the other.
READER = "console"


@dataclass(frozen=True, slots=True)
class Results:
    """One page with the ways on."""

    page: SearchPage
    asked: Asked
    is_first: bool
    newer: str  # address of the first page
    older: str | None  # address of the next one
    turned: str  # address of the same in the other order
    oldest_first: bool

    def record(self, place: str, action: str = "search") -> OnRecord:
        """What is put on record of showing it."""
        return OnRecord(
            Kind.CONSOLE,
            action,
            persons=self.asked.persons,
            references=self.asked.recorded(),
            details={"page": place, "results": self.page.total.count, "shown": len(self.page.entries)},
        )


async def find(visit: Visit, asked: Asked, path: str, fixed: tuple[str, ...] = ()) -> Results:
    """The page that the address asks for; `fixed` conditions stand in its path and not in its query."""
    after, oldest_first = visit.query.get("after") or None, visit.query.get("order") == "oldest"
    query = SearchQuery(asked.conditions(), first=PAGE, after=after, oldest_first=oldest_first)
    page = await visit.services.search.find(query, viewer=READER)
    words = {name: word for name, word in asked.words.items() if name not in fixed}
    order = {"order": "oldest" if oldest_first else ""}
    return Results(
        page=page,
        asked=asked,
        is_first=after is None,
        newer=with_query(path, {**words, **order}),
        older=with_query(path, {**words, **order, "after": page.end_cursor}) if page.has_next else None,
        turned=with_query(path, {**words, "order": "" if oldest_first else "oldest"}),
        oldest_first=oldest_first,
    )


async def fitting_step(search: Search, conditions: Conditions) -> Step:
    """Columns neither too many to see nor too few to tell anything."""
    days = await search.timeline(conditions, Step.DAY)
    span = (days[-1][0] - days[0][0]).days if days else 0
    steps = ((3, Step.HOUR), (120, Step.DAY), (800, Step.WEEK))
    return next((step for most, step in steps if span < most), Step.MONTH)


def names_of_agencies(entries: Iterable[Entry]) -> dict[str, str]:
    """Code -> name, as these entries say it; the index knows codes alone."""
    return {entry.record.agency: entry.record.agency_name for entry in entries if entry.record.agency}
