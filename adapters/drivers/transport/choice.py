"""Which transport carries the calls: this one, httpx's own, or aiohttp's where its extra is installed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Literal

import httpx

from adapters.drivers.transport.limits import Limits
from adapters.drivers.transport.transport import OwnTransport

TransportName = Literal["own", "httpx", "aiohttp"]


def open_transport(name: TransportName, tls: ssl.SSLContext, connections: int) -> httpx.AsyncBaseTransport:
    """A transport with that many connections per origin. `aiohttp` raises ImportError without its extra."""
    return _OPEN[name](tls, connections)


def _own(tls: ssl.SSLContext, connections: int) -> httpx.AsyncBaseTransport:
    return OwnTransport(tls, Limits(connections=connections))


def _httpx(tls: ssl.SSLContext, connections: int) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)


def _aiohttp(tls: ssl.SSLContext, connections: int) -> httpx.AsyncBaseTransport:
    import aiohttp
    from httpx_aiohttp import AiohttpTransport

    class Transport(AiohttpTransport):
        """Lets none of aiohttp's own errors through."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return await super().handle_async_request(request)
            except aiohttp.ClientError as err:
                raise httpx.RemoteProtocolError("the answer is not HTTP") from err

    def session() -> aiohttp.ClientSession:
        # aiohttp's own jar would show one viewer's cookies to the next
        connector = aiohttp.TCPConnector(limit=connections, ssl=tls)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return Transport(verify=tls, trust_env=False, client=session)


_OPEN: dict[TransportName, Callable[[ssl.SSLContext, int], httpx.AsyncBaseTransport]] = {
    "own": _own,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
}
