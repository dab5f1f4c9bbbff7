"""A loopback server that does to each connection what a test says, and tells how many there were."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from adapters.drivers.transport import Limits, OriginStats, OwnTransport

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Served:
    """`url` is where it listens; `opened` counts connections."""

    url: str = ""
    opened: int = 0
    ended: asyncio.Queue[None] = field(default_factory=asyncio.Queue)  # one for each connection that is over


@asynccontextmanager
async def serving(peer: Peer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Served]:
    served = Served()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        served.opened += 1
        try:
            await peer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()
            served.ended.put_nowait(None)

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    scheme, name = "https" if tls else "http", f"[{host}]" if ":" in host else host
    served.url = f"{scheme}://{name}:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def take(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """A request's head and, by its Content-Length, its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return head, await reader.readexactly(int(line.split(b":")[1]))
    return head, b""


def says(*pieces: bytes) -> Peer:
    """Answers one request with these pieces, each sent on its own, and closes."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await take(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    return peer


def obliging(answer: bytes = OK) -> Peer:
    """Answers every request on a connection with these bytes until the other side closes."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await take(reader)
            writer.write(answer)
            await writer.drain()

    return peer


def one_of_each(*peers: Peer) -> Peer:
    """The first connection meets the first, the second the second, and so on; the last one all others."""
    left = list(peers)

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(reader, writer)

    return peer


async def until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything and says nothing until the other side closes."""
    while await reader.read(65_536):
        pass


async def until(claim: Callable[[], object]) -> None:
    """Let the loop run until the claim holds."""
    while not claim():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0)


@asynccontextmanager
async def own(tls: ssl.SSLContext | None = None, **limits: float) -> AsyncIterator[httpx.AsyncClient]:
    """A client on our transport."""
    transport = OwnTransport(tls, Limits(**limits))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=None) as client:
        yield client


def stats(client: httpx.AsyncClient) -> OriginStats:
    """Of the one origin that was asked, if any was."""
    transport = client._transport
    assert isinstance(transport, OwnTransport)
    assert len(transport.stats) <= 1
    return next(iter(transport.stats.values()), OriginStats(0, 0, 0, 0, 0))
