from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.contract import Call, Deadline
from gateway.audit.event import EventRecord, Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessRecord
from gateway.audit.report import Judged, Kinship, Limits, Report, Staff, report
from gateway.audit.report.kinship import StaffListError, surname_of
from gateway.audit.report.names import SourceNames
from gateway.audit.report.telling import as_json, as_text
from gateway.audit.search import SearchIndex
from tests.gateway.audit.accesses import access
from tests.gateway.audit.search.test_find import REVIEWED, opened, put
from tests.gateway.execution.world import ANN, BEN, TOKENS, MemoryAudit, house, record

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # 10:00 in China
SINCE, UNTIL = MONDAY - timedelta(days=2), MONDAY + timedelta(days=30)
NOW = UNTIL + timedelta(days=60)
ANN_ID, BEN_ID = str(TOKENS.mint(ANN)), str(TOKENS.mint(BEN))
GRANTED = replace(REVIEWED, action="granted", subject="staff-7", at=MONDAY)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteAuditLog]:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        yield log


@pytest.fixture
async def search(tmp_path: Path, log: SqliteAuditLog) -> AsyncIterator[SearchIndex]:
    async with aclosing(opened(tmp_path, log)) as search:
        yield search


def look(number: int = 0, **changed: Any) -> AccessRecord:
    return access(number, **{"at": MONDAY + timedelta(minutes=number), **changed})


def act(**changed: Any) -> EventRecord:
    """Something done with a handover."""
    plain: dict[str, Any] = {
        "at": MONDAY + timedelta(days=2),
        "kind": Kind.MUTATION,
        "action": "acceptHandoff",
        "outcome": "OK",
        "jurisdiction": "320000",
        "agency": "11320102MB1",
        "persons": ("p-1",),
    }
    return EventRecord(**{**plain, **changed})


async def judged(
    log: SqliteAuditLog, search: SearchIndex, *records: AccessRecord | EventRecord, **more: Any
) -> Report:
    for one in records:
        await put(log, one)
    await search.catch_up()
    return await report(search, SINCE, UNTIL, **{"now": NOW, **more})


def rule(found: Report, name: str) -> Judged:
    return next(one for one in found.rules if one.rule == name)


async def test_who_looked_at_most_people_in_a_day(log: SqliteAuditLog, search: SearchIndex) -> None:
    many = [look(number, persons=(f"p-{number}", "p-0")) for number in range(4)]
    tomorrow = look(0, at=MONDAY + timedelta(days=1), persons=("p-8", "p-9"))
    found = await judged(log, search, *many, tomorrow, limits=Limits(people_per_day=4))
    (one,) = rule(found, "most-people").findings
    assert (one.measure, one.about["day"], one.behind.count) == (4, "2026-03-02", 4)
    assert [index for index, _ in one.behind.entries] == [0, 1, 2, 3]


async def test_who_looked_after_hours(log: SqliteAuditLog, search: SearchIndex) -> None:
    night = [look(hours, at=MONDAY + timedelta(hours=hours)) for hours in (9, 10, 20)]
    sunday = look(4, at=MONDAY - timedelta(days=1), subject="staff-8")
    found = rule(await judged(log, search, *night, sunday, look(5)), "after-hours")
    (one,) = found.findings
    assert (one.about["subject"], one.measure, found.unjudged) == ("staff-7", 3, None)


async def test_a_year_without_known_holidays_is_said(
    tmp_path: Path, log: SqliteAuditLog, search: SearchIndex
) -> None:
    await put(log, look(0, at=datetime(2031, 2, 3, tzinfo=UTC)))
    await search.catch_up()
    since = datetime(2031, 1, 1, tzinfo=UTC)
    found = rule(await report(search, since, since + timedelta(days=90)), "after-hours")
    assert found.unjudged is not None
    assert "2031" in found.unjudged.en


async def test_who_was_looked_at_by_many(log: SqliteAuditLog, search: SearchIndex) -> None:
    many = [look(number, subject=f"staff-{number}") for number in range(3)]
    found = rule(await judged(log, search, *many, limits=Limits(officials_per_person=3)), "looked-at-by-many")
    (one,) = found.findings
    assert one.about == {"person": search.token("p-1"), "agencies": "1"}


async def test_who_was_refused_again_and_again(log: SqliteAuditLog, search: SearchIndex) -> None:
    refused = [look(number, outcome=("DENIED", "REFUSED")[number % 2]) for number in range(5)]
    found = rule(await judged(log, search, *refused, look(9, outcome="PARTIAL")), "refused")
    assert [one.measure for one in found.findings] == [5]


async def test_statutory_queries_bear_a_number(log: SqliteAuditLog, search: SearchIndex) -> None:
    bare = look(0, purpose="STATUTORY_QUERY")
    found = await judged(log, search, bare, replace(bare, case_number="A-1", subject="staff-8"))
    assert [one.about["subject"] for one in rule(found, "no-case-number").findings] == ["staff-7"]


@pytest.mark.parametrize(
    ("acts", "found"),
    [
        ([act()], []),
        ([act(at=MONDAY + timedelta(days=20))], ["staff-7"]),
        ([act(persons=("p-2",))], ["staff-7"]),
        ([act(agency="11330106MB2")], ["staff-7"]),
        ([act(outcome="FAILED"), act(persons=("p-2",))], ["staff-7"]),
    ],
)
async def test_a_look_for_a_handover_is_followed_by_one(
    log: SqliteAuditLog, search: SearchIndex, acts: list[EventRecord], found: list[str]
) -> None:
    made = await judged(log, search, look(0, purpose="HANDOFF"), *acts)
    assert [one.about["subject"] for one in rule(made, "not-followed").findings] == found


async def test_without_any_handover_on_record_nothing_is_judged(log: SqliteAuditLog, search: SearchIndex) -> None:
    found = rule(await judged(log, search, look(0, purpose="HANDOFF")), "not-followed")
    assert found.findings == ()
    assert found.unjudged is not None


async def test_a_look_of_late_has_time_to_be_followed(log: SqliteAuditLog, search: SearchIndex) -> None:
    found = await judged(
        log, search, look(0, purpose="HANDOFF"), act(persons=("p-2",)), now=MONDAY + timedelta(days=3)
    )
    assert rule(found, "not-followed").findings == ()


@pytest.mark.parametrize(
    ("review", "now", "told"),
    [
        (None, NOW, ["never"]),
        (None, MONDAY + timedelta(hours=71), []),
        (MONDAY + timedelta(hours=71), NOW, []),
        (MONDAY + timedelta(hours=80), NOW, ["2026-03-05T18:00+08:00"]),
    ],
)
async def test_emergency_accesses_are_reviewed_in_time(
    log: SqliteAuditLog, search: SearchIndex, review: datetime | None, now: datetime, told: list[str]
) -> None:
    reviews = [replace(REVIEWED, at=review)] if review else []
    other = replace(REVIEWED, references=("grant-2",))
    found = await judged(log, search, GRANTED, other, *reviews, now=now)
    assert [one.about["reviewed"] for one in rule(found, "break-glass-unreviewed").findings] == told


async def _named(people: Sequence[str]) -> Mapping[str, Sequence[str]]:
    names = {"p-1": ["欧阳修"], "p-2": ["欧可"], "p-4": ["李四", "王四"]}
    return {person: names[person] for person in people if person in names}


def staff(tmp_path: Path, *lines: str) -> Staff:
    file = tmp_path / "staff.csv"
    file.write_text("\n".join(["subject,name,id_number", *lines]), encoding="utf-8-sig")
    return Staff.read(file, TOKENS.mint)


async def test_own_record_and_same_surname(tmp_path: Path, log: SqliteAuditLog, search: SearchIndex) -> None:
    people = staff(tmp_path, "staff-7,欧阳海,", f"staff-8,王五,{ANN}", "staff-9,李九,")
    looks = [
        look(0, persons=("p-1", "p-2", "p-3")),
        look(1, subject="staff-8", persons=(ANN_ID, "p-4")),
        look(2, subject="staff-0", persons=("p-1",)),
        look(3, subject="staff-9", persons=("p-1",)),
    ]
    found = await judged(log, search, *looks, kinship=Kinship(people, _named))
    own = rule(found, "own-record")
    assert [one.about["subject"] for one in own.findings] == ["staff-8"]
    assert own.findings[0].about["person"] == search.token(ANN_ID)
    alike = rule(found, "same-surname")
    assert {(one.about["subject"], one.about["person"]) for one in alike.findings} == {
        ("staff-7", search.token("p-1")),
        ("staff-8", search.token("p-4")),
    }
    assert alike.unjudged is not None
    assert "2 people" in alike.unjudged.en
    for told in (as_text(found), as_json(found).decode()):
        assert not any(word in told for word in ("欧阳", "王五", "李四", ANN))


async def test_without_a_list_of_staff_kinship_is_not_judged(log: SqliteAuditLog, search: SearchIndex) -> None:
    found = await judged(log, search, look())
    assert rule(found, "own-record").unjudged is not None
    assert rule(found, "same-surname").unjudged is not None


@pytest.mark.parametrize(
    "content", [b"", b"subject\nx\n", b"subject,name\nstaff-1,\n", b"\xff\xfe\x00", b"subject,name\n,\xe5\xbc\xa0\n"]
)
def test_a_list_of_staff_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "staff.csv"
    file.write_bytes(content)
    with pytest.raises(StaffListError) as refused:
        Staff.read(file, TOKENS.mint)
    assert "staff-1" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "surname"),
    [
        ("王五", "王"),
        ("欧阳海", "欧阳"),
        ("欧阳", "欧"),
        ("迪丽热巴・迪力木拉提", "迪丽热巴·迪力木拉提"),
        ("张 三", "张"),
    ],
)
def test_surnames(name: str, surname: str) -> None:
    assert surname_of(name) == surname


async def test_sources_are_asked_for_names_once_that_is_on_record() -> None:
    world = house(
        {
            "police": {
                ANN_ID: {"PersonRecord": [record("police", "a", name="甲乙", formerNames=("丙丁",))]},
                BEN_ID: {"PersonRecord": [record("police", "b", name="戊")]},
            }
        }
    )
    audit = MemoryAudit()
    call = Call("r-1", "auditor-1", "11320000MB9", "AUDIT", Deadline.after(5))
    names = SourceNames(
        world.sources,
        world.engine._house.index,
        call,
        audit,
        jurisdiction="320000",  # type: ignore[arg-type]
    )
    assert await names([ANN_ID, "p-9"]) == {ANN_ID: ["甲乙", "丙丁"]}
    (event,) = audit.events
    assert (event.kind, event.labels, event.persons) == (Kind.CONSOLE, ("IDENTITY",), (ANN_ID, "p-9"))


async def test_a_report_is_told_in_both_languages_and_as_json(log: SqliteAuditLog, search: SearchIndex) -> None:
    refused = [look(number, outcome="DENIED") for number in range(30)]
    found = await judged(log, search, *refused)
    text, english = as_text(found), as_text(found, english=True)
    assert "多次被拒绝的查询" in text
    assert "5 次" in text
    assert "refused" in english
    assert "#0 #1" in english
    assert "…" in english
    parsed = json.loads(as_json(found))
    assert parsed["entries"] == 30
    (one,) = next(one for one in parsed["rules"] if one["rule"] == "refused")["findings"]
    assert (one["measure"], one["behind"]["count"], len(one["behind"]["entries"])) == (30, 30, 20)


async def test_persons_and_relatives_and_auditors_are_no_officials(log: SqliteAuditLog, search: SearchIndex) -> None:
    own = [look(n, outcome="DENIED", roles=(role,)) for n in range(5) for role in ("SUBJECT", "RELATIVE", "AUDITOR")]
    found = await judged(log, search, *own)
    assert all(not one.findings for one in found.rules)


async def test_only_the_period_is_judged(log: SqliteAuditLog, search: SearchIndex) -> None:
    early = [look(number, at=SINCE - timedelta(minutes=number + 1), outcome="DENIED") for number in range(5)]
    late = [look(number, at=UNTIL + timedelta(minutes=number), outcome="DENIED") for number in range(5)]
    found = await judged(log, search, *early, *late)
    assert (found.entries, rule(found, "refused").total) == (0, 0)
    with pytest.raises(ValueError, match="period"):
        await report(search, UNTIL, SINCE)


async def test_no_more_are_listed_than_asked_for_and_all_are_counted(
    log: SqliteAuditLog, search: SearchIndex
) -> None:
    bare = [look(number, purpose="STATUTORY_QUERY", subject=f"staff-{number}") for number in range(4)]
    found = rule(await judged(log, search, *bare, limits=Limits(listed=3)), "no-case-number")
    assert (len(found.findings), found.total) == (3, 4)
