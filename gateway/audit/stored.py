"""How a record is stored: canonical JSON bytes, their leaf hash, and the id that follows from both.

The leaf hash is RFC 9162's, SHA-256 over a zero byte and the stored bytes, so that a Merkle tree can be grown over
a log that was written without one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import AccessedField, AccessRecord, EventEntry, LogEntry, SourceOutcome, StoredEntry

FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS: Final = ("roles", "via", "persons", "labels", "references")
_HASH_IN_ID: Final = 8  # bytes of the leaf hash that an id repeats


def encode(record: AccessRecord) -> bytes:
    """The bytes that are stored and hashed: sorted keys, no spaces, UTF-8, times in UTC.

    ValueError (orjson's error is one) where a text cannot be stored as UTF-8 or the time bears no zone.
    """
    fields: dict[str, object] = {name: getattr(record, name) for name in AccessRecord.__slots__}
    fields["at"] = _moment(record.at)
    fields["fields"] = [[field.path, field.label, field.effect, field.policies] for field in record.fields]
    fields["sources"] = [[source.source, source.outcome, source.milliseconds] for source in record.sources]
    return orjson.dumps({"format": FORMAT, **fields}, option=orjson.OPT_SORT_KEYS)


def decode(content: bytes) -> AccessRecord:
    """The inverse of `encode`; ValueError for anything else."""
    fields: Any = orjson.loads(content)
    if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
        raise ValueError(f"an access record of another format than {FORMAT}")
    try:
        return AccessRecord(
            **{
                **fields,
                "at": datetime.fromisoformat(fields["at"]),
                "roles": tuple(fields["roles"]),
                "via": tuple(fields["via"]),
                "persons": tuple(fields["persons"]),
                "fields": tuple(
                    AccessedField(path, label, effect, tuple(by)) for path, label, effect, by in fields["fields"]
                ),
                "sources": tuple(SourceOutcome(*source) for source in fields["sources"]),
            }
        )
    except (KeyError, TypeError) as error:
        raise ValueError("an access record with other fields than this version writes") from error


def encode_event(record: EventRecord) -> bytes:
    """As `encode`, of an event; what is empty is left out."""
    fields = {name: value for name in EventRecord.__slots__ if (value := getattr(record, name))}
    fields["at"] = _moment(record.at)
    if record.details:
        fields["details"] = dict(record.details)
    return orjson.dumps({"format": FORMAT, **fields}, option=orjson.OPT_SORT_KEYS)


def decode_event(content: bytes) -> EventRecord:
    """The inverse of `encode_event`; ValueError for anything else."""
    fields: Any = orjson.loads(content)
    if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
        raise ValueError(f"an event of another format than {FORMAT}")
    try:
        lists = {name: tuple(fields[name]) for name in _LISTS if name in fields}
        at, kind = datetime.fromisoformat(fields["at"]), Kind(fields["kind"])
        return EventRecord(**{**fields, **lists, "at": at, "kind": kind})
    except (KeyError, TypeError) as error:
        raise ValueError("an event with other fields than this version writes") from error


def read_entry(stored: StoredEntry) -> LogEntry | EventEntry:
    """What an entry says; ValueError where it cannot be read."""
    head: Any = orjson.loads(stored.content)
    kind = head.get("kind", Kind.ACCESS) if isinstance(head, dict) else None
    identifier, leaf = entry_id(stored.index, stored.leaf), stored.leaf.hex()
    if kind == Kind.ACCESS:
        return LogEntry(identifier, stored.index, leaf, decode(stored.content))
    return EventEntry(identifier, stored.index, leaf, decode_event(stored.content))


def _moment(at: datetime) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds(at))).isoformat(timespec="microseconds")


def microseconds(moment: datetime) -> int:
    """Since 1970; ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment of the access log needs a time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def leaf_hash(content: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\0" + content).digest()


def entry_of(index: int, content: bytes, record: AccessRecord | None = None) -> LogEntry:
    """The entry at this place of the log."""
    leaf = leaf_hash(content)
    return LogEntry(entry_id(index, leaf), index, leaf.hex(), record or decode(content))


def entry_id(index: int, leaf: bytes) -> str:
    """Opaque and stable; names one entry of one log and no other, even if the log were rewritten."""
    return base64.urlsafe_b64encode(index.to_bytes(8, "big") + leaf[:_HASH_IN_ID]).decode().rstrip("=")


def index_in(identifier: str) -> int | None:
    """The place that an id points to, or None for what is no id; the caller compares the whole id."""
    try:
        raw = base64.b64decode(identifier + "=" * (-len(identifier) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    index = int.from_bytes(raw[:8], "big")
    return index if len(raw) == 8 + _HASH_IN_ID and index < 2**63 else None
