"""One connection: what asyncio tells of it, handed to the one exchange that it carries at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from adapters.drivers.transport.exchange import Exchange


class Connection(asyncio.Protocol):
    """A TCP or TLS connection. `left` is called once, when it is lost or given up while it carries nothing."""

    def __init__(self, left: Callable[[Connection], None]) -> None:
        loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.opened_at = self.idle_since = loop.time()
        self.exchange: Exchange | None = None
        self.uses = 0
        self.lost = False
        self.blocked = False  # more is waiting to be sent than the network takes
        self._left = left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self.wire = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio; bytes that nobody asked for end the connection."""
        if self.exchange is None:
            self.abort()
        else:
            self.exchange.received(data)

    def eof_received(self) -> None:
        """Called by asyncio: the other side sends no more, so this one closes too."""
        if self.exchange is not None:
            self.exchange.ended(cut_off=self._cut_off())
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self.gone.set_result(None)
        if self.exchange is not None:
            self.exchange.broken(exc)
        self.abort()

    def pause_writing(self) -> None:
        """Called by asyncio."""
        self.blocked = True

    def resume_writing(self) -> None:
        """Called by asyncio."""
        self.blocked = False
        if self.exchange is not None:
            self.exchange.wake()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        if not self.lost:
            self.lost = True
            self.wire.abort()
            self._left(self)

    def _cut_off(self) -> bool:
        """Whether TLS ended without its own word for the end, so that anybody on the way may have ended it."""
        tls: ssl.SSLObject | None = self.wire.get_extra_info("ssl_object")
        if tls is None:
            return False
        try:
            return tls.read(1) != b""
        except ssl.SSLError:
            return True
