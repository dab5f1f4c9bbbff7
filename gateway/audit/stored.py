"""How a record is stored: canonical JSON bytes, their leaf hash, and the id that follows from both.

What many accesses share is named by its hash: field lists (gateway.audit.shown), contexts (gateway.audit.context).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson

from gateway.audit.context import Shared, context_of, named_context
from gateway.audit.event import EventRecord, Kind
from gateway.audit.merkle import leaf_hash
from gateway.audit.record import AccessedField, AccessRecord, EventEntry, LogEntry, SourceOutcome, StoredEntry
from gateway.audit.shown import Shown, ShownFields, read_fields, shown

FORMAT: Final = 3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS: Final = ("roles", "via", "persons", "labels", "references")
_HASH_IN_ID: Final = 8  # bytes of the leaf hash that an id repeats
_NOTHING: Final[Mapping[str, Shared]] = MappingProxyType({})
_EVENT: Final = sorted(set(EventRecord.__slots__) - {"at", "details"})
# What an access lacks is not written; the rest of its fields are always there.
_ABSENT: Final[dict[str, Any]] = {"case_number": None, "response": None, "trace_id": None}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record as it is stored, and what it names that has to be stored with it."""

    content: bytes
    shared: tuple[Shared, ...] = ()


def encode(record: AccessRecord, response: str | None = None) -> Encoded:
    """The bytes that are stored and hashed: sorted keys, no spaces, UTF-8, times in UTC.

    `response` is the commitment to its answer, before the record's own. ValueError (orjson's error is one) where a
    text cannot be stored as UTF-8 or the time bears no zone.
    """
    context, groups = context_of(record), shown(record.fields).groups
    fields: dict[str, object] = {
        "at": _moment(record.at),
        "context": context.digest,
        "fields": _named(groups, record.persons),
        "format": FORMAT,
        "kind": Kind.ACCESS.value,
        "milliseconds": record.milliseconds,
        "outcome": record.outcome,
        "persons": record.persons,
        "request_id": record.request_id,
        "sources": [(source.source, source.outcome, source.milliseconds) for source in record.sources],
    }
    if record.case_number:
        fields["case_number"] = record.case_number
    if response or record.response:
        fields["response"] = response or record.response
    if record.trace_id:
        fields["trace_id"] = record.trace_id
    return Encoded(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), (context, *[group.list for group in groups]))


def decode(content: bytes, shared: Mapping[str, Shared] = _NOTHING) -> AccessRecord:
    """The inverse of `encode`; ValueError for anything else, also where something that it names is not `shared`."""
    return _access(fields_of(content), shared)


def encode_event(record: EventRecord) -> Encoded:
    """As `encode`, of an event; what is empty is left out."""
    fields: dict[str, object] = {name: value for name in _EVENT if (value := getattr(record, name))}
    fields["at"] = _moment(record.at)
    fields["format"] = FORMAT
    if record.details:
        fields["details"] = dict(record.details)
    return Encoded(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


def decode_event(content: bytes) -> EventRecord:
    """The inverse of `encode_event`; ValueError for anything else."""
    return _event(fields_of(content))


def read_entry(stored: StoredEntry) -> LogEntry | EventEntry:
    """What an entry says; ValueError where it cannot be read."""
    fields = fields_of(stored.content)
    identifier, leaf = entry_id(stored.index, stored.leaf), stored.leaf.hex()
    if fields["kind"] == Kind.ACCESS:
        return LogEntry(identifier, stored.index, leaf, _access(fields, stored.shared))
    return EventEntry(identifier, stored.index, leaf, _event(fields))


def fields_of(content: bytes) -> dict[str, Any]:
    """What a record says, as it is stored; ValueError for what is no record of this format."""
    fields: Any = orjson.loads(content)
    if not isinstance(fields, dict) or fields.get("format") != FORMAT or "kind" not in fields:
        raise ValueError(f"a record of another format than {FORMAT}")
    return fields


def shared_of(content: bytes) -> list[str]:
    """The digests of what an entry names; empty for an event, or for what cannot be read."""
    try:
        fields = fields_of(content)
        if fields["kind"] != Kind.ACCESS:
            return []
        return [str(fields["context"]), *[str(digest) for digest, _ in fields["fields"]]]
    except (ValueError, KeyError, TypeError):
        return []


def naming(content: bytes) -> bytes:
    """The part of a record by which it names what is shared; empty where there is none. Most records repeat it.

    Keys are sorted, so that it ends before "format"; a quote within a text is escaped and cannot look like this.
    """
    start = content.find(b'"context":')
    return content[start : content.find(b',"format":', start) + 10] if start >= 0 else b""


def microseconds(moment: datetime) -> int:
    """Since 1970; ValueError for a moment without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment of the access log needs a time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


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


def _access(fields: dict[str, Any], shared: Mapping[str, Shared]) -> AccessRecord:
    try:
        if fields["kind"] != Kind.ACCESS:
            raise ValueError("an event is no access")
        given = {**_ABSENT, **fields, **named_context(shared, fields["context"]).fields}
        del given["format"], given["kind"], given["context"]
        given["at"] = datetime.fromisoformat(given["at"])
        given["fields"] = _plain(read_fields(fields["fields"], fields["persons"], shared))
        given["sources"] = tuple(SourceOutcome(*source) for source in given["sources"])
        given["persons"] = tuple(given["persons"])
        return AccessRecord(**given)
    except (LookupError, TypeError) as error:
        raise ValueError("an access record with other fields or lists than this version writes") from error


def _event(fields: dict[str, Any]) -> EventRecord:
    try:
        given = dict(fields)
        del given["format"]
        given.update({name: tuple(fields[name]) for name in _LISTS if name in fields})
        given.update(at=datetime.fromisoformat(fields["at"]), kind=Kind(fields["kind"]))
        return EventRecord(**given)
    except (LookupError, TypeError) as error:
        raise ValueError("an event with other fields than this version writes") from error


def _plain(fields: ShownFields) -> Sequence[AccessedField]:
    """What was given as a plain sequence comes back as one."""
    if not fields.groups:
        return ()
    return fields.groups[0].list.fields if len(fields.groups) == 1 and fields.groups[0].persons is None else fields


def _named(groups: Sequence[Shown], persons: Sequence[str]) -> list[tuple[str, list[int] | None]]:
    """Each list's digest, and the places of the persons to whom it applied."""
    if all(group.persons is None for group in groups):
        return [(group.list.digest, None) for group in groups]
    place_of = {person: place for place, person in enumerate(persons)}
    try:
        return [
            (group.list.digest, None if group.persons is None else [place_of[person] for person in group.persons])
            for group in groups
        ]
    except KeyError as error:
        raise ValueError("a field list applies to persons of its access") from error


def _moment(at: datetime) -> str:
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise ValueError("a moment of the access log needs a time zone")
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")


__all__ = [
    "FORMAT",
    "Encoded",
    "decode",
    "decode_event",
    "encode",
    "encode_event",
    "entry_id",
    "fields_of",
    "index_in",
    "leaf_hash",
    "microseconds",
    "naming",
    "read_entry",
    "shared_of",
]
