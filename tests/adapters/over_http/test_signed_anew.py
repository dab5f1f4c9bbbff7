"""What is good for one sending is made anew where a request is sent again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import count

import pytest

from adapters.drivers.http import HttpClient, Request
from adapters.drivers.transport import TransportName


@pytest.mark.parametrize("transport", ["own", "httpx"])
async def test_a_request_that_is_sent_again_is_signed_again(transport: TransportName) -> None:
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heard.extend(line for line in head.lower().splitlines() if line.startswith("authorization"))
        if len(heard) > 1:  # the first one is heard, and hung up on
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
        writer.close()

    numbers = count(1)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = HttpClient(
            f"http://127.0.0.1:{port}",
            source="peer",
            timeout=timedelta(seconds=5),
            concurrency=1,
            max_bytes=1_000,
            transport=transport,
        )
        request = Request(
            "graphql", "POST", content=b"{}", signed=lambda: {"authorization": f"Bearer {next(numbers)}"}
        )
        answer = await client.send(request)
        await client.aclose()
    assert answer.ok
    assert heard == ["authorization: bearer 1", "authorization: bearer 2"]
