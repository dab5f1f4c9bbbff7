"""The one seam to HTTP: a small client that keeps a deadline, a size limit and silence about what it carries.

Whatever goes wrong becomes one of the contract's closed errors:

    refused connection, reset, half a body, unknown name, TLS, deadline   Unavailable
    not HTTP, a redirect, compressed although not asked for, too large     Malformed
    401, 403 Refused · 429 Throttled · 5xx Unavailable · other 4xx Invalid (`raise_for_status`)

No message holds an address, a key or a value; httpx and httpcore log both, so their loggers are silenced here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

import httpx
from msgspec import Struct

from adapters.connections import Connections
from adapters.contract import AdapterError, Deadline, Invalid, Malformed, Refused, Throttled, Unavailable
from adapters.drivers.sending import Sending
from adapters.drivers.tls import tls_context
from adapters.drivers.transport import (
    Body,
    Exchange,
    Outgoing,
    OwnTransport,
    Straight,
    TransportName,
    open_transport,
)
from adapters.manifest import HeaderAuth, ManifestError, Tls

for _name in ("httpx", "httpcore"):  # they log addresses and headers: keys and secrets
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


_READ = httpx.ByteStream(b"")
_HEARD: Final = frozenset({b"content-type", b"content-length", b"content-encoding", b"retry-after", b"cache-control"})

NETWORK_FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL)
"""What a call over httpx may raise that a library made for us; for whoever has to catch it."""

_CANNOT_BE_WRITTEN: Final = (httpx.InvalidURL, httpx.LocalProtocolError)

Fields = Sequence[tuple[bytes, bytes]]
T = TypeVar("T")


class Request(Struct, frozen=True, gc=False):
    """One read. `target` is path and query below the base address, already encoded; headers hold no CR or LF."""

    target: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] | None = None
    content: bytes | None = None
    signed: Callable[[], Mapping[str, str]] | None = None
    """Headers that are good for one sending: made anew where a request is sent a second time."""

    def fields(self) -> Mapping[str, str]:
        """All headers of one sending."""
        given = self.headers or {}
        return {**given, **self.signed()} if self.signed is not None else given


class Answer(Struct, frozen=True, gc=False):
    """A whole answer of any status."""

    status: int
    content: bytes
    media_type: str  # lower case, without parameters; empty when the source names none
    charset: str | None = None
    retry_after: timedelta | None = None
    cache_control: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class HttpClient:
    """A client pinned to one base address. `source` is the adapter's id, the only name that errors mention."""

    def __init__(
        self,
        base_url: str,
        *,
        source: str,
        timeout: timedelta,
        concurrency: int,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        tls: Tls | None = None,
        transport: TransportName = "own",
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ManifestError(f"{source}: source: the address is not http(s)://host/path. Correct it.")
        self.source = source
        self.base = base_url if parts.path.endswith("/") else base_url + "/"
        self._timeout = timeout.total_seconds()
        self._max_bytes = max_bytes
        self._places = asyncio.Semaphore(concurrency)
        carrier = open_transport(transport, tls_context(source, tls), concurrency)
        self._client = httpx.AsyncClient(
            headers={"accept-encoding": "identity", "user-agent": "yiti", **(headers or {})},
            # one viewer's session must never reach another viewer's call
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            trust_env=False,
            transport=carrier,
            timeout=None,  # noqa: S113 - asyncio's absolute timeout below covers every step, waiting included
        )
        self._carrier = carrier
        self._straight: Straight | None = None
        if isinstance(carrier, OwnTransport) and "@" not in parts.netloc:  # httpx makes a header of a name in there
            self._straight = Straight(carrier, self._model())

    async def send(self, request: Request, deadline: Deadline | None = None) -> Answer:
        """The whole answer, whatever its status; AdapterError when there is none within the deadline."""
        until = self._until(deadline)
        sending = self._at_once(request, until)
        return await (self.sent(request, until) if sending is None else sending.answer())

    def begin(self, request: Request, deadline: Deadline) -> Sending:
        """The same for several to wait for; raises AdapterError where nothing can be sent."""
        until = self._until(deadline)
        sending = self._at_once(request, until)
        if sending is None:
            sending = Sending(self, request, until)
            sending.by(self.sent(request, until))
        return sending

    def _check_open(self) -> None:
        if self._client.is_closed:
            raise Unavailable(f"{self.source}: its connections are closed, because the gateway ends")

    def _until(self, deadline: Deadline | None) -> float:
        self._check_open()
        now = asyncio.get_running_loop().time()
        until = now + self._timeout
        if deadline is not None and deadline.at < until:
            until = deadline.at
        if until <= now:
            raise Unavailable(f"{self.source}: the deadline passed before anything was sent")
        return until

    def _at_once(self, request: Request, until: float) -> Sending | None:
        """Sent on a connection that is at hand; None where one has to be waited for or opened."""
        straight = self._straight
        # those who wait for a place come first; what is not sent is not signed either
        if straight is None or self._places.locked() or not straight.is_at_hand:
            return None
        try:
            outgoing = straight.written(request.method, request.target, request.fields(), request.content)
        except _CANNOT_BE_WRITTEN as err:
            raise self.closed(err) from None
        sending = Sending(self, request, until)
        sending.over(straight.take(outgoing), outgoing)
        return sending

    async def sent(self, request: Request, until: float, *, tries: int = 2) -> Answer:
        """What `send` gives, connection and all; `tries` times as long as nothing comes back."""
        try:
            async with asyncio.timeout_at(until), self._places:
                return await self._exchange(request, tries)
        except TimeoutError as err:
            raise Unavailable(f"{self.source}: no whole answer within the deadline") from err

    async def _exchange(self, request: Request, tries: int) -> Answer:
        try:
            if self._straight is None:
                return await self._by_client(request)
            return await self._by_transport(self._straight, request, tries)
        except (httpx.TransportError, httpx.InvalidURL) as err:
            raise self.closed(err) from _quotable(err)
        except RuntimeError:  # what a client raises that was closed meanwhile
            self._check_open()
            raise

    def closed(self, err: BaseException | None) -> AdapterError:
        """The contract's error for what went wrong on the network."""
        if isinstance(err, httpx.TransportError):
            return _closed(self.source, err)
        return Invalid(f"{self.source}: the request does not fit into an address")

    def again(self, exchange: Exchange, outgoing: Outgoing) -> int | None:
        """How often a request may be sent anew to which a kept connection brought nothing back; None for never."""
        if self._straight is None or self._straight.is_closed:
            return None
        if exchange.unanswered and outgoing.repeatable:
            self._straight.close_idle()
            return 2
        err = exchange.error
        return 1 if isinstance(err, httpx.TransportError) and _nothing_came_back(err) else None

    async def _by_transport(self, straight: Straight, request: Request, tries: int) -> Answer:
        def send() -> Awaitable[Exchange]:
            return straight.open(straight.written(request.method, request.target, request.fields(), request.content))

        exchange = await (_asked(send) if tries > 1 else send())
        try:
            return await self._whole(exchange.answer.status, exchange.answer.headers, Body(exchange, None))
        finally:
            exchange.cancel()

    async def _by_client(self, request: Request) -> Answer:
        response = await _asked(lambda: self._client.send(self._built(request), stream=True))
        try:
            return await self._whole(response.status_code, response.headers.raw, response.aiter_raw())
        finally:
            await response.aclose()
            response.stream = _READ  # httpx's own refers back to the response, which only a collector would end

    def _built(self, request: Request) -> httpx.Request:
        return self._client.build_request(
            request.method,
            self._address(request.target),
            headers=[(name.encode(), value.encode()) for name, value in request.fields().items()],
            content=request.content,
        )

    def _model(self) -> httpx.Request:
        try:
            return self._client.build_request("GET", self.base)
        except httpx.InvalidURL:
            raise ManifestError(
                f"{self.source}: source: the address is not http(s)://host/path. Correct it."
            ) from None

    def _address(self, target: str) -> httpx.URL:
        return httpx.URL(self.base[:-1] + target if target[:1] in ("", "?") else self.base + target.lstrip("/"))

    async def _whole(self, status: int, fields: Fields, body: AsyncIterable[bytes]) -> Answer:
        """The answer with its body read, as far as it is one that may be read."""
        head = self.head(status, fields)
        pieces: list[bytes] = []
        size = 0
        async for piece in body:
            pieces.append(piece)
            size += len(piece)
            self.check_size(size)
        return self.heard(status, head, pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def head(self, status: int, fields: Fields) -> dict[bytes, str]:
        """Those headers of an answer that anybody here listens to; Malformed where its body need not be read."""
        if 300 <= status < 400:
            raise Malformed(f"{self.source}: answered with a redirect. Set the final address in its manifest.")
        heard = _heard(fields)
        if heard.get(b"content-encoding", "identity").lower() != "identity":
            raise Malformed(f"{self.source}: answered compressed although identity was asked for")
        length = heard.get(b"content-length", "")
        if length.isdecimal() and len(length) < 20:
            self.check_size(int(length))
        return heard

    def check_size(self, size: int) -> None:
        """Malformed where an answer is longer than the manifest allows."""
        if size > self._max_bytes:
            raise Malformed(f"{self.source}: answered with more than max_bytes ({self._max_bytes}); page it")

    def heard(self, status: int, head: Mapping[bytes, str], content: bytes) -> Answer:
        """The answer that these parts make up."""
        media_type, charset = _content_type(head.get(b"content-type", ""))
        wait = _retry_after(head.get(b"retry-after", ""))
        return Answer(status, content, media_type, charset, wait, head.get(b"cache-control", ""))

    def connections(self) -> Connections | None:
        """How many there are; this project's own transport alone says so."""
        if not isinstance(self._carrier, OwnTransport):
            return None
        origins = self._carrier.stats.values()
        return Connections(sum(one.in_use for one in origins), sum(one.idle for one in origins))

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def raise_for_status(source: str, answer: Answer) -> None:
    """Raise what a status outside 2xx means when no rule of the manifest says otherwise."""
    if answer.ok:
        return
    message = f"{source}: answered with status {answer.status}"
    if answer.status in (401, 403):
        raise Refused(message)
    if answer.status == 429:
        raise Throttled(message, retry_after=answer.retry_after)
    if answer.status >= 500:
        raise Unavailable(message, retry_after=answer.retry_after)
    raise Invalid(message)


def secret_headers(source: str, auth: HeaderAuth | None) -> dict[str, str]:
    """The header that the manifest's `auth` names, its value taken from the environment."""
    if auth is None:
        return {}
    value = os.environ.get(auth.secret_env, "")
    if not value.isascii() or not value.isprintable() or not value:
        raise ManifestError(
            f"{source}: source.auth.secret_env: {auth.secret_env} is not set to one line of ASCII. Set that variable."
        )
    return {auth.name: value}


async def _asked(send: Callable[[], Awaitable[T]]) -> T:
    """Send until the head of an answer is here; once more if nothing came back, as every call is a read."""
    try:
        return await send()
    except httpx.TransportError as err:
        if not _nothing_came_back(err):
            raise
    return await send()


def _heard(fields: Fields) -> dict[bytes, str]:
    """Those headers of an answer that anybody here listens to."""
    heard: dict[bytes, str] = {}
    for given, value in fields:
        name = given.lower()
        if name in _HEARD:
            text = value.decode("latin-1")
            heard[name] = f"{heard[name]}, {text}" if name in heard else text
    return heard


def _nothing_came_back(err: httpx.TransportError) -> bool:
    if isinstance(err, httpx.RemoteProtocolError):
        return "disconnected" in str(err)  # httpcore's word for a connection closed before any answer
    return isinstance(err, httpx.NetworkError)


def _closed(source: str, err: httpx.TransportError) -> AdapterError:
    if isinstance(err, httpx.LocalProtocolError):
        return Invalid(f"{source}: the request cannot be written as HTTP")
    if isinstance(err, httpx.RemoteProtocolError) and "closed" not in str(err) and "disconnected" not in str(err):
        return Malformed(f"{source}: the answer is not HTTP")
    what = "cannot be reached" if isinstance(err, httpx.ConnectError) else "broke the connection off"
    return Unavailable(f"{source}: {what}")


def _quotable(err: Exception) -> Exception | None:
    """The cause to chain, unless it quotes a value: h11's quote headers and foreign bytes, another the address."""
    return None if isinstance(err, httpx.ProtocolError | httpx.InvalidURL) else err


def _content_type(header: str) -> tuple[str, str | None]:
    return _USUAL_TYPES.get(header) or _parsed_type(header)


def _parsed_type(header: str) -> tuple[str, str | None]:
    message = Message()
    message["content-type"] = header
    return message.get_content_type(), message.get_content_charset()


_USUAL_TYPES: Final = {
    "": ("", None),
    **{
        f"{kind}{charset}": _parsed_type(f"{kind}{charset}")
        for kind in ("application/json", "text/xml", "application/xml")
        for charset in ("", "; charset=utf-8", ";charset=utf-8", "; charset=UTF-8", ";charset=UTF-8")
    },
}


def _retry_after(header: str) -> timedelta | None:
    if not header:
        return None
    if header.isdecimal() and len(header) < 10:
        return timedelta(seconds=min(int(header), 86_400))
    try:
        return max(timedelta(), parsedate_to_datetime(header) - datetime.now(UTC))
    except (TypeError, ValueError):  # no date, or one without a zone
        return None
