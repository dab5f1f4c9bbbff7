"""Questions to the log without an index: accesses found by reading backwards. Slow, and never behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol

from gateway.audit.record import AccessPage, AccessQuery, AccessRecord, LogEntry, StoredEntry
from gateway.audit.stored import microseconds, read_entry

_PART: Final = 1_000


class Entries(Protocol):
    """What is read."""

    async def size(self) -> int:
        """How many entries there are."""
        ...

    async def between(self, start: int, end: int) -> Sequence[StoredEntry]:
        """Entries in order."""
        ...


async def find_page(entries: Entries, query: AccessQuery) -> AccessPage:
    """One page, newest first, and the count of all pages."""
    meets = _condition(query)
    limit, total = max(0, query.limit), 0
    found: list[LogEntry] = []
    async for entry in _backwards(entries):
        if not meets(entry.record):
            continue
        total += 1
        older = query.before_index is None or entry.index < query.before_index
        if older and len(found) <= limit:
            found.append(entry)
    return AccessPage(tuple(found[:limit]), has_next=len(found) > limit, total=total)


async def _backwards(entries: Entries) -> AsyncIterator[LogEntry]:
    end = await entries.size()
    while end > 0:
        start = max(0, end - _PART)
        for stored in reversed(await entries.between(start, end)):
            entry = read_entry(stored)
            if isinstance(entry, LogEntry):
                yield entry
        end = start


def _condition(query: AccessQuery) -> Callable[[AccessRecord], bool]:
    since, until = (None if at is None else microseconds(at) for at in (query.since, query.until))

    def meets(record: AccessRecord) -> bool:
        at = microseconds(record.at)
        return (
            (query.person is None or query.person in record.persons)
            and (query.subject is None or query.subject == record.subject)
            and (query.agency is None or query.agency == record.agency)
            and (query.purpose is None or query.purpose == record.purpose)
            and (since is None or at >= since)
            and (until is None or at < until)
        )

    return meets
