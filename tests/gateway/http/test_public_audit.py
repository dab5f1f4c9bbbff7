"""Judged by others: the public audit of GraphQL over HTTP, and the reference clients of its streams, against a whole
gateway. Needs node and npm; skips plainly without them, and is a failure without them where services are required."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.settings import Settings
from tests.gateway.http.register import officer
from tests.gateway.http.serving import served
from tests.services import services_required

SCRIPTS = Path(__file__).parent / "npm"
INSTALLED = Path(__file__).parents[3] / "var" / "http-clients"


def absent(reason: str) -> None:
    if services_required():
        pytest.fail(f"{reason}, and YITI_REQUIRE_SERVICES=1. Install node and npm, and let npm reach its registry.")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def scripts() -> Path:
    """The scripts beside their packages, which are installed once and kept."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("node and npm are not installed")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    wanted = (SCRIPTS / "package.json").read_bytes()
    kept = INSTALLED / "package.json"
    if not kept.exists() or kept.read_bytes() != wanted or not (INSTALLED / "node_modules").exists():
        kept.write_bytes(wanted)
        done = subprocess.run(
            [str(npm), "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
            cwd=INSTALLED,
            capture_output=True,
            timeout=300,
        )
        if done.returncode != 0:
            shutil.rmtree(INSTALLED)
            absent("npm could not install the audit")
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, INSTALLED)
    return INSTALLED


@pytest.fixture
async def port(gateway: Gateway) -> AsyncIterator[int]:
    async with served(gateway.application) as port:
        yield port


async def run(scripts: Path, *arguments: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        "node", *arguments, cwd=scripts, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def bearer(settings: Settings) -> str:
    return officer(settings)["Authorization"]


async def test_the_public_audit_passes_whole(scripts: Path, port: int, settings: Settings) -> None:
    found = await run(scripts, "audit.mjs", f"http://127.0.0.1:{port}/graphql", bearer(settings))
    assert [one for one in found if one["status"] != "ok"] == []
    assert len(found) == 61


@pytest.mark.parametrize("kind", ["sse", "ws"])
async def test_the_reference_clients_get_a_query_answered(
    kind: str, scripts: Path, port: int, settings: Settings
) -> None:
    address = f"{'ws' if kind == 'ws' else 'http'}://127.0.0.1:{port}/graphql"
    found = await run(scripts, "subscribe.mjs", kind, address, bearer(settings), "{ viewer { subject } }")
    assert found == {"results": [{"data": {"viewer": {"subject": "staff-7"}}}], "error": None}


@pytest.mark.parametrize("kind", ["sse", "ws"])
async def test_the_reference_clients_learn_that_nothing_can_be_subscribed_to(
    kind: str, scripts: Path, port: int, settings: Settings
) -> None:
    address = f"{'ws' if kind == 'ws' else 'http'}://127.0.0.1:{port}/graphql"
    found = await run(
        scripts, "subscribe.mjs", kind, address, bearer(settings), "subscription { viewer { subject } }"
    )
    (error,) = found["results"][0]["errors"] if kind == "sse" else found["error"]
    assert "subscription operation is not supported" in error["message"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
