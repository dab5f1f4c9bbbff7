"""Receipts between gateways: what a peer says it answered us, laid beside what we say we asked, request by request.

Both sides put a forwarded request on record under the same request id. A gateway that answers without a record, or
that hides a question it asked, is found by whoever holds the other log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson

from gateway.audit.record import AccessRecord, LogEntry, StoredEntry
from gateway.audit.stored import read_entry

_ANSWERED = frozenset({"OK", "PARTIAL", "DENIED"})


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answered request of a peer: names and hashes only."""

    request_id: str
    at: str  # UTC
    entry: str  # id in the log of whoever answered
    leaf_hash: str

    def line(self) -> str:
        """As JSON, one line."""
        fields = {"request_id": self.request_id, "at": self.at, "entry": self.entry, "leaf_hash": self.leaf_hash}
        return orjson.dumps(fields).decode()

    @classmethod
    def read(cls, line: str) -> Receipt:
        """The inverse of `line`; ValueError for anything else."""
        try:
            return cls(**{name: str(value) for name, value in orjson.loads(line).items()})
        except (TypeError, AttributeError) as error:
            raise ValueError("not a receipt: request_id, at, entry and leaf_hash") from error


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that stands on one side only."""

    request_id: str
    what: str

    def __str__(self) -> str:
        return f"request {self.request_id}: {self.what}"


async def given(
    entries: AsyncIterator[StoredEntry], peer: str, since: datetime, until: datetime
) -> AsyncIterator[Receipt]:
    """What we answered a peer in this time."""
    async for stored in entries:
        entry = _access(stored, since, until)
        if entry is not None and entry.record.via[-1:] == (peer,) and entry.record.outcome in _ANSWERED:
            at = entry.record.at.isoformat()
            yield Receipt(entry.record.request_id, at, entry.id, entry.leaf_hash)


async def asked(
    entries: AsyncIterator[StoredEntry], source: str, since: datetime, until: datetime
) -> dict[str, bool]:
    """The requests in which a peer, as this source, was asked in this time, and whether it answered."""
    found: dict[str, bool] = {}
    async for stored in entries:
        entry = _access(stored, since, until)
        if entry is None:
            continue
        outcomes = [one.outcome for one in entry.record.sources if one.source == source]
        if outcomes:
            name = entry.record.request_id
            found[name] = found.get(name, False) or "ok" in outcomes
    return found


def compared(ours: dict[str, bool], theirs: Iterable[Receipt]) -> Iterator[Difference]:
    """Where the two sides differ. That a peer recorded what never reached us is no difference: answers get lost."""
    receipts = {receipt.request_id: receipt for receipt in theirs}
    for name, answered in ours.items():
        if answered and name not in receipts:
            yield Difference(name, "it answered us, and says nothing of it: no receipt")
    for name, receipt in receipts.items():
        if name not in ours:
            yield Difference(
                name, f"it says we asked at {receipt.at} ({receipt.entry}); our log holds no such question"
            )


def _access(stored: StoredEntry, since: datetime, until: datetime) -> LogEntry | None:
    entry = read_entry(stored)
    if not isinstance(entry, LogEntry):
        return None
    record: AccessRecord = entry.record
    return entry if since <= record.at < until else None
