"""Nothing about a viewer comes from anywhere but the token: everything else that a caller can send, tried."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gateway.keys import read_signing_key
from gateway.tokens import DevIssuer, Profile
from mocks.stage import Stage
from tests.provinces.asking import ask
from tests.provinces.test_assertions import Wire

ME = """{ viewer { subject roles purpose agency { code jurisdiction { code } } labels { label effect } } }"""
CLAIMS: Mapping[str, str] = {
    "subject": "staff-auditor",
    "sub": "staff-auditor",
    "user": "staff-auditor",
    "roles": "AUDITOR",
    "role": "AUDITOR",
    "purpose": "AUDIT",
    "agency": "320000900000",
    "jurisdiction": "320000",
    "clearance": "3",
    "case-number": "A-1",
    "person": "p1",
    "act": "yiti-zhejiang",
    "via": "yiti-zhejiang",
}
BOASTS: dict[str, Mapping[str, str]] = {
    "plain": CLAIMS,
    "X-": {f"X-{name}": value for name, value in CLAIMS.items()},
    "X-Yiti-": {f"X-Yiti-{name}": value for name, value in CLAIMS.items()},
    "X-Viewer-": {f"X-Viewer-{name}": value for name, value in CLAIMS.items()},
    "X-Hasura-": {f"X-Hasura-{name}": value for name, value in CLAIMS.items()},
    "X-Forwarded-": {f"X-Forwarded-{name}": value for name, value in CLAIMS.items()},
    "proxies": {
        "X-Remote-User": "staff-auditor",
        "Remote-User": "staff-auditor",
        "X-Auth-Request-User": "staff-auditor",
        "X-Auth-Request-Groups": "AUDITOR",
        "X-Forwarded-For": "127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "Forwarded": "for=127.0.0.1;by=yiti-zhejiang",
        "X-Original-Authorization": "Bearer staff-auditor",
        "Proxy-Authorization": "Bearer staff-auditor",
        "X-SSL-Client-S-DN": "CN=staff-auditor",
        "X-Userinfo": "eyJzdWIiOiJzdGFmZi1hdWRpdG9yIn0=",
    },
    "cookies": {"Cookie": "; ".join(f"{name}={value}" for name, value in CLAIMS.items())},
}


def send(
    stage: Stage,
    token: str | None,
    body: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
    *,
    query: str = "",
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(urlsplit(stage.urls["jiangsu"]).netloc, timeout=60)
    try:
        own = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(
            "POST",
            f"/graphql{query}",
            json.dumps(body),
            {"Content-Type": "application/json", **own, **(headers or {})},
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def token(stage: Stage) -> str:
    return stage.token("jiangsu", "township-worker")


@pytest.fixture(scope="module")
def honest(stage: Stage) -> dict[str, Any]:
    return ask(stage, "township-worker", ME)


@pytest.mark.parametrize("kind", BOASTS)
def test_no_header_and_no_cookie_says_who_asks(stage: Stage, token: str, honest: dict[str, Any], kind: str) -> None:
    assert send(stage, token, {"query": ME}, BOASTS[kind]) == (200, honest)


@pytest.mark.parametrize("kind", BOASTS)
def test_no_header_and_no_cookie_stands_in_for_a_token(stage: Stage, kind: str) -> None:
    status, answer = send(stage, None, {"query": ME}, BOASTS[kind])
    assert (status, answer["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_a_token_elsewhere_is_none(stage: Stage) -> None:
    auditor = stage.token("jiangsu", "auditor")
    bearer = f"Bearer {auditor}"
    for headers in (
        {"X-Authorization": bearer},
        {"Cookie": f"Authorization={quote(bearer)}; access_token={auditor}; token={auditor}"},
        {"X-Access-Token": auditor, "X-Forwarded-Access-Token": auditor, "X-Auth-Token": auditor},
    ):
        assert send(stage, None, {"query": ME}, headers)[0] == 401
    for query in (f"?access_token={auditor}", f"?token={auditor}", f"?authorization={quote(bearer)}"):
        assert send(stage, None, {"query": ME}, query=query)[0] == 401
    extensions = {"authorization": bearer, "token": auditor, "headers": {"authorization": bearer}}
    assert send(stage, None, {"query": ME, "extensions": extensions})[0] == 401
    assert send(stage, None, {"query": ME, "variables": {"token": auditor}, "token": auditor})[0] == 401


def test_neither_extensions_nor_variables_nor_the_address_say_who_asks(
    stage: Stage, token: str, honest: dict[str, Any]
) -> None:
    said = {"viewer": CLAIMS, "claims": CLAIMS, "context": CLAIMS, **CLAIMS}
    assert send(stage, token, {"query": ME, "extensions": said}) == (200, honest)
    assert send(stage, token, {"query": ME, "variables": said}) == (200, honest)
    assert send(stage, token, {"query": ME, **said}) == (200, honest)
    address = "?" + "&".join(f"{name}={value}" for name, value in CLAIMS.items())
    assert send(stage, token, {"query": ME}, query=address) == (200, honest)


@pytest.mark.parametrize("argument", ["viewer", "asViewer", "role", "roles", "purpose", "agency", "onBehalfOf"])
def test_no_argument_says_who_asks(stage: Stage, token: str, argument: str) -> None:
    for query in (
        f'{{ viewer({argument}: "AUDITOR") {{ subject }} }}',
        f'{{ person(id: "x", {argument}: "AUDITOR") {{ id }} }}',
        f'{{ accesses({argument}: "AUDIT", first: 1) {{ totalCount }} }}',
        f'query Q @as({argument}: "AUDITOR") {{ viewer {{ subject }} }}',
    ):
        _, answer = send(stage, token, {"query": query})
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def _socket(stage: Stage, payload: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Any:
    """The viewer as a WebSocket shows it, or the close code."""
    address = f"ws://{urlsplit(stage.urls['jiangsu']).netloc}/graphql"
    async with connect(
        address,
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers=dict(headers or {}),
        proxy=None,
    ) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        first = await _heard(socket)
        if first is None:
            return socket.close_code
        assert first == {"type": "connection_ack"}
        asked = {"query": ME, "extensions": dict(CLAIMS), "variables": dict(CLAIMS)}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
        return (await _heard(socket))["payload"]


async def _heard(socket: Any) -> Any:
    try:
        return json.loads(await asyncio.wait_for(socket.recv(), 60))
    except ConnectionClosed:
        return None


async def test_a_websockets_first_message_says_nothing_but_its_token(
    stage: Stage, token: str, honest: dict[str, Any]
) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    assert await _socket(stage, {**CLAIMS, "viewer": CLAIMS, "claims": CLAIMS, **bearer}) == honest
    assert await _socket(stage, dict(CLAIMS), {**BOASTS["X-"], **bearer}) == honest
    assert await _socket(stage, {**CLAIMS, "token": token, "access_token": token}, BOASTS["proxies"]) == 4403


async def test_another_gateways_statement_opens_no_websocket(stage: Stage) -> None:
    wire = Wire(stage.urls["jiangsu"], read_signing_key(stage.directory / "zhejiang" / "signing.key.json"))
    assert await _socket(stage, {"Authorization": f"Bearer {wire.assertion(b'')}"}) == 4403


@pytest.mark.parametrize(
    ("profile", "purpose"),
    [
        ("township-worker", "AUDIT"),
        ("clerk", "STATUTORY_QUERY"),
        ("auditor", "AFTERCARE"),
        ("police-officer", "AUDIT"),
    ],
)
def test_a_purpose_opens_nothing_to_a_role_that_does_not_serve_it(stage: Stage, profile: str, purpose: str) -> None:
    """Even where an issuer grants it by mistake, the policy's own guards hold."""
    (entry,) = (one for one in stage._viewers("jiangsu") if one["profile"] == profile)
    agency: Any = entry["agency"]
    roles: Any = entry["roles"]
    issuer = DevIssuer(stage.directory / "jiangsu", mode="demo", audience="yiti-jiangsu")
    spoofed = issuer.issue(
        Profile(
            subject=str(entry["subject"]),
            agency=agency["code"],
            agency_name=agency["name"],
            agency_kind=agency["kind"],
            jurisdiction=agency["jurisdiction"],
            roles=frozenset(roles),
        ),
        purpose,
    )
    _, answer = send(stage, spoofed, {"query": "{ persons(first: 10) { edges { node { name } } } }"})
    people = (answer.get("data") or {}).get("persons")
    assert not people or people["edges"] == []
