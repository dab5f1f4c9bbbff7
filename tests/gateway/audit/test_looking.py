"""The commands that look into the log and take entries out of it, as an auditor types them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import aclosing
from pathlib import Path

import pytest
import yaml

from gateway.audit.event import Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.wiring import log_signer
from gateway.settings import load
from tests.gateway.audit.accesses import access
from tests.gateway.audit.test_verbs import Run, _events, run, state

__all__ = ["run", "state"]  # fixtures


def test_entries_are_exported_by_condition_sealed_and_checked(run: Run, state: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    code, out, _ = run("export", file, "--person", "p-1", "--since", "2026-03-01", "--by", "auditor-1")
    assert (code, "12 entries, sealed by yiti-jiangsu/audit" in out) == (0, True)
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) > 12
    code, out, _ = run("check-export", file)
    assert (code, "as signed by yiti-jiangsu/audit" in out) == (0, True)
    (event,) = asyncio.run(_events(state / "audit.sqlite"))
    assert (event.record.kind, event.record.subject) == (Kind.EXPORT, "auditor-1")
    file.write_bytes(file.read_bytes() + b" ")
    code, out, _ = run("check-export", file)
    assert (code, out.startswith("NOT AS SIGNED")) == (1, True)


@pytest.mark.parametrize("kind", ["jsonl", "fhir", "sqlite"])
def test_every_format_is_written(run: Run, tmp_path: Path, kind: str) -> None:
    code, _, _ = run("export", tmp_path / "out", "--format", kind)
    assert code == 0
    assert run("check-export", tmp_path / "out")[0] == 0


def test_an_export_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("kept")
    code, _, err = run("export", tmp_path / "out")
    assert (code, "exists" in err) == (2, True)
    assert (tmp_path / "out").read_text() == "kept"


def test_an_export_beside_another_writer_is_on_record(run: Run, tmp_path: Path) -> None:
    settings = load()

    async def beside() -> tuple[tuple[int, str, str], int]:
        async with aclosing(SqliteAuditLog(settings.audit_file, log_signer(settings))) as log:
            told = await asyncio.to_thread(run, "export", tmp_path / "out")
            return told, (await log.append(access(1))).index

    (code, out, _), index = asyncio.run(beside())
    assert (code, "12 entries" in out, index) == (0, True, 13)  # the export is entry 12
    assert run("check-export", tmp_path / "out")[0] == 0


@pytest.mark.parametrize(
    "words", [["--since", "soon"], ["--kind", "nothing"], ["--format", "pdf"], ["--person", "32990119900101001X"]]
)
def test_conditions_are_held_to_their_words(run: Run, tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        run("export", tmp_path / "out", *words)


def test_the_index_is_built_anew(run: Run, state: Path) -> None:
    assert run("reindex")[1] == "indexed: 12 of 12 entries\n"
    with sqlite3.connect(state / "search.sqlite") as file:
        file.execute("DELETE FROM person")
    file.close()
    assert run("reindex")[0] == 0
    with sqlite3.connect(state / "search.sqlite") as file:
        assert file.execute("SELECT count(*) FROM person").fetchone() == (12,)
    file.close()


def test_a_report_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YITI_REPORT_AFTER_HOURS", "1")
    period = ["--since", "2026-03-01", "--until", "2026-03-02"]  # a Sunday
    code, out, _ = run("report", *period)
    assert (code, "非工作时间查阅  [after-hours] 1" in out) == (0, True)
    assert "12  工作人员 staff-7" in out
    assert "Looked up after hours" in run("report", *period, "--english")[1]
    found = json.loads(run("report", *period, "--json")[1])
    assert found["entries"] == 12
    assert run("report", "--since", "2026-03-02", "--until", "2026-03-01")[0] == 2


def test_a_report_on_kinship_asks_the_sources_and_is_on_record(run: Run, state: Path, tmp_path: Path) -> None:
    source = {"contract": "1.0", "id": "js-empty", "version": "1.0.0", "name": "x", "owner": "x", "entities": {}}
    agency = {"code": "11320102MB1", "name": "x", "kind": "POLICE", "jurisdiction": "320000"}
    url = f"sqlite+aiosqlite:///{tmp_path}/source.sqlite"
    held = {"agency": agency, "jurisdiction": "320000", "source": {"kind": "sql", "url": url}}
    (tmp_path / "manifests" / "empty.yaml").write_text(yaml.safe_dump(source | held))
    staff = tmp_path / "staff.csv"
    staff.write_text("subject,name\nstaff-7,王五\n", encoding="utf-8")
    code, out, _ = run("report", "--since", "2026-03-01", "--until", "2026-03-02", "--staff", staff, "--english")
    assert (code, "No source gave the names of 1 people" in out) == (0, True)
    asked, made = asyncio.run(_events(state / "audit.sqlite"))
    assert asked.record.details == {"rule": "same-surname", "people": 1}
    assert (made.record.action, made.record.details["entries"]) == ("report", 12)
    staff.write_text("subject\n")
    assert run("report", "--staff", staff)[0] == 2
