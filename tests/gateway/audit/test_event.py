from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.event import ACTIONS, EventRecord, Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import EventEntry, LogEntry
from gateway.audit.stored import decode_event, encode_event, read_entry
from tests.gateway.audit.accesses import ACCESS, START, accesses_in

EVENT = EventRecord(
    at=START,
    kind=Kind.BREAK_GLASS,
    action="granted",
    outcome="OK",
    jurisdiction="320000",
    subject="staff-7",
    agency="11320102MB1",
    agency_name="某某街道",
    roles=("TOWNSHIP_WORKER",),
    persons=("p-1",),
    labels=("HEALTH",),
    references=("grant-1",),
    details={"reason": "OVERDOSE", "minutes": 30},
)


def test_an_event_is_read_back_as_it_was() -> None:
    assert decode_event(encode_event(EVENT).content) == EVENT
    bare = EventRecord(START, Kind.POLICY, "accepted", "OK", "320000")
    assert decode_event(encode_event(bare).content) == bare


@pytest.mark.parametrize(("kind", "action"), [(kind, action) for kind in ACTIONS for action in sorted(ACTIONS[kind])])
def test_every_word_of_every_kind_can_be_put_on_record(kind: Kind, action: str) -> None:
    assert replace(EVENT, kind=kind, action=action).action == action


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": Kind.ACCESS},
        {"action": "shown"},
        {"kind": Kind.MUTATION, "action": "create handoff"},
        {"outcome": "MAYBE"},
        {"at": START.replace(tzinfo=None)},
        {"details": {"reason": "she told me so"}},
        {"details": {"reason": "王某"}},
        {"details": {"number": "110101199003078515"}},
        {"details": {"number": 110101199003078515}},
        {"details": {"phone": "13800138000"}},
        {"details": {"Name": "x"}},
        {"references": ("11010119900307851X",)},
        {"persons": ("王某",)},
    ],
)
def test_what_could_be_a_value_is_no_event(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(EVENT, **changed)


async def test_entries_are_picked_by_their_places(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        for _ in range(4):
            await log.append(ACCESS)
        assert [entry.index for entry in await log.pick([3, 0, 9, 2])] == [3, 0, 2]
        assert await log.pick([]) == []


async def test_events_and_accesses_share_one_order(tmp_path: Path) -> None:
    log = SqliteAuditLog(tmp_path / "audit.sqlite")
    appended = [await log.append(ACCESS), await log.append_event(EVENT), await log.append(ACCESS)]
    read = [read_entry(stored) async for stored in log.records()]
    assert read == appended
    assert [type(entry) for entry in read] == [LogEntry, EventEntry, LogEntry]
    assert await log.size() == 3
    assert [stored.index async for stored in log.records(1, 2)] == [1]
    assert [stored.index async for stored in log.records(3)] == []
    await log.aclose()


async def test_an_event_is_no_access(tmp_path: Path) -> None:
    log = SqliteAuditLog(tmp_path / "audit.sqlite")
    event = await log.append_event(EVENT)
    assert await accesses_in(log) == []
    assert await log.entry(event.id) is None
    await log.aclose()
