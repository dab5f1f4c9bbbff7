"""Access records to write; no person in them is real, nor is any value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome

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
