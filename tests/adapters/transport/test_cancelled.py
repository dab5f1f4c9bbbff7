"""A call that is given up, at whatever moment, leaves no connection, no place and no warning behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.adapters.transport.peer import OK, obliging, own, says, serving, stats, take, until, until_closed

LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: "


async def give_up(call: asyncio.Task[httpx.Response]) -> None:
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_while_waiting_for_the_head() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        asked.set()
        await until_closed(reader, writer)

    async with serving(silent) as served, own() as client:
        call = asyncio.create_task(client.get(served.url))
        await asked.wait()
        await give_up(call)
        assert (stats(client).in_use, stats(client).idle) == (0, 0)
        await served.ended.get()


async def test_in_the_middle_of_the_body() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(LENGTH + b"9\r\n\r\nhalf")
        await until_closed(reader, writer)

    async with serving(half) as served, own() as client:
        came = asyncio.Event()

        async def read() -> None:
            async with client.stream("GET", served.url) as response:
                async for _ in response.aiter_raw():
                    came.set()

        call = asyncio.create_task(read())
        await came.wait()
        await give_up(call)
        assert (stats(client).in_use, stats(client).idle) == (0, 0)
        await served.ended.get()


async def test_a_body_closed_before_its_end_takes_the_connection_with_it() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        writer.write(LENGTH + b"9\r\n\r\nhalf")
        await until_closed(reader, writer)

    async with serving(half) as served, own() as client:
        async with client.stream("GET", served.url):
            assert stats(client).in_use == 1
        assert (stats(client).in_use, stats(client).idle) == (0, 0)
        await served.ended.get()


async def test_a_whole_body_that_nobody_read_leaves_the_connection_usable() -> None:
    async with serving(obliging()) as served, own() as client:
        for _ in range(3):
            async with client.stream("GET", served.url):
                await until(lambda: not stats(client).in_use)
        assert (stats(client).opened, stats(client).idle) == (1, 1)


async def test_while_sending() -> None:
    started = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        started.set()
        await asyncio.Event().wait()

    async with serving(until_closed) as served, own() as client:
        call = asyncio.create_task(client.post(served.url, content=body()))
        await started.wait()
        await give_up(call)
        assert (stats(client).in_use, stats(client).idle) == (0, 0)
        await served.ended.get()


async def test_while_the_other_side_takes_nothing() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with serving(deaf) as served, own() as client:
        call = asyncio.create_task(client.post(served.url, content=b"x" * 50_000_000))
        await until(lambda: served.opened)
        await give_up(call)
        assert (stats(client).in_use, stats(client).idle) == (0, 0)


async def test_while_waiting_for_a_connection() -> None:
    async with serving(until_closed) as served, own(connections=1) as client:
        first, second = (asyncio.create_task(client.get(served.url)) for _ in range(2))
        await until(lambda: served.opened and stats(client).waiting)
        await give_up(second)
        assert (stats(client).in_use, stats(client).waiting) == (1, 0)
        await give_up(first)
        assert stats(client).in_use == 0


async def test_in_the_moment_in_which_a_connection_is_handed_over() -> None:
    release = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await take(reader)
            await release.wait()
            writer.write(OK)

    async with serving(slow) as served, own(connections=1) as client:
        first, second = (asyncio.create_task(client.get(served.url)) for _ in range(2))
        await until(lambda: stats(client).waiting)
        release.set()
        await until(lambda: not stats(client).waiting)  # handed over, and not yet taken
        second.cancel()
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(outcomes[0], httpx.Response)
        now = stats(client)
        assert (now.in_use, now.waiting) == (0, 0)
        assert (await client.get(served.url)).content == b"ok"


async def test_while_connecting_by_tls() -> None:
    async with serving(until_closed) as served, own(connections=1) as client:
        call = asyncio.create_task(client.get(served.url.replace("http:", "https:")))
        await until(lambda: served.opened)
        await give_up(call)
        assert stats(client).in_use == 0
        await served.ended.get()


@pytest.mark.parametrize("after", range(40))
async def test_at_any_step(after: int, caplog: pytest.LogCaptureFixture) -> None:
    body = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"2\r\nab\r\n", b"2\r\ncd\r\n", b"0\r\n\r\n"
    async with serving(says(*body)) as served, own(connections=1) as client:
        call = asyncio.create_task(client.get(served.url))
        for _ in range(after):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert stats(client).in_use == 0
        assert (await client.get(served.url)).content == b"abcd"
    gc.collect()  # whatever is left would complain now, and complaints are errors here
    assert not caplog.records
