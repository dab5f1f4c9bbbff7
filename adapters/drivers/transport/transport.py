"""What httpx sees: a request goes in, an answer whose body is still to be read comes out."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping

import httpx

from adapters.drivers.transport.exchange import Exchange
from adapters.drivers.transport.limits import Limits
from adapters.drivers.transport.pool import Origin, OriginStats
from adapters.drivers.transport.request import Outgoing

_PORTS = {"http": 80, "https": 443}
_NOTHING = httpx.ByteStream(b"")
_WITHOUT_END: Mapping[str, float | None] = {}


class OwnTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 for one event loop. A call that gets nothing back on a kept connection is repeated once, on a new one,
    if its method is idempotent and its body is at hand; nothing else is ever repeated here.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, limits: Limits | None = None) -> None:
        self._tls = tls
        self._limits = limits or Limits()
        self._origins: dict[tuple[bytes, bytes], Origin] = {}
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer as soon as its head is here. Raises httpx.TransportError, never anything of asyncio or ssl."""
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101 - httpx has looked
        waits: Mapping[str, float | None] = request.extensions.get("timeout") or {}
        exchange = await self.exchange(request.url, Outgoing.of(request), request.stream, waits)
        answer = exchange.answer
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=Body(exchange, waits.get("read")),
            extensions={"http_version": answer.version, "reason_phrase": answer.reason},
        )

    async def exchange(
        self,
        url: httpx.URL,
        outgoing: Outgoing,
        stream: AsyncIterable[bytes] = _NOTHING,
        waits: Mapping[str, float | None] = _WITHOUT_END,
    ) -> Exchange:
        """The same without httpx's own request and answer: the head is here, the body still to be read.

        Only the origin of `url` matters. Whoever asks calls `cancel` in the end, even when all of the body was read.
        """
        origin = self.origin(url)
        exchange, reused = await self._exchange(origin, outgoing, waits)
        try:
            await exchange.converse(outgoing, stream, waits.get("write"), waits.get("read"))
        except (httpx.RemoteProtocolError, httpx.ReadError):
            if not (reused and exchange.unanswered and outgoing.repeatable):
                raise
            origin.close_idle()
            exchange, _ = await self._exchange(origin, outgoing, waits)
            await exchange.converse(outgoing, stream, waits.get("write"), waits.get("read"))
        return exchange

    def take(self, origin: Origin, outgoing: Outgoing) -> Exchange:
        """An exchange on the connection that is at hand; nothing is sent yet."""
        return Exchange(origin.take(), outgoing, self._limits, origin.release)

    @property
    def stats(self) -> Mapping[str, OriginStats]:
        """By origin, as `https://host:port`."""
        return {
            f"{scheme.decode()}://{netloc.decode()}": one.stats for (scheme, netloc), one in self._origins.items()
        }

    async def aclose(self) -> None:
        """Close every connection and wait until they are closed."""
        self.is_closed = True
        await asyncio.gather(*(origin.aclose() for origin in self._origins.values()))

    async def _exchange(
        self, origin: Origin, outgoing: Outgoing, waits: Mapping[str, float | None]
    ) -> tuple[Exchange, bool]:
        connection = await origin.connection(waits.get("pool"), waits.get("connect"))
        reused = connection.uses > 0
        return Exchange(connection, outgoing, self._limits, origin.release), reused

    def origin(self, url: httpx.URL) -> Origin:
        """The connections to where an address leads; raises RuntimeError once the transport is closed."""
        if self.is_closed:
            raise RuntimeError("the transport is closed. Open another client.")
        key = (url.raw_scheme, url.netloc)
        origin = self._origins.get(key)
        if origin is None:
            scheme = url.scheme
            if scheme not in _PORTS or not url.host:
                raise httpx.UnsupportedProtocol("the address is not http(s)://host")
            tls = self._trust() if scheme == "https" else None
            host, port = url.raw_host.decode("ascii"), url.port or _PORTS[scheme]
            origin = self._origins[key] = Origin(host, port, tls, self._limits)
        return origin

    def _trust(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class Body(httpx.AsyncByteStream):
    """An answer's body. Closed before its end, it takes the connection with it."""

    def __init__(self, exchange: Exchange, read: float | None) -> None:
        self._exchange = exchange
        self._read = read

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._exchange.piece(self._read)
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Give up what was not read."""
        self._exchange.cancel()
