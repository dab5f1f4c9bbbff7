"""GraphQL over WebSocket (graphql-transport-ws), over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from gateway.execution.engine import Answer, Request
from gateway.http.throttle import Throttle
from gateway.viewer import Viewer
from tests.gateway.http.serving import served
from tests.gateway.http.standins import AUTHORIZED, GOOD, NO_PURPOSE, Boom, Engine, Viewers, application

PROTOCOL = Subprotocol("graphql-transport-ws")
INIT = {"type": "connection_init", "payload": {"Authorization": f"Bearer {GOOD}"}}
SUBSCRIBE = {"id": "1", "type": "subscribe", "payload": {"query": "{ who }"}}


class Slow(Engine):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()
        self.cancelled = 0

    async def answer(self, request: Request, viewer: Viewer, request_id: str) -> Answer:
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await super().answer(request, viewer, request_id)


@asynccontextmanager
async def connected(
    engine: Engine | None = None, *, init: bool = True, **given: Any
) -> AsyncIterator[ClientConnection]:
    async with (
        served(application(engine or Engine(), **given), max_message=10_000) as port,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL], proxy=None) as socket,
    ):
        if init:
            await say(socket, INIT)
            assert await hear(socket) == {"type": "connection_ack"}
        yield socket


async def say(socket: ClientConnection, *messages: object) -> None:
    for message in messages:
        await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def hear(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def closing(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        await hear(socket)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def test_a_query_is_one_result_and_the_end() -> None:
    async with connected() as socket:
        await say(socket, SUBSCRIBE)
        assert await hear(socket) == {"id": "1", "type": "next", "payload": {"data": {"who": "staff-7"}}}
        assert await hear(socket) == {"id": "1", "type": "complete"}
        await say(socket, SUBSCRIBE)  # the id is free again
        assert (await hear(socket))["type"] == "next"


async def test_variables_and_names_are_read() -> None:
    query = "query A($n: String) { hello(name: $n) } query B { who }"
    payload = {"query": query, "operationName": "A", "variables": {"n": "乙"}, "extensions": None}
    async with connected() as socket:
        await say(socket, {**SUBSCRIBE, "payload": payload})
        assert (await hear(socket))["payload"] == {"data": {"hello": "您好 乙"}}


async def test_the_token_may_come_with_the_handshake() -> None:
    async with (
        served(application(Engine())) as port,
        connect(
            f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL], additional_headers=AUTHORIZED, proxy=None
        ) as socket,
    ):
        await say(socket, {"type": "connection_init"})
        assert await hear(socket) == {"type": "connection_ack"}


async def test_operations_run_side_by_side_and_end_when_they_are_told_to() -> None:
    engine = Slow()
    async with connected(engine) as socket:
        await say(socket, SUBSCRIBE, {**SUBSCRIBE, "id": "2"}, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}
        await say(socket, {"id": "1", "type": "complete"}, {"type": "ping"})
        assert await hear(socket) == {"type": "pong"}
        engine.go.set()
        assert [(await hear(socket))["id"] for _ in range(2)] == ["2", "2"]
    assert engine.cancelled == 1


async def test_a_caller_that_hangs_up_ends_what_is_running() -> None:
    engine = Slow()
    async with connected(engine) as socket:
        await say(socket, SUBSCRIBE, {"type": "ping"})
        await hear(socket)
    assert engine.cancelled == 1


@pytest.mark.parametrize(
    ("query", "code"), [("{ vault }", "AUDIT_UNAVAILABLE"), ("{ fail }", "INTERNAL"), ("{ who } ", None)]
)
async def test_an_error_before_execution_is_told_and_the_connection_stays(query: str, code: str | None) -> None:
    async with connected() as socket:
        await say(socket, {**SUBSCRIBE, "payload": {"query": query}})
        heard = await hear(socket)
        if code is not None:
            assert (heard["id"], heard["type"]) == ("1", "error")
            assert heard["payload"][0]["extensions"]["code"] == code
            assert "329901" not in json.dumps(heard)
            await say(socket, {"type": "ping"})
            assert await hear(socket) == {"type": "pong"}
        else:
            assert heard["type"] == "next"


async def test_each_operation_counts_against_the_rate() -> None:
    async with connected(throttle=Throttle(1)) as socket:
        await say(socket, SUBSCRIBE)
        await hear(socket)
        await hear(socket)
        await say(socket, SUBSCRIBE)
        assert (await hear(socket))["payload"][0]["extensions"]["code"] == "THROTTLED"


async def test_only_so_many_operations_run_at_once() -> None:
    async with connected(Slow()) as socket:
        await say(socket, *({**SUBSCRIBE, "id": str(n)} for n in range(33)))
        heard = await hear(socket)
        assert (heard["id"], heard["payload"][0]["extensions"]["code"]) == ("32", "LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([SUBSCRIBE], 4401),
        (["{"], 4400),
        ([b"\x00"], 4400),
        (["[]"], 4400),
        ([{"type": "connexion_init"}], 4400),
        ([{"type": "connection_init", "payload": {"Authorization": "Bearer forged"}}], 4403),
        ([{"type": "connection_init", "payload": {"Authorization": f"Bearer {NO_PURPOSE}"}}], 4403),
        ([{"type": "connection_init"}], 4403),
        ([INIT, INIT], 4429),
        ([INIT, {**SUBSCRIBE, "id": ""}], 4400),
        ([INIT, {**SUBSCRIBE, "id": "x" * 65}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": {"query": 7}}], 4400),
        ([INIT, {**SUBSCRIBE, "payload": None}], 4400),
        ([INIT, SUBSCRIBE, SUBSCRIBE], 4409),
        (["x" * 20_000], 1009),
    ],
)
async def test_what_breaks_the_protocol_ends_the_connection(messages: list[object], code: int) -> None:
    async with connected(Slow(), init=False) as socket:
        await say(socket, *messages)
        if messages[0] is INIT:
            assert await hear(socket) == {"type": "connection_ack"}
        closed, reason = await closing(socket)
    assert closed == code
    assert GOOD not in reason


async def test_one_who_says_nothing_is_not_waited_for() -> None:
    async with connected(init=False, init_seconds=0.01) as socket:
        assert await closing(socket) == (4408, "Connection initialisation timeout")


async def test_one_subject_holds_only_so_many_connections() -> None:
    async with served(application(Engine())) as port, AsyncExitStack() as stack:
        address = f"ws://127.0.0.1:{port}/graphql"
        for _ in range(20):
            socket = await stack.enter_async_context(connect(address, subprotocols=[PROTOCOL], proxy=None))
            await say(socket, INIT)
            assert await hear(socket) == {"type": "connection_ack"}
        async with connect(address, subprotocols=[PROTOCOL], proxy=None) as one_more:
            await say(one_more, INIT)
            assert await closing(one_more) == (4403, "Forbidden: more than 20 connections. Close some")
        await socket.close()
        async with connect(address, subprotocols=[PROTOCOL], proxy=None) as another:
            await say(another, INIT)
            assert await hear(another) == {"type": "connection_ack"}


async def test_a_connection_ends_with_its_token() -> None:
    async with connected(viewers=Viewers(seconds=0.05)) as socket:
        assert await closing(socket) == (4403, "Forbidden: the token has expired")


async def test_a_fault_while_a_token_is_read_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Viewers):
        def verify(self, token: str) -> Viewer:
            raise Boom("329901199001011234 must never be seen")

    async with connected(init=False, viewers=Broken()) as socket:
        await say(socket, INIT)
        assert await closing(socket) == (1011, "Internal error")
    assert "329901" not in caplog.text
    assert "Boom" in caplog.text


async def test_another_subprotocol_is_not_spoken() -> None:
    async with (
        served(application(Engine())) as port,
        connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[Subprotocol("graphql-ws")], proxy=None) as socket,
    ):
        assert (await closing(socket))[0] == 4406


@pytest.mark.parametrize(
    ("path", "origin", "accepted"),
    [
        ("/graphql", "https://front.example", True),
        ("/graphql", "https://evil.example", False),
        ("/graphql", "null", False),
        ("/elsewhere", None, False),
        ("/", None, False),
    ],
)
async def test_pages_of_other_origins_and_other_paths_are_refused(
    path: str, origin: str | None, accepted: bool
) -> None:
    async with served(application(Engine(), origins=("https://front.example",))) as port:
        address = f"ws://127.0.0.1:{port}{path}"
        asked = Origin(origin) if origin else None
        if accepted:
            async with connect(address, subprotocols=[PROTOCOL], origin=asked, proxy=None) as socket:
                assert socket.subprotocol == PROTOCOL
        else:
            with pytest.raises(InvalidStatus) as caught:
                await connect(address, subprotocols=[PROTOCOL], origin=asked, proxy=None)
            assert caught.value.response.status_code == 403


async def test_our_own_pages_may_connect() -> None:
    async with served(application(Engine())) as port:
        own = Origin(f"http://127.0.0.1:{port}")
        async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL], origin=own, proxy=None) as one:
            assert one.subprotocol == PROTOCOL
