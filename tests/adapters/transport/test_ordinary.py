"""The same exchanges on our transport and on httpx's own: status, headers, body and failures are the same."""

from __future__ import annotations

import asyncio
import gc
import zlib
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from httptools import HttpResponseParser

from adapters.drivers.http import HttpClient, Request
from adapters.drivers.transport import Limits, OwnTransport, TransportName, open_transport
from adapters.drivers.transport.answer import Answer
from adapters.drivers.transport.connection import Connection
from adapters.drivers.transport.exchange import Exchange
from adapters.drivers.transport.request import Outgoing
from adapters.drivers.transport.transport import Body
from tests.adapters.transport.peer import Peer, obliging, own, says, serving, stats, take

HEAD = b"HTTP/1.1 200 OK\r\n"
SIZES = (0, 1, 2, 1023, 65_535, 65_536, 65_537, 300_000, 3_000_000)


@dataclass(frozen=True)
class Outcome:
    status: int
    version: str
    reason: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def ask(transport: httpx.AsyncBaseTransport, peer: Peer, method: str) -> Outcome | type[BaseException]:
    async with (
        serving(peer) as served,
        httpx.AsyncClient(transport=transport, trust_env=False, timeout=None) as client,
    ):
        try:
            response = await client.request(method, served.url + "/a%2Fb?c=d%20e")
        except httpx.TransportError as err:
            return type(err)
        return Outcome(
            response.status_code,
            response.http_version,
            response.reason_phrase,
            response.headers.raw,
            response.content,
        )


def chunked(body: bytes, size: int) -> bytes:
    wire = [b"%x\r\n%b\r\n" % (len(body[at : at + size]), body[at : at + size]) for at in range(0, len(body), size)]
    return b"".join(wire) + b"0\r\n\r\n"


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
MANY = b"Set-Cookie: a=1\r\nset-cookie: b=2\r\nX-Empty:\r\nX-Odd:  a  b \r\n"
IN_CHUNKS = HEAD + b"transfer-encoding: chunked\r\n\r\n"
PACKED = zlib.compress(b"hello" * 100)


def of_length(body: bytes, headers: bytes = b"") -> bytes:
    return HEAD + headers + b"content-length: %d\r\n\r\n" % len(body) + body


EXCHANGES: dict[str, tuple[str, list[bytes]]] = {
    **{f"length {size}": ("GET", [of_length(b"x" * size)]) for size in SIZES},
    **{f"chunks of {size}": ("GET", [IN_CHUNKS, chunked(b"y" * 5_000, size)]) for size in (1, 7, 4096, 9999)},
    **{f"until close {size}": ("GET", [HEAD + b"\r\n", b"z" * size]) for size in SIZES},
    "many values": ("GET", [of_length(b"", MANY)]),
    "bytes in headers": ("GET", [of_length(b"", "x-name: 张三\r\n".encode("gb18030"))]),
    "no reason": ("GET", [b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"]),
    "odd reason": ("GET", [b"HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n"]),
    "old version": ("GET", [b"HTTP/1.0 200 OK\r\n\r\nold"]),
    "redirect": ("GET", [b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n"]),
    "failure": ("POST", [b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 4\r\n\r\nbusy"]),
    "head": ("HEAD", [HEAD + b"content-length: 999\r\n\r\n"]),
    "no content": ("GET", [b"HTTP/1.1 204 No Content\r\n\r\n"]),
    "not modified": ("GET", [b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\netag: x\r\n\r\n"]),
    "interim": ("GET", [*INTERIM, of_length(b"ok")]),
    "torn head": ("GET", [HEAD[:9], HEAD[9:] + b"content-le", b"ngth: 2\r\n\r", b"\nok"]),
    "compressed": ("GET", [of_length(PACKED, b"content-encoding: deflate\r\n")]),
    "half a body": ("GET", [HEAD + b"content-length: 9\r\n\r\nhalf"]),
    "half a chunk": ("GET", [IN_CHUNKS + b"9\r\nhalf"]),
    "nothing": ("GET", []),
    "garbage": ("GET", [b"garbage that is not HTTP at all\r\n\r\n"]),
    "two lengths": ("GET", [HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"]),
}


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize("other", ["httpx", "aiohttp"])
async def test_the_outcome_is_the_same(name: str, other: TransportName) -> None:
    method, pieces = EXCHANGES[name]
    if other == "aiohttp":
        pytest.importorskip("httpx_aiohttp", reason="the extra aiohttp is not installed")
    outcome = await ask(OwnTransport(), says(*pieces), method)
    theirs = await ask(open_transport(other, httpx.create_ssl_context(), 4), says(*pieces), method)
    if other == "httpx":
        assert outcome == theirs
    elif isinstance(theirs, Outcome):  # aiohttp is laxer, and names failures in its own way
        assert not isinstance(outcome, Outcome) or (outcome.status, outcome.body) == (theirs.status, theirs.body)
    else:
        assert not isinstance(outcome, Outcome)


async def heads(transport: httpx.AsyncBaseTransport) -> list[tuple[bytes, bytes]]:
    seen = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await take(reader))
            writer.write(HEAD + b"content-length: 0\r\n\r\n")
            await writer.drain()

    async with serving(note) as served, httpx.AsyncClient(transport=transport, trust_env=False) as client:
        host = {"host": "source.example"}  # the port differs from run to run
        await client.get(served.url, headers=host)
        await client.get(served.url + "/张?a=b&a=%2F&c#d", headers=[*host.items(), ("x", "1"), ("X", "2")])
        await client.post(served.url + "/p", content=b"body", headers=host)
        await client.post(served.url + "/p", json={"a": "张三"}, headers=host)
        await client.post(served.url + "/p", data={"a": "b c"}, headers=host)
        await client.request("HEAD", served.url, headers=host)
        await client.request("OPTIONS", served.url + "/*", headers=host)
    return seen


def lines(head: bytes) -> list[bytes]:
    """The request line and the headers, whose order httpcore changes."""
    first, *headers = head.split(b"\r\n")
    return [first, *sorted(headers)]


async def test_the_request_on_the_wire_is_the_same() -> None:
    ours, theirs = await heads(OwnTransport()), await heads(httpx.AsyncHTTPTransport())
    assert [(lines(head), body) for head, body in ours] == [(lines(head), body) for head, body in theirs]


async def test_a_thousand_calls_in_a_row_use_one_connection() -> None:
    async with serving(obliging()) as served, own() as client:
        for _ in range(1_000):
            assert (await client.get(served.url)).content == b"ok"
        assert (stats(client).opened, stats(client).reused) == (1, 999)
    assert served.opened == 1


async def test_calls_at_once_share_the_connections_there_may_be() -> None:
    async def ask_five(client: httpx.AsyncClient, url: str) -> None:
        for _ in range(5):
            assert (await client.post(url, content=b"x")).content == b"ok"

    async with serving(obliging()) as served, own(connections=8) as client:
        await asyncio.gather(*(ask_five(client, served.url) for _ in range(64)))
        now = stats(client)
        assert (now.opened, now.reused, now.idle, now.in_use, now.waiting) == (8, 312, 8, 0, 0)
    assert served.opened == 8


async def test_nothing_is_pipelined() -> None:
    async def strict(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await take(reader)
            await asyncio.sleep(0)
            assert not reader._buffer  # type: ignore[attr-defined]
            writer.write(HEAD + b"content-length: 2\r\n\r\nok")
            await writer.drain()

    async with serving(strict) as served, own(connections=1) as client:
        answers = await asyncio.gather(*(client.get(served.url) for _ in range(20)))
    assert [answer.content for answer in answers] == [b"ok"] * 20


async def test_ipv6_addresses_are_reached() -> None:
    async with serving(obliging(), host="::1") as served, own() as client:
        assert (await client.get(served.url)).content == b"ok"


async def test_another_scheme_is_refused() -> None:
    async with own() as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get("ftp://source.example/")


async def test_a_closed_transport_opens_nothing() -> None:
    transport = OwnTransport(limits=Limits())
    await transport.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await transport.handle_async_request(httpx.Request("GET", "http://127.0.0.1:1/"))


@pytest.mark.parametrize("answer", [of_length(b"x" * 500), IN_CHUNKS + chunked(b"y" * 500, 100)])
async def test_calls_leave_nothing_to_the_garbage_collector(answer: bytes) -> None:
    ours = (Answer, Body, Connection, Exchange, Outgoing, HttpResponseParser, httpx.Request, httpx.Response)
    async with serving(obliging(answer)) as served:
        limits = {"timeout": timedelta(seconds=10), "concurrency": 2, "max_bytes": 1_000}
        asking = HttpClient(served.url, source="js-test", **limits)  # type: ignore[arg-type]
        await asking.send(Request("x"))
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                await asking.send(Request("x"))
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = [type(one).__name__ for one in gc.garbage if isinstance(one, ours)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        await asking.aclose()
    assert left == []
