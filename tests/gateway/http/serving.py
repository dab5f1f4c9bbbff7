"""Serves an application on loopback under the server that production runs, for as long as a test needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from gateway.serving import server_config


@asynccontextmanager
async def served(application: Any, *, max_message: int = 1_000_000) -> AsyncIterator[int]:
    """The port."""
    config = server_config(application, max_message)
    config.host, config.port = "127.0.0.1", 0
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
