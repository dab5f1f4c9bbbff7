from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from gateway.audit.event import Kind
from gateway.audit.export import Format, Request, Unsealed, check_file, export
from gateway.audit.export.csv_lines import guarded
from gateway.audit.export.manifest import beside
from gateway.audit.export.writing import stream
from gateway.audit.log import SqliteAuditLog
from gateway.audit.note import SignedNote
from gateway.audit.search import Conditions, SearchIndex
from gateway.errors import AuditUnavailable
from tests.gateway.audit.accesses import access
from tests.gateway.audit.search.test_find import RECORDS, opened, put


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteAuditLog]:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        for record in RECORDS:
            await put(log, record)
        yield log


@pytest.fixture
async def search(tmp_path: Path, log: SqliteAuditLog) -> AsyncIterator[SearchIndex]:
    async with aclosing(opened(tmp_path, log)) as search:
        yield search


def asked(kind: Format, conditions: Conditions | None = None, *, person_ids: bool = False) -> Request:
    return Request(kind, "auditor-1", conditions or Conditions(), person_ids=person_ids)


def names(folder: Path, prefix: str) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(prefix)]


async def written(tmp_path: Path, search: SearchIndex, log: SqliteAuditLog, request: Request) -> Path:
    target = tmp_path / f"out.{request.format.value}"
    await export(request, target, search, log, jurisdiction="320000")
    return target


@pytest.mark.parametrize("kind", list(Format))
async def test_an_export_is_sealed_and_on_record(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog, kind: Format
) -> None:
    path = await written(tmp_path, search, log, asked(kind, Conditions(persons=("p-1",), since=RECORDS[0].at)))
    manifest = check_file(path, log.signer.key)
    assert (manifest.entries, manifest.first, manifest.last, manifest.indexed) == (2, 0, 3, len(RECORDS))
    assert manifest.conditions["persons"] == [search.token("p-1")]
    assert SignedNote.read(manifest.checkpoint).checkpoint().size == len(RECORDS)
    await search.catch_up()
    (event,) = [entry async for entry in search.stream(Conditions(kinds=(Kind.EXPORT,)))]
    assert event.record.subject == "auditor-1"
    assert event.record.persons == ("p-1",)
    assert event.record.details == {  # type: ignore[union-attr]
        "format": kind.value,
        "person_ids": 0,
        "since": "2026-03-01T08:00:00+00:00",
        "entries": 2,
        "sha256": manifest.rows,
    }
    assert path.stat().st_mode & 0o077 == 0
    assert not names(tmp_path, ".")


@pytest.mark.parametrize("kind", [Format.CSV, Format.JSONL, Format.FHIR])
async def test_a_changed_text_is_no_longer_sealed(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog, kind: Format
) -> None:
    path = await written(tmp_path, search, log, asked(kind))
    path.write_bytes(path.read_bytes().replace(b"staff-8", b"staff-9"))
    with pytest.raises(Unsealed, match="rows"):
        check_file(path, log.signer.key)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET subject = 'staff-9' WHERE idx = 1",
        "DELETE FROM entry WHERE idx = 5",
        "DELETE FROM person WHERE idx = 0",
        "UPDATE field SET effect = 'ALLOW'",
        "INSERT INTO source VALUES (2, 'js-police', 'ok', 1.0)",
        "DELETE FROM manifest",
        "UPDATE manifest SET content = replace(content, '\"entries\": 6', '\"entries\": 5')",
    ],
)
async def test_a_changed_sealed_file_is_no_longer_sealed(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog, change: str
) -> None:
    path = await written(tmp_path, search, log, asked(Format.SQLITE))
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    with pytest.raises(Unsealed):
        check_file(path, log.signer.key)


async def test_another_logs_seal_is_not_taken(tmp_path: Path, search: SearchIndex, log: SqliteAuditLog) -> None:
    path = await written(tmp_path, search, log, asked(Format.CSV))
    (tmp_path / "other").mkdir()
    async with aclosing(SqliteAuditLog(tmp_path / "other" / "audit.sqlite")) as other:
        with pytest.raises(Unsealed, match="signed"):
            check_file(path, other.signer.key)
    beside(path).unlink()
    with pytest.raises(Unsealed, match="cannot be read"):
        check_file(path, log.signer.key)


async def test_persons_leave_under_audit_tokens_unless_asked_otherwise(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog
) -> None:
    for kind in Format:
        content = (await written(tmp_path, search, log, asked(kind))).read_bytes()
        assert search.token("p-2").encode() in content
        assert b"p-2" not in content
    assert b"p-2" in (await written(tmp_path, search, log, asked(Format.CSV, person_ids=True))).read_bytes()


async def test_csv_is_read_back_by_column(tmp_path: Path, search: SearchIndex, log: SqliteAuditLog) -> None:
    path = await written(tmp_path, search, log, asked(Format.CSV))
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert [row["idx"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert rows[1]["labels_denied"] == "HEALTH"
    assert rows[1]["fields"] == "person.name ALLOW\nperson.health.treatments DENY"
    assert rows[5]["action"] == "reviewed"
    assert rows[0]["at"] == "2026-03-01T16:00:00.000+08:00"


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("|cmd", "'|cmd"),
        ("plain", "plain"),
        ("", ""),
        (-1, -1),
        (2.5, 2.5),
    ],
)
def test_no_cell_of_a_csv_is_a_formula(cell: str | int, safe: str | int) -> None:
    assert guarded(cell) == safe


async def test_what_callers_choose_is_guarded_in_a_csv(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog
) -> None:
    await log.append(access(9, request_id="=HYPERLINK(1)", agency_name="@evil"))
    content = (await written(tmp_path, search, log, asked(Format.CSV))).read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK(1)" in content
    assert "'@evil" in content


async def test_json_lines_hold_the_whole_entry(tmp_path: Path, search: SearchIndex, log: SqliteAuditLog) -> None:
    path = await written(tmp_path, search, log, asked(Format.JSONL))
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert entries[1]["fields"][1]["effect"] == "DENY"
    assert entries[1]["kind"] == "access"
    assert entries[5]["references"] == ["grant-1"]
    assert entries[5]["kind"] == "break-glass"


async def test_a_sealed_file_is_asked_by_sql(tmp_path: Path, search: SearchIndex, log: SqliteAuditLog) -> None:
    path = await written(tmp_path, search, log, asked(Format.SQLITE))
    with sqlite3.connect(path) as connection:
        query = "SELECT e.subject FROM field AS f JOIN entry AS e USING (idx) WHERE f.label = 'HEALTH'"
        assert connection.execute(query).fetchall() == [("staff-8",)]
    connection.close()
    metadata = json.loads((tmp_path / "out.sqlite.metadata.json").read_text())
    assert metadata["databases"]["*"]["tables"]["entry"]["sort_desc"] == "idx"


async def test_what_cannot_be_put_on_record_is_not_exported(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_record: object) -> None:
        raise AuditUnavailable("no")

    monkeypatch.setattr(log, "append_event", refuse)
    for kind in Format:
        with pytest.raises(AuditUnavailable):
            await written(tmp_path, search, log, asked(kind))
    assert not names(tmp_path, "out")
    with pytest.raises(AuditUnavailable):
        _ = [part async for part in stream(asked(Format.CSV), search, log, jurisdiction="320000")]


async def test_a_stream_is_on_record_before_its_first_byte(search: SearchIndex, log: SqliteAuditLog) -> None:
    size = await log.size()
    async for _ in stream(asked(Format.JSONL), search, log, jurisdiction="320000"):
        assert await log.size() == size + 1
        break


async def test_conditions_that_might_be_a_number_are_counted_not_told(
    tmp_path: Path, search: SearchIndex, log: SqliteAuditLog
) -> None:
    conditions = Conditions(subjects=("32990119900101001X",), agencies=("11320102MB1",), labels=("HEALTH", "FAMILY"))
    await written(tmp_path, search, log, asked(Format.CSV, conditions))
    (stored,) = await log.pick([len(RECORDS)])
    details = json.loads(stored.content)["details"]
    assert (details["subjects"], details["agencies"], details["labels"]) == (1, "11320102MB1", 2)


async def test_memory_does_not_grow_with_the_export(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 8_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        async with aclosing(SqliteAuditLog(folder / "audit.sqlite")) as log, aclosing(opened(folder, log)) as search:
            await asyncio.gather(*(log.append(access(number)) for number in range(count)))
            await search.catch_up()
            tracemalloc.start()
            await written(folder, search, log, asked(Format.JSONL))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5
