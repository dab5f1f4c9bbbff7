"""GraphQL over WebSocket: the subprotocol graphql-transport-ws, on the path of the other GraphQL requests."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import orjson
from msgspec import Raw

from gateway.errors import BadRequest, GatewayError, LimitExceeded
from gateway.http.access_log import Count, fault, note
from gateway.http.bearer import read_credentials
from gateway.http.exchange import Exchange, Scope, Send, request_id
from gateway.http.operations import Operations
from gateway.http.reading import Asked, read_object
from gateway.viewer import Viewer
from gateway.written import encode

PROTOCOL: Final = "graphql-transport-ws"
_INIT_SECONDS: Final = 10.0
_MOST_RUNNING: Final = 32
_MOST_CONNECTIONS: Final = 20  # of one subject: tabs of a browser, not a crowd
_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")

_FAULT: Final = 1011
# The protocol's own close codes.
_INVALID: Final = 4400
_UNAUTHORIZED: Final = 4401
_FORBIDDEN: Final = 4403  # clients come again with a fresh token after this one, and give up after 4401
_SUBPROTOCOL: Final = 4406
_INIT_TIMEOUT: Final = 4408
_TWICE: Final = 4409
_INIT_TWICE: Final = 4429


class Closed(Exception):
    """The connection ends: by us with a code and a reason, or by the caller (no code)."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SocketEndpoint:
    """Serves WebSocket connections; each ends at the latest with the token that opened it."""

    def __init__(
        self, operations: Operations, *, init_seconds: float = _INIT_SECONDS, count: Count | None = None
    ) -> None:
        self._operations = operations
        self._init_seconds = init_seconds
        self._open: Counter[tuple[str, str]] = Counter()
        self._count = count

    async def __call__(self, exchange: Exchange, scope: Scope, send: Send) -> None:
        """One connection, from its acceptance to its end."""
        started = time.perf_counter()
        offered = PROTOCOL in scope.get("subprotocols", ())
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if offered else None})
        connection = _Connection(exchange, send, self._operations, self._open, self._count)
        end = Closed(_SUBPROTOCOL, f"Subprotocol not acceptable: offer {PROTOCOL}")
        try:
            if offered:
                await connection.live(self._init_seconds)
        except Closed as closed:
            end = closed
        except Exception as err:  # noqa: BLE001 - the process boundary: the server would log it with its words
            exchange.code = fault(exchange, err).code
            end = Closed(_FAULT, "Internal error")
        finally:
            await connection.close(end)
            note(exchange, end.code or 1000, time.perf_counter() - started)


class _Connection:
    """One connection's viewer and its running operations."""

    def __init__(
        self,
        exchange: Exchange,
        send: Send,
        operations: Operations,
        connections: Counter[tuple[str, str]],
        count: Count | None,
    ) -> None:
        """`connections` counts those of each subject that are open, `count` each operation like a request."""
        self._count = count
        self._exchange = exchange
        self._connections = connections
        self._send = send
        self._operations = operations
        self._speaking = asyncio.Lock()
        self._viewer: Viewer | None = None
        self._running: dict[str, asyncio.Task[None]] = {}

    async def live(self, init_seconds: float) -> None:
        """Read messages until the end, which is always a Closed."""
        try:
            async with asyncio.timeout(init_seconds) as until:
                while True:
                    await self._take(_message(await self._heard()), until)
        except TimeoutError:
            if self._viewer is None:
                raise Closed(_INIT_TIMEOUT, "Connection initialisation timeout") from None
            raise Closed(_FORBIDDEN, "Forbidden: the token has expired") from None

    async def close(self, end: Closed) -> None:
        """Give up what is running, and say goodbye to whom still listens."""
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())
        if self._viewer is not None:
            whose = (self._viewer.issuer, self._viewer.subject)
            self._connections[whose] -= 1
            if not self._connections[whose]:
                del self._connections[whose]
        if end.code is not None:
            await self._put({"type": "websocket.close", "code": end.code, "reason": end.reason})

    async def _heard(self) -> str:
        event = await self._exchange.receive()
        if event["type"] == "websocket.disconnect":
            raise Closed
        text = event.get("text")
        if not isinstance(text, str):
            raise Closed(_INVALID, "Invalid message: not text")
        return text

    async def _take(self, message: Mapping[str, object], until: asyncio.Timeout) -> None:
        kind = message["type"]
        if kind == "connection_init":
            await self._initialise(message, until)
        elif kind == "ping":
            await self._say({"type": "pong"})
        elif kind == "subscribe":
            self._subscribe(_id(message), message.get("payload"))
        elif kind == "complete":
            self._stop(_id(message))
        elif kind != "pong":
            raise Closed(_INVALID, "Invalid message: unknown type")

    async def _initialise(self, message: Mapping[str, object], until: asyncio.Timeout) -> None:
        if self._viewer is not None:
            raise Closed(_INIT_TWICE, "Too many initialisation requests")
        try:
            viewer = await self._operations.identify(read_credentials(self._credentials(message.get("payload"))))
        except GatewayError as err:
            self._exchange.code = err.code
            raise Closed(_FORBIDDEN, f"Forbidden: {err.code}") from err
        whose = (viewer.issuer, viewer.subject)
        if self._connections[whose] >= _MOST_CONNECTIONS:
            raise Closed(_FORBIDDEN, f"Forbidden: more than {_MOST_CONNECTIONS} connections. Close some")
        self._connections[whose] += 1
        self._viewer = viewer
        left = max(0.0, viewer.expires_at - time.time())
        until.reschedule(asyncio.get_running_loop().time() + left)
        await self._say({"type": "connection_ack"})

    def _credentials(self, payload: object) -> str | None:
        """Browsers cannot send headers with a WebSocket, so the first message may hold what the header would."""
        if isinstance(payload, Mapping):
            for name, value in payload.items():
                if str(name).lower() == "authorization" and isinstance(value, str):
                    return value
        return self._exchange.headers.get("authorization")

    def _subscribe(self, ident: str, payload: object) -> None:
        if self._viewer is None:
            raise Closed(_UNAUTHORIZED, "Unauthorized")
        if ident in self._running:
            raise Closed(_TWICE, f"Subscriber for {ident} already exists")
        try:
            asked = read_object(payload if isinstance(payload, Mapping) else {}, "of the message's payload")
        except BadRequest as err:
            raise Closed(_INVALID, "Invalid message: the payload is no GraphQL request") from err
        task = asyncio.create_task(self._run(ident, asked, self._viewer, len(self._running)))
        self._running[ident] = task
        task.add_done_callback(lambda _: self._running.pop(ident, None))

    def _stop(self, ident: str) -> None:
        task = self._running.pop(ident, None)
        if task is not None:
            task.cancel()

    async def _run(self, ident: str, asked: Asked, viewer: Viewer, others: int) -> None:
        started = time.perf_counter()
        exchange = replace(self._exchange, request_id=request_id())
        try:
            if others >= _MOST_RUNNING:
                raise LimitExceeded(  # noqa: TRY301
                    f"More than {_MOST_RUNNING} operations run on this connection. Wait for some to end."
                )
            self._operations.count(viewer)
            async for answer in self._operations.results(asked, viewer, exchange.request_id):
                exchange.code = answer.code
                await self._say({"id": ident, "type": "next", "payload": Raw(answer.content)})
            last: dict[str, object] = {"id": ident, "type": "complete"}
        except GatewayError as err:
            exchange.code = err.code
            last = {"id": ident, "type": "error", "payload": [err.formatted]}
        except Exception as err:  # noqa: BLE001 - the process boundary: nobody above answers the caller
            told = fault(exchange, err)
            exchange.code = told.code
            last = {"id": ident, "type": "error", "payload": [told.formatted]}
        # The id is free again before the caller can know that it is.
        self._running.pop(ident, None)
        await self._say(last)
        note(exchange, 200, time.perf_counter() - started, self._count)

    async def _say(self, message: Mapping[str, object]) -> None:
        await self._put({"type": "websocket.send", "text": encode(message).decode()})

    async def _put(self, event: dict[str, object]) -> None:
        async with self._speaking:
            try:
                await self._send(event)
            except OSError:
                return  # the caller has gone; `receive` says so, too


def _message(text: str) -> Mapping[str, object]:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closed(_INVALID, "Invalid message: not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Closed(_INVALID, "Invalid message: no type")
    return message


def _id(message: Mapping[str, object]) -> str:
    ident = message.get("id")
    if not isinstance(ident, str) or not _ID.fullmatch(ident):
        raise Closed(_INVALID, "Invalid message: id must be 1 to 64 visible ASCII characters")
    return ident
