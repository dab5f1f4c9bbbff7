"""One request under way: who waits for its answer, and how that is put together as it comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from adapters.contract import AdapterError, Unavailable
from adapters.drivers.transport import Exchange, Outgoing

if TYPE_CHECKING:
    from adapters.drivers.http import Answer, HttpClient, Request


class Sending:
    """What any number may wait for; it is given up once nobody waits any longer.

    Over a connection that is at hand it takes no task and one timer (`over`); otherwise a task brings it (`by`).
    """

    __slots__ = (
        "_answer",
        "_client",
        "_error",
        "_exchange",
        "_head",
        "_outgoing",
        "_pieces",
        "_request",
        "_size",
        "_task",
        "_timer",
        "_until",
        "_waiting",
        "is_over",
    )

    def __init__(self, client: HttpClient, request: Request, until: float) -> None:
        self.is_over = False
        self._client = client
        self._request = request
        self._until = until
        self._answer: Answer | None = None
        self._error: BaseException | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[Answer] | None = None
        self._exchange: Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head: dict[bytes, str] | None = None
        self._pieces: list[bytes] = []
        self._size = 0

    async def answer(self) -> Answer:
        """The whole answer, or the AdapterError that says why there is none."""
        if not self.is_over:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                self._waiting.remove(waiter)
                if not self._waiting and not self.is_over:
                    self._give_up()
        if self._error is not None:
            raise self._error
        assert self._answer is not None  # noqa: S101 - it is over and did not fail
        return self._answer

    # ---- by a task ----------------------------------------------------------------------------------------------

    def by(self, work: Coroutine[Any, Any, Answer]) -> None:
        """Have a task bring it."""
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[Answer]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if not self.is_over:
            self._conclude(None if error is not None else task.result(), error)

    # ---- over a connection --------------------------------------------------------------------------------------

    def over(self, exchange: Exchange, outgoing: Outgoing) -> None:
        """Send it on a connection that was kept, and be told what comes back."""
        self._exchange = exchange
        self._outgoing = outgoing
        self._timer = asyncio.get_running_loop().call_at(self._until, self._late)
        exchange.send(outgoing, self._stirred)

    def _stirred(self) -> None:
        """Bytes came, or the connection ended."""
        exchange = self._exchange
        if exchange is None:
            return
        answer = exchange.answer
        if answer.status:
            try:
                self._take(exchange)
            except AdapterError as err:
                self._conclude(None, err)
                return
            if answer.complete:
                content = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
                self._conclude(self._client.heard(answer.status, self._head or {}, content), None)
                return
        if exchange.error is not None:
            self._failed(exchange)

    def _take(self, exchange: Exchange) -> None:
        if self._head is None:
            self._head = self._client.head(exchange.answer.status, exchange.answer.headers)
        for piece in exchange.taken():
            self._pieces.append(piece)
            self._size += len(piece)
        self._client.check_size(self._size)

    def _failed(self, exchange: Exchange) -> None:
        """Once more, if nothing came back: a kept connection may turn out to be dead, and every call is a read."""
        again = None if exchange.answer.status else self._client.again(exchange, self._outgoing)
        if again is None:
            self._conclude(None, self._client.closed(exchange.error))
            return
        self._let_go()
        self.by(self._client.sent(self._request, self._until, tries=again))

    def _late(self) -> None:
        self._conclude(None, Unavailable(f"{self._client.source}: no whole answer within the deadline"))

    # ---- the end ------------------------------------------------------------------------------------------------

    def _conclude(self, answer: Answer | None, error: BaseException | None) -> None:
        self.is_over = True
        self._answer, self._error = answer, error
        self._let_go()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _give_up(self) -> None:
        self.is_over = True
        self._let_go()
        if self._task is not None:
            self._task.cancel()

    def _let_go(self) -> None:
        """Of the connection, which is closed unless all of the answer was read, and of the timer."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
