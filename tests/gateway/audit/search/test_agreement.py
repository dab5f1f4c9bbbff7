"""The index finds what reading every entry finds, under random conditions, in any order and page size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.audit.event import EventRecord, Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.search import Conditions, SearchQuery
from gateway.audit.search import planning as plans
from tests.gateway.audit.accesses import START, access
from tests.gateway.audit.search.test_find import REVIEWED, opened, put

PEOPLE, STAFF, LABELS = ("p-1", "p-2", "p-3", "p-4"), ("staff-1", "staff-2", "auditor-1"), ("HEALTH", "IDENTITY")
EFFECTS, POLICIES, SOURCES = ("ALLOW", "MASK", "DENY"), ("A1", "B2"), ("js-police", "yiti-zhejiang")
Record = AccessRecord | EventRecord


def _record(random: Random, number: int) -> Record:
    at = START + timedelta(minutes=number + random.randrange(-3, 4))
    people = tuple(random.sample(PEOPLE, random.randrange(3)))
    if random.random() < 0.2:
        return replace(REVIEWED, at=at, persons=people, references=(f"grant-{random.randrange(2)}",))
    fields = [
        AccessedField(f"person.{label.lower()}", label, random.choice(EFFECTS), (random.choice(POLICIES),))
        for label in random.sample(LABELS, random.randrange(3))
    ]
    return access(
        number,
        at=at,
        persons=people,
        fields=tuple(fields),
        subject=random.choice(STAFF[:2]),
        purpose=random.choice(("AFTERCARE", "HANDOFF")),
        outcome=random.choice(("OK", "DENIED")),
        sources=tuple(SourceOutcome(one, "ok", 1.0) for one in random.sample(SOURCES, random.randrange(3))),
        via=random.choice(((), ("yiti-zhejiang",))),
    )


def _conditions(random: Random) -> Conditions:
    choices: dict[str, Callable[[], Any]] = {
        "persons": lambda: tuple(random.sample(PEOPLE, random.randrange(1, 3))),
        "subjects": lambda: (random.choice(STAFF),),
        "purposes": lambda: (random.choice(("AFTERCARE", "HANDOFF", "AUDIT")),),
        "without_purposes": lambda: ("HANDOFF",),
        "labels": lambda: tuple(random.sample(LABELS, random.randrange(1, 3))),
        "fields": lambda: ("person.health",),
        "effects": lambda: tuple(random.sample(EFFECTS, random.randrange(1, 3))),
        "policies": lambda: (random.choice(POLICIES),),
        "sources": lambda: (random.choice(SOURCES),),
        "peers": lambda: ("yiti-zhejiang",),
        "outcomes": lambda: ("DENIED",),
        "kinds": lambda: (random.choice((Kind.ACCESS, Kind.BREAK_GLASS)),),
        "references": lambda: ("grant-1",),
        "since": lambda: START + timedelta(minutes=random.randrange(120)),
        "until": lambda: START + timedelta(minutes=random.randrange(120)),
    }
    return Conditions(**{name: choices[name]() for name in random.sample(list(choices), random.randrange(4))})


def _meets(record: Record, asked: Conditions) -> bool:
    is_access = isinstance(record, AccessRecord)
    fields = record.fields if is_access else ()
    labels = {(one.label, one.effect) for one in fields} | (
        set() if is_access else {(one, "") for one in record.labels}
    )
    paths = {(one.path, one.effect) for one in fields}
    sources = {one.source for one in record.sources} if is_access else set()
    tests: Iterable[tuple[Any, set[Any]]] = (
        (asked.persons, set(record.persons)),
        (asked.subjects, {record.subject}),
        (asked.purposes, {record.purpose}),
        (asked.outcomes, {record.outcome}),
        (asked.kinds, {Kind.ACCESS if is_access else record.kind}),
        (asked.policies, {policy for one in fields for policy in one.policies}),
        (asked.sources, sources),
        (asked.peers, sources | set(record.via)),
        (asked.references, set() if is_access else set(record.references)),
    )
    if not all(not words or set(words) & held for words, held in tests) or record.purpose in asked.without_purposes:
        return False
    for words, held in ((asked.labels, labels), (asked.fields, paths)):
        if words and not any(word in words and (not asked.effects or to in asked.effects) for word, to in held):
            return False
    if asked.effects and not asked.labels and not asked.fields and not {to for _, to in paths} & set(asked.effects):
        return False
    return (asked.since is None or record.at >= asked.since) and (asked.until is None or record.at < asked.until)


@pytest.mark.parametrize("few", [0, 20_000])  # whether unsorted conditions may lead
@pytest.mark.parametrize("seed", range(3))
async def test_the_index_and_a_scan_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, few: int
) -> None:
    monkeypatch.setattr(plans, "_FEW", few)
    random = Random(seed)
    records = [_record(random, number) for number in range(120)]
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log, aclosing(opened(tmp_path, log)) as search:
        for one in records:
            await put(log, one)
        await search.catch_up()
        for attempt in range(80):
            asked, oldest_first = _conditions(random), random.random() < 0.5
            expected = [index for index, one in enumerate(records) if _meets(one, asked)]
            found, after = [], None
            while True:
                query = SearchQuery(asked, random.randrange(1, 60), after, oldest_first=oldest_first)
                page = await search.find(query, viewer="a")
                found += [entry.index for entry in page.entries]
                if not page.has_next:
                    break
                after = page.end_cursor
            assert found == (expected if oldest_first else expected[::-1]), f"seed {seed}, {attempt}: {asked}"
            assert page.total.count == len(expected), f"seed {seed}, {attempt}: {asked}"
