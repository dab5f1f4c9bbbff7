"""Group commit: one thread writes, and all records that wait at that moment share one commit to disk.

A commit costs half a millisecond of CPU whether it holds one record or fifty. Where the event loop has more to do
than it can, so that CPU is what is scarce and every answer waits anyway, records therefore gather for a moment.

One gateway holds the log. A command may put an entry on record beside it: whoever comes second is refused by the
entries' own trigger, reads the tree as it has become, which the log's key must have signed, and tries again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import apsw

from gateway.audit.batch import LARGEST, Waiting, prepare, settle
from gateway.audit.commitment import ResponseKeys
from gateway.audit.file import LogDamaged, WriterLock
from gateway.audit.signer import LogSigner
from gateway.audit.store import SqliteStore

_END: Final = None
_BUSY_SECONDS: Final = 0.001  # an idle loop listens within a tenth of this
_GATHER_SECONDS: Final = 0.01
_TRIES: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class _Other:
    """Something else than records, for the thread that writes."""

    write: Callable[[SqliteStore], None]
    done: Future[None]


class WriterClosed(Exception):
    """The log takes no more records."""


class Writer:
    """Owns what writes. Safe to use from any number of event loops."""

    def __init__(self, path: Path, signer: LogSigner, keys: Path | None, *, beside: bool = False) -> None:
        """Opens the log; raises apsw.Error, OSError or LogDamaged when that cannot be done.

        BlockingIOError while another process holds the log, unless it is to be written `beside` that one.
        """
        self._open: Callable[[], SqliteStore] = lambda: SqliteStore(path, signer)
        self._signer = signer
        self._lock = WriterLock(path) if not beside else None
        try:
            self._store: SqliteStore | None = self._open()
            try:
                self._keys = ResponseKeys(keys) if keys is not None else None
            except BaseException:
                self._store.close()
                raise
        except BaseException:
            self._release()
            raise
        self._queue: SimpleQueue[Waiting | _Other | None] = SimpleQueue()
        self._loop_seconds = 0.0  # until the loop listened that was told of the newest commit
        self._gate = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    async def append(self, waiting: Waiting) -> int:
        """The index of the record, after the commit that holds it; raises what kept it from being stored."""
        with self._gate:
            if self._closing:
                raise WriterClosed
            self._queue.put(waiting)
        return await waiting.done

    def run(self, write: Callable[[SqliteStore], None]) -> None:
        """Write something else between two batches; blocks, and raises what kept it from being written."""
        done: Future[None] = Future()
        with self._gate:
            if self._closing:
                raise WriterClosed
            self._queue.put(_Other(write, done))
        done.result()

    def close(self) -> None:
        """Commit what waits, then close; blocks."""
        with self._gate:
            if not self._closing:
                self._closing = True
                self._queue.put(_END)
        self._thread.join()

    def _run(self) -> None:
        batch: list[Waiting] = []
        try:
            while batch := self._take():
                self._write(batch)
        finally:  # also when this thread fails in a way nobody foresaw: no caller may wait for ever
            with self._gate:
                self._closing = True
            settle([*batch, *self._left()], WriterClosed())
            if self._store is not None:
                self._store.close()
            if self._keys is not None:
                self._keys.close()
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _take(self) -> list[Waiting]:
        """What waits, or nothing once the log is closed and all is written."""
        batch: list[Waiting] = []
        while (first := self._queue.get()) is not None:
            if isinstance(first, _Other):
                self._run_other(first)
            else:
                if not batch and self._loop_seconds > _BUSY_SECONDS:
                    time.sleep(_GATHER_SECONDS)
                batch.append(first)
            if batch and (len(batch) == LARGEST or self._queue.empty()):
                return batch
        if batch:
            self._queue.put(_END)
        return batch

    def _left(self) -> list[Waiting]:
        left: list[Waiting] = []
        while not self._queue.empty():
            one = self._queue.get()
            if isinstance(one, _Other):
                one.done.set_exception(WriterClosed())
            elif one is not None:
                left.append(one)
        return left

    def _run_other(self, other: _Other) -> None:
        try:
            if self._store is None:
                self._store = self._open()
            other.write(self._store)
        except (apsw.Error, OSError, LogDamaged) as error:
            self._reopen_later()
            other.done.set_exception(error)
        else:
            other.done.set_result(None)

    def _write(self, batch: Sequence[Waiting]) -> None:
        try:
            first = self._commit(batch)
        except (apsw.Error, OSError, LogDamaged) as error:
            self._reopen_later()
            settle(batch, error)
        else:
            settle(batch, first, self._was_heard)

    def _was_heard(self, seconds: float) -> None:
        self._loop_seconds = seconds

    def _commit(self, batch: Sequence[Waiting]) -> int:
        if self._store is None:
            self._store = self._open()
        for _ in range(_TRIES):
            ready = prepare(batch, self._store.frontier, self._signer, self._store.known)
            if ready.keys and self._keys is not None:
                self._keys.keep(ready.keys)  # first, so that no stored commitment lacks its key
            try:
                self._store.commit(ready)
            except apsw.ConstraintError:  # the entries' own trigger: these places are taken
                if not self._store.has_moved():
                    raise
            else:
                return ready.first
        raise LogDamaged("others write it so often that this one never came to it")

    def _reopen_later(self) -> None:
        """After a failure nothing that the store remembers is trusted: the next batch opens the file anew."""
        store, self._store = self._store, None
        if store is not None:
            store.close()
