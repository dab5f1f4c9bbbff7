"""Access records to write; no person in them is real, nor is any value."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from gateway.audit.record import AccessedField, AccessRecord, LogEntry, SourceOutcome, StoredEntry
from gateway.audit.stored import read_entry

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

ACCESS = AccessRecord(
    at=START,
    request_id="request-1",
    subject="staff-7",
    agency="11320102MB1",
    agency_name="某某街道",
    roles=("TOWNSHIP_WORKER",),
    purpose="AFTERCARE",
    case_number=None,
    via=(),
    key_id="k1",
    operation="PersonCard",
    operation_hash="0" * 64,
    persons=("p-1",),
    fields=(AccessedField("person.name", "IDENTITY", "ALLOW", ("C01-township-roster",)),),
    sources=(SourceOutcome("js-police", "ok", 12.5), SourceOutcome("js-facility", "UNAVAILABLE", 3000.0)),
    outcome="PARTIAL",
    policy_version="0123456789abcdef",
    milliseconds=21.25,
    jurisdiction="320000",
)


def access(number: int, **changed: Any) -> AccessRecord:
    usual = {"request_id": f"request-{number}", "at": START + timedelta(minutes=number)}
    return replace(ACCESS, **{**usual, **changed})


class Recorded(Protocol):
    """A log as far as all of it is read."""

    def records(self) -> AsyncIterator[StoredEntry]: ...


async def accesses_in(log: Recorded) -> list[LogEntry]:
    """All accesses on record, newest first."""
    entries = [read_entry(stored) async for stored in log.records()]
    return [entry for entry in reversed(entries) if isinstance(entry, LogEntry)]
