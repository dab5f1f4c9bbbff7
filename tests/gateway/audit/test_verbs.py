"""The commands, as an operator and an auditor type them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessRecord, EventEntry, SourceOutcome
from gateway.audit.signer import LogSigner
from gateway.audit.stored import read_entry
from gateway.audit.wiring import log_signer
from gateway.cli import main
from gateway.keys import make_signing_key
from gateway.settings import load
from tests.gateway.audit.accesses import access

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    (tmp_path / "manifests").mkdir()
    values = {"MODE": "demo", "NAME": "yiti-jiangsu", "PROVINCE": "320000", "STATE": folder}
    for name, value in (values | {"MANIFESTS": tmp_path / "manifests"}).items():
        monkeypatch.setenv(f"YITI_{name}", str(value))
    asyncio.run(_fill(12))
    return folder


@pytest.fixture
def run(state: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def typed(*words: object) -> tuple[int, str, str]:
        code = main(["audit", *(str(word) for word in words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return typed


async def _fill(entries: int) -> None:
    settings = load()
    async with aclosing(SqliteAuditLog(settings.audit_file, log_signer(settings))) as log:
        for number in range(entries):
            await log.append(access(number), b"answer")


async def _events(path: Path) -> list[EventEntry]:
    settings = load()
    async with aclosing(SqliteAuditLog(path, log_signer(settings))) as log:
        found = [read_entry(stored) async for stored in log.records()]
    return [entry for entry in found if isinstance(entry, EventEntry)]


def _change(state: Path) -> None:
    with sqlite3.connect(state / "audit.sqlite") as file:
        file.execute("DROP TRIGGER entry_is_not_changed")
        file.execute("UPDATE entry SET record = replace(record, 'request-', 'REQUEST-') WHERE idx = 7")
    file.close()


def test_a_whole_log_verifies_and_says_what_was_not_compared(run: Run) -> None:
    code, out, _ = run("verify", "--signatures", "--records")
    assert code == 0
    assert out.startswith("intact: 12 entries")
    assert "No checkpoint from elsewhere" in out


def test_a_changed_log_is_told_of_by_entry(run: Run, state: Path) -> None:
    _change(state)
    code, out, _ = run("verify")
    assert code == 1
    assert out.splitlines()[0] == "leaf: entry 7: the record was changed: it does not match its leaf hash"
    assert "DAMAGED: 1 findings by leaf" in out


def test_a_kept_checkpoint_tells_of_a_log_that_was_put_back(run: Run, state: Path, tmp_path: Path) -> None:
    copy = {path.name: path.read_bytes() for path in state.glob("audit.sqlite*")}
    asyncio.run(_fill(3))
    (tmp_path / "kept.txt").write_text(run("checkpoint")[1], "utf-8")
    assert run("verify", "--kept", tmp_path / "kept.txt")[0] == 0
    for name, content in copy.items():
        (state / name).write_bytes(content)
    assert run("verify")[0] == 0
    code, out, _ = run("verify", "--kept", tmp_path / "kept.txt")
    assert code == 1
    assert "witness: size 15: others saw 15 entries, 12 are here" in out


def test_a_proof_and_its_checker_go_to_whoever_wants_to_check(run: Run, tmp_path: Path) -> None:
    (tmp_path / "entry.tlog-proof").write_text(run("proof", 4)[1], "utf-8")
    (tmp_path / "check.py").write_text(run("proof", "--verifier")[1], "utf-8")
    command = [sys.executable, "-I", "-S", "check.py", "entry.tlog-proof", "--key", run("key")[1].strip()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("holds: entry 4 is in the log yiti-jiangsu/audit as signed over 12 entries")


def test_an_answer_is_recognised_until_its_key_is_erased(run: Run, state: Path, tmp_path: Path) -> None:
    (tmp_path / "answer").write_bytes(b"answer")
    (tmp_path / "other").write_bytes(b"answer.")
    assert run("answer", 4, tmp_path / "answer")[0] == 0
    assert run("answer", 4, tmp_path / "other")[0] == 1
    assert run("erase-key", 4)[0] == 0
    assert "was erased" in run("answer", 4, tmp_path / "answer")[2]
    assert "erased before" in run("erase-key", 4)[2]
    assert run("answer", 5, tmp_path / "answer")[0] == 0
    assert run("verify")[0] == 0
    assert [event.record.action for event in asyncio.run(_events(state / "audit.sqlite"))] == ["key-erased"]


def test_a_witness_signs_in_files_and_refuses_what_does_not_go_on(run: Run, state: Path, tmp_path: Path) -> None:
    make_signing_key(tmp_path / "witness.key.json")
    key = run("key")[1].strip()
    witness = ("--key", key, "--store", tmp_path / "seen.sqlite", "--name", "auditor.example")
    signing = ("--signing-key", tmp_path / "witness.key.json")
    copy = (state / "audit.sqlite").read_bytes()

    (tmp_path / "handed").write_text(run("checkpoint", "--since", 0)[1], "utf-8")
    code, signature, told = run("witness", tmp_path / "handed", *witness, *signing)
    assert code == 0
    (tmp_path / "checkpoint").write_text(run("checkpoint")[1], "utf-8")
    (tmp_path / "signature").write_text(signature, "utf-8")
    given = ("--checkpoint", tmp_path / "checkpoint", "--signature", tmp_path / "signature")
    assert run("cosigned", *given, "--key", told.removeprefix("signed as ").strip())[0] == 0
    assert "auditor.example" in run("cosigned")[1]
    assert "compared with 1 checkpoints" in run("verify")[1]

    asyncio.run(_fill(3))
    (tmp_path / "handed").write_text(run("checkpoint", "--since", 12)[1], "utf-8")
    assert run("witness", tmp_path / "handed", *witness, *signing)[0] == 0
    (state / "audit.sqlite").write_bytes(copy)
    (tmp_path / "handed").write_text(run("checkpoint", "--since", 0)[1], "utf-8")
    code, out, _ = run("witness", tmp_path / "handed", *witness, *signing)
    assert code == 1
    assert out.startswith("ROLLBACK: not signed")


def test_a_log_is_handed_over_to_a_new_key(
    run: Run, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = run("key")[1]
    make_signing_key(tmp_path / "new.key.json")
    monkeypatch.setenv("YITI_SIGNING_KEY_FILE", str(tmp_path / "new.key.json"))
    assert "signature" in run("verify")[1]
    with pytest.raises(AssertionError):
        assert run("erase-key", 4)[0] == 0
    assert run("rekey", state / "signing.key.json")[0] == 0
    assert run("verify")[0] == 0
    assert run("key")[1] != old
    assert [event.record.action for event in asyncio.run(_events(state / "audit.sqlite"))] == ["rekeyed"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("proof", "99"), "no entry 99"),
        (("proof", "AAAA"), "no entry AAAA"),
        (("proof",), "name an entry"),
        (("checkpoint", "--since", "13"), "has 12 entries"),
        (("verify", "--key", "hello"), "not a verifier key"),
        (("answer", "3", "/nowhere"), "cannot be read"),
        (("cosigned", "--key", "x"), "name all three"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_fix(run: Run, words: tuple[str, ...], told: str) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert told in err


def test_without_a_log_there_is_nothing_to_look_at(run: Run, state: Path) -> None:
    (state / "audit.sqlite").unlink()
    code, _, err = run("verify")
    assert code == 2
    assert "there is no audit.sqlite" in err


def test_two_gateways_lay_their_logs_side_by_side(
    run: Run, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = ("--since", "2026-04-01T00:00", "--until", "2026-05-01T00:00")
    at = datetime(2026, 4, 3, tzinfo=UTC)

    def sources(outcome: str) -> tuple[SourceOutcome, ...]:
        return (SourceOutcome("zhejiang-gateway", outcome, 9.0),)

    async def ask(path: Path, signer: LogSigner, records: list[AccessRecord]) -> None:
        async with aclosing(SqliteAuditLog(path, signer)) as log:
            for record in records:
                await log.append(record)

    here = [access(n, at=at, sources=sources("ok" if n < 3 else "UNAVAILABLE")) for n in range(5)]
    there = [access(n, at=at, via=("yiti-jiangsu",)) for n in (0, 1, 9)] + [access(7, at=at, via=("yiti-anhui",))]
    asyncio.run(ask(state / "audit.sqlite", log_signer(load()), here))
    monkeypatch.setenv("YITI_STATE", str(tmp_path / "there"))
    (tmp_path / "there").mkdir()
    asyncio.run(ask(tmp_path / "there" / "audit.sqlite", log_signer(load()), there))
    code, receipts, _ = run("receipts", "yiti-jiangsu", *time)
    assert (code, len(receipts.splitlines())) == (0, 3)
    (tmp_path / "receipts").write_text(receipts, "utf-8")
    monkeypatch.setenv("YITI_STATE", str(state))
    code, out, _ = run("reconcile", tmp_path / "receipts", "--source", "zhejiang-gateway", *time)
    first, second, last = out.splitlines()
    assert code == 1
    assert first == "request request-2: it answered us, and says nothing of it: no receipt"
    assert second.startswith("request request-9: it says we asked at 2026-04-03T00:00:00+00:00")
    assert last == "5 requests asked here, 3 receipts there, 2 differences"
    (tmp_path / "receipts").write_text("".join(line + "\n" for line in receipts.splitlines()[:2]), "utf-8")
    assert "1 differences" in run("reconcile", tmp_path / "receipts", "--source", "zhejiang-gateway", *time)[1]
    (tmp_path / "receipts").write_text("{}", "utf-8")
    assert run("reconcile", tmp_path / "receipts", "--source", "zhejiang-gateway", *time)[0] == 2


def test_a_log_can_be_looked_at_beside_its_writer(run: Run, state: Path) -> None:
    async def beside() -> int:
        settings = load()
        async with aclosing(SqliteAuditLog(settings.audit_file, log_signer(settings))) as log:
            await log.append(access(1))
            code, _, _ = await asyncio.to_thread(run, "verify")
            return code

    assert asyncio.run(beside()) == 0
    assert json.loads(json.dumps(run("checkpoint")[1])).startswith("yiti-jiangsu/audit\n13\n")
