"""The HTTP seam against servers that misbehave: each failure becomes one of the closed errors and tells nothing."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import traceback
from datetime import timedelta

import pytest

from adapters.contract import (
    AdapterError,
    Deadline,
    Invalid,
    Malformed,
    Refused,
    Throttled,
    Unavailable,
)
from adapters.drivers.http import Answer, HttpClient, Request, raise_for_status, secret_headers
from adapters.manifest import HeaderAuth, ManifestError
from tests.adapters.over_http.loopback import Peer, hostile, says

SECRET = "329901199003074512"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def client(url: str, **changes: object) -> HttpClient:
    given = {"source": "js-test", "timeout": timedelta(seconds=10), "concurrency": 4, "max_bytes": 1000}
    return HttpClient(url, **{**given, **changes})


async def fails(peer: Peer, expected: type[AdapterError], **changes: object) -> AdapterError:
    async with hostile(peer) as url:
        asking = client(url, **changes)
        with pytest.raises(expected) as raised:
            await asking.send(Request(f"persons/{SECRET}", headers={"x-key": SECRET}))
        await asking.aclose()
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert "127.0.0.1" not in str(raised.value)
    return raised.value


async def test_a_whole_answer_arrives() -> None:
    async with hostile(says(OK)) as url:
        asking = client(url)
        answer = await asking.send(Request("x"))
        await asking.aclose()
    assert (answer.status, answer.content, answer.media_type) == (200, b"{}", "application/json")


async def test_a_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asking = client(f"http://127.0.0.1:{port}")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await asking.send(Request("x"))
    await asking.aclose()


async def test_an_unknown_host_is_unavailable() -> None:
    asking = client("http://no-such-host.invalid/")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await asking.send(Request("x"))
    await asking.aclose()


async def test_half_a_body_is_unavailable() -> None:
    await fails(says(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{"), Unavailable)


async def test_half_a_head_is_unavailable() -> None:
    await fails(says(b"HTTP/1.1 200 OK\r\ncontent-le"), Unavailable)


async def test_a_reset_is_unavailable() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        handle = writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    await fails(reset, Unavailable)


async def test_garbage_is_malformed() -> None:
    await fails(says(f"hello {SECRET}\r\n\r\n".encode()), Malformed)


async def test_a_broken_chunk_is_malformed() -> None:
    await fails(says(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n"), Malformed)


async def test_a_redirect_is_not_followed() -> None:
    hits = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    await fails(redirect, Malformed)
    assert len(hits) == 1


async def test_a_declared_huge_body_is_not_read() -> None:
    await fails(says(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"), Malformed)


async def test_an_endless_body_is_cut_at_the_limit() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()
            sent += 1024

    error = await fails(endless, Malformed, max_bytes=100_000)
    assert "max_bytes" in str(error)
    assert sent < 50_000_000


async def test_a_compressed_answer_is_malformed() -> None:
    await fails(says(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx"), Malformed)


async def test_a_body_that_never_ends_is_unavailable_at_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{")
        await writer.drain()
        await asyncio.Event().wait()

    await fails(drip, Unavailable, timeout=timedelta(milliseconds=50))


async def test_nothing_is_sent_after_the_deadline() -> None:
    connections = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    async with hostile(count) as url:
        asking = client(url)
        with pytest.raises(Unavailable):
            await asking.send(Request("x"), Deadline.after(-1))
        await asking.aclose()
    assert connections == []


async def test_waiting_for_a_place_counts_against_the_deadline() -> None:
    asked: list[bytes] = []
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        arrived.set()
        await release.wait()
        writer.write(OK)
        await writer.drain()

    async with hostile(hold) as url:
        asking = client(url, concurrency=1)
        first = asyncio.create_task(asking.send(Request("first")))
        await arrived.wait()
        with pytest.raises(Unavailable):
            await asking.send(Request("second"), Deadline.after(0.02))
        release.set()
        assert (await first).ok
        await asking.aclose()
    assert [head.split()[1] for head in asked] == [b"/first"]


@pytest.mark.parametrize("transport", ["own", "httpx"])
async def test_a_client_that_is_closed_is_unavailable(transport: str) -> None:
    async with hostile(says(OK)) as url:
        asking = client(url, transport=transport)
        assert (await asking.send(Request("x"))).ok
        await asking.aclose()
        with pytest.raises(Unavailable, match="gateway ends"):
            await asking.send(Request("x"))
        with pytest.raises(Unavailable, match="gateway ends"):
            asking.begin(Request("x"), Deadline.after(1))


@pytest.mark.parametrize("transport", ["own", "httpx"])
async def test_who_waits_for_a_place_while_the_client_is_closed_is_told_so(transport: str) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await release.wait()
        writer.close()

    async with hostile(hold) as url:
        asking = client(url, concurrency=1, transport=transport)
        tasks = [asyncio.create_task(asking.send(Request(one))) for one in ("first", "second")]
        await arrived.wait()
        await asyncio.sleep(0)
        await asking.aclose()
        release.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in ended] == [Unavailable, Unavailable]


async def test_a_read_that_got_nothing_back_is_asked_once_more() -> None:
    tries = []

    async def hang_up_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(await reader.readuntil(b"\r\n\r\n"))
        if len(tries) > 1:
            writer.write(OK)
            await writer.drain()

    async with hostile(hang_up_first) as url:
        asking = client(url)
        assert (await asking.send(Request("x"))).ok
        await asking.aclose()
    assert len(tries) == 2


async def test_a_read_is_asked_no_more_than_twice() -> None:
    tries = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(await reader.readuntil(b"\r\n\r\n"))

    await fails(hang_up, Unavailable)
    assert len(tries) == 2


async def test_half_an_answer_is_not_asked_for_again() -> None:
    tries = []

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")
        await writer.drain()

    await fails(half, Unavailable)
    assert len(tries) == 1


async def test_cookies_are_not_kept_for_the_next_viewer() -> None:
    heads = []

    async def cookie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: session=7; path=/\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()

    async with hostile(cookie) as url:
        asking = client(url)
        await asking.send(Request("x"))
        await asking.send(Request("x"))
        await asking.aclose()
    assert b"cookie" not in heads[1].lower()


@pytest.mark.parametrize("target", ["//evil.example/x", "http://evil.example/x", "@evil.example/x", "/x"])
async def test_the_host_is_pinned(target: str) -> None:
    heads = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()

    async with hostile(note) as url:
        asking = client(f"{url}/base")
        await asking.send(Request(target))
        await asking.aclose()
    assert heads[0].startswith(b"GET /base/")


async def test_no_logger_writes_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with hostile(says(OK)) as url:
        asking = client(url)
        await asking.send(Request(f"persons/{SECRET}"))
        await asking.aclose()
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("http")]


async def test_a_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with hostile(says(OK)) as url:
        asking = client(url)
        assert (await asking.send(Request("x"))).ok
        await asking.aclose()


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, Refused), (403, Refused), (429, Throttled), (500, Unavailable), (503, Unavailable), (404, Invalid)],
)
def test_a_status_means_a_closed_error(status: int, expected: type[AdapterError]) -> None:
    with pytest.raises(expected):
        raise_for_status("js-test", Answer(status, b"", ""))


@pytest.mark.parametrize(
    ("header", "seconds"), [(b"7", 7), (b"Thu, 01 Jan 1970 00:00:00 GMT", 0), (b"soon", None), (b"9" * 30, None)]
)
async def test_throttling_says_when_to_come_back(header: bytes, seconds: int | None) -> None:
    async with hostile(says(b"HTTP/1.1 429 X\r\nretry-after: " + header + b"\r\ncontent-length: 0\r\n\r\n")) as url:
        asking = client(url)
        answer = await asking.send(Request("x"))
        await asking.aclose()
    with pytest.raises(Throttled) as raised:
        raise_for_status("js-test", answer)
    assert raised.value.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("address", ["ftp://host/", "host/path", "http://", "http://host/?key=1"])
def test_an_address_of_another_form_stops_the_start(address: str) -> None:
    with pytest.raises(ManifestError, match="js-test: source"):
        client(address)


def test_a_missing_secret_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JS_KEY", raising=False)
    auth = HeaderAuth(kind="header", name="X-Key", secret_env="JS_KEY")
    with pytest.raises(ManifestError, match="JS_KEY"):
        secret_headers("js-test", auth)
    monkeypatch.setenv("JS_KEY", "k\r\nx: y")
    with pytest.raises(ManifestError, match="JS_KEY"):
        secret_headers("js-test", auth)


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JS_KEY", "k-1")
    assert secret_headers("js-test", HeaderAuth(kind="header", name="X-Key", secret_env="JS_KEY")) == {"X-Key": "k-1"}
