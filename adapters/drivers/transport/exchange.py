"""One request and its answer on a connection, from the first byte sent to the last byte taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Sequence

import httpx

from adapters.drivers.transport.answer import Answer
from adapters.drivers.transport.connection import Connection
from adapters.drivers.transport.limits import Limits
from adapters.drivers.transport.request import Outgoing


class Exchange:
    """`over` is called once, with the connection and whether it may carry another request."""

    __slots__ = (
        "_buffered",
        "_connection",
        "_limits",
        "_over",
        "_paused",
        "_sending",
        "_told",
        "_waiter",
        "answer",
        "error",
        "unanswered",
    )

    def __init__(
        self, connection: Connection, outgoing: Outgoing, limits: Limits, over: Callable[[Connection, bool], None]
    ) -> None:
        self.answer = Answer(limits, to_head=outgoing.to_head)
        self.unanswered = False  # the other side ended the connection before it said anything
        self._connection: Connection | None = connection
        self.error: httpx.TransportError | None = None
        self._limits = limits
        self._over = over
        self._waiter: asyncio.Future[None] | None = None
        self._told: Callable[[], None] | None = None
        self._sending = True  # until the connection has taken over all of the request
        self._paused = False
        self._buffered = 0
        connection.exchange = self
        connection.uses += 1

    # ---- what the connection tells ------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """The next bytes of the answer."""
        answer = self.answer
        try:
            answer.feed(data)
        except httpx.RemoteProtocolError as err:
            self._fail(err)
            return
        if answer.complete:
            self._finish(keep=answer.keep and self._is_sent())
        elif answer.pieces:
            self._buffered += len(data)
            if self._buffered > self._limits.buffered_bytes and self._connection is not None and not self._paused:
                self._paused = True
                self._connection.wire.pause_reading()
        self.wake()

    def ended(self, *, cut_off: bool) -> None:
        """The other side sends no more."""
        self.unanswered = not self.answer.started
        try:
            self.answer.end(cut_off=cut_off)
        except httpx.RemoteProtocolError as err:
            self._fail(err)
        else:
            self._finish(keep=False)
            self.wake()

    def broken(self, cause: Exception | None) -> None:
        """The connection is no more."""
        self.unanswered = not self.answer.started
        error = httpx.ReadError("the connection broke")
        error.__cause__ = cause
        self._fail(error)

    def wake(self) -> None:
        """Something happened that `_wait` may have waited for, or whoever sent the request without waiting."""
        if self._told is not None:
            self._told()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- what the transport does --------------------------------------------------------------------------------

    def send(self, outgoing: Outgoing, told: Callable[[], None]) -> None:
        """Send a request whose body is at hand, without waiting; `told` is called whenever there is news.

        News are what `answer`, `taken` and `error` hold. In the end whoever sent it calls `cancel`.
        """
        connection = self._connection
        if connection is None or outgoing.body is None:
            raise RuntimeError("a request is sent once, and at once only with its body at hand")
        self._told = told
        self._sending = outgoing.last
        connection.wire.write(outgoing.head + outgoing.body if outgoing.body else outgoing.head)

    async def converse(
        self, outgoing: Outgoing, stream: AsyncIterable[bytes], write: float | None, read: float | None
    ) -> Answer:
        """Send, and wait until the answer's head is here; an answer that comes early ends the sending."""
        try:
            await self._send(outgoing, stream, write)
            while not self.answer.status:
                await self._wait(read, httpx.ReadTimeout)
        except BaseException:
            self.cancel()
            raise
        return self.answer

    async def piece(self, read: float | None) -> bytes:
        """The next bytes of the body; none at its end."""
        pieces = self.answer.pieces
        try:
            while not pieces and not self.answer.complete:
                await self._wait(read, httpx.ReadTimeout)
        except BaseException:
            self.cancel()
            raise
        taken = self.taken()
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def taken(self) -> Sequence[bytes]:
        """What of the body is here and was not taken before."""
        taken, self.answer.pieces = self.answer.pieces, []
        self._buffered = 0
        if self._paused and self._connection is not None:
            self._paused = False
            self._connection.wire.resume_reading()
        return taken

    def cancel(self) -> None:
        """Nobody wants the rest: a connection in the middle of an answer cannot be kept."""
        self._told = None
        self.answer.pieces.clear()
        self._fail(httpx.ReadError("the answer was given up"))

    # ---- inside -------------------------------------------------------------------------------------------------

    async def _send(self, outgoing: Outgoing, stream: AsyncIterable[bytes], within: float | None) -> None:
        if outgoing.body is not None:
            self._sending = outgoing.last
            await self._write(outgoing.head + outgoing.body, within)
            return
        await self._write(outgoing.head, within)
        left = outgoing.length
        async for piece in stream:
            if self._is_stirred():
                return
            if left is not None:
                left -= len(piece)
            if left is not None and left < 0:
                raise httpx.LocalProtocolError("the request's body is longer than its Content-Length")
            if piece:
                await self._write(piece if left is not None else b"%x\r\n%b\r\n" % (len(piece), piece), within)
        if left:
            raise httpx.LocalProtocolError("the request's body is shorter than its Content-Length")
        if not self._is_stirred():
            self._sending = outgoing.last
            await self._write(b"" if left is not None else b"0\r\n\r\n", within)

    async def _write(self, data: bytes, within: float | None) -> None:
        connection = self._connection
        if connection is None or not data:
            return
        connection.wire.write(data)
        while connection.blocked and not self._is_stirred():
            await self._wait(within, httpx.WriteTimeout)

    def _is_stirred(self) -> bool:
        """Whether there is an answer or an error, so that sending on makes no sense."""
        return self.answer.status != 0 or self.error is not None

    def _is_sent(self) -> bool:
        connection = self._connection
        return not self._sending and connection is not None and not connection.wire.get_write_buffer_size()

    async def _wait(self, within: float | None, late: type[httpx.TimeoutException]) -> None:
        if self.error is not None:
            raise self.error
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None
        if within is not None:
            timer = loop.call_later(within, self._fail, late("the other side took too long"))
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _fail(self, error: httpx.TransportError) -> None:
        if self.error is None:
            self.error = error
        self._finish(keep=False)
        self.wake()

    def _finish(self, *, keep: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.exchange = None
        self.answer.let_go()
        if keep and self._paused:
            connection.wire.resume_reading()
        self._over(connection, keep)
