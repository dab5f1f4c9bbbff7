from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.event import EventRecord, Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.search import Conditions, Facet, SearchIndex, SearchQuery, Step, Total
from gateway.errors import BadCursor, BadPageSize
from gateway.execution.cursor import Cursors
from tests.gateway.audit.accesses import START, access

KEY = b"a" * 32
HEALTH = AccessedField("person.health.treatments", "HEALTH", "DENY", ("G01-basis",))
NAME = AccessedField("person.name", "IDENTITY", "ALLOW", ("C01-township-roster",))
REVIEWED = EventRecord(
    at=START + timedelta(days=3),
    kind=Kind.BREAK_GLASS,
    action="reviewed",
    outcome="OK",
    jurisdiction="320000",
    subject="auditor-1",
    agency="11320000MB9",
    agency_name="某某审计",
    roles=("AUDITOR",),
    purpose="AUDIT",
    persons=("p-2",),
    labels=("HEALTH",),
    references=("grant-1",),
    request_id="request-99",
)
RECORDS: list[AccessRecord | EventRecord] = [
    access(0, persons=("p-1", "p-2")),
    access(1, persons=("p-2",), subject="staff-8", fields=(NAME, HEALTH)),
    access(2, persons=(), agency="11330106MB2", outcome="REFUSED", fields=()),
    access(3, persons=("p-1", "p-1"), purpose="HANDOFF", roles=("FACILITY_RELEASE_OFFICER",)),
    access(4, persons=("p-3",), via=("yiti-zhejiang",), sources=(SourceOutcome("zj-police", "ok", 1.0),)),
    REVIEWED,
]


def opened(path: Path, log: Any, **more: Any) -> SearchIndex:
    return SearchIndex(path / "search.sqlite", log, key=KEY, cursors=Cursors(b"c" * 32), **more)


async def put(log: SqliteAuditLog, record: AccessRecord | EventRecord) -> int:
    if isinstance(record, EventRecord):
        return (await log.append_event(record)).index
    return (await log.append(record)).index


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteAuditLog]:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        yield log


@pytest.fixture
async def search(tmp_path: Path, log: SqliteAuditLog) -> AsyncIterator[SearchIndex]:
    """Over RECORDS, all of them indexed."""
    for record in RECORDS:
        await put(log, record)
    async with aclosing(opened(tmp_path, log)) as search:
        await search.catch_up()
        yield search


async def places(search: SearchIndex, **conditions: Any) -> list[int]:
    page = await search.find(SearchQuery(Conditions(**conditions)), viewer="auditor-1")
    assert page.total == Total(len(page.entries), is_exact=True)
    return [entry.index for entry in page.entries]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"persons": ("p-1",)}, [3, 0]),
        ({"persons": ("p-1", "p-2")}, [5, 3, 1, 0]),
        ({"persons": ("p-9",)}, []),
        ({"persons": ("p-2",), "subjects": ("staff-8",)}, [1]),
        ({"subjects": ("staff-8", "auditor-1")}, [5, 1]),
        ({"subjects": ("nobody",)}, []),
        ({"agencies": ("11330106MB2",)}, [2]),
        ({"roles": ("FACILITY_RELEASE_OFFICER",)}, [3]),
        ({"purposes": ("HANDOFF",)}, [3]),
        ({"without_purposes": ("AFTERCARE", "NEVER_HEARD")}, [5, 3]),
        ({"persons": ("p-1",), "without_purposes": ("HANDOFF",)}, [0]),
        ({"fields": ("person.name",)}, [4, 3, 1, 0]),
        ({"fields": ("person.health.treatments",), "effects": ("ALLOW",)}, []),
        ({"labels": ("HEALTH",)}, [5, 1]),
        ({"labels": ("HEALTH",), "effects": ("DENY",)}, [1]),
        ({"labels": ("IDENTITY",), "effects": ("DENY",)}, []),
        ({"effects": ("DENY", "MASK")}, [1]),
        ({"policies": ("G01-basis",)}, [1]),
        ({"sources": ("zj-police",)}, [4]),
        ({"peers": ("yiti-zhejiang",)}, [4]),
        ({"outcomes": ("REFUSED",)}, [2]),
        ({"kinds": (Kind.BREAK_GLASS,)}, [5]),
        ({"actions": ("reviewed",)}, [5]),
        ({"references": ("grant-1",)}, [5]),
        ({"request_id": "request-3"}, [3]),
        ({"request_id": "request"}, []),
        ({"since": START + timedelta(minutes=3)}, [5, 4, 3]),
        ({"until": START + timedelta(minutes=2)}, [1, 0]),
        ({"since": START + timedelta(days=9)}, []),
        ({"persons": ("p-1",), "until": START + timedelta(minutes=3)}, [0]),
        ({"subjects": ("x' OR '1'='1",)}, []),
    ],
)
async def test_what_meets_all_conditions_is_found_newest_first(
    search: SearchIndex, conditions: dict[str, Any], found: list[int]
) -> None:
    assert await places(search, **conditions) == found


async def test_entries_are_read_from_the_log(search: SearchIndex) -> None:
    page = await search.find(SearchQuery(Conditions(subjects=("staff-8",))), viewer="a")
    assert page.entries[0].record == RECORDS[1]
    assert page.unreadable == ()


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("conditions", [Conditions(), Conditions(persons=("p-1",)), Conditions(labels=("IDENTITY",))])
async def test_pages_follow_one_another_without_gap_or_repetition(
    tmp_path: Path, log: SqliteAuditLog, conditions: Conditions, oldest_first: bool
) -> None:
    for number in range(7):
        await log.append(access(number))
    async with aclosing(opened(tmp_path, log)) as search:
        await search.catch_up()
        query, seen = SearchQuery(conditions, first=3, oldest_first=oldest_first), []
        while True:
            page = await search.find(query, viewer="a")
            seen += [entry.index for entry in page.entries]
            if not page.has_next:
                break
            query = replace(query, after=page.end_cursor)
    assert seen == (list(range(7)) if oldest_first else list(range(6, -1, -1)))


async def test_a_cursor_is_of_one_list_and_one_viewer_and_shows_nothing(search: SearchIndex) -> None:
    query = SearchQuery(Conditions(persons=("p-1",)), first=1)
    cursor = (await search.find(query, viewer="a")).end_cursor
    assert cursor is not None
    assert "p-1" not in cursor
    for wrong in (
        replace(query, conditions=Conditions(persons=("p-2",)), after=cursor),
        replace(query, oldest_first=True, after=cursor),
    ):
        with pytest.raises(BadCursor):
            await search.find(wrong, viewer="a")
    with pytest.raises(BadCursor):
        await search.find(replace(query, after=cursor), viewer="b")


async def test_a_total_beyond_the_limit_says_more_than(search: SearchIndex) -> None:
    conditions = Conditions(labels=("IDENTITY",), since=START)
    page = await search.find(SearchQuery(conditions, count_up_to=3), viewer="a")
    assert page.total == Total(3, is_exact=False)
    assert await search.count(conditions) == Total(4, is_exact=True)


@pytest.mark.parametrize("first", [-1, 501])
async def test_a_page_has_a_size(search: SearchIndex, first: int) -> None:
    with pytest.raises(BadPageSize):
        await search.find(SearchQuery(first=first), viewer="a")


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Conditions(since=START.replace(tzinfo=None))


async def test_entries_are_counted_by_word(search: SearchIndex) -> None:
    found = await search.facets(Conditions(), list(Facet))
    assert [(one.word, one.entries) for one in found[Facet.SUBJECT].counts] == [
        ("staff-7", 4),
        ("auditor-1", 1),
        ("staff-8", 1),
    ]
    assert {one.word: one.entries for one in found[Facet.LABEL].counts} == {"IDENTITY": 4, "HEALTH": 2}
    assert {one.word: one.entries for one in found[Facet.VIA].counts} == {"yiti-zhejiang": 1}
    assert (found[Facet.KIND].among, found[Facet.KIND].is_exact) == (6, True)
    few = await search.facets(Conditions(), [Facet.SUBJECT], among=2)
    assert (few[Facet.SUBJECT].among, few[Facet.SUBJECT].is_exact) == (2, False)


async def test_entries_are_counted_over_chinas_days_and_months(search: SearchIndex) -> None:
    days = await search.timeline(Conditions(), Step.DAY)
    assert [(moment.isoformat(), number) for moment, number in days] == [
        ("2026-03-01T00:00:00+08:00", 5),
        ("2026-03-04T00:00:00+08:00", 1),
    ]
    (month,) = await search.timeline(Conditions(), Step.MONTH)
    assert month[1] == 6
    weeks = await search.timeline(Conditions(), Step.WEEK)
    assert [moment.weekday() for moment, _ in weeks] == [0, 0]
    assert len(await search.timeline(Conditions(persons=("p-1",)), Step.HOUR)) == 1


async def test_a_stream_gives_all_that_was_there(search: SearchIndex, log: SqliteAuditLog) -> None:
    seen = []
    async for entry in search.stream(Conditions(subjects=("staff-7",))):
        await log.append(access(50))
        seen.append(entry.index)
    assert seen == [0, 2, 3, 4]


async def test_persons_are_kept_under_tokens_of_their_own(search: SearchIndex, tmp_path: Path) -> None:
    token = search.token("p-1")
    assert token.startswith("t1_")
    assert search.token(token) == token
    assert await places(search, persons=(token,)) == [3, 0]
    await search.aclose()
    assert b"p-1" not in (tmp_path / "search.sqlite").read_bytes()


async def test_many_ask_at_once(search: SearchIndex) -> None:
    found = await asyncio.gather(*(places(search, persons=("p-1",)) for _ in range(20)))
    assert found == [[3, 0]] * 20
