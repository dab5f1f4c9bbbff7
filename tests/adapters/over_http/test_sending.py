"""Requests on a connection that was kept: each may go wrong as on a new one, and none takes a task of its own."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from adapters.contract import AdapterError, Deadline, Invalid, Malformed, Unavailable
from adapters.drivers.http import Answer, HttpClient, Request
from adapters.drivers.sending import Sending
from adapters.drivers.transport.pool import OriginStats
from tests.adapters.over_http.loopback import hostile

SECRET = "329901199003074512"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
Then = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


class Desk:
    """An upstream that answers well until `then` is set, which each later request of a connection gets instead."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.ended = asyncio.Event()
        self.then: list[bytes | None] = []  # None: the connection is closed
        self.closes = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                self.bodies.append(await reader.readexactly(int(length or 0)))
                answer = self.then.pop(0) if self.then else OK
                if answer is None:
                    return
                for start in range(0, len(answer), 100_000):
                    writer.write(answer[start : start + 100_000])
                    await writer.drain()
                if self.closes:
                    return
        except asyncio.IncompleteReadError:
            self.ended.set()


@asynccontextmanager
async def kept(
    desk: Desk, *, max_bytes: int = 1000, concurrency: int = 4, seconds: float = 10
) -> AsyncIterator[HttpClient]:
    """A client that has a connection at hand."""
    async with hostile(desk) as url:
        client = HttpClient(
            url, source="js-test", timeout=timedelta(seconds=seconds), concurrency=concurrency, max_bytes=max_bytes
        )
        try:
            assert (await client.send(Request("first"))).content == b"{}"
            assert stats(client).idle == 1
            yield client
        finally:
            await client.aclose()


def stats(client: HttpClient) -> OriginStats:
    (found,) = client._client._transport.stats.values()  # type: ignore[attr-defined] # own transport
    assert isinstance(found, OriginStats)
    return found


async def fails(client: HttpClient, expected: type[AdapterError], match: str) -> None:
    with pytest.raises(expected, match=match) as raised:
        await client.send(Request(f"persons/{SECRET}"), Deadline.after(0.3))
    assert SECRET not in "".join(traceback.format_exception(raised.value))


async def test_it_is_used_again_without_a_task_of_its_own() -> None:
    desk = Desk()
    async with kept(desk) as client:
        tasks = asyncio.all_tasks()
        sending = client.begin(Request("second?a=1"), Deadline.after(5))
        assert asyncio.all_tasks() == tasks
        assert await sending.answer() == Answer(200, b"{}", "application/json")
        assert (desk.connections, desk.heads[1].split()[1]) == (1, b"/second?a=1")
        assert stats(client) == OriginStats(opened=1, reused=1, idle=1, in_use=0, waiting=0)


@pytest.mark.parametrize(
    "request_",
    [Request("x"), Request("x", headers={"x-one": "1"}), Request("x", "POST", content=b"[1]")],
    ids=["GET", "headers", "POST"],
)
async def test_the_same_bytes_go_out_as_on_a_new_one(request_: Request) -> None:
    desk = Desk()
    async with kept(desk) as client:
        await client.send(request_)
        desk.then = [None]
        await client.send(request_)  # over a new connection in the end
    assert desk.heads[1] == desk.heads[2] == desk.heads[3]
    assert desk.bodies[1:] == [request_.content or b""] * 3


@pytest.mark.parametrize(("closed", "connections"), [(1, 2), (2, 3)])
async def test_a_dead_one_is_noticed_and_the_request_sent_anew(closed: int, connections: int) -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then = [None] * closed
        assert (await client.send(Request("x"))).content == b"{}"
    assert (desk.connections, len(desk.heads)) == (connections, closed + 2)


async def test_what_never_answers_is_not_asked_for_ever() -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then = [None] * 9
        await fails(client, Unavailable, "broke the connection off")
    assert len(desk.heads) == 4


@pytest.mark.parametrize(
    ("answer", "expected", "match"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", Malformed, "redirect"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", Malformed, "compressed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n", Malformed, "max_bytes"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"400\r\n%b\r\n" % (b"x" * 1024) * 9,
            Malformed,
            "max",
        ),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n", Malformed, "not HTTP"),
        (f"hello {SECRET}\r\n\r\n".encode(), Malformed, "not HTTP"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", Unavailable, "deadline"),
        (b"", Unavailable, "deadline"),
    ],
)
async def test_what_goes_wrong_is_told(answer: bytes, expected: type[AdapterError], match: str) -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then = [answer]
        await fails(client, expected, match)
        assert len(desk.heads) == 2
        whole = answer.endswith((b"length: 0\r\n\r\n", b"{}"))  # what was answered in full costs no connection
        assert stats(client).idle == whole
        if not whole:
            await asyncio.wait_for(desk.ended.wait(), 5)
        assert (await client.send(Request("next"))).ok


async def test_half_an_answer_is_not_asked_for_again() -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then, desk.closes = [b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"], True
        await fails(client, Unavailable, "broke the connection off")
    assert len(desk.heads) == 2


async def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then, desk.closes = [b"HTTP/1.1 200 OK\r\n\r\n[1, 2]"], True
        assert (await client.send(Request("x"))).content == b"[1, 2]"
        assert stats(client).idle == 0


@pytest.mark.parametrize(
    "head", [b"content-length: 3000000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n2dc6c0\r\n"]
)
async def test_a_long_body_arrives_in_pieces(head: bytes) -> None:
    desk = Desk()
    body = b"0123456789" * 300_000
    async with kept(desk, max_bytes=4_000_000) as client:
        end = b"\r\n0\r\n\r\n" if b"chunked" in head else b""
        desk.then = [b"HTTP/1.1 200 OK\r\n" + head + body + end]
        assert (await client.send(Request("x"))).content == body
        assert stats(client).idle == 1


async def test_what_cannot_be_written_is_invalid_and_costs_no_connection() -> None:
    desk = Desk()
    async with kept(desk) as client:
        for request in (Request("x", headers={"x-one": f"{SECRET}\r\nx-two: 2"}), Request("x\x00" + SECRET)):
            with pytest.raises(Invalid) as raised:
                await client.send(request)
            assert SECRET not in "".join(traceback.format_exception(raised.value))
        assert stats(client).idle == 1
    assert len(desk.heads) == 1


async def test_nothing_is_sent_past_the_deadline() -> None:
    desk = Desk()
    async with kept(desk) as client:
        with pytest.raises(Unavailable, match="before anything was sent"):
            client.begin(Request("x"), Deadline.after(-1))
    assert len(desk.heads) == 1


async def waiting(sending: Sending, count: int) -> list[asyncio.Task[Answer]]:
    tasks = [asyncio.create_task(sending.answer()) for _ in range(count)]
    await asyncio.sleep(0.05)
    return tasks


@pytest.mark.parametrize("is_kept", [True, False])
async def test_it_goes_on_as_long_as_somebody_waits(is_kept: bool) -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then = [b""] * (1 if is_kept else 2)
        other = None if is_kept else client.begin(Request("other"), Deadline.after(5))
        sending = client.begin(Request("x"), Deadline.after(5))
        first, second = await waiting(sending, 2)
        first.cancel()
        await asyncio.wait([first])
        assert not sending.is_over
        second.cancel()
        await asyncio.wait([second])
        assert sending.is_over
        await asyncio.wait_for(desk.ended.wait(), 5)
        if other is not None:
            (last,) = await waiting(other, 1)
            last.cancel()
            await asyncio.wait([last])
        assert stats(client).in_use == 0


async def test_several_who_wait_get_the_same() -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then = [b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"]
        sending = client.begin(Request("x"), Deadline.after(5))
        answers = await asyncio.gather(*(sending.answer() for _ in range(3)))
        assert {id(answer) for answer in answers} == {id(answers[0])}
        assert await sending.answer() is answers[0]


async def test_no_more_are_under_way_than_the_manifest_allows() -> None:
    desk = Desk()
    async with kept(desk, concurrency=2) as client:
        answers = await asyncio.gather(*(client.send(Request(f"{number}")) for number in range(9)))
        assert {answer.status for answer in answers} == {200}
        assert stats(client).opened <= 2
    assert desk.connections <= 2


async def test_closing_the_client_ends_what_is_under_way() -> None:
    desk = Desk()
    async with kept(desk) as client:
        desk.then = [b""]
        (task,) = await waiting(client.begin(Request("x"), Deadline.after(5)), 1)
        await client.aclose()
        with pytest.raises(Unavailable):
            await task
