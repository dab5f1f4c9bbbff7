"""One HTTP request and its answer, as small as an ASGI handler needs them."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from gateway.errors import GatewayError
from gateway.federation.binding import Sent
from gateway.http.negotiate import JSON
from gateway.http.refusals import BodyTooLarge, MethodNotAllowed, Throttled
from gateway.written import encode

# ASGI's own shapes: servers pass plain dicts of anything.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = tuple[tuple[str, str], ...]

# Only forms that cannot hold a document number or a name: what comes in here goes into logs and the access record.
_REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)

_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

_SAFE_HEADERS: Final = (
    (b"cache-control", b"private, no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Disconnected(Exception):
    """The caller hung up before the body was whole; there is nobody to answer."""


@dataclass(slots=True)
class Exchange:
    """One request; `route`, `code` and `request_id` are what the access log may say of it."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    receive: Receive
    request_id: str
    route: str = "unknown"
    code: str = "OK"
    content: bytes | None = None  # the whole body, once it was read

    @classmethod
    def begin(cls, scope: Scope, receive: Receive) -> Exchange:
        """Read the head; of repeated headers the values are joined, as HTTP allows for lists."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return cls(
            method=scope.get("method", "WEBSOCKET"),
            path=scope["path"],
            query=scope.get("query_string", b""),
            headers=headers,
            receive=receive,
            request_id=request_id(headers.get("x-request-id")),
        )

    def sent(self, limit: int) -> Sent:
        """The request as another gateway's signed statement is bound to it; its body has at most `limit` bytes."""
        target = f"{self.path}?{self.query.decode('latin-1')}" if self.query else self.path
        return Sent(self.method, target, partial(self.body, limit))

    async def body(self, limit: int) -> bytes:
        """The whole body; raises BodyTooLarge as soon as it is longer than `limit` bytes."""
        if self.content is not None:
            return self.content
        announced = self.headers.get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
            raise _too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            part: bytes = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
            if not message.get("more_body", False):
                self.content = b"".join(parts)
                return self.content


class Answering(Protocol):
    """What goes back, whole or in parts."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def code(self) -> str:
        """What the access log says of it."""
        ...

    async def send(self, exchange: Exchange, send: Send, extra: Headers = ()) -> None:
        """Write it, with these headers on top of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. `headers` come on top of those that every reply bears."""

    status: int
    body: bytes = b""
    content_type: str | None = f"{JSON}; charset=utf-8"
    headers: Headers = ()
    code: str = "OK"

    async def send(self, exchange: Exchange, send: Send, extra: Headers = ()) -> None:
        """Write it; a HEAD request gets the head only."""
        headers = raw_headers(exchange, (*self.headers, *extra), self.content_type)
        headers.append((b"content-length", str(len(self.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if exchange.method == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def raw_headers(exchange: Exchange, given: Headers, content_type: str | None) -> list[tuple[bytes, bytes]]:
    """The headers of an answer: those that every answer bears, unless others were given."""
    own = {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in given}
    headers = [pair for pair in _SAFE_HEADERS if pair[0] not in own]
    headers.extend(own.items())
    headers.append((b"x-request-id", exchange.request_id.encode("ascii")))
    if content_type is not None:
        headers.append((b"content-type", content_type.encode("latin-1")))
    return headers


def json_reply(body: object, status: int = 200, media_type: str = JSON, code: str = "OK") -> Reply:
    """A JSON answer."""
    return Reply(status, encode(body), f"{media_type}; charset=utf-8", code=code)


def error_reply(error: GatewayError, media_type: str = JSON, headers: Headers = ()) -> Reply:
    """An error in GraphQL's own shape, without `data`: nothing was executed."""
    if isinstance(error, MethodNotAllowed):
        headers = (*headers, ("Allow", error.allow))
    if isinstance(error, Throttled):
        headers = (*headers, ("Retry-After", str(error.seconds)))
    return Reply(
        max(error.status, 400),
        encode({"errors": [error.formatted]}),
        f"{media_type}; charset=utf-8",
        headers,
        code=error.code,
    )


def request_id(given: str | None = None) -> str:
    """The caller's own id, where it has a form that cannot hold anything else; or a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    drawn = os.urandom(16).hex()  # as a UUID of version 4
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{_VARIANT[drawn[16]]}{drawn[17:20]}-{drawn[20:]}"


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is longer than {limit} bytes. Send a shorter document or fewer variables.")
