"""The transport under `httpx.AsyncClient`: HTTP/1.1 on asyncio and httptools, a pool of kept connections per origin.

Proxies, redirects, pipelining, HTTP/2 and `Expect` are not spoken. Every failure is one of httpx's own exceptions.
"""

from adapters.drivers.transport.choice import TransportName, open_transport
from adapters.drivers.transport.limits import Limits
from adapters.drivers.transport.pool import OriginStats
from adapters.drivers.transport.transport import OwnTransport

__all__ = ["Limits", "OriginStats", "OwnTransport", "TransportName", "open_transport"]
