"""What every kept log does alike, wherever it is kept: records in, entries and proofs out."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

import orjson

from gateway.audit.batch import Waiting
from gateway.audit.commitment import commit, new_key
from gateway.audit.event import EventRecord
from gateway.audit.merkle import leaf_hash
from gateway.audit.note import SignedNote
from gateway.audit.record import AccessRecord, EventEntry, LogEntry, StoredEntry
from gateway.audit.signer import LogSigner
from gateway.audit.stored import Encoded, encode, encode_event, entry_id, index_in, read_entry
from gateway.errors import AuditUnavailable

PART: Final = 1_000  # entries read at a time
UNWRITABLE: Final = (
    "The access could not be put on record, so it is not answered. Try again, or tell the gateway's operator."
)
UNREADABLE: Final = "The access log cannot be read now. Try again, or tell the gateway's operator."


class KeptLog(ABC):
    """Implements gateway.audit.record.AuditLog over a store's few own operations."""

    signer: LogSigner
    watched: Callable[[], AbstractContextManager[None]] | None = None  # goes round each wait for a commit

    async def append(self, record: AccessRecord, response: bytes | None = None) -> LogEntry:
        """Put one access on record; returns after the commit that holds it, or raises AuditUnavailable.

        With the bytes of the answer the record commits to them; see gateway.audit.commitment.
        """
        try:
            key = new_key() if response is not None else None
            ready = encode(record, commit(key, response) if key is not None and response is not None else None)
        except (ValueError, orjson.JSONEncodeError) as error:
            raise AuditUnavailable(UNWRITABLE) from error
        index, leaf = await self._append(ready, key)
        return LogEntry(entry_id(index, leaf), index, leaf.hex(), record)

    async def append_event(self, record: EventRecord) -> EventEntry:
        """As `append`, of an event."""
        try:
            ready = encode_event(record)
        except (ValueError, orjson.JSONEncodeError) as error:
            raise AuditUnavailable(UNWRITABLE) from error
        index, leaf = await self._append(ready, None)
        return EventEntry(entry_id(index, leaf), index, leaf.hex(), record)

    async def entry(self, entry_id: str) -> LogEntry | None:
        """One access by its id; None for an id that is none of this log's."""
        stored = await self.find(entry_id)
        try:
            found = read_entry(stored) if stored is not None else None
        except ValueError as error:
            raise AuditUnavailable(UNREADABLE) from error
        return found if isinstance(found, LogEntry) else None

    async def find(self, identifier: str) -> StoredEntry | None:
        """The entry of any kind that bears this id, or None."""
        return await find_entry(self, identifier)

    async def records(self, start: int = 0, end: int | None = None) -> AsyncIterator[StoredEntry]:
        """Entries of any kind in order, `start` to before `end`, or to the end as it was when this began."""
        async for entry in stream(self, start, end):
            yield entry

    async def _append(self, ready: Encoded, key: bytes | None) -> tuple[int, bytes]:
        leaf, loop = leaf_hash(ready.content), asyncio.get_running_loop()
        waiting = Waiting(ready.content, leaf, ready.shared, key, loop.create_future(), loop)
        if self.watched is None:
            return await self._store(waiting), leaf
        with self.watched():
            return await self._store(waiting), leaf

    @abstractmethod
    async def _store(self, waiting: Waiting) -> int:
        """The index of a record, after the commit that holds it; raises AuditUnavailable."""

    @abstractmethod
    async def size(self) -> int:
        """How many entries of any kind are durable."""

    @abstractmethod
    async def head(self) -> SignedNote:
        """The newest checkpoint, which is signed over every durable entry."""

    @abstractmethod
    async def between(self, start: int, end: int) -> Sequence[StoredEntry]:
        """Entries of any kind from `start` up to, not including, `end`."""

    @abstractmethod
    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places, in the order asked for; those that are not there are left out."""

    @abstractmethod
    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that the tree of this size holds the entry; ValueError unless index < size <= the log's."""

    @abstractmethod
    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of size `new` begins with that of size `old`; ValueError unless old <= new."""

    @abstractmethod
    async def keep_cosignature(self, witness: str, note: SignedNote) -> None:
        """Keep a checkpoint of this log with the signature of a witness."""

    @abstractmethod
    async def cosigned(self) -> Sequence[SignedNote]:
        """The newest checkpoint of each witness, with its signature."""

    @abstractmethod
    async def resign(self, signer: LogSigner) -> None:
        """Sign the head with another key; the log can then be gone on with under that one alone."""

    @abstractmethod
    async def response_key(self, index: int) -> bytes | None:
        """The key of an entry's commitment to its answer; None where there is none, or no longer."""

    @abstractmethod
    async def erase_key(self, index: int) -> bool:
        """Forget that key for ever; whether there was one."""

    @abstractmethod
    async def aclose(self) -> None:
        """Commit what waits, then close. Closing twice is harmless."""


class Reading(Protocol):
    """What entries are read from in order."""

    async def size(self) -> int:
        """How many there are."""
        ...

    async def between(self, start: int, end: int) -> Sequence[StoredEntry]:
        """Those from `start` up to, not including, `end`."""
        ...


async def stream(entries: Reading, start: int = 0, end: int | None = None) -> AsyncIterator[StoredEntry]:
    """Entries in order, `start` to before `end`, or to the end as it was when this began."""
    last = await entries.size() if end is None else end
    while start < last:
        part = await entries.between(start, min(last, start + PART))
        if not part:
            return
        for entry in part:
            yield entry
        start = part[-1].index + 1


class Picking(Protocol):
    """What entries are picked from."""

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places."""
        ...


async def find_entry(entries: Picking, identifier: str) -> StoredEntry | None:
    """The entry of any kind that bears this id, or None."""
    index = index_in(identifier)
    found = await entries.pick([index]) if index is not None else ()
    return found[0] if found and entry_id(found[0].index, found[0].leaf) == identifier else None
