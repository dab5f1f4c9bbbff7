"""HTTP/1.1 on asyncio and httptools with connections kept, under `httpx.AsyncClient` or without it (`Straight`).

Proxies, redirects, pipelining, HTTP/2 and `Expect` are not spoken. Every failure is one of httpx's own exceptions.
"""

from adapters.drivers.transport.choice import TransportName, open_transport
from adapters.drivers.transport.exchange import Exchange
from adapters.drivers.transport.limits import Limits
from adapters.drivers.transport.pool import OriginStats
from adapters.drivers.transport.request import Outgoing
from adapters.drivers.transport.straight import Straight
from adapters.drivers.transport.transport import Body, OwnTransport

__all__ = [
    "Body",
    "Exchange",
    "Limits",
    "OriginStats",
    "Outgoing",
    "OwnTransport",
    "Straight",
    "TransportName",
    "open_transport",
]
