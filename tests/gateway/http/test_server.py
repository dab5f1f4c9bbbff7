"""The application under a real server: bytes as they come over a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from tests.gateway.http.standins import AUTHORIZED, GOOD, Engine, application


@pytest.fixture
async def port(engine: Engine) -> AsyncIterator[int]:
    config = uvicorn.Config(application(engine), host="127.0.0.1", port=0, http="httptools", log_config=None)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def exchange(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_answers_over_a_socket(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        answers = await asyncio.gather(
            *(client.post("/graphql", json={"query": "{ who }"}, headers=AUTHORIZED) for _ in range(8))
        )
    assert {answer.json()["data"]["who"] for answer in answers} == {"staff-7"}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 8


async def test_a_caller_that_hangs_up_midway_disturbs_nobody(port: int, engine: Engine) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GOOD}\r\n"
    writer.write(f'{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"query'.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.post("/graphql", json={"query": "{ who }"}, headers=AUTHORIZED)).status_code == 200
    assert len(engine.asked) == 1


async def test_a_body_cut_into_bytes_is_read(port: int) -> None:
    body = json.dumps({"query": '{ hello(name: "甲") }'}, ensure_ascii=False).encode()
    pieces = b"".join(b"1\r\n" + body[i : i + 1] + b"\r\n" for i in range(len(body))) + b"0\r\n\r\n"
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {GOOD}\r\n"
    answer = await exchange(
        port, f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + pieces
    )
    assert answer.startswith(b"HTTP/1.1 200")
    assert "您好 甲".encode() in answer


async def test_a_websocket_is_refused(port: int) -> None:
    head = "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
    answer = await exchange(port, f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n".encode())
    assert not answer.startswith(b"HTTP/1.1 101")
