"""Kept connections: which calls are repeated when one turns out to be dead, how old one may be, who waits for one."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.adapters.transport.peer import (
    OK,
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


async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers once; to the second request it closes without a word."""
    await take(reader)
    writer.write(OK)
    await take(reader)


async def half_dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers once; to the second request it says a little and closes."""
    await take(reader)
    writer.write(OK)
    await take(reader)
    writer.write(b"H")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_an_idempotent_call_is_repeated_when_a_kept_connection_is_dead(method: str) -> None:
    async with serving(one_of_each(dying, obliging())) as served, own() as client:
        await client.get(served.url)
        assert (await client.request(method, served.url)).status_code == 200
        assert (stats(client).opened, stats(client).reused) == (2, 1)


async def test_a_call_is_repeated_once_only() -> None:
    async with serving(one_of_each(dying, says(), obliging())) as served, own() as client:
        await client.get(served.url)
        with pytest.raises(httpx.RemoteProtocolError, match="disconnected"):
            await client.get(served.url)
        assert served.opened == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_another_call_is_not_repeated(method: str) -> None:
    async with serving(one_of_each(dying, obliging())) as served, own() as client:
        await client.get(served.url)
        with pytest.raises(httpx.RemoteProtocolError, match="disconnected"):
            await client.request(method, served.url, content=b"x")
        assert served.opened == 1


async def test_a_call_that_got_something_back_is_not_repeated() -> None:
    async with serving(one_of_each(half_dying, obliging())) as served, own() as client:
        await client.get(served.url)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(served.url)
        assert served.opened == 1


async def test_a_call_on_a_new_connection_is_not_repeated() -> None:
    async with serving(one_of_each(says(), obliging())) as served, own() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(served.url)
        assert served.opened == 1


async def test_a_body_in_pieces_is_not_repeated() -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        yield b"once"

    async with serving(one_of_each(dying, obliging())) as served, own() as client:
        await client.get(served.url)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.put(served.url, content=pieces(), headers={"content-length": "4"})
        assert served.opened == 1


async def test_a_dead_connection_takes_the_others_with_it() -> None:
    both = asyncio.Barrier(2)

    async def together(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        await both.wait()
        writer.write(OK)
        await take(reader)

    async with serving(one_of_each(together, together, obliging())) as served, own() as client:
        await asyncio.gather(client.get(served.url), client.get(served.url))
        assert stats(client).idle == 2
        assert (await client.get(served.url)).status_code == 200
        assert (stats(client).opened, stats(client).idle) == (3, 1)


async def test_a_connection_idle_for_too_long_is_not_used() -> None:
    async with serving(obliging()) as served, own(idle_seconds=-1) as client:
        for _ in range(3):
            await client.get(served.url)
        assert (stats(client).opened, stats(client).reused) == (3, 0)


async def test_a_connection_that_is_too_old_is_not_kept() -> None:
    async with serving(obliging()) as served, own(age_seconds=0) as client:
        for _ in range(3):
            await client.get(served.url)
            assert stats(client).idle == 0
        assert stats(client).opened == 3


async def test_a_request_that_asks_to_close_closes() -> None:
    async with serving(obliging()) as served, own() as client:
        await client.get(served.url, headers={"connection": "close"})
        assert stats(client).idle == 0
        await served.ended.get()


async def test_waiting_for_a_connection_can_take_too_long() -> None:
    async with serving(until_closed) as served, own(connections=1) as client:
        first = asyncio.create_task(client.get(served.url))
        await until(lambda: served.opened)
        with pytest.raises(httpx.PoolTimeout):
            await client.get(served.url, timeout=httpx.Timeout(None, pool=0.02))
        assert (stats(client).in_use, stats(client).waiting) == (1, 0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert stats(client).in_use == 0


async def test_whoever_asked_first_is_served_first() -> None:
    async with serving(obliging()) as served, own(connections=1) as client:
        order: list[int] = []

        async def ask(number: int) -> None:
            await client.get(served.url)
            order.append(number)

        await asyncio.gather(*(ask(number) for number in range(10)))
    assert order == list(range(10))


async def test_a_place_is_free_again_when_connecting_fails() -> None:
    async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with serving(slam) as served, own(connections=1) as client:
        for _ in range(3):
            with pytest.raises(httpx.ConnectError):
                await client.get(served.url.replace("http:", "https:"))
        assert (stats(client).in_use, served.opened) == (0, 3)


async def test_origins_are_apart() -> None:
    async with (
        serving(obliging()) as one,
        serving(obliging()) as other,
        own(connections=1) as client,
        client.stream("GET", one.url),
    ):
        assert (await client.get(other.url)).status_code == 200
    assert (one.opened, other.opened) == (1, 1)


async def test_closing_ends_whoever_reads_or_waits() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        asked.set()
        await until_closed(reader, writer)

    async with serving(silent) as served, own(connections=1) as client:
        calls = [asyncio.create_task(client.get(served.url)) for _ in range(3)]
        await asked.wait()
        await client._transport.aclose()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(one) for one in outcomes] == [httpx.ReadError, httpx.ConnectError, httpx.ConnectError]
        await served.ended.get()
