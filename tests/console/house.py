"""A console over a real log and index, without a gateway round it, and a browser's bare minimum to use it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.routing import BaseRoute

from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessRecord, EventEntry
from gateway.audit.report import Limits
from gateway.audit.search import Conditions, SearchIndex
from gateway.authorization.decide import CedarAuthorizer
from gateway.console.application import console
from gateway.console.attempts import Attempts
from gateway.console.cookies import Cookies
from gateway.console.doors import Door
from gateway.console.personas import Personas
from gateway.console.rate import SignInRate
from gateway.console.record import Recorder
from gateway.console.rendering import Renderer
from gateway.console.services import Services
from gateway.console.sessions import Sessions
from gateway.console.store import MemoryStore, SessionStore
from gateway.demo_viewers import ImitationAgency, ImitationViewer
from gateway.execution.cursor import Cursors
from gateway.execution.engine import Answer, Request
from gateway.http import Application
from gateway.identity.token import TokenService
from gateway.tokens import DevIssuer, Verifier
from gateway.viewer import Viewer
from schema.codes import check_digit

ORIGIN = "https://console.example"
NUMBER = "32990119900101001" + check_digit("32990119900101001")
TOKENS = TokenService(b"t" * 32, "test")
PERSON = TOKENS.mint(NUMBER) or ""
AUTHORIZER = CedarAuthorizer.load()


@dataclass
class House:
    """Everything in reach of a test."""

    client: httpx.AsyncClient
    log: SqliteAuditLog
    search: SearchIndex
    services: Services
    now: list[float]
    routes: Sequence[BaseRoute]

    async def sign_in(self, persona: str = "auditor", to: str = "/console") -> httpx.Response:
        """In by the demo's door."""
        page = await self.client.get("/console/sign-in", params={"to": to})
        return await self.client.post(
            "/console/sign-in", data={"form_token": form_token(page.text), "persona": persona}
        )

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """A form of the page at `path`'s own session."""
        page = await self.client.get("/console")
        return await self.client.post(path, data={"form_token": form_token(page.text), **fields})

    async def put(self, *records: AccessRecord) -> list[str]:
        """On record and searchable; their ids."""
        found = [(await self.log.append(record)).id for record in records]
        await self.search.catch_up()
        return found

    async def events(self) -> list[EventEntry]:
        """Everything on record that is no access, oldest first."""
        await self.search.catch_up()
        return [one async for one in self.search.stream(Conditions()) if isinstance(one, EventEntry)]


class _Silent:
    """No graph: break-glass is tested on a running gateway."""

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        raise AssertionError(f"the graph was asked {request.query}")


def form_token(page: str) -> str:
    """The token of a page's forms; one page has one."""
    (token,) = set(re.findall(r'name="form_token" value="([^"]+)"', page))
    return str(token)


def persona(profile: str, role: str, purpose: str, subject: str | None = None) -> ImitationViewer:
    """An imitation viewer of Jiangsu."""
    agency = ImitationAgency(code="320000900000", name="某某审计组（模拟）", kind="OVERSIGHT", jurisdiction="320000")
    return ImitationViewer(
        profile=profile,
        title=profile,
        subject=subject or f"staff-{profile}",
        agency=agency,
        roles={role},
        purpose=purpose,
    )


def personas(directory: Path) -> Personas:
    """Two auditors and two who are none."""
    issuer = DevIssuer(directory, mode="demo", audience="yiti-test")
    viewers = (
        persona("auditor", "AUDITOR", "AUDIT"),
        persona("second", "AUDITOR", "AUDIT"),
        persona("aimless", "AUDITOR", "SUPPORT"),
        persona("officer", "AFTERCARE_OFFICER", "AFTERCARE"),
    )
    return Personas(viewers, issuer, Verifier("yiti-test", {issuer.name: issuer.jwks}).verify)


@asynccontextmanager
async def opened(
    directory: Path,
    *,
    door: Callable[[Path], Door] = personas,
    secure: bool = True,
    rate: SignInRate | None = None,
    store: SessionStore | None = None,
) -> AsyncIterator[House]:
    """A console whose clock stands still until a test moves it."""
    now = [1_000.0]
    log = SqliteAuditLog(directory / "audit.sqlite")
    search = SearchIndex(directory / "search.sqlite", log, key=b"a" * 32, cursors=Cursors(b"c" * 32))
    store = store or MemoryStore(lambda: now[0])
    services = Services(
        log=log,
        search=search,
        authorizer=AUTHORIZER,
        basis=lambda policy: f"article of {policy}",
        sessions=Sessions(store, b"s" * 32, idle=1_200, longest=28_800, clock=lambda: now[0]),
        attempts=Attempts(store, b"s" * 32, clock=lambda: now[0]),
        cookies=Cookies(secure=secure),
        recorder=Recorder(log, "320000"),
        renderer=Renderer(name="yiti-test", place="江苏省", demo=True, secure=secure, token=search.token),
        door=door(directory),
        rate=rate or SignInRate(clock=lambda: now[0]),
        graph=_Silent(),
        limits=Limits(),
        jurisdiction="320000",
        mint=TOKENS.mint,
    )
    pages = console(services)
    application = Application({}, mounts={"/console": pages})
    transport = httpx.ASGITransport(application, raise_app_exceptions=True)
    try:
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            client.headers["Accept-Language"] = "en"
            yield House(client, log, search, services, now, pages.routes)
    finally:
        await search.aclose()
        await log.aclose()
