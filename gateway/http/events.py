"""An answer as server-sent events: GraphQL over SSE, distinct connections mode.

Each result is an event `next`, their end an event `complete`. Once the stream is open, errors are results, too: a
browser's EventSource tells its page nothing about an answer of another status.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from gateway.errors import GatewayError
from gateway.execution.engine import Answer
from gateway.http.access_log import fault
from gateway.http.exchange import Exchange, Headers, Receive, Send, raw_headers
from gateway.http.negotiate import EVENTS
from gateway.written import encode

_QUIET_SECONDS: Final = 12.0  # proxies close connections on which nothing is said


class EventStream:
    """The results of one operation, sent as they come and given up when the caller hangs up."""

    status = 200
    code = "OK"

    def __init__(self, results: AsyncIterator[Answer], *, quiet_seconds: float = _QUIET_SECONDS) -> None:
        self._results = results
        self._quiet_seconds = quiet_seconds

    async def send(self, exchange: Exchange, send: Send, extra: Headers = ()) -> None:
        """Write the stream; `exchange.code` becomes the first error's."""
        # Nginx and its kind would hold events back until there are enough of them.
        headers = raw_headers(exchange, (("X-Accel-Buffering", "no"), *extra), f"{EVENTS}; charset=utf-8")
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        writing = asyncio.ensure_future(self._write(exchange, send))
        hung_up = asyncio.ensure_future(_hung_up(exchange.receive))
        try:
            await asyncio.wait((writing, hung_up), return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                exchange.code = "DISCONNECTED"
        finally:
            for task in (writing, hung_up):
                task.cancel()
            await asyncio.wait((writing, hung_up))
        if not writing.cancelled():
            writing.result()
            await send({"type": "http.response.body", "body": _event("complete", b"")})

    async def _write(self, exchange: Exchange, send: Send) -> None:
        async with aclosing(self._parts(exchange)) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})

    async def _parts(self, exchange: Exchange) -> AsyncGenerator[bytes]:
        """The results as events, with a comment wherever nothing was said for long."""
        waiting = asyncio.ensure_future(anext(self._results))
        try:
            while True:
                done, _ = await asyncio.wait((waiting,), timeout=self._quiet_seconds)
                if not done:
                    yield b":\n\n"
                    continue
                content = _content(waiting, exchange)
                if content is None:
                    return
                yield _event("next", content)
                waiting = asyncio.ensure_future(anext(self._results))
        finally:
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait((waiting,))


def _content(waiting: asyncio.Future[Answer], exchange: Exchange) -> bytes | None:
    """One result as JSON; None at their end. An error before the first result is a result of its own."""
    try:
        answer = waiting.result()
    except StopAsyncIteration:
        return None
    except GatewayError as err:
        exchange.code = err.code
        return encode({"errors": [err.formatted]})
    except Exception as err:  # noqa: BLE001 - the process boundary: the head has been sent, nobody above can answer
        told = fault(exchange, err)
        exchange.code = told.code
        return encode({"errors": [told.formatted]})
    exchange.code = answer.code
    return answer.content


def _event(name: str, data: bytes) -> bytes:
    # JSON has no line breaks of its own, so one line of data is enough.
    return b"event: " + name.encode("ascii") + b"\ndata: " + data + b"\n\n"


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
