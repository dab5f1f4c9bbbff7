"""By which words an entry is found. What many entries share, as fields with effects, is one shape for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import AccessedField, AccessRecord, EventEntry, LogEntry
from gateway.audit.shown import FieldList, shown
from gateway.audit.stored import microseconds

Part = tuple["WordKind", str]
_KEPT: Final = 4_096  # shapes; few exist however many entries there are


class WordKind(IntEnum):
    """What a word of the index is a word of. The numbers are stored: new ones are added at the end."""

    KIND = 1
    SUBJECT = 2
    AGENCY = 3
    PURPOSE = 4
    OUTCOME = 5
    SHAPE = 6
    ROUTE = 7
    ROLE = 8
    FIELD = 9
    FIELD_EFFECT = 10
    LABEL = 11
    LABEL_EFFECT = 12
    EFFECT = 13
    POLICY = 14
    ACTION = 15
    SOURCE = 16
    VIA = 17


@dataclass(frozen=True, slots=True)
class Found:
    """One entry as the index keeps it."""

    index: int
    at: int  # microseconds since 1970
    kind: str
    subject: str
    agency: str
    purpose: str
    outcome: str
    request: int | None
    shape: frozenset[Part]
    route: frozenset[Part]
    persons: tuple[str, ...]
    references: tuple[str, ...]


def request_number(request_id: str) -> int:
    """64 bits of a request id's hash: ids come from callers in any length, and only ever one is looked for."""
    return int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8], "big", signed=True)


def with_effect(word: str, effect: str) -> str:
    """A field's path or a label together with what became of it."""
    return f"{word}={effect}"


def shape_name(parts: Iterable[Part]) -> str:
    """The one name of a set of words."""
    text = "\x1f".join(sorted(f"{kind:d} {word}" for kind, word in parts))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def words_of(entry: LogEntry | EventEntry, lists: Iterable[FieldList] = ()) -> Found:
    """What an entry is found by. `lists` are those that an access names, where they are at hand."""
    record = entry.record
    if isinstance(record, AccessRecord):
        held = frozenset(lists or (group.list for group in shown(record.fields).groups))
        shape = _access_shape(held, record.roles)
        return _found(entry.index, record, Kind.ACCESS, shape, _access_route(record), ())
    shape, route = frozenset(_event_parts(record)), frozenset(_gateways(record.via))
    return _found(entry.index, record, record.kind, shape, route, record.references)


def _found(
    index: int,
    record: AccessRecord | EventRecord,
    kind: Kind,
    shape: frozenset[Part],
    route: frozenset[Part],
    references: Iterable[str],
) -> Found:
    return Found(
        index=index,
        at=microseconds(record.at),
        kind=kind.value,
        subject=record.subject,
        agency=record.agency,
        purpose=record.purpose,
        outcome=record.outcome,
        request=request_number(record.request_id) if record.request_id else None,
        shape=shape,
        route=route,
        persons=tuple(dict.fromkeys(record.persons)),
        references=tuple(dict.fromkeys(references)),
    )


@lru_cache(_KEPT)
def _access_shape(lists: frozenset[FieldList], roles: tuple[str, ...]) -> frozenset[Part]:
    parts = {part for one in lists for field in one.fields for part in _field_parts(field)}
    return frozenset([*parts, *_roles(roles)])


def _field_parts(field: AccessedField) -> Iterator[Part]:
    yield WordKind.FIELD, field.path
    yield WordKind.FIELD_EFFECT, with_effect(field.path, field.effect)
    yield WordKind.LABEL, field.label
    yield WordKind.LABEL_EFFECT, with_effect(field.label, field.effect)
    yield WordKind.EFFECT, field.effect
    for policy in field.policies:
        yield WordKind.POLICY, policy


def _event_parts(record: EventRecord) -> Iterator[Part]:
    yield WordKind.ACTION, record.action
    for label in record.labels:
        yield WordKind.LABEL, label
    yield from _roles(record.roles)


def _roles(roles: Iterable[str]) -> list[Part]:
    return [(WordKind.ROLE, role) for role in roles]


def _gateways(via: Iterable[str]) -> list[Part]:
    return [(WordKind.VIA, gateway) for gateway in via]


def _access_route(record: AccessRecord) -> frozenset[Part]:
    sources: list[Part] = [(WordKind.SOURCE, one.source) for one in record.sources]
    return frozenset([*sources, *_gateways(record.via)])
