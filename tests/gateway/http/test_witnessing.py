"""A gateway as the witness of another one's log, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapters.contract import PeerRequest
from adapters.manifest import SubgraphSource
from gateway.app import Gateway
from gateway.audit.event import Kind
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import EventEntry
from gateway.audit.signer import Ed25519Signer, LogSigner
from gateway.audit.stored import read_entry
from gateway.audit.submitting import NotWitnessed, submit
from gateway.audit.wiring import PATH, known_witnesses, witness_of
from gateway.audit.witness import Submission
from gateway.federation.assertion import PeerSigner
from gateway.keys import SigningKey, read_signing_key
from gateway.settings import Settings
from gateway.tokens import Peer
from tests.gateway.audit.accesses import access
from tests.gateway.http.serving import served


@pytest.fixture
def peer_key(tmp_path: Path, settings: Settings) -> SigningKey:
    return read_signing_key(tmp_path / "peer.key.json")


@pytest.fixture
async def log(tmp_path: Path, peer_key: SigningKey) -> AsyncIterator[SqliteAuditLog]:
    """The peer's."""
    signer = LogSigner("yiti-zhejiang/audit", Ed25519Signer.of(peer_key))
    async with aclosing(SqliteAuditLog(tmp_path / "peer" / "audit.sqlite", signer)) as opened:
        yield opened


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with served(gateway.application) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as found:
        yield found


async def _grown(log: SqliteAuditLog, entries: int, **changed: Any) -> bytes:
    for number in range(entries):
        await log.append(access(number, **changed))
    return str(Submission(0, (), await log.head())).encode()


async def _posted(
    client: httpx.AsyncClient, body: bytes, key: SigningKey, name: str = "yiti-zhejiang"
) -> httpx.Response:
    token = PeerSigner(key, name).service_token(PeerRequest("yiti-jiangsu", "POST", PATH, body))
    return await client.post(PATH, content=body, headers={"authorization": f"Bearer {token}"})


async def _alarms(gateway: Gateway) -> list[tuple[str, Any]]:
    entries = [read_entry(stored) async for stored in gateway.audit.records()]
    return [
        (entry.record.outcome, entry.record.details["found"])
        for entry in entries
        if isinstance(entry, EventEntry) and entry.record.kind is Kind.VERIFICATION
    ]


async def test_a_peer_s_checkpoint_is_signed(
    client: httpx.AsyncClient, gateway: Gateway, log: SqliteAuditLog, peer_key: SigningKey
) -> None:
    answer = await _posted(client, await _grown(log, 3), peer_key)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text.startswith("\u2014 yiti-jiangsu/witness ")
    assert await _alarms(gateway) == []


async def test_a_peer_that_does_not_know_what_was_seen_is_told(
    client: httpx.AsyncClient, gateway: Gateway, log: SqliteAuditLog, peer_key: SigningKey
) -> None:
    await _posted(client, await _grown(log, 3), peer_key)
    answer = await _posted(client, await _grown(log, 2), peer_key)
    assert (answer.status_code, answer.text) == (409, "3\n")
    assert answer.headers["content-type"] == "text/x.tlog.size"
    assert await _alarms(gateway) == []


async def test_a_fork_of_a_peer_s_log_is_refused_and_put_on_record(
    client: httpx.AsyncClient, gateway: Gateway, log: SqliteAuditLog, peer_key: SigningKey, tmp_path: Path
) -> None:
    await _posted(client, await _grown(log, 3), peer_key)
    async with aclosing(SqliteAuditLog(tmp_path / "fork" / "audit.sqlite", log.signer)) as fork:
        body = (await _grown(fork, 3, subject="staff-9")).replace(b"old 0", b"old 3")
        answer = await _posted(client, body, peer_key)
    assert (answer.status_code, answer.text) == (409, "3\n")
    assert await _alarms(gateway) == [("FAILED", "fork")]


@pytest.mark.parametrize(("body", "status"), [(b"hello", 400), (b"x" * 30_000, 413)])
async def test_what_is_no_submission_is_refused(
    client: httpx.AsyncClient, peer_key: SigningKey, body: bytes, status: int
) -> None:
    assert (await _posted(client, body, peer_key)).status_code == status


async def test_nobody_but_peers_may_ask(client: httpx.AsyncClient, log: SqliteAuditLog, peer_key: SigningKey) -> None:
    body = await _grown(log, 1)
    assert (await client.post(PATH, content=body)).status_code == 401
    assert (await _posted(client, body, peer_key, "yiti-nobody")).status_code == 401


async def test_two_gateways_keep_each_other_s_checkpoints(
    gateway: Gateway, log: SqliteAuditLog, settings: Settings, peer_key: SigningKey, tmp_path: Path
) -> None:
    """From the other side: the peer's own client, over its own seam, to the real endpoint."""
    jwks = tmp_path / "jiangsu.jwks.json"
    async with served(gateway.application) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            jwks.write_bytes((await client.get("/.well-known/jwks.json")).content)
        where = SubgraphSource(
            kind="subgraph",
            url=f"http://127.0.0.1:{port}/graphql",
            audience="yiti-jiangsu",
            locator="/federation/locator",
        )
        source: Any = SimpleNamespace(manifest=SimpleNamespace(id="jiangsu", source=where))
        theirs = settings.model_copy(update={"peers": {"yiti-jiangsu": Peer(jwks, "320000")}})
        sign = PeerSigner(peer_key, "yiti-zhejiang").service_token
        ((witness, connection),) = known_witnesses(theirs, {"jiangsu": source}, sign)
        async with aclosing(connection):
            for entries in (3, 4):
                await _grown(log, entries)
                assert await submit(log, witness)
            (kept,) = await log.cosigned()
            assert kept.text == (await log.head()).text
            assert any(kept.signed_by(key) for key in witness.keys)
            assert witness.name == witness_of("yiti-jiangsu")
            async with aclosing(SqliteAuditLog(tmp_path / "old" / "audit.sqlite", log.signer)) as old:
                await _grown(old, 2)
                with pytest.raises(NotWitnessed, match="saw 7 entries, we have 2"):
                    await submit(old, witness)
    assert await _alarms(gateway) == [("FAILED", "rollback")]


async def test_a_witness_that_is_gone_is_an_os_error(
    log: SqliteAuditLog, settings: Settings, peer_key: SigningKey, tmp_path: Path
) -> None:
    where = SubgraphSource(
        kind="subgraph", url="http://127.0.0.1:1/graphql", audience="yiti-zhejiang", locator="/federation/locator"
    )
    source: Any = SimpleNamespace(manifest=SimpleNamespace(id="gone", source=where))
    sign = PeerSigner(peer_key, "yiti-jiangsu").service_token
    ((witness, connection),) = known_witnesses(settings, {"gone": source}, sign)
    await _grown(log, 1)
    async with aclosing(connection):
        with pytest.raises(OSError, match="gone"):
            await asyncio.wait_for(submit(log, witness), 5)
