"""Commands of an operator beside a gateway that runs and answers, on one log in SQLite."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from gateway.audit.checking import Trust
from gateway.audit.event import Kind
from gateway.audit.file import LogDamaged
from gateway.audit.log import SqliteAuditLog
from gateway.audit.note import SignedNote
from gateway.audit.opening import check_frontier
from gateway.audit.record import LogEntry
from gateway.audit.stored import read_entry
from gateway.audit.verify import verify
from gateway.audit.wiring import log_signer
from gateway.errors import AuditUnavailable
from tests.gateway.audit.accesses import ACCESS, access, accesses_in
from tests.gateway.audit.chaos import Rig, asking, free_port
from tests.gateway.audit.test_tamper import OTHER, SIGNER


@asynccontextmanager
async def answering(rig: Rig, answers: set[str]) -> AsyncIterator[None]:
    """A gateway under four clients, stopped as an operator stops it."""
    port = free_port()
    process = await rig.start(port)
    clients = [asyncio.create_task(asking(rig, port, answers)) for _ in range(4)]
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 60)
        await asyncio.gather(*clients)


async def _answered(answers: set[str], count: int) -> None:
    for _ in range(600):
        if len(answers) >= count:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the gateway does not answer")


async def test_entries_are_exported_and_looked_at_while_the_gateway_answers(tmp_path: Path) -> None:
    rig, answers = Rig(tmp_path, "sqlite", None), set[str]()
    staff = tmp_path / "staff.csv"
    staff.write_text("subject,name\nstaff-7,王五\n", encoding="utf-8")
    async with answering(rig, answers):
        await _answered(answers, 10)
        told = await rig.command("export", str(tmp_path / "out.csv"), "--by", "operator-1")
        assert (told.code, "sealed by yiti-jiangsu/audit" in told.out) == (0, True), told
        told = await rig.command("report", "--staff", str(staff), "--english")
        assert (told.code, told.err) == (0, "")
        told = await rig.command("verify", "--records")
        assert (told.code, told.out.startswith("intact")) == (0, True), told
        await _answered(answers, len(answers) + 10)  # it goes on answering
    signer = log_signer(rig.settings)
    report = verify(rig.settings.audit_file, Trust([signer.key], signatures=True, records=True))
    assert report.findings == []
    async with aclosing(SqliteAuditLog(rig.settings.audit_file, signer)) as log:
        entries = [read_entry(stored) async for stored in log.records()]
    events = [entry.record for entry in entries if not isinstance(entry, LogEntry)]
    written = [event for event in events if event.kind == Kind.EXPORT]
    assert [(event.action, event.subject) for event in written] == [("written", "operator-1")]
    assert "report" in {event.action for event in events if event.kind == Kind.CONSOLE}
    assert {entry.record.request_id for entry in entries if isinstance(entry, LogEntry)} >= answers


async def test_the_log_is_not_handed_to_another_key_while_a_gateway_signs_it(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite", SIGNER)):
        with pytest.raises(AuditUnavailable, match="being written by another gateway"):
            SqliteAuditLog(tmp_path / "audit.sqlite", SIGNER)


async def test_two_that_append_at_once_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    async with (
        aclosing(SqliteAuditLog(path, SIGNER)) as log,
        aclosing(SqliteAuditLog(path, SIGNER, beside=True)) as second,
    ):
        both = [writer.append(access(number), b"{}") for number in range(100) for writer in (log, second)]
        entries = await asyncio.gather(*both)
        assert sorted(entry.index for entry in entries) == list(range(200))
        assert {entry.id for entry in await accesses_in(log)} == {entry.id for entry in entries}
    report = verify(path, Trust([SIGNER.key], signatures=True, records=True))
    assert (report.findings, report.entries) == ([], 200)


async def test_nobody_goes_on_from_a_tree_that_the_key_did_not_sign(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    async with aclosing(SqliteAuditLog(path, SIGNER)) as log:
        await log.append(ACCESS)
        async with aclosing(SqliteAuditLog(path, SIGNER, beside=True)) as second:
            await second.append(access(1))
            await second.resign(OTHER)
        with pytest.raises(AuditUnavailable):
            await log.append(access(2))
        assert len(await accesses_in(log)) == 2


def test_a_frontier_of_another_tree_is_none(tmp_path: Path) -> None:
    note = SIGNER.checkpoint(1, b"\0" * 32)
    assert isinstance(note, SignedNote)
    with pytest.raises(LogDamaged, match="another tree"):
        check_frontier(1, b"\1" * 32, str(note), SIGNER)
