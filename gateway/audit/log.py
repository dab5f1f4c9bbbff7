"""The access log on SQLite: durable before the answer leaves, append-only, searchable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw
import orjson

from gateway.audit.event import EventRecord
from gateway.audit.file import LogDamaged, next_index, open_reading
from gateway.audit.finding import find_entry, find_page, read_between, read_places
from gateway.audit.record import AccessPage, AccessQuery, AccessRecord, EventEntry, LogEntry, StoredEntry
from gateway.audit.stored import encode, encode_event, entry_id, entry_of, leaf_hash
from gateway.audit.writer import Writer, WriterClosed
from gateway.errors import AuditUnavailable

_PART = 1_000  # entries read at a time

Asked = TypeVar("Asked")
Found = TypeVar("Found")

_UNWRITABLE = (
    "The access could not be put on record, so it is not answered. Try again, or tell the gateway's operator."
)
_UNREADABLE = "The access log cannot be read now. Try again, or tell the gateway's operator."


class SqliteAuditLog:
    """Implements gateway.audit.record.AuditLog in one file. One process writes it; see WriterLock."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the log; AuditUnavailable when that cannot be done, so that a gateway does not start."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = Writer(path)
        except BlockingIOError as error:
            raise AuditUnavailable(
                f"{path.name} is being written by another gateway; give each its own log."
            ) from error
        except (apsw.Error, OSError, LogDamaged) as error:
            raise AuditUnavailable(
                f"{path.name} cannot be opened as an access log; see its folder and disk."
            ) from error
        self._reader = open_reading(path)
        # One thread, because a connection serves one caller at a time.
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-reader")
        self._is_closed = False

    async def append(self, record: AccessRecord) -> LogEntry:
        """Put one access on record; returns after the commit that holds it, or raises AuditUnavailable."""
        try:
            content = encode(record)
            index = await self._writer.append(record, content)
        except (apsw.Error, OSError, LogDamaged, WriterClosed, ValueError, orjson.JSONEncodeError) as error:
            raise AuditUnavailable(_UNWRITABLE) from error
        return entry_of(index, content, record)

    async def append_event(self, record: EventRecord) -> EventEntry:
        """As `append`, of an event."""
        try:
            content = encode_event(record)
            index = await self._writer.append(record, content)
        except (apsw.Error, OSError, LogDamaged, WriterClosed, ValueError, orjson.JSONEncodeError) as error:
            raise AuditUnavailable(_UNWRITABLE) from error
        leaf = leaf_hash(content)
        return EventEntry(entry_id(index, leaf), index, leaf.hex(), record)

    async def search(self, query: AccessQuery) -> AccessPage:
        """Entries that meet all conditions, newest first. `since` is inclusive, `until` is not.

        `total` counts all that meet them, whichever page is asked for.
        """
        return await self._read(find_page, query)

    async def entry(self, entry_id: str) -> LogEntry | None:
        """One entry by its id; None for an id that is none of this log's."""
        return await self._read(find_entry, entry_id)

    async def size(self) -> int:
        """How many entries of any kind are durable."""
        return await self._read(lambda connection, _: next_index(connection), None)

    async def records(self, start: int = 0, end: int | None = None) -> AsyncIterator[StoredEntry]:
        """Entries of any kind in order, `start` to before `end`, or to the end as it was when this began."""
        last = await self.size() if end is None else end
        while start < last:
            part = await self._read(read_between, (start, min(last, start + _PART)))
            if not part:
                return
            for entry in part:
                yield entry
            start = part[-1].index + 1

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places, in the order asked for; those that are not there are left out."""
        return await self._read(read_places, indexes)

    async def aclose(self) -> None:
        """Commit what waits, then close. Closing twice is harmless."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._reading.shutdown)
        self._reader.close()

    async def _read(self, find: Callable[[apsw.Connection, Asked], Found], asked: Asked) -> Found:
        if self._is_closed:
            raise AuditUnavailable(_UNREADABLE)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, find, self._reader, asked)
        except (apsw.Error, ValueError) as error:
            raise AuditUnavailable(_UNREADABLE) from error
