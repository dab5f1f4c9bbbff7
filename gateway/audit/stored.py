"""How a record is stored: canonical JSON bytes, their leaf hash, and the id that follows from both.

Format 2 names the field lists of an access by their hashes (gateway.audit.shown); format 1, which is still read,
spelled the fields out in each record.
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

from gateway.audit.event import EventRecord, Kind
from gateway.audit.merkle import leaf_hash
from gateway.audit.record import AccessedField, AccessRecord, EventEntry, LogEntry, SourceOutcome, StoredEntry
from gateway.audit.shown import FieldList, Shown, ShownFields, read_fields, shown

FORMAT: Final = 2
_FIRST_FORMAT: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS: Final = ("roles", "via", "persons", "labels", "references")
_HASH_IN_ID: Final = 8  # bytes of the leaf hash that an id repeats
_NO_LISTS: Final[Mapping[str, FieldList]] = MappingProxyType({})
_ACCESS: Final = sorted(set(AccessRecord.__slots__) - {"at", "fields", "sources"})
_EVENT: Final = sorted(set(EventRecord.__slots__) - {"at", "details"})
# What an access lacks is not written; the rest of its fields are always there.
_ABSENT: Final[dict[str, Any]] = {
    "case_number": None,
    "via": (),
    "response": None,
    "trace_id": None,
    "clearance": "NONE",
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record as it is stored, and the lists that have to be stored with it."""

    content: bytes
    lists: tuple[FieldList, ...] = ()


def encode(record: AccessRecord, response: str | None = None) -> Encoded:
    """The bytes that are stored and hashed: sorted keys, no spaces, UTF-8, times in UTC.

    `response` is the commitment to its answer, before the record's own. ValueError (orjson's error is one) where a
    text cannot be stored as UTF-8 or the time bears no zone.
    """
    fields: dict[str, object] = {}
    for name in _ACCESS:
        value = getattr(record, name)
        if name not in _ABSENT or value != _ABSENT[name]:
            fields[name] = value
    if response is not None:
        fields["response"] = response
    groups = shown(record.fields).groups
    fields["at"] = _moment(record.at)
    fields["fields"] = [[group.list.digest, _places(group, record.persons)] for group in groups]
    fields["format"] = FORMAT
    fields["kind"] = Kind.ACCESS.value
    fields["sources"] = [[source.source, source.outcome, source.milliseconds] for source in record.sources]
    return Encoded(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), tuple(group.list for group in groups))


def decode(content: bytes, lists: Mapping[str, FieldList] = _NO_LISTS) -> AccessRecord:
    """The inverse of `encode`; ValueError for anything else, also where a list that it names is not among `lists`."""
    return _access(_object(content), lists)


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
    return _event(_object(content))


def read_entry(stored: StoredEntry) -> LogEntry | EventEntry:
    """What an entry says; ValueError where it cannot be read."""
    fields = _object(stored.content)
    identifier, leaf = entry_id(stored.index, stored.leaf), stored.leaf.hex()
    if fields.get("kind", Kind.ACCESS) == Kind.ACCESS:
        return LogEntry(identifier, stored.index, leaf, _access(fields, stored.lists))
    return EventEntry(identifier, stored.index, leaf, _event(fields))


def lists_of(content: bytes) -> list[str]:
    """The digests of the field lists that an entry names; empty for an event, or for what cannot be read."""
    try:
        fields = _object(content)
        named = fields["fields"] if fields.get("format") == FORMAT and fields["kind"] == Kind.ACCESS else []
        return [str(digest) for digest, _ in named]
    except (ValueError, KeyError, TypeError):
        return []


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


def _object(content: bytes) -> dict[str, Any]:
    fields: Any = orjson.loads(content)
    if not isinstance(fields, dict) or fields.get("format") not in (_FIRST_FORMAT, FORMAT):
        raise ValueError(f"a record of another format than {_FIRST_FORMAT} and {FORMAT}")
    return fields


def _access(fields: dict[str, Any], lists: Mapping[str, FieldList]) -> AccessRecord:
    try:
        if fields["format"] == FORMAT:
            accessed: Sequence[AccessedField] = _plain(read_fields(fields["fields"], fields["persons"], lists))
            if fields["kind"] != Kind.ACCESS:
                raise ValueError("an event is no access")
        else:
            accessed = tuple(AccessedField(path, label, to, tuple(by)) for path, label, to, by in fields["fields"])
        given = dict(_ABSENT)
        given.update(fields)
        del given["format"]
        given.pop("kind", None)
        given["at"] = datetime.fromisoformat(given["at"])
        given["fields"] = accessed
        given["sources"] = tuple(SourceOutcome(*source) for source in given["sources"])
        for name in ("roles", "via", "persons"):
            given[name] = tuple(given[name])
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


def _places(group: Shown, persons: Sequence[str]) -> list[int] | None:
    if group.persons is None:
        return None
    place_of = {person: place for place, person in enumerate(persons)}
    try:
        return [place_of[person] for person in group.persons]
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
    "index_in",
    "leaf_hash",
    "lists_of",
    "microseconds",
    "read_entry",
]
