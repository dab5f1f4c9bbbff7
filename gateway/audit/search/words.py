"""By which words an entry is found. What many entries share, as fields with effects, is one shape for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import AccessRecord, EventEntry, LogEntry
from gateway.audit.stored import microseconds

Part = tuple["WordKind", str]


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


def words_of(entry: LogEntry | EventEntry) -> Found:
    """What an entry is found by."""
    record = entry.record
    if isinstance(record, AccessRecord):
        return _found(entry.index, record, Kind.ACCESS, _access_parts(record), _sources(record), ())
    return _found(entry.index, record, record.kind, _event_parts(record), [], record.references)


def _found(
    index: int,
    record: AccessRecord | EventRecord,
    kind: Kind,
    parts: Iterable[Part],
    sources: Iterable[Part],
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
        shape=frozenset([*parts, *((WordKind.ROLE, role) for role in record.roles)]),
        route=frozenset([*sources, *((WordKind.VIA, peer) for peer in record.via)]),
        persons=tuple(dict.fromkeys(record.persons)),
        references=tuple(dict.fromkeys(references)),
    )


def _access_parts(record: AccessRecord) -> Iterator[Part]:
    for one in record.fields:
        yield WordKind.FIELD, one.path
        yield WordKind.FIELD_EFFECT, with_effect(one.path, one.effect)
        yield WordKind.LABEL, one.label
        yield WordKind.LABEL_EFFECT, with_effect(one.label, one.effect)
        yield WordKind.EFFECT, one.effect
        for policy in one.policies:
            yield WordKind.POLICY, policy


def _event_parts(record: EventRecord) -> Iterator[Part]:
    yield WordKind.ACTION, record.action
    for label in record.labels:
        yield WordKind.LABEL, label


def _sources(record: AccessRecord) -> Iterator[Part]:
    for one in record.sources:
        yield WordKind.SOURCE, one.source
