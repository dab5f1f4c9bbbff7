"""The access log on SQLite: durable before the answer leaves, append-only, each commit signed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import apsw
import orjson

from gateway.audit.batch import Waiting
from gateway.audit.commitment import commit, new_key
from gateway.audit.event import EventRecord
from gateway.audit.file import LogDamaged, open_reading
from gateway.audit.finding import find_page
from gateway.audit.merkle import leaf_hash
from gateway.audit.note import SignedNote
from gateway.audit.reading import SqliteEntries
from gateway.audit.record import (
    AccessPage,
    AccessQuery,
    AccessRecord,
    EventEntry,
    LogEntry,
    StoredEntry,
)
from gateway.audit.signer import LogSigner, own_signer
from gateway.audit.stored import Encoded, encode, encode_event, entry_id, read_entry
from gateway.audit.writer import Writer, WriterClosed
from gateway.errors import AuditUnavailable

_PART: Final = 1_000  # entries read at a time
Found = TypeVar("Found")

UNWRITABLE: Final = (
    "The access could not be put on record, so it is not answered. Try again, or tell the gateway's operator."
)
UNREADABLE: Final = "The access log cannot be read now. Try again, or tell the gateway's operator."


class SqliteAuditLog:
    """Implements gateway.audit.record.AuditLog in one file. One process writes it; see WriterLock."""

    def __init__(self, path: Path, signer: LogSigner | None = None) -> None:
        """Opens or makes the log; AuditUnavailable when that cannot be done, so that a gateway does not start.

        Without a signer it signs under its own name with a key beside it, made at first.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            keys = path.with_name(f"{path.stem}-keys{path.suffix}")
            self.signer = signer if signer is not None else own_signer(path)
            self._writer = Writer(path, self.signer, keys)
        except BlockingIOError as error:
            raise AuditUnavailable(
                f"{path.name} is being written by another gateway; give each its own log."
            ) from error
        except LogDamaged as error:
            raise AuditUnavailable(
                f"{path.name} cannot be opened as an access log: {error}. Look with `yiti audit verify`."
            ) from error
        except (apsw.Error, OSError) as error:
            raise AuditUnavailable(
                f"{path.name} cannot be opened as an access log; see its folder and disk."
            ) from error
        self._reader = open_reading(path)
        self._entries = SqliteEntries(self._reader)
        # One thread, because a connection serves one caller at a time.
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-reader")
        self._is_closed = False

    async def append(self, record: AccessRecord, response: bytes | None = None) -> LogEntry:
        """Put one access on record; returns after the commit that holds it, or raises AuditUnavailable."""
        index, leaf = await self._append(lambda commitment: encode(record, commitment), response)
        return LogEntry(entry_id(index, leaf), index, leaf.hex(), record)

    async def append_event(self, record: EventRecord) -> EventEntry:
        """As `append`, of an event."""
        index, leaf = await self._append(lambda _: encode_event(record))
        return EventEntry(entry_id(index, leaf), index, leaf.hex(), record)

    async def search(self, query: AccessQuery) -> AccessPage:
        """Accesses that meet all conditions, newest first. `since` is inclusive, `until` is not.

        `total` counts all that meet them, whichever page is asked for.
        """
        return await self._read(lambda entries: find_page(entries, query))

    async def entry(self, entry_id: str) -> LogEntry | None:
        """One access by its id; None for an id that is none of this log's."""
        stored = await self._read(lambda entries: entries.find(entry_id))
        found = read_entry(stored) if stored is not None else None
        return found if isinstance(found, LogEntry) else None

    async def size(self) -> int:
        """How many entries of any kind are durable."""
        return await self._read(SqliteEntries.size)

    async def head(self) -> SignedNote:
        """The newest checkpoint, which is signed over every durable entry."""
        return await self._read(SqliteEntries.head)

    async def records(self, start: int = 0, end: int | None = None) -> AsyncIterator[StoredEntry]:
        """Entries of any kind in order, `start` to before `end`, or to the end as it was when this began."""
        last = await self.size() if end is None else end
        while start < last:
            part = await self._between(start, min(last, start + _PART))
            if not part:
                return
            for entry in part:
                yield entry
            start = part[-1].index + 1

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places, in the order asked for; those that are not there are left out."""
        return await self._read(lambda entries: entries.pick(indexes))

    async def aclose(self) -> None:
        """Commit what waits, then close. Closing twice is harmless."""
        if self._is_closed:
            return
        self._is_closed = True
        # The writer closes last: the last connection is the one that folds the write-ahead log into the file.
        await asyncio.to_thread(self._reading.shutdown)
        self._reader.close()
        await asyncio.to_thread(self._writer.close)

    async def _append(
        self, encoded: Callable[[str | None], Encoded], response: bytes | None = None
    ) -> tuple[int, bytes]:
        try:
            key = new_key() if response is not None else None
            ready = encoded(commit(key, response) if key is not None and response is not None else None)
            leaf, loop = leaf_hash(ready.content), asyncio.get_running_loop()
            waiting = Waiting(ready.content, leaf, ready.lists, key, loop.create_future(), loop)
            return await self._writer.append(waiting), leaf
        except (apsw.Error, OSError, LogDamaged, WriterClosed, ValueError, orjson.JSONEncodeError) as error:
            raise AuditUnavailable(UNWRITABLE) from error

    async def _between(self, start: int, end: int) -> list[StoredEntry]:
        return await self._read(lambda entries: entries.between(start, end))

    async def _read(self, find: Callable[[SqliteEntries], Found]) -> Found:
        if self._is_closed:
            raise AuditUnavailable(UNREADABLE)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, find, self._entries)
        except (apsw.Error, ValueError) as error:
            raise AuditUnavailable(UNREADABLE) from error
