"""What is put on record of one answered or refused request, and who keeps it. Never a value or a variable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.audit.event import EventRecord

if TYPE_CHECKING:
    from gateway.audit.context import Shared


@dataclass(frozen=True, slots=True)
class AccessedField:
    """One graph path, what became of it and by which policies; indexes are left out of paths."""

    path: str  # "person.cases.measures.startsOn"
    label: str
    effect: str  # ALLOW | MASK | DENY
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """How one source did in this request."""

    source: str
    outcome: str  # ok | an AdapterError code
    milliseconds: float


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One request, as an auditor needs it."""

    at: datetime
    request_id: str
    subject: str
    agency: str
    agency_name: str
    roles: tuple[str, ...]
    purpose: str
    case_number: str | None
    via: tuple[str, ...]
    key_id: str
    operation: str  # operation name, or "anonymous"
    operation_hash: str  # SHA-256 of the document text, hex
    persons: tuple[str, ...]  # Person ids
    fields: Sequence[AccessedField]  # gateway.audit.shown.ShownFields where lists are known: cheaper, and by person
    sources: tuple[SourceOutcome, ...]
    outcome: str  # OK | PARTIAL | DENIED | REFUSED | FAILED
    policy_version: str
    milliseconds: float
    jurisdiction: str  # province that served
    response: str | None = None  # commitment to the answer (gateway.audit.commitment); append makes it
    trace_id: str | None = None
    clearance: str = "NONE"  # a name of schema.enums.Clearance, as the viewer's token bore it


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An AccessRecord with its place in the log."""

    id: str  # opaque, stable
    index: int  # from 0, gapless
    leaf_hash: str  # RFC 9162 leaf hash of the stored bytes, hex
    record: AccessRecord


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An EventRecord with its place in the log."""

    id: str
    index: int
    leaf_hash: str
    record: EventRecord


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry as it is stored; `gateway.audit.stored.read_entry` reads it."""

    index: int
    leaf: bytes  # RFC 9162 leaf hash as stored; `verify` is what compares it with the content
    content: bytes
    shared: Mapping[str, Shared] = field(default_factory=dict)  # what the content names, by digest


class AuditLog(Protocol):
    """Append is durable before it returns; if it cannot be, it raises AuditUnavailable."""

    async def append(self, record: AccessRecord, response: bytes | None = None) -> LogEntry:
        """Put one access on record, with a commitment to the bytes of its answer where they are given."""
        ...

    async def append_event(self, record: EventRecord) -> EventEntry:
        """Put one event on record."""
        ...

    async def entry(self, entry_id: str) -> LogEntry | None:
        """One access by its id."""
        ...

    async def size(self) -> int:
        """How many entries of any kind are durable."""
        ...

    def records(self, start: int = 0, end: int | None = None) -> AsyncIterator[StoredEntry]:
        """Entries of any kind from index `start` up to, not including, `end` (all that were there when asked)."""
        ...

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places, in the order asked for; those that are not there are left out."""
        ...

    async def aclose(self) -> None:
        """Commit and close."""
        ...
