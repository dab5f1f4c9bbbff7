"""The pages, and that nothing on them comes from another server."""

from __future__ import annotations

import re

import httpx
import pytest

from gateway.http.application import Application, Route
from gateway.http.pages import STATIC, DemoViewer, demo_viewers, landing
from tests.gateway.http.standins import AUTHORIZED, Engine, application

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_a_browser_gets_the_editor_without_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", headers={"Accept": BROWSER})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "graphiql" in answer.text


async def test_a_program_never_gets_the_editor(client: httpx.AsyncClient) -> None:
    headers = {**AUTHORIZED, "Accept": "*/*"}
    assert (await client.get("/graphql", params={"query": "{ who }"}, headers=headers)).json() == {
        "data": {"who": "staff-7"}
    }


async def test_the_editor_can_be_switched_off(engine: Engine) -> None:
    transport = httpx.ASGITransport(application(engine, editor=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/graphql", headers={"Accept": "text/html"})
    assert answer.status_code == 406


@pytest.mark.parametrize("path", ["/", "/graphql"])
async def test_pages_load_from_this_server_only(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path, headers={"Accept": BROWSER})
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert re.findall(r"<script(?![^>]*\ssrc=)|\son\w+=|(?:src|href)=\"(?:https?:)?//", page.text) == []
    for link in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        assert (await client.get(link)).status_code == 200


async def test_files_are_found_again_by_their_etag(client: httpx.AsyncClient) -> None:
    path = "/static/pages.css"
    first = await client.get(path, headers={"Accept-Encoding": "gzip"})
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert first.headers["content-encoding"] == "gzip"
    assert first.text == (STATIC / "pages.css").read_text(encoding="utf-8")
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/../application.py", "/static/%2e%2e/pages.py", "/static/graphiql/NOTICE", "/static/", "/demo/viewers"],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_landing_page_says_what_this_is_and_escapes(engine: Engine) -> None:
    app = Application({"/": Route(landing(name="<b>x</b>", province="浙江省", demo=True, editor=True))})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        page = await client.get("/", headers={"Accept": BROWSER})
        facts = await client.get("/", headers={"Accept": "application/json"})
        head = await client.head("/")
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text
    assert "/readyz" in page.text
    assert facts.json()["graphql"] == "/graphql"
    assert head.content == b""


async def test_the_demo_offers_its_viewers() -> None:
    app = Application({"/demo/viewers": Route(demo_viewers(lambda: [DemoViewer("后续照管", "t1")]))})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        answer = await client.get("/demo/viewers")
    assert answer.json() == [{"title": "后续照管", "token": "t1"}]


def test_the_vendored_files_carry_their_licences() -> None:
    notice = (STATIC / "graphiql" / "NOTICE").read_text(encoding="utf-8")
    for name in ("graphiql 3.9.0", "react 18.3.1", "react-dom 18.3.1", "codemirror", "Open Font License"):
        assert name in notice
