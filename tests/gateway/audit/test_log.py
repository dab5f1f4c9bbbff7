from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.audit.checking import Trust
from gateway.audit.file import open_writing
from gateway.audit.log import SqliteAuditLog
from gateway.audit.store import SqliteStore
from gateway.audit.verify import verify
from gateway.errors import AuditUnavailable
from tests.gateway.audit.accesses import ACCESS, START, access, accesses_in


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteAuditLog]:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as opened:
        yield opened


def _file(tmp_path: Path) -> apsw.Connection:
    """As an operator with another tool would open it."""
    return apsw.Connection(str(tmp_path / "audit.sqlite"))


def _rows(tmp_path: Path) -> list[tuple[int, bytes, bytes]]:
    connection = _file(tmp_path)
    rows = connection.execute("SELECT idx, leaf, record FROM entry ORDER BY idx").fetchall()
    connection.close()
    return rows


async def test_what_was_put_on_record_is_found_again(log: SqliteAuditLog) -> None:
    entry = await log.append(ACCESS)
    assert entry.record == ACCESS
    assert await accesses_in(log) == [entry]
    assert await log.entry(entry.id) == entry


async def test_an_entry_is_in_the_file_before_append_returns(log: SqliteAuditLog, tmp_path: Path) -> None:
    entry = await log.append(ACCESS)
    assert [(index, leaf.hex()) for index, leaf, _ in _rows(tmp_path)] == [(entry.index, entry.leaf_hash)]


async def test_the_leaf_hash_is_that_of_rfc_9162_over_the_stored_bytes(log: SqliteAuditLog, tmp_path: Path) -> None:
    entry = await log.append(ACCESS)
    ((_, _, stored),) = _rows(tmp_path)
    assert hashlib.sha256(b"\0" + stored).hexdigest() == entry.leaf_hash


async def test_the_stored_bytes_are_canonical(log: SqliteAuditLog, tmp_path: Path) -> None:
    await log.append(ACCESS)
    ((_, _, stored),) = _rows(tmp_path)
    canonical = json.dumps(json.loads(stored), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert stored == canonical.encode()


async def test_the_same_moment_in_another_zone_is_the_same_record(log: SqliteAuditLog, tmp_path: Path) -> None:
    await log.append(ACCESS)
    await log.append(replace(ACCESS, at=ACCESS.at.astimezone(timezone(timedelta(hours=8)))))
    (_, first, _), (_, second, _) = _rows(tmp_path)
    assert first == second


async def test_indexes_are_gapless_under_many_clients(log: SqliteAuditLog) -> None:
    entries = await asyncio.gather(*(log.append(access(number)) for number in range(300)))
    assert sorted(entry.index for entry in entries) == list(range(300))
    assert all(entry.record.request_id == f"request-{number}" for number, entry in enumerate(entries))


async def test_records_that_wait_together_share_a_commit(
    log: SqliteAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    write = log._writer._write
    monkeypatch.setattr(log._writer, "_write", lambda batch: (batches.append(len(batch)), write(batch)))
    await asyncio.gather(*(log.append(access(number)) for number in range(200)))
    assert sum(batches) == 200
    assert len(batches) < 50


@pytest.mark.parametrize(("behind", "rests"), [(0.0, []), (1.0, [0.01])])
async def test_records_gather_only_while_the_event_loop_is_behind(
    log: SqliteAuditLog, monkeypatch: pytest.MonkeyPatch, behind: float, rests: list[float]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("gateway.audit.writer.time.sleep", slept.append)
    log._writer._loop_seconds = behind
    await log.append(ACCESS)
    assert slept == rests


async def test_the_writer_hears_how_far_the_loop_is_behind(log: SqliteAuditLog) -> None:
    waiting = asyncio.create_task(log.append(ACCESS))
    await asyncio.sleep(0)
    while not log._writer._store.frontier.size:
        pass  # the loop does something else until the record is written
    until = asyncio.get_running_loop().time() + 0.05
    while asyncio.get_running_loop().time() < until:
        pass
    await waiting
    assert log._writer._loop_seconds > 0.01


async def test_a_commit_is_one_statement_however_many_share_it(log: SqliteAuditLog) -> None:
    await log.append(ACCESS)
    statements: list[str] = []

    def traced(_: object, statement: str, __: object) -> bool:
        statements.append(statement)
        return True

    for store in (log._writer._store, log._writer._keys):
        store._connection.exec_trace = traced
    await asyncio.gather(*(log.append(access(number), b"{}") for number in range(300)))
    commits = [statement for statement in statements if statement.startswith("INSERT INTO batch")]
    assert len(statements) == 2 * len(commits)
    assert len(commits) < 100


async def test_a_cancelled_request_leaves_its_record_and_disturbs_nobody(log: SqliteAuditLog) -> None:
    tasks = [asyncio.create_task(log.append(access(number))) for number in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert tasks[3].cancelled()
    assert len(await accesses_in(log)) == 20
    assert (await log.append(access(20))).index == 20


async def test_a_log_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "audit.sqlite"
    for number in range(3):
        async with aclosing(SqliteAuditLog(path)) as log:
            assert (await log.append(access(number))).index == number


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET record = x'00'",
        "UPDATE entry SET idx = idx + 10",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE idx = 1",
        "INSERT OR REPLACE INTO entry SELECT 0, leaf, x'00' FROM entry WHERE idx = 0",
        "INSERT INTO entry SELECT 7, leaf, record FROM entry WHERE idx = 0",
        "INSERT INTO entry SELECT -1, leaf, record FROM entry WHERE idx = 0",
        "UPDATE shared SET content = x'00'",
        "DELETE FROM shared",
        "UPDATE checkpoint SET note = ''",
        "DELETE FROM checkpoint",
        "UPDATE head SET size = 1",
        "UPDATE head SET size = 3",
        "DELETE FROM head",
    ],
)
async def test_the_file_refuses_to_change_what_it_holds(log: SqliteAuditLog, tmp_path: Path, statement: str) -> None:
    for number in range(2):
        await log.append(access(number))
    before = _rows(tmp_path)
    with pytest.raises(apsw.ConstraintError):
        _file(tmp_path).execute(statement)
    assert _rows(tmp_path) == before
    assert len(await accesses_in(log)) == 2


async def test_an_id_is_opaque_and_of_one_entry_only(log: SqliteAuditLog) -> None:
    first, second = await log.append(access(0)), await log.append(access(1))
    assert first.id != second.id
    assert "p-1" not in first.id
    for wrong in ("", "x", "é", first.id[:-1], first.id + "=", first.id.swapcase(), second.id[:11] + first.id[11:]):
        assert await log.entry(wrong) is None


@pytest.mark.parametrize("change", [{"at": START.replace(tzinfo=None)}, {"operation": "\ud800"}])
async def test_what_cannot_be_stored_is_refused_and_the_log_goes_on(
    log: SqliteAuditLog, change: dict[str, Any]
) -> None:
    with pytest.raises(AuditUnavailable):
        await log.append(replace(ACCESS, **change))
    assert (await log.append(ACCESS)).index == 0


async def test_a_full_disk_refuses_and_later_works_again(log: SqliteAuditLog) -> None:
    await log.append(ACCESS)
    connection = log._writer._store._connection
    connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').get}")
    huge = replace(ACCESS, operation="x" * 100_000)
    with pytest.raises(AuditUnavailable) as refused:
        await log.append(huge)
    assert isinstance(refused.value.__cause__, apsw.FullError)
    assert refused.value.extensions == {"code": "AUDIT_UNAVAILABLE"}
    assert (await log.append(huge)).index == 1  # the file is opened anew after a failure, without that limit


async def test_a_log_that_somebody_else_has_locked_refuses_and_later_works_again(
    log: SqliteAuditLog, tmp_path: Path
) -> None:
    await log.append(ACCESS)
    log._writer._store._connection.set_busy_timeout(50)
    other = _file(tmp_path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AuditUnavailable) as refused:
        await log.append(ACCESS)
    assert isinstance(refused.value.__cause__, apsw.BusyError)
    other.execute("ROLLBACK")
    other.close()
    assert (await log.append(ACCESS)).index == 1


async def test_a_log_on_a_read_only_disk_refuses_and_later_works_again(log: SqliteAuditLog) -> None:
    await log.append(ACCESS)
    log._writer._store._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(AuditUnavailable) as refused:
        await log.append(ACCESS)
    assert isinstance(refused.value.__cause__, apsw.ReadOnlyError)
    assert (await log.append(ACCESS)).index == 1


async def test_a_commit_that_the_disk_does_not_take_is_not_acknowledged(log: SqliteAuditLog, tmp_path: Path) -> None:
    """A real limit of the operating system on the size of files, as a full disk is one."""
    await log.append(ACCESS)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "audit.sqlite-wal").stat().st_size, hard))
    try:
        with pytest.raises(AuditUnavailable) as refused:
            await log.append(replace(ACCESS, operation="x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(refused.value.__cause__, apsw.Error)
    assert (await log.append(ACCESS)).index == 1
    assert verify(tmp_path / "audit.sqlite", Trust([log.signer.key])).intact


async def test_all_of_a_failed_batch_are_refused_and_none_is_stored(
    log: SqliteAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_batch: object) -> int:
        raise apsw.IOError("disk")

    monkeypatch.setattr(log._writer, "_commit", fail)
    results = await asyncio.gather(*(log.append(access(n)) for n in range(5)), return_exceptions=True)
    assert [type(result) for result in results] == [AuditUnavailable] * 5
    monkeypatch.undo()
    assert (await log.append(ACCESS)).index == 0


async def test_a_lost_file_refuses(log: SqliteAuditLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await log.append(ACCESS)
    log._writer._reopen_later()
    monkeypatch.setattr(log._writer, "_open", lambda: SqliteStore(tmp_path / "gone" / "audit.sqlite", log.signer))
    with pytest.raises(AuditUnavailable):
        await log.append(ACCESS)


async def test_no_caller_waits_for_ever_if_the_thread_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:

        def explode(_batch: object) -> int:
            raise MemoryError

        monkeypatch.setattr(log._writer, "_commit", explode)
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                await asyncio.wait_for(log.append(ACCESS), timeout=10)


async def test_a_closed_log_refuses(tmp_path: Path) -> None:
    log = SqliteAuditLog(tmp_path / "audit.sqlite")
    await log.aclose()
    await log.aclose()
    with pytest.raises(AuditUnavailable):
        await log.append(ACCESS)
    with pytest.raises(AuditUnavailable):
        await accesses_in(log)


async def test_closing_commits_what_waits(tmp_path: Path) -> None:
    log = SqliteAuditLog(tmp_path / "audit.sqlite")
    waiting = [asyncio.create_task(log.append(access(number))) for number in range(50)]
    await asyncio.sleep(0)
    await log.aclose()
    assert len(await asyncio.gather(*waiting)) == 50


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_closing_folds_the_write_ahead_log_into_the_file(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        await log.append(ACCESS)
        assert len(await accesses_in(log)) == 1
    verify(tmp_path / "audit.sqlite", Trust([log.signer.key]))
    assert _names(tmp_path) == {"audit.sqlite", "audit.sqlite.lock", "audit-keys.sqlite", "audit.key.json"}


async def test_a_second_writer_is_refused(log: SqliteAuditLog, tmp_path: Path) -> None:
    with pytest.raises(AuditUnavailable, match="another gateway"):
        SqliteAuditLog(tmp_path / "audit.sqlite")


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at" * 30])
async def test_a_file_that_is_no_log_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audit.sqlite").write_bytes(content)
    with pytest.raises(AuditUnavailable, match="cannot be opened"):
        SqliteAuditLog(tmp_path / "audit.sqlite")


async def test_a_log_of_another_version_stops_the_start(tmp_path: Path) -> None:
    connection = _file(tmp_path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(AuditUnavailable):
        SqliteAuditLog(tmp_path / "audit.sqlite")


async def test_a_log_whose_end_was_changed_stops_the_start(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        await log.append(ACCESS)
    connection = _file(tmp_path)
    connection.execute("DROP TRIGGER entry_is_not_changed; UPDATE entry SET record = replace(record, 'OK', 'KO')")
    connection.execute("UPDATE entry SET record = x'7b7d'")
    connection.close()
    with pytest.raises(AuditUnavailable):
        SqliteAuditLog(tmp_path / "audit.sqlite")


async def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    connection = open_writing(tmp_path / "audit.sqlite")
    modes = [connection.execute(f"PRAGMA {name}").get for name in ("journal_mode", "synchronous")]
    connection.close()
    assert modes == ["wal", 2]


async def test_the_reader_cannot_write(log: SqliteAuditLog) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        log._reader.execute("CREATE TABLE t (x)")


async def test_the_file_is_for_its_owner_only(log: SqliteAuditLog, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "audit.sqlite").stat().st_mode) == 0o600
