"""The access log on SQLite: durable before the answer leaves, append-only, each commit signed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from gateway.audit.batch import Waiting
from gateway.audit.commitment import ResponseKeys, keys_file
from gateway.audit.file import LogDamaged, open_reading
from gateway.audit.keeping import UNREADABLE, UNWRITABLE, KeptLog, find_entry
from gateway.audit.merkle import Tree
from gateway.audit.note import SignedNote
from gateway.audit.reading import SqliteEntries
from gateway.audit.record import StoredEntry
from gateway.audit.signer import LogSigner, own_signer
from gateway.audit.writer import Writer, WriterClosed
from gateway.errors import AuditUnavailable

Found = TypeVar("Found")


class SqliteLogReader:
    """A log in one file as it is read, beside whoever writes it."""

    def __init__(self, path: Path) -> None:
        """Raises apsw.Error where there is none."""
        self._keys_path = keys_file(path)
        self._reader = open_reading(path)
        self._entries = SqliteEntries(self._reader)
        # One thread, because a connection serves one caller at a time.
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-reader")
        self._is_closed = False

    async def size(self) -> int:
        """How many entries of any kind are durable."""
        return await self._read(SqliteEntries.size)

    async def head(self) -> SignedNote:
        """The newest checkpoint, which is signed over every durable entry."""
        return await self._read(SqliteEntries.head)

    async def between(self, start: int, end: int) -> Sequence[StoredEntry]:
        """Entries of any kind from `start` up to, not including, `end`."""
        return await self._read(lambda entries: entries.between(start, end))

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places, in the order asked for; those that are not there are left out."""
        return await self._read(lambda entries: entries.pick(indexes))

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that the tree of this size holds the entry."""
        return await self._read(lambda entries: Tree(entries.kept).inclusion(index, size))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of size `new` begins with that of size `old`."""
        return await self._read(lambda entries: Tree(entries.kept).consistency(old, new))

    async def cosigned(self) -> Sequence[SignedNote]:
        """The newest checkpoint of each witness, with its signature."""
        return await self._read(SqliteEntries.cosigned)

    async def find(self, identifier: str) -> StoredEntry | None:
        """The entry of any kind that bears this id, or None."""
        return await find_entry(self, identifier)

    async def response_key(self, index: int) -> bytes | None:
        """The key of an entry's commitment to its answer; None where there is none, or no longer."""
        return await self._with_keys(lambda keys: keys.find(index))

    async def erase_key(self, index: int) -> bool:
        """Forget that key for ever; whether there was one."""
        return await self._with_keys(lambda keys: keys.erase(index))

    async def aclose(self) -> None:
        """Let go of the file. Closing twice is harmless."""
        if not self._is_closed:
            self._is_closed = True
            await asyncio.to_thread(self._reading.shutdown)
            self._reader.close()

    async def _read(self, find: Callable[[SqliteEntries], Found]) -> Found:
        if self._is_closed:
            raise AuditUnavailable(UNREADABLE)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, find, self._entries)
        except (apsw.Error, LookupError) as error:
            raise AuditUnavailable(UNREADABLE) from error

    async def _with_keys(self, ask: Callable[[ResponseKeys], Found]) -> Found:
        def asked() -> Found:
            keys = ResponseKeys(self._keys_path)
            try:
                return ask(keys)
            finally:
                keys.close()

        try:
            return await asyncio.to_thread(asked)
        except (apsw.Error, OSError) as error:
            raise AuditUnavailable(UNREADABLE) from error


class SqliteAuditLog(SqliteLogReader, KeptLog):
    """A log in one file. One process holds it (WriterLock); others put single entries on record `beside` it."""

    def __init__(self, path: Path, signer: LogSigner | None = None, *, beside: bool = False) -> None:
        """Opens or makes the log; AuditUnavailable when that cannot be done, so that a gateway does not start.

        Without a signer it signs under its own name with a key beside it, made at first.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.signer = signer if signer is not None else own_signer(path)
            self._writer = Writer(path, self.signer, keys_file(path), beside=beside)
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
        super().__init__(path)

    async def keep_cosignature(self, witness: str, note: SignedNote) -> None:
        """Keep a checkpoint of this log with the signature of a witness."""
        size = note.checkpoint().size
        try:
            await asyncio.to_thread(self._writer.run, lambda store: store.keep_cosignature(witness, size, str(note)))
        except (apsw.Error, OSError, LogDamaged, WriterClosed) as error:
            raise AuditUnavailable(UNWRITABLE) from error

    async def resign(self, signer: LogSigner) -> None:
        """Sign the head with another key; the log can then be gone on with under that one alone."""
        try:
            await asyncio.to_thread(self._writer.run, lambda store: store.resign(signer))
        except (apsw.Error, OSError, LogDamaged, WriterClosed) as error:
            raise AuditUnavailable(UNWRITABLE) from error

    async def aclose(self) -> None:
        """Commit what waits, then close. Closing twice is harmless."""
        # The writer closes last: the last connection is the one that folds the write-ahead log into the file.
        await super().aclose()
        await asyncio.to_thread(self._writer.close)

    async def _store(self, waiting: Waiting) -> int:
        try:
            return await self._writer.append(waiting)
        except (apsw.Error, OSError, LogDamaged, WriterClosed) as error:
            raise AuditUnavailable(UNWRITABLE) from error
