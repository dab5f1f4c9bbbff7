"""The ASGI application: a table of paths, and the boundary where an unforeseen exception ends."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.http.access_log import Count, fault, note
from gateway.http.bearer import challenge
from gateway.http.cors import Origins
from gateway.http.exchange import Answering, Disconnected, Exchange, Message, Receive, Scope, Send, error_reply
from gateway.http.refusals import MethodNotAllowed, NotFound

Endpoint = Callable[[Exchange], Awaitable[Answering]]
Mount = Callable[[Scope, Receive, Send], Awaitable[None]]
Socket = Callable[[Exchange, Scope, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers on one path, and by which methods."""

    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET", "HEAD")


class Application:
    """Answers HTTP; exact paths only, so that looking one up costs one dictionary access.

    `mounts` are ASGI applications of their own, each for everything under one first part of the path.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        origins: Origins | None = None,
        sockets: Mapping[str, Socket] | None = None,
        mounts: Mapping[str, Mount] | None = None,
        count: Count | None = None,
    ) -> None:
        self._routes = dict(routes)
        self._mounts = dict(mounts or {})
        self._sockets = dict(sockets or {})
        self._origins = origins or Origins()
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http":
            first = "/" + scope["path"][1:].partition("/")[0]
            if first in self._mounts:
                await self._hand_over(first, scope, receive, send)
            else:
                await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)

    async def _hand_over(self, first: str, scope: Scope, receive: Receive, send: Send) -> None:
        """To the application mounted there, which finds the exchange in its scope and answers its own failures."""
        started = time.perf_counter()
        exchange = Exchange.begin(scope, receive)
        exchange.route = first
        status = 499  # until it answers, the caller has hung up

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", exchange.request_id.encode("ascii"))]
            await send(message)

        await self._mounts[first]({**scope, "yiti.exchange": exchange}, receive, watched)
        note(exchange, status, time.perf_counter() - started, self._count)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange.begin(scope, receive)
        socket = self._sockets.get(exchange.path)
        await receive()  # the browser's wish to connect
        if socket is None or not self._origins.may_connect(exchange):
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted this is a 403
            return
        exchange.route = exchange.path
        await socket(exchange, scope, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        exchange = Exchange.begin(scope, receive)
        try:
            reply = await self._reply(exchange)
        except Disconnected:
            exchange.code = "DISCONNECTED"
            note(exchange, 499, time.perf_counter() - started, self._count)
            return
        exchange.code = reply.code
        await reply.send(exchange, send, self._origins.headers(exchange))
        note(exchange, reply.status, time.perf_counter() - started, self._count)

    async def _reply(self, exchange: Exchange) -> Answering:
        try:
            return await self._dispatch(exchange)
        except GatewayError as err:
            return error_reply(err, headers=challenge(err))
        except Disconnected:
            raise
        except Exception as err:  # noqa: BLE001 - the process boundary: nobody above answers the caller
            return error_reply(fault(exchange, err))

    async def _dispatch(self, exchange: Exchange) -> Answering:
        route = self._routes.get(exchange.path)
        if route is None:
            raise NotFound("There is nothing at this path. The queries are answered at /graphql.")
        exchange.route = exchange.path
        if exchange.method == "OPTIONS":
            return self._origins.preflight(exchange, ", ".join(route.methods))
        if exchange.method not in route.methods:
            allow = ", ".join(route.methods)
            raise MethodNotAllowed(f"This method is not offered here. Send one of: {allow}.", allow)
        return await route.endpoint(exchange)


async def _live(receive: Receive, send: Send) -> None:
    """What was built before the server started is closed after it; the server itself has nothing to wait for."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
