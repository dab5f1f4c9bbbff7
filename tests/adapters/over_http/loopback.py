"""Real HTTP servers on loopback for driver tests: an obliging desk on uvicorn, and hostile ones byte by byte."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.contract import Call, Deadline
from adapters.manifest import Manifest

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str  # as sent, still encoded
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Desk:
    """An ASGI application whose answer each test sets; remembers what it was asked."""

    url: str = ""
    reply: Callable[[Seen], Response] = lambda _: JSONResponse({})
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        seen = Seen(
            request.method,
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            request.headers,
            await request.body(),
        )
        self.seen.append(seen)
        await self.reply(seen)(scope, receive, send)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application from a thread; yields its base address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@asynccontextmanager
async def hostile(peer: Peer) -> AsyncIterator[str]:
    """A server that does to each connection what `peer` says; yields its base address."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await peer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(answer: bytes) -> Peer:
    """Reads a request's head and answers with these bytes."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return peer


def a_call(seconds: float = 10.0, **changes: Any) -> Call:
    """A call of a running loop."""
    given = {
        "request_id": "r-1",
        "actor": "officer-7",
        "agency": "320100000000",
        "purpose": "AFTERCARE",
        "deadline": Deadline.after(seconds),
    }
    return Call(**{**given, **changes})


def a_manifest(source: Mapping[str, Any], entities: Mapping[str, Any], errors: list[Any] | None = None) -> Manifest:
    """A manifest around the parts that a test is about."""
    return Manifest.model_validate(
        {
            "contract": "1.0",
            "id": "js-test",
            "version": "1.0.0",
            "name": "试验系统",
            "owner": "试验单位",
            "jurisdiction": "320000",
            "agency": {"code": "320000000001", "name": "试验单位", "kind": "AFTERCARE", "jurisdiction": "320000"},
            "source": source,
            "entities": entities,
            "errors": errors or [],
        }
    )
