"""Requests below one base address, straight to the transport: what is the same for all of them is written once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import httpx

from adapters.drivers.transport.exchange import Exchange
from adapters.drivers.transport.pool import Origin
from adapters.drivers.transport.request import Outgoing
from adapters.drivers.transport.transport import OwnTransport

_AS_IT_IS: Final = re.compile(r"(?:[A-Za-z0-9\-._~!$&()*+,;=:@/?]|%[0-9A-F]{2})*")  # httpx leaves it alone, too
_SURELY_FITS: Final = 8_192
_VISIBLE: Final = re.compile(rb"[\x21-\x7e]+")


class Straight:
    """What `httpx.AsyncClient` makes of an address and of headers, without its objects for each request."""

    def __init__(self, transport: OwnTransport, model: httpx.Request) -> None:
        """`model` is a GET of the base address, which ends in `/`, with the headers of every request."""
        self._transport = transport
        self._base = str(model.url)
        self._origin = model.url
        self._directory = model.url.raw_path
        self._bare = self._directory[:-1] or b"/"  # the base address itself, without its last slash
        self._fields = tuple(model.headers.raw)
        self._usual = self._usual_end()
        self._kept: Origin | None = None

    def written(self, method: str, target: str, headers: Mapping[str, str], content: bytes | None) -> Outgoing:
        """A request; raises httpx.InvalidURL or httpx.LocalProtocolError for what cannot be one."""
        if not headers and not content and method == "GET" and self._usual is not None:
            raw = self.target(target)
            if _VISIBLE.fullmatch(raw):  # all else of the head was looked at once
                return Outgoing(b"GET %b%b" % (raw, self._usual[0]), b"", None, False, True, self._usual[1])
        fields, names = list(self._fields), frozenset[bytes]()
        if headers:
            own = [(name.encode(), value.encode()) for name, value in headers.items()]
            names = frozenset(name.lower() for name, _ in own)
            fields = [field for field in fields if field[0].lower() not in names] + own
        if (content or method == "POST") and names.isdisjoint((b"content-length", b"transfer-encoding")):
            fields.append((b"content-length", b"%d" % len(content or b"")))
        return Outgoing.written(method, self.target(target), fields, content or b"")

    @property
    def is_at_hand(self) -> bool:
        """Whether there is a connection that was kept."""
        return not self._transport.is_closed and self._connections().is_at_hand()

    def take(self, outgoing: Outgoing) -> Exchange:
        """An exchange on the connection at hand; nothing is sent yet."""
        return self._transport.take(self._connections(), outgoing)

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport.is_closed

    def close_idle(self) -> None:
        """Close the connections that are kept."""
        self._connections().close_idle()

    def _connections(self) -> Origin:
        if self._kept is None:
            self._kept = self._transport.origin(self._origin)
        return self._kept

    def _usual_end(self) -> tuple[bytes, bool] | None:
        """What follows the target of every GET without headers of its own, and whether it closes the connection."""
        try:
            outgoing = Outgoing.written("GET", b"/", self._fields, b"")
        except httpx.LocalProtocolError:
            return None  # each request will say so
        return outgoing.head.removeprefix(b"GET /"), outgoing.last

    async def open(self, outgoing: Outgoing) -> Exchange:
        """The exchange once the answer's head is here; whoever asks calls its `cancel` in the end."""
        return await self._transport.exchange(self._origin, outgoing)

    def target(self, target: str) -> bytes:
        """Path and query as they go on the wire."""
        beside = target[:1] in ("", "?")
        if len(target) <= _SURELY_FITS and _AS_IT_IS.fullmatch(target) and target[:1] != "." and "/." not in target:
            raw = target.encode("ascii")
            return self._bare + raw if beside else self._directory + raw.lstrip(b"/")
        return httpx.URL(self._base[:-1] + target if beside else self._base + target.lstrip("/")).raw_path
