"""Bodies that are sent: by length, in chunks, to a side that stops listening; and requests that nobody may write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.adapters.transport.peer import OK, own, serving, stats, until_closed

TOO_LARGE = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"


class Kept:
    """A peer that notes what it gets until `end`, and answers."""

    def __init__(self, end: bytes) -> None:
        self.end = end
        self.got: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.got.append(await reader.readuntil(self.end))
            writer.write(OK)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def test_a_body_in_pieces_goes_in_chunks() -> None:
    peer = Kept(b"0\r\n\r\n")
    async with serving(peer) as served, own() as client:
        for _ in range(2):
            await client.post(served.url, content=pieces(b"hello", b"", b"x" * 20))
        assert stats(client).opened == 1
    head, body = peer.got[0].split(b"\r\n\r\n", 1)
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == b"5\r\nhello\r\n14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n"


async def test_a_body_in_pieces_of_known_length_goes_as_it_is() -> None:
    peer = Kept(b"end")
    async with serving(peer) as served, own() as client:
        await client.post(served.url, content=pieces(b"to the ", b"end"), headers={"content-length": "10"})
    assert peer.got[0].endswith(b"\r\n\r\nto the end")


async def test_a_body_at_hand_can_go_in_chunks() -> None:
    peer = Kept(b"0\r\n\r\n")
    async with serving(peer) as served, own() as client:
        for content in (b"hello", b""):
            request = client.build_request("POST", served.url, content=content)
            request.headers.pop("content-length", None)
            request.headers["transfer-encoding"] = "chunked"
            await client.send(request)
    assert [one.split(b"\r\n\r\n", 1)[1] for one in peer.got] == [b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize("length", ["4", "6"])
async def test_a_body_in_pieces_must_have_its_length(length: str) -> None:
    async with serving(until_closed) as served, own() as client:
        with pytest.raises(httpx.LocalProtocolError, match="Content-Length"):
            await client.post(served.url, content=pieces(b"hello"), headers={"content-length": length})
        assert (stats(client).in_use, stats(client).idle) == (0, 0)
        await served.ended.get()


async def test_a_body_whose_making_fails_takes_the_connection_with_it() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    async with serving(until_closed) as served, own() as client:
        with pytest.raises(ZeroDivisionError):
            await client.post(served.url, content=failing())
        assert (stats(client).in_use, stats(client).idle) == (0, 0)
        await served.ended.get()


async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers after the head, and takes nothing more."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(TOO_LARGE)
    await asyncio.Event().wait()


async def test_an_early_answer_ends_the_sending_of_pieces() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    async with serving(early) as served, own() as client:
        response = await client.post(served.url, content=endless())
        assert (response.status_code, response.content) == (413, b"no")
        assert (stats(client).in_use, stats(client).idle) == (0, 0)


async def test_an_early_answer_ends_the_sending_of_a_large_body() -> None:
    async with serving(early) as served, own() as client:
        response = await client.post(served.url, content=b"x" * 50_000_000)
        assert (response.status_code, response.content) == (413, b"no")
        assert (stats(client).in_use, stats(client).idle) == (0, 0)


async def test_a_side_that_takes_nothing_is_a_write_timeout() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with serving(deaf) as served, own() as client:
        with pytest.raises(httpx.WriteTimeout):
            await client.post(served.url, content=b"x" * 50_000_000, timeout=httpx.Timeout(None, write=0.05))
        assert stats(client).in_use == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"x": "a\r\nb: c"},
        {"x": "a\nb"},
        {"x": "a\rb"},
        {"x": "a\0b"},
        {"x y": "a"},
        {"x:": "a"},
        {"": "a"},
        {"content-length": "3"},
        {"content-length": "5, 5"},
        {"content-length": "+5"},
        {"content-length": "5", "transfer-encoding": "chunked"},
        {"transfer-encoding": "gzip"},
        [("host", "a"), ("host", "b")],
    ],
)
async def test_a_request_that_could_be_read_as_two_is_not_sent(headers: dict[str, str]) -> None:
    async with serving(until_closed) as served, own() as client:
        with pytest.raises(httpx.LocalProtocolError) as raised:
            await client.post(served.url, content=b"hello", headers=headers)
        assert served.opened == 0
    assert "hello" not in str(raised.value)


@pytest.mark.parametrize("method", ["GE T", "", "GET\r\nx: y", "CONNECT"])
async def test_a_method_that_is_none_is_not_sent(method: str) -> None:
    async with serving(until_closed) as served, own() as client:
        with pytest.raises(httpx.LocalProtocolError):
            await client.request(method, served.url)
        assert served.opened == 0
