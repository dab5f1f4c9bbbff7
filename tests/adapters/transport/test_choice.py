"""The three transports by name: each keeps what the HTTP seam promises of calls, cookies and failures."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import get_args

import pytest

from adapters.contract import AdapterError, Malformed, Unavailable
from adapters.drivers import open_adapter
from adapters.drivers.http import HttpClient, Request
from adapters.drivers.transport import OwnTransport, TransportName
from tests.adapters.over_http.loopback import a_manifest
from tests.adapters.transport.peer import obliging, says, serving, take


@pytest.fixture(params=get_args(TransportName))
def name(request: pytest.FixtureRequest) -> TransportName:
    if request.param == "aiohttp":
        pytest.importorskip("httpx_aiohttp", reason="the extra aiohttp is not installed")
    chosen: TransportName = request.param
    return chosen


def client(url: str, name: TransportName) -> HttpClient:
    limits = {"timeout": timedelta(seconds=10), "concurrency": 2, "max_bytes": 1_000}
    return HttpClient(url, source="js-test", transport=name, **limits)  # type: ignore[arg-type]


async def test_each_carries_calls_and_keeps_connections(name: TransportName) -> None:
    async with serving(obliging()) as served:
        asking = client(served.url, name)
        for _ in range(5):
            assert (await asking.send(Request("x", method="POST", content=b"y"))).content == b"ok"
        await asking.aclose()
    assert served.opened == 1


async def test_none_shows_one_viewers_cookies_to_the_next(name: TransportName) -> None:
    heads = []

    async def cookie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append((await take(reader))[0])
            writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: session=7; path=/\r\ncontent-length: 0\r\n\r\n")

    async with serving(cookie) as served:
        asking = client(served.url.replace("127.0.0.1", "localhost"), name)
        for _ in range(3):
            await asking.send(Request("x"))
        await asking.aclose()
    assert len(heads) == 3
    assert b"cookie" not in b"".join(heads).lower()


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"garbage\r\n\r\n", Malformed),
        (b"", Unavailable),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", Unavailable),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n", Malformed),
        (b"HTTP/1.1 302 Found\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n", Malformed),
    ],
)
async def test_each_failure_is_one_of_the_contracts(
    name: TransportName, wire: bytes, expected: type[AdapterError]
) -> None:
    async with serving(says(wire)) as served:
        asking = client(served.url, name)
        with pytest.raises(expected):
            await asking.send(Request("x"))
        await asking.aclose()


async def test_an_adapter_takes_the_transport_that_it_is_opened_with(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[OwnTransport] = []
    begin = OwnTransport.__init__

    def note(self: OwnTransport, *given: object) -> None:
        opened.append(self)
        begin(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(OwnTransport, "__init__", note)
    manifest = a_manifest({"kind": "rest", "base_url": "http://source.example/"}, {})
    for transport, expected in (("httpx", 0), ("own", 1)):
        await open_adapter(manifest, transport).aclose()  # type: ignore[arg-type]
        assert len(opened) == expected
