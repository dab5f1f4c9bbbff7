"""One request as it goes on the wire; what could be read as more or less than one request is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import httpx
from msgspec import Struct

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_HEAD: Final = re.compile(
    _TOKEN + rb" [\x21-\x7e]+ HTTP/1\.1\r\n(?:" + _TOKEN + rb": [\t\x20-\x7e\x80-\xff]*+\r\n)*+\r\n"
)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d{1,18})\r\n")
_IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})


class Outgoing(Struct, frozen=True, gc=False):
    """A request's bytes. A `body` of None comes in pieces: `length` bytes of them, or chunks if that is None."""

    head: bytes
    body: bytes | None
    length: int | None
    to_head: bool
    repeatable: bool  # may be sent again when a kept connection turns out to be dead
    last: bool  # it asks for the connection to be closed

    @classmethod
    def of(cls, request: httpx.Request) -> Outgoing:
        """Raises httpx.LocalProtocolError, without quoting it, for a request that cannot be written."""
        return cls.written(request.method, request.url.raw_path, request.headers.raw, _content(request))

    @classmethod
    def written(
        cls, method: str, target: bytes, fields: Sequence[tuple[bytes, bytes]], body: bytes | None
    ) -> Outgoing:
        """The same of its parts: the path with its query, and every header, Host and Content-Length too."""
        lines = [b"%b %b HTTP/1.1\r\n" % (method.encode(), target)]
        lines += [b"%b: %b\r\n" % field for field in fields]
        lines.append(b"\r\n")
        head = b"".join(lines)
        if head.count(b"\r\n") != len(fields) + 2 or _HEAD.fullmatch(head) is None or method == "CONNECT":
            raise httpx.LocalProtocolError("the request has a character or method that HTTP does not allow there")
        chunked, length, last = _framing(head.lower())
        if body is not None:
            if (length is not None and length != len(body)) or (body and length is None and not chunked):
                raise httpx.LocalProtocolError("the request's Content-Length is not the length of its body")
            body = (
                b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked and body else b"0\r\n\r\n" * chunked or body
            )
        elif length is None and not chunked:
            raise httpx.LocalProtocolError("the request's body has neither a length nor chunks")
        return cls(head, body, length, method == "HEAD", body is not None and method in _IDEMPOTENT, last)


def _content(request: httpx.Request) -> bytes | None:
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def _framing(head: bytes) -> tuple[bool, int | None, bool]:
    """Whether a head, in lower case, announces chunks, which length, and the end of the connection."""
    lengths = head.count(b"\r\ncontent-length:")
    codings = head.count(b"\r\ntransfer-encoding:")
    if lengths + codings > 1 or head.count(b"\r\nhost:") != 1:
        raise httpx.LocalProtocolError("the request's Host, Content-Length or Transfer-Encoding is contradictory")
    length = _LENGTH.search(head) if lengths else None
    chunked = codings == 1 and b"\r\ntransfer-encoding: chunked\r\n" in head
    if (lengths and length is None) or (codings and not chunked):
        raise httpx.LocalProtocolError("the request's Content-Length or Transfer-Encoding cannot be kept")
    return chunked, int(length[1]) if length else None, b"\r\nconnection: close\r\n" in head
