"""New policies on a running gateway: the next request, the request under way, the access log, the signal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import Gateway, opened
from gateway.audit.record import LogEntry
from gateway.audit.stored import read_entry
from gateway.authorization.policy_set import DIRECTORY
from gateway.settings import Settings
from gateway.sources.fetch import FederatedSources
from tests.gateway.audit.accesses import accesses_in
from tests.gateway.http.register import NUMBER, officer, settle

LOOKUP = """query L($n: String!) {
  lookup(document: {kind: RESIDENT_ID, number: $n}) { name }
  viewer { labels { label effect } }
}"""
CLOSES = (
    '@id("new") @basis("an article")\n'
    'forbid (principal in Yiti::Role::"AFTERCARE_OFFICER", action, resource == Yiti::Label::"IDENTITY");\n'
)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return shutil.copytree(DIRECTORY, tmp_path / "policies")


@pytest.fixture
def settings(tmp_path: Path, policies: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settle(tmp_path, monkeypatch).model_copy(update={"policies": policies})


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    async with opened(settings) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(gateway.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def _ask(client: httpx.AsyncClient, settings: Settings) -> dict[str, Any]:
    body = {"query": LOOKUP, "variables": {"n": NUMBER}}
    answer = await client.post("/graphql", json=body, headers=officer(settings))
    return dict(answer.json()["data"])


def _identity(data: dict[str, Any]) -> str:
    return next(one["effect"] for one in data["viewer"]["labels"] if one["label"] == "IDENTITY")


async def test_the_same_question_is_decided_by_the_new_policies(
    client: httpx.AsyncClient, gateway: Gateway, settings: Settings, policies: Path
) -> None:
    before = await _ask(client, settings)
    first = gateway.policies.policies.policy_version
    (policies / "90_new.cedar").write_text(CLOSES, encoding="utf-8")
    gateway.policies.ask()
    await _until(lambda: gateway.policies.accepted == 1)
    after = await _ask(client, settings)
    assert (before["lookup"]["name"], _identity(before)) == ("试验甲", "ALLOW")
    assert (after["lookup"]["name"], _identity(after)) == (None, "DENY")
    entries = await accesses_in(gateway.audit)
    versions = [entry.record.policy_version for entry in entries]
    assert versions == [gateway.policies.policies.policy_version, first]


CLEARED = """
@id("new") @basis("an article")
forbid (principal, action, resource == Yiti::Label::"IDENTITY")
unless { [Yiti::Clearance::"IMPORTANT", Yiti::Clearance::"CORE"].contains(principal.clearance) };
"""


async def test_policies_may_ask_for_a_clearance_and_it_is_on_record(settings: Settings, policies: Path) -> None:
    (policies / "90_new.cedar").write_text(CLEARED, encoding="utf-8")
    query = "query($n: String!) { lookup(document: {number: $n}) { name } viewer { clearance } }"
    names: dict[str, str | None] = {}
    async with opened(settings) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            for level in range(4):
                body = {"query": query, "variables": {"n": NUMBER}}
                answer = await client.post("/graphql", json=body, headers=officer(settings, clearance=level))
                data = answer.json()["data"]
                names[data["viewer"]["clearance"]] = data["lookup"]["name"]
        entries = [read_entry(stored) async for stored in gateway.audit.records()]
    assert names == {"NONE": None, "GENERAL": None, "IMPORTANT": "试验甲", "CORE": "试验甲"}
    assert [entry.record.clearance for entry in entries if isinstance(entry, LogEntry)] == list(names)


async def test_a_request_under_way_finishes_under_the_policies_it_began_with(
    client: httpx.AsyncClient,
    gateway: Gateway,
    settings: Settings,
    policies: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = gateway.policies.policies.policy_version
    reading, may_read = asyncio.Event(), asyncio.Event()
    read = FederatedSources.read

    async def slow(*given: Any, **named: Any) -> Any:
        reading.set()
        await may_read.wait()
        return await read(*given, **named)

    monkeypatch.setattr(FederatedSources, "read", slow)
    under_way = asyncio.create_task(_ask(client, settings))
    await reading.wait()
    (policies / "90_new.cedar").write_text(CLOSES, encoding="utf-8")
    assert (await gateway.policies.reload("signal")).accepted
    may_read.set()
    answer = await under_way
    assert (answer["lookup"]["name"], _identity(answer)) == ("试验甲", "ALLOW")
    (entry,) = await accesses_in(gateway.audit)
    assert entry.record.policy_version == first
    assert _identity(await _ask(client, settings)) == "DENY"


async def test_a_refusal_is_said_to_the_operator_and_changes_nothing(
    client: httpx.AsyncClient, gateway: Gateway, settings: Settings, policies: Path
) -> None:
    version = gateway.policies.policies.policy_version
    (policies / "90_new.cedar").write_text(CLOSES.replace("@basis", "@bassis"), encoding="utf-8")
    assert not (await gateway.policies.reload("signal")).accepted
    assert _identity(await _ask(client, settings)) == "ALLOW"
    assert (await client.get("/readyz")).json()["policies"] == {"refused": 2, "version": version}


async def test_a_watched_folder_needs_no_signal(settings: Settings, policies: Path) -> None:
    async with opened(settings.model_copy(update={"policy_watch_seconds": 0.05})) as gateway:
        (policies / "90_new.cedar").write_text(CLOSES, encoding="utf-8")
        await _until(lambda: gateway.policies.accepted == 1)


async def _until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - the keeper tells nobody but the log
            await asyncio.sleep(0.02)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP here")
async def test_the_command_reads_its_policies_again_on_a_hangup(
    settings: Settings, tmp_path: Path, policies: Path
) -> None:
    environment = {
        **os.environ,
        "YITI_MODE": "demo",
        "YITI_PROVINCE": "320000",
        "YITI_MANIFESTS": str(tmp_path / "manifests"),
        "YITI_STATE": str(tmp_path / "state"),
        "YITI_POLICIES": str(policies),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway", "serve", "--port", "0"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await _line(process, "answers at")
        (policies / "90_new.cedar").write_text(CLOSES.replace("Yiti::Role::", "Yiti::Rolle::"), encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        assert "POLICY_TYPE" in await _line(process, "policies:")
        await _line(process, "goes on deciding")
        (policies / "90_new.cedar").write_text(CLOSES, encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        await _line(process, "decides from now on")
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0


async def _line(process: asyncio.subprocess.Process, words: str) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while True:
            line = (await process.stderr.readline()).decode()
            assert line, f"it ended before it said {words!r}"
            if words in line:
                return line
