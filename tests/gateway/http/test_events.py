"""Answers as server-sent events: GraphQL over SSE, distinct connections mode."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from gateway.errors import LimitExceeded
from gateway.execution.engine import Answer
from gateway.http.events import EventStream
from gateway.http.exchange import Exchange, Message
from tests.gateway.http.serving import served
from tests.gateway.http.standins import AUTHORIZED, Engine, application

ACCEPT = {**AUTHORIZED, "Accept": "text/event-stream"}


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.split("\n\n")[:-1]:
        if not block.startswith(":"):
            name, data = block.split("\n")
            body = data.removeprefix("data: ")
            found.append((name.removeprefix("event: "), json.loads(body) if body else None))
    return found


async def test_a_query_is_one_result_and_the_end(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": '{ hello(name: "甲\\n") }'}, headers=ACCEPT)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert events(answer.text) == [("next", {"data": {"hello": "您好 甲\n"}}), ("complete", None)]


async def test_a_query_by_get_is_answered_alike(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql", params={"query": "{ who }"}, headers=ACCEPT)
    assert events(answer.text)[0] == ("next", {"data": {"who": "staff-7"}})


async def test_other_forms_are_preferred_where_the_caller_reads_anything(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/graphql", json={"query": "{ who }"}, headers={**AUTHORIZED, "Accept": "text/event-stream;q=0.5, */*"}
    )
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_an_error_before_execution_is_a_result(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ vault }"}, headers=ACCEPT)
    assert answer.status_code == 200
    (name, body), end = events(answer.text)
    assert (name, end) == ("next", ("complete", None))
    assert body["errors"][0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"


async def test_an_unforeseen_fault_is_masked(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ fail }"}, headers=ACCEPT)
    assert "329901" not in answer.text
    (_, body), end = events(answer.text)
    assert body["errors"][0]["extensions"] == {"code": "INTERNAL", "requestId": answer.headers["x-request-id"]}
    assert end == ("complete", None)


async def test_without_a_token_no_stream_is_opened(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={"query": "{ who }"}, headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json; charset=utf-8")


async def test_a_body_that_is_no_request_opens_no_stream(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json=[], headers=ACCEPT)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")


class Wire:
    """Both ends of an ASGI connection; `hang_up` is the caller's end."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.hung_up = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def receive(self) -> Message:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    def exchange(self) -> Exchange:
        return Exchange("POST", "/graphql", b"", {}, self.receive, "request-1")

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()


async def test_results_are_sent_as_they_come() -> None:
    wire, more = Wire(), asyncio.Event()

    async def results() -> AsyncIterator[Answer]:
        yield Answer({"data": 1})
        await more.wait()
        yield Answer({"data": 2})

    sending = asyncio.create_task(EventStream(results()).send(wire.exchange(), wire.send))
    while '"data":1' not in wire.text:  # noqa: ASYNC110 - what is waited for is a list's growth
        await asyncio.sleep(0)
    assert "complete" not in wire.text
    more.set()
    await sending
    assert events(wire.text) == [("next", {"data": 1}), ("next", {"data": 2}), ("complete", None)]
    assert wire.sent[-1].get("more_body", False) is False


async def test_silence_is_filled_with_comments() -> None:
    wire, more = Wire(), asyncio.Event()

    async def results() -> AsyncIterator[Answer]:
        await more.wait()
        yield Answer({"data": 1})

    sending = asyncio.create_task(EventStream(results(), quiet_seconds=0.001).send(wire.exchange(), wire.send))
    while ":\n\n" not in wire.text:  # noqa: ASYNC110 - what is waited for is a list's growth
        await asyncio.sleep(0.001)
    more.set()
    await sending
    assert events(wire.text)[-1] == ("complete", None)


async def test_a_caller_that_hangs_up_ends_the_work() -> None:
    wire, ended = Wire(), asyncio.Event()

    async def results() -> AsyncIterator[Answer]:
        try:
            await asyncio.Event().wait()
            yield Answer({"data": 1})
        finally:
            ended.set()

    exchange = wire.exchange()
    sending = asyncio.create_task(EventStream(results()).send(exchange, wire.send))
    await asyncio.sleep(0)
    wire.hung_up.set()
    await sending
    assert ended.is_set()
    assert exchange.code == "DISCONNECTED"
    assert wire.text == ""


async def test_an_error_midway_is_the_last_result() -> None:
    wire = Wire()

    async def results() -> AsyncIterator[Answer]:
        yield Answer({"data": 1})
        raise LimitExceeded("Too much. Ask for less.")

    exchange = wire.exchange()
    await EventStream(results()).send(exchange, wire.send)
    names = [name for name, _ in events(wire.text)]
    assert names == ["next", "next", "complete"]
    assert exchange.code == "LIMIT_EXCEEDED"


async def test_events_come_over_a_socket(engine: Engine) -> None:
    async with served(application(engine)) as port, httpx.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ who }"}, headers=ACCEPT)
    assert events(answer.text) == [("next", {"data": {"who": "staff-7"}}), ("complete", None)]
