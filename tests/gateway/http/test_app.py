"""A whole gateway over one small real database: started, asked, renewed and closed."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from adapters.contract import PeerRequest
from adapters.manifest import ManifestError
from gateway.app import Gateway, opened
from gateway.cli import main
from gateway.errors import AuditUnavailable
from gateway.federation.assertion import PeerSigner
from gateway.keys import KeyFileError, make_signing_key
from gateway.settings import Settings, SettingsError, load
from tests.gateway.audit.accesses import accesses_in
from tests.gateway.http.register import MANIFEST, NUMBER, officer

LOOKUP = "query L($n: String!) { lookup(document: {kind: RESIDENT_ID, number: $n}) { id name } }"


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(gateway.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def look_up(client: httpx.AsyncClient, headers: dict[str, str], number: str = NUMBER) -> httpx.Response:
    return await client.post("/graphql", json={"query": LOOKUP, "variables": {"n": number}}, headers=headers)


async def test_a_viewer_finds_a_person(client: httpx.AsyncClient, settings: Settings) -> None:
    answer = await look_up(client, officer(settings))
    person = answer.json()["data"]["lookup"]
    assert person["name"] == "试验甲"
    assert person["id"].startswith("p1_")
    assert NUMBER not in answer.text


async def test_the_answer_is_on_record_under_its_request_id(
    client: httpx.AsyncClient, gateway: Gateway, settings: Settings
) -> None:
    answer = await look_up(client, officer(settings))
    entries = await accesses_in(gateway.audit)
    assert [entry.record.request_id for entry in entries] == [answer.headers["x-request-id"]]
    assert entries[0].record.persons == (answer.json()["data"]["lookup"]["id"],)


async def test_a_stranger_learns_nothing(client: httpx.AsyncClient) -> None:
    answer = await look_up(client, {})
    assert answer.status_code == 401
    assert "data" not in answer.json()


async def test_it_is_ready_with_its_sources(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.json() == {"status": "ready", "sources": {"jiangsu-register": True}}


async def test_pages_and_demo_viewers_are_there(client: httpx.AsyncClient) -> None:
    html = {"Accept": "text/html"}
    assert "江苏省" in (await client.get("/", headers=html)).text
    assert "graphiql" in (await client.get("/graphql", headers=html)).text
    (viewer,) = (await client.get("/demo/viewers")).json()
    answer = await look_up(client, {"Authorization": f"Bearer {viewer['token']}"})
    assert answer.json()["data"]["lookup"]["name"] == "试验甲"


async def test_a_peer_lists_whom_we_hold(client: httpx.AsyncClient, settings: Settings, tmp_path: Path) -> None:
    signer = PeerSigner(make_signing_key(tmp_path / "peer.key.json"), "yiti-zhejiang")
    body = b'{"after": null}'
    token = signer.service_token(PeerRequest("yiti-jiangsu", "POST", "/federation/locator", body))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = await client.post("/federation/locator", content=body, headers=headers)
    mine = (await look_up(client, officer(settings))).json()["data"]["lookup"]["id"]
    assert answer.json() == {"tokens": [mine], "after": None}
    refused = await client.post("/federation/locator", json={}, headers=officer(settings))
    assert refused.status_code == 401


async def test_public_keys_hold_no_private_part(client: httpx.AsyncClient) -> None:
    (key,) = (await client.get("/.well-known/jwks.json")).json()["keys"]
    assert key["crv"] == "Ed25519"
    assert "d" not in key


async def test_nothing_personal_is_logged(
    client: httpx.AsyncClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await look_up(client, officer(settings))
    await look_up(client, officer(settings), "329901199001010000")
    ours = " ".join(record.getMessage() for record in caplog.records)
    assert NUMBER not in ours
    assert "3299011990" not in ours
    assert "试验甲" not in ours


@pytest.mark.parametrize("allowed", [True, False])
async def test_introspection_is_a_setting(settings: Settings, *, allowed: bool) -> None:
    body = {"query": "{ __schema { queryType { name } } }"}
    async with opened(settings.model_copy(update={"introspection": allowed})) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.post("/graphql", json=body, headers=officer(settings))
            typename = await client.post("/graphql", json={"query": "{ __typename }"}, headers=officer(settings))
    assert ("data" in answer.json()) is allowed
    assert typename.json() == {"data": {"__typename": "Query"}}


async def test_production_shows_neither_editor_nor_viewers(settings: Settings, tmp_path: Path) -> None:
    for name in ("token.key", "index.key"):
        (tmp_path / name).write_bytes(base64.b64encode(os.urandom(32)))
    production = load(
        name="yiti-jiangsu",
        province="320000",
        manifests=settings.manifests,
        state=tmp_path / "production",
        issuers={"idp": tmp_path / "peer.jwks.json"},
        token_key_file=tmp_path / "token.key",
        index_key_file=tmp_path / "index.key",
    )
    headers = officer(settings)
    async with opened(production) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            assert (await client.get("/graphql", headers={"Accept": "text/html"})).status_code == 406
            assert (await client.get("/demo/viewers")).status_code == 404
            assert (await look_up(client, headers)).status_code == 401
            assert (await client.get("/.well-known/jwks.json")).json() == {"keys": []}


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("manifests/register.yaml", MANIFEST.replace("version:", "verzion:"), ManifestError, "verzion"),
        ("manifests/register.yaml", MANIFEST.replace("DATABASE}", "DATABAZE}"), ManifestError, "REGISTER_DATABAZE"),
        ("viewers.yaml", "- 7", SettingsError, "viewers.yaml"),
        ("peer.jwks.json", "{}", KeyFileError, "peer.jwks.json"),
        ("state/token.key", "short", KeyFileError, "token.key"),
        ("state/signing.key.json", "[]", KeyFileError, "signing.key.json"),
        ("state/audit.sqlite", "no database", AuditUnavailable, "audit.sqlite"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
async def test_what_cannot_be_used_stops_the_start(
    settings: Settings, tmp_path: Path, name: str, content: str, error: type[Exception], words: str
) -> None:
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(error, match=words):
        async with opened(settings):
            pytest.fail("it must not start")


async def test_a_second_gateway_does_not_share_an_access_log(gateway: Gateway, settings: Settings) -> None:
    with pytest.raises(AuditUnavailable):
        async with opened(settings):
            pytest.fail("it must not start")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_serves_until_told_to_stop(
    settings: Settings, tmp_path: Path, number: signal.Signals
) -> None:
    environment = {
        **os.environ,
        "YITI_MODE": "demo",
        "YITI_PROVINCE": "320000",
        "YITI_MANIFESTS": str(tmp_path / "manifests"),
        "YITI_STATE": str(tmp_path / "state"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway", "serve", "--port", "0"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    address = ""
    while "answers at" not in address:
        address = (await process.stderr.readline()).decode()
        assert address, "it ended before it answered"
    async with httpx.AsyncClient() as client:
        answer = await client.get(address.split("answers at ")[1].strip().replace("/graphql", "/healthz"))
    assert answer.json() == {"status": "alive"}
    process.send_signal(number)
    out, err = await process.communicate()
    assert process.returncode == 0
    assert b'"route":"/healthz"' in out
    assert b"Traceback" not in err


def adapter_check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "adapter", "check", str(path)]
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8", env=dict(os.environ))


def test_a_manifest_is_checked(settings: Settings, tmp_path: Path) -> None:
    done = adapter_check(tmp_path / "manifests" / "register.yaml")
    assert done.returncode == 0
    assert "jiangsu-register 1: 试验名册" in done.stdout
    assert "passed   key-list-pages" in done.stdout
    assert "None of" in done.stdout
    assert NUMBER not in done.stdout


def test_a_source_that_is_down_fails_its_checks(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "register.db").unlink()
    done = adapter_check(tmp_path / "manifests" / "register.yaml")
    assert done.returncode == 1
    assert "the source failed" in done.stdout


def test_a_bad_manifest_is_no_check(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("contract: 7", encoding="utf-8")
    done = adapter_check(tmp_path / "bad.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("yiti: ")
    assert "bad.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_printed_graph_is_the_committed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema"]) == 0
    kept = tmp_path / "unified.graphql"
    kept.write_text(capsys.readouterr().out, encoding="utf-8")
    monkeypatch.setattr("schema.build.SDL_FILE", kept)
    assert main(["schema", "--check"]) == 0
    kept.write_text(kept.read_text(encoding="utf-8").replace("type Query", "type Quest"), encoding="utf-8")
    assert main(["schema", "--check"]) == 1
    printed = capsys.readouterr()
    assert "-type Quest" in printed.out
    assert "the graph differs" in printed.err
