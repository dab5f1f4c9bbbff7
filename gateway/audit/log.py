"""The access log on SQLite: durable before the answer leaves, append-only, searchable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw
import orjson

from gateway.audit.file import LogDamaged, open_reading
from gateway.audit.finding import find_entry, find_page
from gateway.audit.record import AccessPage, AccessQuery, AccessRecord, LogEntry
from gateway.audit.stored import encode, entry_of
from gateway.audit.writer import Writer, WriterClosed
from gateway.errors import AuditUnavailable

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

    async def search(self, query: AccessQuery) -> AccessPage:
        """Entries that meet all conditions, newest first. `since` is inclusive, `until` is not.

        `total` counts all that meet them, whichever page is asked for.
        """
        return await self._read(find_page, query)

    async def entry(self, entry_id: str) -> LogEntry | None:
        """One entry by its id; None for an id that is none of this log's."""
        return await self._read(find_entry, entry_id)

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
