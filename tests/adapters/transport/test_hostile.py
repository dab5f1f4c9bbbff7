"""Servers that misbehave: each failure is one of httpx's, and no connection outlives it."""

from __future__ import annotations

import asyncio
import socket
import struct

import httpx
import pytest

from tests.adapters.transport.peer import (
    OK,
    Peer,
    obliging,
    one_of_each,
    own,
    says,
    serving,
    stats,
    take,
    until,
    until_closed,
)

SECRET = "329901199003074512"
LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: "


async def failure(peer: Peer, expected: type[httpx.TransportError], **timeouts: float) -> httpx.TransportError:
    """What a call raises; afterwards no connection is left, neither idle nor in use."""
    async with serving(peer) as served, own() as client:
        with pytest.raises(expected) as raised:
            await client.get(f"{served.url}/{SECRET}", timeout=httpx.Timeout(None, **timeouts))
        now = stats(client)
        assert (now.idle, now.in_use, now.waiting) == (0, 0, 0)
        await served.ended.get()
    assert SECRET not in str(raised.value)
    assert type(raised.value) is expected
    return raised.value


async def test_a_refused_connection_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with own() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{port}")
        assert stats(client).in_use == 0


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".example", "a..b"])
async def test_a_host_that_does_not_exist_is_a_connect_error(host: str) -> None:
    async with own() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{host}/")


async def test_a_server_that_never_answers_to_tls_is_a_connect_timeout() -> None:
    async with serving(until_closed) as served, own() as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get(served.url.replace("http:", "https:"), timeout=httpx.Timeout(None, connect=0.05))
        assert stats(client).in_use == 0
        await served.ended.get()


async def test_silence_is_a_read_timeout() -> None:
    await failure(until_closed, httpx.ReadTimeout, read=0.02)


async def test_half_a_head_and_silence_is_a_read_timeout() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await until_closed(reader, writer)

    await failure(half, httpx.ReadTimeout, read=0.02)


async def test_half_a_body_and_silence_is_a_read_timeout() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LENGTH + b"9\r\n\r\nhalf")
        await until_closed(reader, writer)

    await failure(half, httpx.ReadTimeout, read=0.02)


async def test_a_reset_is_a_read_error() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        handle = writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    await failure(reset, httpx.ReadError)


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nx",
        LENGTH + b"9\r\n\r\nhalf",
        LENGTH + b"1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        LENGTH + b"1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 129 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
        b"SSH-2.0-x\r\n",
    ],
)
async def test_what_is_no_answer_is_a_protocol_error(wire: bytes) -> None:
    await failure(says(wire), httpx.RemoteProtocolError)


async def test_a_body_that_breaks_gives_first_what_came() -> None:
    async with serving(says(LENGTH + b"9\r\n\r\nhalf")) as served, own() as client:
        async with client.stream("GET", served.url) as response:
            pieces = response.aiter_raw()
            assert await anext(pieces) == b"half"
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(pieces)
        assert stats(client).in_use == 0


@pytest.mark.parametrize("more", [OK, b"x", b"\r\n"])
@pytest.mark.parametrize("answer", [OK, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"])
async def test_bytes_after_an_answer_never_reach_the_next_call(answer: bytes, more: bytes) -> None:
    async def talkative(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(answer + more)
        await until_closed(reader, writer)

    async with serving(one_of_each(talkative, obliging())) as served, own() as client:
        assert (await client.get(served.url)).content == b"ok"
        assert stats(client).idle == 0
        assert (await client.get(served.url)).content == b"ok"
        assert stats(client).opened == 2
        await served.ended.get()


async def test_bytes_on_an_idle_connection_close_it() -> None:
    speak = asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(OK)
        await speak.wait()
        writer.write(OK)
        await until_closed(reader, writer)

    async with serving(late) as served, own() as client:
        await client.get(served.url)
        assert stats(client).idle == 1
        speak.set()
        await served.ended.get()
        assert stats(client).idle == 0


async def test_a_server_that_closes_an_idle_connection_takes_it_out() -> None:
    async with serving(says(OK)) as served, own() as client:
        await client.get(served.url)
        await served.ended.get()
        await until(lambda: not stats(client).idle)
        assert (await client.get(served.url)).content == b"ok"
        assert (stats(client).opened, stats(client).reused) == (2, 0)


async def test_a_server_that_half_closes_after_its_answer_is_not_asked_again_there() -> None:
    async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(OK)
        writer.write_eof()
        await until_closed(reader, writer)

    async with serving(half_close) as served, own() as client:
        for _ in range(3):
            assert (await client.get(served.url)).content == b"ok"
            await served.ended.get()
        assert stats(client).opened == 3


async def test_a_body_that_is_not_taken_stops_the_server() -> None:
    sent = 0
    stuck = asyncio.Event()

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await take(reader)
        writer.write(LENGTH + b"200000000\r\n\r\n")
        while sent < 200_000_000:
            writer.write(b"x" * 100_000)
            sent += 100_000
            if writer.transport.get_write_buffer_size():
                stuck.set()
            await writer.drain()

    async with serving(pour) as served, own() as client:
        async with client.stream("GET", served.url) as response:
            await stuck.wait()
            for _ in range(200):
                await asyncio.sleep(0)
            assert sent < 30_000_000  # ours and the kernel's buffers; the rest waits at the server
            taken = 0
            async for piece in response.aiter_raw():
                taken += len(piece)
                if taken > 50_000_000:  # it flows again when it is taken
                    break
        assert stats(client).in_use == 0
        await served.ended.get()


async def test_a_large_body_is_whole_although_reading_was_paused() -> None:
    body = bytes(range(256)) * 8_000
    async with serving(obliging(LENGTH + b"%d\r\n\r\n%b" % (len(body), body))) as served, own() as client:
        for _ in range(3):
            async with client.stream("GET", served.url) as response:
                for _ in range(50):
                    await asyncio.sleep(0)
                assert await response.aread() == body
        assert stats(client).opened == 1
