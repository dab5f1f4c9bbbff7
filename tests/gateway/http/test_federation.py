"""The doors for other gateways."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from gateway.audit.record import AccessRecord, LogEntry
from gateway.errors import AuditUnavailable, Unauthenticated
from gateway.federation.binding import Sent
from gateway.federation.locator import Locator
from gateway.http.application import Application, Route
from gateway.http.federation import LocatorEndpoint, public_keys

TOKENS = tuple(f"p1_{letter * 25}a" for letter in "abcdefg")
PEER = {"Authorization": "Bearer peer-token"}


class Holding:
    def own(self) -> Sequence[str]:
        return TOKENS


class Peers:
    async def identify_service(self, token: str, sent: Sent) -> str:
        if token != "peer-token":
            raise Unauthenticated("Only another gateway's service token opens this door.")
        return "yiti-zhejiang"


class Log:
    def __init__(self, *, broken: bool = False) -> None:
        self.records: list[AccessRecord] = []
        self.broken = broken

    async def append(self, record: AccessRecord) -> LogEntry:
        if self.broken:
            raise AuditUnavailable("The access cannot be put on record. Try again later.")
        self.records.append(record)
        return LogEntry("e", 0, "", record)

    async def entry(self, entry_id: str) -> LogEntry | None:
        return None

    async def aclose(self) -> None: ...


async def ask(log: Log, body: object, headers: dict[str, str]) -> httpx.Response:
    endpoint = LocatorEndpoint(Locator(Holding()), Peers(), log, jurisdiction="320000")
    app = Application({"/federation/locator": Route(endpoint, ("POST",))})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        if isinstance(body, bytes):
            headers = {**headers, "Content-Type": "application/json"}
            return await client.post("/federation/locator", content=body, headers=headers)
        return await client.post("/federation/locator", json=body, headers=headers)


async def test_a_peer_pages_through_everybody() -> None:
    log, found, after = Log(), [], None
    for _ in range(3):
        body = (await ask(log, {"after": after, "size": 3}, PEER)).json()
        found += body["tokens"]
        after = body["after"]
    assert found == list(TOKENS)
    assert after is None


async def test_a_page_is_on_record() -> None:
    log = Log()
    answer = await ask(log, {"after": None}, PEER)
    (record,) = log.records
    assert (record.subject, record.purpose, record.operation, record.outcome) == (
        "yiti-zhejiang",
        "LOCATE",
        "locator",
        "OK",
    )
    assert record.request_id == answer.headers["x-request-id"]


async def test_what_cannot_be_put_on_record_is_not_answered() -> None:
    answer = await ask(Log(broken=True), {"after": None}, PEER)
    assert answer.status_code == 503
    assert "p1_" not in answer.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer viewer-token"}])
async def test_nobody_else_may_ask(headers: dict[str, str]) -> None:
    log = Log()
    answer = await ask(log, {"after": None}, headers)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers
    assert log.records == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "BAD_REQUEST"),
        (b"[]", "BAD_REQUEST"),
        ({"after": 1}, "BAD_REQUEST"),
        ({"size": True}, "BAD_REQUEST"),
        ({"size": "9"}, "BAD_REQUEST"),
        ({"size": 0}, "BAD_PAGE_SIZE"),
        ({"size": 10**6}, "BAD_PAGE_SIZE"),
        ({"after": "nobody"}, "BAD_CURSOR"),
        (b" " * 5_000, "LIMIT_EXCEEDED"),
    ],
    ids=range(9),
)
async def test_refuses_what_is_no_page(body: object, code: str) -> None:
    log = Log()
    answer = await ask(log, body, PEER)
    assert 400 <= answer.status_code < 500
    assert answer.json()["errors"][0]["extensions"]["code"] == code
    assert [record.outcome for record in log.records] == ["REFUSED"]


async def test_public_keys_are_for_everybody() -> None:
    app = Application({"/.well-known/jwks.json": Route(public_keys({"keys": []}))})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        assert (await client.get("/.well-known/jwks.json")).json() == {"keys": []}
