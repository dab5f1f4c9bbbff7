"""The search over the access log, as the console, the graph and the commands use it."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, TypeVar

import apsw

from gateway.audit.merkle import leaf_hash
from gateway.audit.record import StoredEntry
from gateway.audit.search.feeding import Progress, read_progress
from gateway.audit.search.file import open_for_reading
from gateway.audit.search.finding import count, count_by, count_over_time, find_places, next_places
from gateway.audit.search.following import Feed, Follower
from gateway.audit.search.persons import AuditTokens
from gateway.audit.search.question import (
    COUNTED_EXACTLY,
    LARGEST_PAGE,
    Conditions,
    Coverage,
    Entry,
    Facet,
    FacetCounts,
    SearchPage,
    SearchQuery,
    Step,
    Total,
)
from gateway.audit.stored import read_entry
from gateway.errors import AuditUnavailable, BadPageSize

Found = TypeVar("Found")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_READERS: Final = 2  # so that one wide count does not hold up everybody's pages
_WAIT_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.1  # how often, at an index that another process feeds
_STREAMED: Final = 500
_UNREADABLE: Final = (
    "The access log's index cannot be read now. Try again; if that does not help, run `yiti audit reindex`."
)


class Sealer(Protocol):
    """Makes and opens cursors; gateway.execution.cursor.Cursors is one."""

    def seal(self, of: str, viewer: str, position: int, key: str) -> str:
        """The cursor after an entry."""
        ...

    def open(self, of: str, viewer: str, cursor: str) -> tuple[int, str]:
        """Position and key, or BadCursor."""
        ...


class SearchIndex:
    """Implements gateway.audit.search.Search in one file beside the log."""

    def __init__(self, path: Path, feed: Feed, *, key: bytes, cursors: Sealer, seconds: float = 1.0) -> None:
        """Opens or begins the index. `key` makes the audit tokens; `seconds` between looks at the log.

        An index that another process feeds is read only. AuditUnavailable when neither can be done.
        """
        self._feed = feed
        self._cursors = cursors
        self._tokens = AuditTokens(key)
        self._path = path
        try:
            self._follower: Follower | None = Follower(path, self._tokens, feed, seconds)
        except BlockingIOError:
            self._follower = None
        except (apsw.Error, OSError) as error:
            raise AuditUnavailable(
                f"{path.name} cannot be opened as the access log's index; see its folder and disk, or delete it."
            ) from error
        self._readers = ThreadPoolExecutor(max_workers=_READERS, thread_name_prefix="audit-search")
        self._local = threading.local()
        self._open: list[apsw.Connection] = []
        self._is_closed = False

    def start(self) -> None:
        """Follow the log in the background."""
        if self._follower is not None:
            self._follower.start()

    async def rebuild(self, told: Callable[[int, int], None] | None = None) -> Coverage:
        """Forget everything and index the log from its first entry; AuditUnavailable while another process feeds."""
        if self._follower is None:
            raise AuditUnavailable(f"{self._path.name} is being fed by a running gateway. Stop that first.")
        await self._follower.clear()
        await self._follower.catch_up(told)
        return await self.coverage()

    async def catch_up(self, told: Callable[[int, int], None] | None = None) -> Coverage:
        """Take in what is durable now; where another process feeds the index, give it five seconds to."""
        if self._follower is not None:
            await self._follower.catch_up(told)
        else:
            await self._reach(await self._feed.size() - 1)
        return await self.coverage()

    def token(self, person: str) -> str:
        """The audit token of a Person id; a token stays as it is."""
        return self._tokens.token(person)

    async def coverage(self) -> Coverage:
        """How far the index reaches."""
        return await self._coverage(await self._read(read_progress))

    async def find(self, query: SearchQuery, *, viewer: str) -> SearchPage:
        """One page; see SearchQuery."""
        if not 0 <= query.first <= LARGEST_PAGE:
            raise BadPageSize(f"first: outside 0..{LARGEST_PAGE}. Ask for fewer and follow the cursor.")
        of = self._name(query)
        beyond = None if query.after is None else self._cursors.open(of, viewer, query.after)[0]
        if query.wait_for is not None:
            await self._reach(query.wait_for)
        found = await self._read(
            lambda connection: find_places(
                connection,
                self._tokens,
                query.conditions,
                first=query.first,
                beyond=beyond,
                oldest_first=query.oldest_first,
                count_up_to=query.count_up_to,
            )
        )
        entries, unreadable = await self._entries(found.places)
        last = found.places[-1][0] if found.places else beyond
        return SearchPage(
            entries=tuple(entries),
            has_next=found.has_next,
            end_cursor=None if last is None else self._cursors.seal(of, viewer, last, ""),
            total=found.total,
            coverage=await self._coverage(found.progress),
            unreadable=tuple(unreadable),
        )

    def cursor(self, query: SearchQuery, index: int, *, viewer: str) -> str:
        """The cursor after an entry of a page, by its place in the log."""
        return self._cursors.seal(self._name(query), viewer, index, "")

    async def count(self, conditions: Conditions, up_to: int = COUNTED_EXACTLY) -> Total:
        """How many entries meet the conditions."""
        return await self._read(lambda connection: count(connection, self._tokens, conditions, up_to))

    async def facets(
        self, conditions: Conditions, facets: Sequence[Facet], *, top: int = 20, among: int = COUNTED_EXACTLY
    ) -> Mapping[Facet, FacetCounts]:
        """The most frequent words of what meets the conditions."""
        return await self._read(
            lambda connection: count_by(connection, self._tokens, conditions, facets, top=top, among=among)
        )

    async def timeline(self, conditions: Conditions, step: Step) -> Sequence[tuple[datetime, int]]:
        """Entries per hour, day, week or month of China's time."""
        return await self._read(lambda connection: count_over_time(connection, self._tokens, conditions, step))

    async def stream(
        self, conditions: Conditions, *, oldest_first: bool = True, before: int | None = None
    ) -> AsyncIterator[Entry]:
        """All entries that meet the conditions; AuditUnavailable at one that the log does not hold."""
        before = (await self._read(read_progress)).position if before is None else before
        beyond: int | None = None
        while places := await self._next(conditions, before, beyond, oldest_first=oldest_first):
            entries, unreadable = await self._entries(places)
            if unreadable:
                raise AuditUnavailable(
                    f"At {unreadable[0]} the access log does not hold what was indexed. Run `yiti audit verify`."
                )
            for entry in entries:
                yield entry
            beyond = places[-1][0]

    async def aclose(self) -> None:
        """Stop following and let go of the file. Closing twice is harmless."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._follower is not None:
            await self._follower.aclose()
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._open:
            connection.close()

    async def _reach(self, place: int) -> None:
        """Wait until the entry at this place can be found, or as long as one waits."""
        if self._follower is not None:
            await self._follower.reach(place, _WAIT_SECONDS)
            return
        until = time.monotonic() + _WAIT_SECONDS
        while (await self._read(read_progress)).position <= place:
            if time.monotonic() >= until:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _next(
        self, conditions: Conditions, before: int, beyond: int | None, *, oldest_first: bool
    ) -> Sequence[tuple[int, bytes]]:
        return await self._read(
            lambda connection: next_places(
                connection,
                self._tokens,
                conditions,
                before=before,
                beyond=beyond,
                oldest_first=oldest_first,
                limit=_STREAMED,
            )
        )

    async def _entries(self, places: Sequence[tuple[int, bytes]]) -> tuple[list[Entry], list[int]]:
        """The log's entries at these places, and the places where it holds something else than was indexed."""
        if not places:
            return [], []
        held = {stored.index: stored for stored in await self._feed.pick([place for place, _ in places])}
        entries: list[Entry] = []
        unreadable: list[int] = []
        for place, leaf in places:
            entry = _same(held.get(place), leaf)
            if entry is None:
                unreadable.append(place)
            else:
                entries.append(entry)
        return entries, unreadable

    async def _coverage(self, progress: Progress) -> Coverage:
        through = None if progress.through is None else _EPOCH + timedelta(microseconds=progress.through)
        return Coverage(progress.position, await self._feed.size(), through, progress.contradicted_at)

    def _name(self, query: SearchQuery) -> str:
        """Of the list that a cursor belongs to: its conditions and order, of which the cursor reveals nothing."""
        asked = [repr(getattr(query.conditions, one.name)) for one in fields(Conditions)]
        return hashlib.sha256("\x1f".join(("search", str(query.oldest_first), *asked)).encode()).hexdigest()

    async def _read(self, find: Callable[[apsw.Connection], Found]) -> Found:
        if self._is_closed:
            raise AuditUnavailable(_UNREADABLE)

        def ask() -> Found:
            connection: apsw.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = open_for_reading(self._path)
                self._open.append(connection)
            return find(connection)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, ask)
        except (apsw.Error, OverflowError) as error:
            raise AuditUnavailable(_UNREADABLE) from error


def _same(stored: StoredEntry | None, leaf: bytes) -> Entry | None:
    """What a stored entry says, if it is still the one that was indexed."""
    if stored is None or leaf_hash(stored.content) != leaf:
        return None
    try:
        return read_entry(stored)
    except ValueError:
        return None
