"""Group commit: one thread writes, and all records that wait at that moment share one commit to disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from gateway.audit.event import EventRecord
from gateway.audit.file import LogDamaged, WriterLock, next_index, open_writing
from gateway.audit.record import AccessRecord
from gateway.audit.stored import leaf_hash, microseconds

_LARGEST_BATCH: Final = 1_024

_ENTRY: Final = "INSERT INTO entry (idx, at, subject, agency, purpose, leaf, record) VALUES (?, ?, ?, ?, ?, ?, ?)"
_PERSON: Final = "INSERT INTO entry_person (idx, person) VALUES (?, ?)"


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    record: AccessRecord | EventRecord
    content: bytes
    done: asyncio.Future[int]  # its index, once it is on disk
    loop: asyncio.AbstractEventLoop


class WriterClosed(Exception):
    """The log takes no more records."""


class Writer:
    """Owns the writing connection. Safe to use from any number of event loops."""

    def __init__(self, path: Path) -> None:
        """Opens the log; raises apsw.Error, OSError or LogDamaged when that cannot be done."""
        self._path = path
        self._lock = WriterLock(path)
        try:
            self._connection: apsw.Connection | None = open_writing(path)
            self._next = next_index(self._connection)
        except BaseException:
            self._lock.release()
            raise
        self._changed = threading.Condition()
        self._queue: list[_Waiting] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    async def append(self, record: AccessRecord | EventRecord, content: bytes) -> int:
        """The index of the record, after the commit that holds it; raises what kept it from being stored."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(record, content, loop.create_future(), loop)
        with self._changed:
            if self._closing:
                raise WriterClosed
            self._queue.append(waiting)
            self._changed.notify()
        return await waiting.done

    def close(self) -> None:
        """Commit what waits, then close; blocks."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        batch: list[_Waiting] = []
        try:
            while batch := self._take():
                self._write(batch)
                batch = []
        finally:  # also when this thread fails in a way nobody foresaw: no caller may wait for ever
            with self._changed:
                self._closing = True
                left, self._queue = [*batch, *self._queue], []
            _settle(left, WriterClosed())
            if self._connection is not None:
                self._connection.close()
            self._lock.release()

    def _take(self) -> list[_Waiting]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            batch, self._queue = self._queue[:_LARGEST_BATCH], self._queue[_LARGEST_BATCH:]
        return batch

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            first = self._commit(batch)
        except (apsw.Error, OSError, LogDamaged) as error:
            self._reopen_later()
            _settle(batch, error)
        else:
            _settle(batch, first)

    def _commit(self, batch: Sequence[_Waiting]) -> int:
        if self._connection is None:
            self._connection = open_writing(self._path)
            self._next = next_index(self._connection)
        first = self._next
        with self._connection as connection:
            for index, waiting in enumerate(batch, first):
                connection.execute(_ENTRY, _row(index, waiting))
                persons = waiting.record.persons if isinstance(waiting.record, AccessRecord) else ()
                for person in dict.fromkeys(persons):
                    connection.execute(_PERSON, (index, person))
        self._next = first + len(batch)
        return first

    def _reopen_later(self) -> None:
        """After a failure nothing that the connection remembers is trusted: the next batch opens the file anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(force=True)


def _row(index: int, waiting: _Waiting) -> tuple[int, int, str, str, str, bytes, bytes]:
    record, content = waiting.record, waiting.content
    return (
        index,
        microseconds(record.at),
        record.subject,
        record.agency,
        record.purpose,
        leaf_hash(content),
        content,
    )


def _settle(batch: Sequence[_Waiting], outcome: int | Exception) -> None:
    """Tell every caller of the batch, on its own event loop."""
    loops = {waiting.loop for waiting in batch}
    for loop in loops:
        mine = [(place, waiting) for place, waiting in enumerate(batch) if waiting.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, mine, outcome)


def _tell(waiting: Sequence[tuple[int, _Waiting]], outcome: int | Exception) -> None:
    for place, one in waiting:
        if one.done.done():  # its request was cancelled; the record stays
            continue
        if isinstance(outcome, Exception):
            one.done.set_exception(outcome)
        else:
            one.done.set_result(outcome + place)
