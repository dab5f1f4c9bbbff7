"""One answer read from the bytes of a connection: its head by llhttp, its length by RFC 9112 and never by guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import httptools
import httpx

from adapters.drivers.transport.limits import Limits

_VERSIONS: Final = (b"HTTP/1.1 ", b"HTTP/1.0 ")
_END: Final = b"\r\n\r\n"
_USUAL: Final = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2}) ([\x20-\x7e]*+)\r\n(?:[A-Za-z0-9-]+: [\x21-\x7e][\x20-\x7e]*+\r\n)*+\r\n"
)
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_NEVER: Final = re.compile(rb"(?!)")
_JUDGED: Final = {  # what of these headers needs no judgement
    b"content-length": _LENGTH,
    b"connection": re.compile(rb"keep-alive|close", re.IGNORECASE),
    b"transfer-encoding": _NEVER,
    b"upgrade": _NEVER,
    b"proxy-connection": _NEVER,
}
_UNTIL_CLOSE: Final = -1  # `_left` of a body that only the end of the connection ends
_CHUNKED: Final = -2


class Answer:
    """Fed with what a connection receives. `complete` once all of it is here; body bytes wait in `pieces`.

    `keep`: the connection may carry another request, as the answer was whole, exact and not followed by anything.
    """

    __slots__ = (
        "_chunks",
        "_interim",
        "_left",
        "_limits",
        "_nothing_between",
        "_parser",
        "_partial",
        "_tail",
        "_to_head",
        "_version",
        "complete",
        "headers",
        "keep",
        "pieces",
        "reason",
        "started",
        "status",
    )

    def __init__(self, limits: Limits, *, to_head: bool = False) -> None:
        self.started = False
        self.status = 0  # until the head is here
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.complete = False
        self.keep = False
        self._limits = limits
        self._to_head = to_head
        self._partial = bytearray()
        self._interim = 0
        self._left = 0
        self._parser: httptools.HttpResponseParser | None = None

    @property
    def version(self) -> bytes:
        """`HTTP/1.1` or `HTTP/1.0`."""
        return self._version

    def feed(self, received: bytes) -> None:
        """Take the next bytes; raises httpx.RemoteProtocolError for what is not one plain answer."""
        self.started = True
        rest = received if self.status else self._heads(received)
        if self.complete:
            self.keep = self.keep and not rest
        elif rest:
            self._body(rest)

    def end(self, *, cut_off: bool = False) -> None:
        """The connection ended: that completes a body without a length; raises when the answer is not whole.

        `cut_off`: it ended in a way that anybody between the two sides could have caused.
        """
        if self.status and self._left == _UNTIL_CLOSE and not cut_off:
            self.complete = True
        elif not self.started:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        elif not self.complete:
            raise httpx.RemoteProtocolError("peer closed connection before the answer was whole")

    def let_go(self) -> None:
        """Nothing more will be fed. The parser refers to this answer: a cycle, if nobody cut it."""
        self._parser = None

    # ---- the head -----------------------------------------------------------------------------------------------

    def _heads(self, received: bytes) -> bytes:
        """Read heads up to the one that is not interim; returns what follows it."""
        while received:
            head, received = self._cut(received)
            if not head:
                break
            self._parse(head)
            if not self._is_interim():
                self._measure()
                break
        return received

    def _cut(self, received: bytes) -> tuple[bytes, bytes]:
        """A whole head and what follows it, or nothing as long as it is not whole."""
        partial = self._partial
        seen = max(0, len(partial) - len(_END) + 1)
        if partial:
            partial += received
        whole = partial or received
        begin = bytes(whole[:9])
        if begin not in _VERSIONS and not any(one.startswith(begin) for one in _VERSIONS):
            raise httpx.RemoteProtocolError("the answer does not begin as HTTP/1 does")
        last = whole.find(_END, seen)
        end = last + len(_END) if last >= 0 else len(whole)
        if end > self._limits.head_bytes:
            raise httpx.RemoteProtocolError(f"the head is longer than {self._limits.head_bytes} bytes")
        if last < 0:
            self._partial = partial or bytearray(received)
            return b"", b""
        self._partial = bytearray()
        return bytes(whole[:end]), bytes(whole[end:])

    def _parse(self, head: bytes) -> None:
        self.headers = []
        self._version = head[:8]
        usual = _USUAL.fullmatch(head)
        if usual is not None and self._read_usual(head, usual):
            return
        self._parser = parser = httptools.HttpResponseParser(self)
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            raise httpx.RemoteProtocolError("the protocol was switched although nobody asked for it") from None
        except httptools.HttpParserError as err:
            raise httpx.RemoteProtocolError(f"the head is not HTTP: {err}") from None
        self.status = parser.get_status_code()
        if self.status < 100:
            raise httpx.RemoteProtocolError("the status is below 100")
        if len(self.headers) > self._limits.headers:
            raise httpx.RemoteProtocolError(f"the head has more than {self._limits.headers} headers")

    def _read_usual(self, head: bytes, usual: re.Match[bytes]) -> bool:
        """What llhttp would read of a head of the usual form; False where its own judgement is needed."""
        headers: list[tuple[bytes, bytes]] = []
        for line in head.split(b"\r\n")[1:-2]:
            name, _, value = line.partition(b": ")
            headers.append((name, value.rstrip(b" ")))
        measured = False
        for name, value in headers:
            form = _JUDGED.get(name.lower())
            if form is None:
                continue
            if form.fullmatch(value) is None or (measured and form is _LENGTH):
                return False
            measured = measured or form is _LENGTH
        if len(headers) > self._limits.headers:
            return False
        self.headers, self.status, self.reason = headers, int(usual[1]), usual[2]
        return True

    def on_status(self, reason: bytes) -> None:
        """For httptools."""
        self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """For httptools; it also calls this for the trailers of a chunked body, which are dropped."""
        if not self.status:
            self.headers.append((name, value.rstrip(b" \t")))

    def _is_interim(self) -> bool:
        if self.status >= 200:
            return False
        self._interim += 1
        if self.status == 101 or self._interim > self._limits.interim:
            raise httpx.RemoteProtocolError("an interim answer that nobody asked for, or too many of them")
        if self._values(b"content-length") or self._values(b"transfer-encoding"):
            raise httpx.RemoteProtocolError("an interim answer claims to have a body")
        self.status, self.reason = 0, b""
        return True

    # ---- the body -----------------------------------------------------------------------------------------------

    def _measure(self) -> None:
        """How long the body is and whether the connection may live on."""
        lengths, codings, connection = self._framing()
        persistent = b"keep-alive" in connection or self._version == b"HTTP/1.1"
        self.keep = persistent and b"close" not in connection
        if (lengths and codings) or len(lengths) > 1:
            raise httpx.RemoteProtocolError("the length of the body is contradictory")
        if self._to_head or self.status in (204, 304):
            # a 204 that announces a body may be followed by one
            self.keep = self.keep and (self.status != 204 or (not codings and lengths in ([], [b"0"])))
            self.complete = True
        elif codings:
            if codings != [b"chunked"] or self._version != b"HTTP/1.1":
                raise httpx.RemoteProtocolError("a transfer coding other than chunked")
            self._left = _CHUNKED
            self._tail = b""
            self._nothing_between = 0
            self._chunks: list[bytes] = []
        elif lengths:
            self._left = int(lengths[0])
            self.complete = self._left == 0
        else:
            self._left = _UNTIL_CLOSE
            self.keep = False

    def _framing(self) -> tuple[list[bytes], list[bytes], Sequence[bytes]]:
        lengths: list[bytes] = []
        codings: list[bytes] = []
        connection: list[bytes] = []
        for name, value in self.headers:
            match len(name):
                case 14 if name.lower() == b"content-length":
                    lengths.append(value)
                case 17 if name.lower() == b"transfer-encoding":
                    codings.append(value.lower())
                case 10 if name.lower() == b"connection":
                    connection += (token.strip() for token in value.lower().split(b","))
        return lengths, codings, connection

    def _values(self, name: bytes) -> list[bytes]:
        return [value for given, value in self.headers if given.lower() == name]

    def _body(self, received: bytes) -> None:
        left = self._left
        if left == _CHUNKED:
            self._chunked(received)
        elif left == _UNTIL_CLOSE:
            self.pieces.append(received)
        elif len(received) < left:
            self.pieces.append(received)
            self._left -= len(received)
        else:
            self.pieces.append(received[:left])
            self.keep = self.keep and len(received) == left
            self.complete = True

    def _chunked(self, received: bytes) -> None:
        self._nothing_between += len(received)
        try:
            if self._parser is not None:
                self._parser.feed_data(received)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as err:
            if not self.complete:
                raise httpx.RemoteProtocolError(f"the chunks are not HTTP: {err}") from None
            self.keep = False
        if self._chunks:
            self.pieces.append(b"".join(self._chunks))
            self._chunks.clear()
        # the parser skips empty lines after the end; an exact end has one and only one
        self._tail = (self._tail + received[-6:])[-6:]
        if self.complete:
            self.keep = self.keep and self._tail.endswith(_END) and self._tail != b"\r\n\r\n\r\n"
        elif self._nothing_between > self._limits.head_bytes:
            raise httpx.RemoteProtocolError(
                f"more than {self._limits.head_bytes} bytes between chunks or in trailers"
            )

    def on_body(self, piece: bytes) -> None:
        """For httptools."""
        if not self.complete:
            self._nothing_between = 0
            self._chunks.append(piece)

    def on_message_complete(self) -> None:
        """For httptools; it also says so at the end of a head that no body may follow."""
        if self._left == _CHUNKED:
            self.complete = True

    def on_message_begin(self) -> None:
        """For httptools: a second answer in the bytes of the first."""
        if self.complete:
            self.keep = False
