"""The ASGI application: a table of paths, and the boundary where an unforeseen exception ends."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.http.access_log import fault, note
from gateway.http.bearer import challenge
from gateway.http.cors import Origins
from gateway.http.exchange import Answering, Disconnected, Exchange, Receive, Scope, Send, error_reply
from gateway.http.refusals import MethodNotAllowed, NotFound

Endpoint = Callable[[Exchange], Awaitable[Answering]]
Socket = Callable[[Exchange, Scope, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """What answers on one path, and by which methods."""

    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET", "HEAD")


class Application:
    """Answers HTTP; exact paths only, so that looking one up costs one dictionary access."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        origins: Origins | None = None,
        sockets: Mapping[str, Socket] | None = None,
    ) -> None:
        self._routes = dict(routes)
        self._sockets = dict(sockets or {})
        self._origins = origins or Origins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await self._connect(scope, receive, send)

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
            note(exchange, 499, time.perf_counter() - started)
            return
        exchange.code = reply.code
        await reply.send(exchange, send, self._origins.headers(exchange))
        note(exchange, reply.status, time.perf_counter() - started)

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
