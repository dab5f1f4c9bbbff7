"""By which words an entry is found. What many entries share, as fields with effects, is one shape for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.audit.context import named_context
from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import AccessedField, StoredEntry
from gateway.audit.shown import FieldList, named_list
from gateway.audit.stored import decode_event, fields_of, microseconds

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


class Found(NamedTuple):
    """One entry as the index keeps it."""

    place: int  # in the log
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


def words_of(stored: StoredEntry) -> Found:
    """What an entry is found by; ValueError where it cannot be read.

    Of an access, which most entries are, only what is looked for is read: the whole record would cost several times
    as much, beside requests that wait for the same interpreter.
    """
    fields = fields_of(stored.content)
    if fields["kind"] != Kind.ACCESS:
        return _event_words(stored)
    try:
        context = named_context(stored.shared, fields["context"]).fields
        lists = tuple([named_list(stored.shared, digest) for digest, _ in fields["fields"]])
        return Found(
            stored.index,
            microseconds(datetime.fromisoformat(fields["at"])),
            Kind.ACCESS.value,
            context["subject"],
            context["agency"],
            context["purpose"],
            fields["outcome"],
            request_number(fields["request_id"]) if fields["request_id"] else None,
            _access_shape(lists, context["roles"]),
            _access_route(tuple([source[0] for source in fields["sources"]]), context["via"]),
            tuple(dict.fromkeys(fields["persons"])),
            (),
        )
    except (LookupError, TypeError) as error:
        raise ValueError("an access record with other fields than this version writes") from error


def _event_words(stored: StoredEntry) -> Found:
    record = decode_event(stored.content)
    return Found(
        stored.index,
        microseconds(record.at),
        record.kind.value,
        record.subject,
        record.agency,
        record.purpose,
        record.outcome,
        request_number(record.request_id) if record.request_id else None,
        frozenset(_event_parts(record)),
        frozenset(_gateways(record.via)),
        tuple(dict.fromkeys(record.persons)),
        tuple(dict.fromkeys(record.references)),
    )


@lru_cache(_KEPT)
def _access_shape(lists: tuple[FieldList, ...], roles: tuple[str, ...]) -> frozenset[Part]:
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


@lru_cache(_KEPT)
def _access_route(sources: tuple[str, ...], via: tuple[str, ...]) -> frozenset[Part]:
    return frozenset([*((WordKind.SOURCE, source) for source in sources), *_gateways(via)])
