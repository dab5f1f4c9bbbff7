"""Two gateways behind one address: two processes, one log in PostgreSQL, one Redis, and one browser between them.

Cookies know no port, so a client that goes to either process is what a proxy without sticky sessions makes of it.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from gateway.keys import make_signing_key
from gateway.secret import keep_secret
from tests.console.house import form_token
from tests.gateway.http.register import MANIFEST, fill
from tests.services import postgresql_url, redis_server

ROOT = Path(__file__).parents[2]
VIEWERS = """
- profile: auditor
  title: 审计人员
  subject: staff-81
  agency: {code: "320000900000", name: 某某审计组（模拟）, kind: OVERSIGHT, jurisdiction: "320000"}
  roles: [AUDITOR]
  purpose: AUDIT
"""
SESSION = "yiti-session"

pytestmark = pytest.mark.postgresql


class Pair:
    """Both gateways' addresses, and the browser."""

    def __init__(self, urls: list[str], browser: httpx.AsyncClient) -> None:
        self.one, self.other = urls
        self.browser = browser

    async def sign_in(self) -> None:
        """The door is opened at one gateway, the form goes to the other."""
        door = await self.browser.get(f"{self.one}/console/sign-in")
        form = {"form_token": form_token(door.text), "persona": "auditor"}
        answer = await self.browser.post(f"{self.other}/console/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")

    async def statuses(self) -> list[int]:
        """Of the first page, at each of them."""
        return [(await self.browser.get(f"{url}/console")).status_code for url in (self.one, self.other)]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "register.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "viewers.yaml").write_text(VIEWERS, encoding="utf-8")
    fill(tmp_path / "register.db")
    keep_secret(tmp_path / "index.key")
    make_signing_key(tmp_path / "signing.key.json")
    async with AsyncExitStack() as stack:
        database = stack.enter_context(postgresql_url())
        redis = stack.enter_context(redis_server(tmp_path))
        shared = {
            "MODE": "demo",
            "NAME": "yiti-jiangsu",
            "PROVINCE": "320000",
            "PORT": "0",
            "MANIFESTS": str(tmp_path / "manifests"),
            "DEMO_VIEWERS": str(tmp_path / "viewers.yaml"),
            "INDEX_KEY_FILE": str(tmp_path / "index.key"),
            "SIGNING_KEY_FILE": str(tmp_path / "signing.key.json"),
            "AUDIT_URL": database.replace("+asyncpg", ""),
            "AUDIT_WITNESS_SECONDS": "0",
            "CONSOLE_REDIS_URL": redis,
        }
        register = f"sqlite+aiosqlite:///{tmp_path / 'register.db'}"
        urls = [
            await stack.enter_async_context(_gateway({**shared, "STATE": str(tmp_path / name)}, register))
            for name in ("one", "other")
        ]
        browser = await stack.enter_async_context(httpx.AsyncClient(timeout=30, headers={"Accept-Language": "en"}))
        yield Pair(urls, browser)


@asynccontextmanager
async def _gateway(settings: dict[str, str], register: str) -> AsyncIterator[str]:
    """A gateway process and its address, which it says itself."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YITI_")}
    environment |= {f"YITI_{name}": value for name, value in settings.items()}
    environment["REGISTER_DATABASE"] = register
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "serve", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said: list[str] = []
    async for line in process.stderr:
        said.append(line.decode())
        if found := re.search(r"answers at (http://127\.0\.0\.1:\d+)/graphql", said[-1]):
            break
    else:
        pytest.fail("the gateway did not start: " + "".join(said))
    rest = asyncio.create_task(process.stderr.read())
    try:
        yield found[1]
    finally:
        process.terminate()
        await process.wait()
        await rest


async def test_a_session_holds_at_both_and_ends_at_both(pair: Pair) -> None:
    await pair.sign_in()
    assert await pair.statuses() == [200, 200]

    form = form_token((await pair.browser.get(f"{pair.one}/console")).text)
    searched = await pair.browser.post(f"{pair.other}/console", data={"form_token": form, "purpose": "AUDIT"})
    assert searched.status_code == 303, "a page of one gateway sends its form to the other"

    key = pair.browser.cookies[SESSION]
    out = await pair.browser.post(f"{pair.one}/console/sign-out", data={"form_token": form})
    assert out.headers["location"] == "/console/signed-out"
    pair.browser.cookies.set(SESSION, key, domain="127.0.0.1")
    assert await pair.statuses() == [303, 303], "whoever kept the cookie is signed out everywhere"
