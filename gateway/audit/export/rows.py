"""An entry as one flat row: what a spreadsheet and a table can hold of it. Lists are separated by spaces or lines."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Final

import orjson

from gateway.audit.event import EventRecord, Kind
from gateway.audit.export.format import Token
from gateway.audit.record import AccessRecord
from gateway.audit.search import Entry

CHINA: Final = timezone(timedelta(hours=8))

COLUMNS: Final = (
    "idx",
    "id",
    "leaf_hash",
    "at",
    "kind",
    "action",
    "outcome",
    "subject",
    "agency",
    "agency_name",
    "roles",
    "purpose",
    "case_number",
    "clearance",
    "via",
    "persons",
    "labels_shown",
    "labels_masked",
    "labels_denied",
    "fields",
    "policies",
    "sources",
    "refers_to",
    "details",
    "operation",
    "operation_hash",
    "policy_version",
    "milliseconds",
    "request_id",
    "key_id",
    "jurisdiction",
)

Cell = str | int | float


def row(entry: Entry, token: Token) -> dict[str, Cell]:
    """The cells of one entry, by column; those that do not apply are empty."""
    record = entry.record
    found: dict[str, Cell] = dict.fromkeys(COLUMNS, "")
    found.update(
        idx=entry.index,
        id=entry.id,
        leaf_hash=entry.leaf_hash,
        at=record.at.astimezone(CHINA).isoformat(timespec="milliseconds"),
        outcome=record.outcome,
        subject=record.subject,
        agency=record.agency,
        agency_name=record.agency_name,
        roles=" ".join(record.roles),
        purpose=record.purpose,
        case_number=record.case_number or "",
        via=" ".join(record.via),
        persons=" ".join(token(person) for person in record.persons),
        request_id=record.request_id,
        key_id=record.key_id,
        jurisdiction=record.jurisdiction,
    )
    found.update(_access(record) if isinstance(record, AccessRecord) else _event(record))
    return found


def _access(record: AccessRecord) -> dict[str, Cell]:
    labels = {
        effect: " ".join(dict.fromkeys(field.label for field in record.fields if field.effect == effect))
        for effect in ("ALLOW", "MASK", "DENY")
    }
    return {
        "kind": Kind.ACCESS.value,
        "clearance": record.clearance,
        "labels_shown": labels["ALLOW"],
        "labels_masked": labels["MASK"],
        "labels_denied": labels["DENY"],
        "fields": "\n".join(f"{one.path} {one.effect}" for one in record.fields),
        "policies": " ".join(sorted({policy for one in record.fields for policy in one.policies})),
        "sources": "\n".join(f"{one.source} {one.outcome} {one.milliseconds:g}" for one in record.sources),
        "operation": record.operation,
        "operation_hash": record.operation_hash,
        "policy_version": record.policy_version,
        "milliseconds": record.milliseconds,
    }


def _event(record: EventRecord) -> dict[str, Cell]:
    return {
        "kind": record.kind.value,
        "action": record.action,
        "labels_shown": " ".join(record.labels),
        "refers_to": " ".join(record.references),
        "details": orjson.dumps(dict(record.details)).decode() if record.details else "",
    }
