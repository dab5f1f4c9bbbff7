"""kill -9 of a real gateway under 64 clients, again and again: what was answered is on record, and the log verifies.

`python -m tests.gateway.audit.chaos` runs it at length; test_chaos.py runs a few rounds of it. What counts as
acknowledged is an answer that a client has read whole: clients name their requests, and remember which were answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.audit.checking import Report, Trust
from gateway.audit.note import NoteKey, SignedNote
from gateway.audit.postgresql import PostgresAuditLog
from gateway.audit.postgresql_verify import verify_postgresql
from gateway.audit.reading import SqliteEntries
from gateway.audit.verify import verify
from gateway.audit.wiring import log_signer
from gateway.settings import Settings
from mocks.serving import free_port
from tests.gateway.audit.kept import place
from tests.gateway.http.register import MANIFEST, NUMBER, VIEWERS, fill, officer

ROOT = Path(__file__).parents[3]
CLIENTS = 64
QUERY = "query Card($document: DocumentInput!) { lookup(document: $document) { name } }"
BODY = json.dumps({"query": QUERY, "variables": {"document": {"kind": "RESIDENT_ID", "number": NUMBER}}}).encode()
_STARTING_TWENTIETHS = 2_400  # two minutes, where others keep the machine busy
EARLY_SECONDS = 0.02  # how long the negative control leaves a record unwritten


@dataclass
class Outcome:
    """What a run found."""

    kind: str
    rounds: int = 0
    acknowledged: set[str] = field(default_factory=set)
    kept: list[SignedNote] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    stored: int = 0
    lost: int = 0
    report: Report = field(default_factory=Report)

    def __str__(self) -> str:
        restart = sorted(self.restarts)[len(self.restarts) // 2]
        state = "intact" if self.report.intact else f"DAMAGED: {self.report.findings[0]}"
        return (
            f"{self.kind}: {self.rounds} kills under {CLIENTS} clients, {len(self.acknowledged):,} answers read, "
            f"{self.lost} of them not on record; {self.stored:,} entries, log {state}, "
            f"{len(self.kept)} checkpoints kept from before the kills; up again in {restart:.1f} s (median)"
        )


@dataclass(frozen=True)
class Told:
    """What a command said."""

    code: int | None
    out: str
    err: str


class Rig:
    """One gateway's folder and settings; the process is started and killed over and over."""

    def __init__(self, folder: Path, kind: str, url: str | None, *, early: bool = False) -> None:
        self.kind = kind
        self.url = url
        self._early = early
        (folder / "manifests").mkdir()
        (folder / "manifests" / "register.yaml").write_text(MANIFEST, encoding="utf-8")
        (folder / "viewers.yaml").write_text(VIEWERS, encoding="utf-8")
        fill(folder / "register.db")
        self._environment = {
            "MODE": "demo",
            "NAME": "yiti-jiangsu",
            "PROVINCE": "320000",
            "STATE": str(folder / "state"),
            "MANIFESTS": str(folder / "manifests"),
            "DEMO_VIEWERS": str(folder / "viewers.yaml"),
            "TODAY": "2026-11-01",
            "RATE_PER_MINUTE": "0",
            "AUDIT_WITNESS_SECONDS": "0",
            "LOG_LEVEL": "error",
            **({"AUDIT_URL": url} if url is not None else {}),
        }
        self._register = f"sqlite+aiosqlite:///{folder / 'register.db'}"
        self.settings = Settings.model_validate({name.lower(): value for name, value in self._environment.items()})
        if url is not None:
            from gateway.keys import make_signing_key

            self.settings.state.mkdir()
            make_signing_key(self.settings.state / "signing.key.json")
            key = str(self.settings.state / "signing.key.json")
            self._environment["SIGNING_KEY_FILE"] = key
            self.settings = self.settings.model_copy(update={"signing_key_file": Path(key)})

    async def command(self, *words: str) -> Told:
        """`yiti audit ...` in a process of its own, to its end."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "audit", *words),
            cwd=ROOT,
            env=self._variables(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Told(process.returncode, out.decode(), err.decode())

    def _variables(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YITI_")}
        environment |= {f"YITI_{name}": value for name, value in self._environment.items()}
        return environment | {"REGISTER_DATABASE": self._register}

    async def start(self, port: int) -> asyncio.subprocess.Process:
        """The gateway, answering."""
        environment = self._variables()
        module = ["tests.gateway.audit.chaos", "early"] if self._early else ["gateway", "serve"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, "--port", str(port), cwd=ROOT, env=environment
        )
        for _ in range(_STARTING_TWENTIETHS):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return process
            if process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise RuntimeError("the gateway did not start")

    async def head(self) -> SignedNote:
        """The newest checkpoint, read beside the gateway."""
        if self.url is not None:
            log = await PostgresAuditLog.open(self.url, log_signer(self.settings))
            note = await log.head()
            await log.aclose()
            return note
        from gateway.audit.file import open_reading

        connection = open_reading(self.settings.audit_file)
        note = SqliteEntries(connection).head()
        connection.close()
        return note

    async def looked_at(self, key: NoteKey, kept: list[SignedNote]) -> Report:
        """The whole log."""
        trust = Trust([key], kept, signatures=True, records=True)
        if self.url is not None:
            return await verify_postgresql(self.url, trust)
        return verify(self.settings.audit_file, trust)

    async def stored(self) -> list[str]:
        """The request ids that are on record."""
        if self.url is not None:
            log = await PostgresAuditLog.open(self.url, log_signer(self.settings))
            contents = [entry.content async for entry in log.records()]
            await log.aclose()
        else:
            connection = sqlite3.connect(self.settings.audit_file)
            contents = [content for (content,) in connection.execute("SELECT record FROM entry")]
            connection.close()
        return [str(orjson.loads(content).get("request_id", "")) for content in contents]


async def run(rig: Rig, rounds: int, *, seed: int = 11) -> Outcome:
    """Kill it this often, then look at what is left."""
    chance, outcome = random.Random(seed), Outcome(rig.kind)
    port = free_port()
    for _ in range(rounds):
        began = time.perf_counter()
        process = await rig.start(port)
        outcome.restarts.append(time.perf_counter() - began)
        try:
            headers = officer(rig.settings)
            clients = [asyncio.create_task(_client(port, headers, outcome.acknowledged)) for _ in range(CLIENTS)]
            await _read(outcome.acknowledged, len(outcome.acknowledged) + CLIENTS)
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            outcome.kept.append(await rig.head())
            await asyncio.sleep(chance.uniform(0.0, 0.1))
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await asyncio.gather(*clients)
        outcome.rounds += 1
    stored = await rig.stored()
    outcome.stored = len(stored)
    outcome.lost = len(outcome.acknowledged - set(stored))
    outcome.report = await rig.looked_at(log_signer(rig.settings).key, outcome.kept)
    return outcome


async def _read(acknowledged: set[str], count: int) -> None:
    """Until this many answers were read: a kill before the first of them shows nothing. A minute at most."""
    for _ in range(600):
        if len(acknowledged) >= count:
            return
        await asyncio.sleep(0.1)


async def asking(rig: Rig, port: int, acknowledged: set[str]) -> None:
    """A client that asks until the gateway is gone."""
    await _client(port, officer(rig.settings), acknowledged)


async def _client(port: int, headers: dict[str, str], acknowledged: set[str]) -> None:
    """Asks until the gateway is gone."""
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                name = uuid.uuid4().hex
                writer.write(_request(name, headers["Authorization"]))
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
                body: Any = orjson.loads(await reader.readexactly(length))
                if not head.startswith("http/1.1 200") or not body.get("data"):
                    raise RuntimeError(f"an answer that shows nobody: {body}")
                acknowledged.add(name)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _request(name: str, authorization: str) -> bytes:
    lines = (
        "POST /graphql HTTP/1.1",
        "host: gateway",
        "content-type: application/json",
        f"x-request-id: {name}",
        f"authorization: {authorization}",
        f"content-length: {len(BODY)}",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + BODY


def serve_early(arguments: list[str]) -> int:
    """The negative control: a gateway that answers before the record is written."""
    from unittest.mock import patch

    from gateway.audit.batch import Waiting
    from gateway.audit.log import SqliteAuditLog
    from gateway.cli import main

    late: set[asyncio.Task[int]] = set()
    durable = SqliteAuditLog._store

    async def store(self: SqliteAuditLog, waiting: Waiting) -> int:
        async def write() -> int:
            await asyncio.sleep(EARLY_SECONDS)
            return await durable(self, waiting)

        task = asyncio.create_task(write())
        late.add(task)
        task.add_done_callback(late.discard)
        return 0

    with patch.object(SqliteAuditLog, "_store", store):
        return main(["serve", *arguments])


def command() -> int:
    """Print the figures; 1 if anything was lost, or if the negative control lost nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sqlite", type=int, default=20, help="kills of a gateway on SQLite")
    parser.add_argument("--postgresql", type=int, default=10, help="kills of a gateway on PostgreSQL")
    chosen = parser.parse_args()
    failed = False
    for kind, rounds, early in (
        ("sqlite", chosen.sqlite, False),
        ("postgresql", chosen.postgresql, False),
        ("sqlite", 5, True),
    ):
        if rounds == 0:
            continue
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            where = stack.enter_context(place(kind, folder)).where
            rig = Rig(folder, kind, where if isinstance(where, str) else None, early=early)
            outcome = asyncio.run(run(rig, rounds))
        if early:
            sys.stdout.write(f"negative control, answering before the commit: {outcome}\n")
            failed |= outcome.lost == 0
        else:
            sys.stdout.write(f"{outcome}\n")
            failed |= outcome.lost > 0 or not outcome.report.intact or not outcome.acknowledged
    sys.stdout.write("FAILED\n" if failed else "nothing that was answered is missing\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(serve_early(sys.argv[2:]) if sys.argv[1:2] == ["early"] else command())
