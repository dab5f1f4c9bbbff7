"""Identical reads that run at the same time share one upstream call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from adapters.contract import Deadline

T = TypeVar("T")

GRACE: Final = 0.1
"""Seconds beyond the deadline that a call which ends itself at the deadline is given to say so."""
_TICK: Final = 0.001  # by which a loop's timers may be early


class Expired(Exception):
    """A deadline has passed: the call's own, if the call raises it, else that of the one who waited.

    `brought` is what the call has brought all the same, for whoever has no more time.
    """

    def __init__(self, brought: object = None) -> None:
        super().__init__("past the deadline")
        self.brought = brought


class Wish(Struct, Generic[T], frozen=True, gc=False):
    """The result of `work`, or of the call with the same key that runs already, until the deadline."""

    key: Hashable
    deadline: Deadline
    work: Callable[[], Coroutine[Any, Any, T]]

    def is_over(self) -> bool:
        """Whether nothing is waited for any longer."""
        return asyncio.get_running_loop().time() >= self.deadline.at + GRACE - _TICK


class _Flight(Generic[T]):
    __slots__ = ("key", "task", "waiters")

    def __init__(self, key: Hashable, task: asyncio.Task[T]) -> None:
        self.key = key
        self.task = task
        self.waiters: list[_Waiter] = []


class _Waiter:
    """One who waits for several flights."""

    __slots__ = ("_left", "_loop", "_woken")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left = 0
        self._woken: asyncio.Future[None] | None = None

    async def until(self, moment: float, flights: int) -> None:
        """Until so many flights have landed, or that moment has come; or sooner, for no reason."""
        self._left = flights
        self._woken = self._loop.create_future()
        timer = self._loop.call_at(moment, self._wake)
        try:
            await self._woken
        finally:
            timer.cancel()

    def landed(self) -> None:
        """One flight has."""
        self._left -= 1
        if self._left <= 0:
            self._wake()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class SingleFlight(Generic[T]):
    """One table of running calls. Nothing is remembered once a call has ended, be it well or badly."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._running: dict[asyncio.Task[T], _Flight[T]] = {}

    async def share(self, key: Hashable, deadline: Deadline, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """One wish; raises Expired past the deadline, and whatever the call raises."""
        (found,) = await self.share_all([Wish(key, deadline, work)])
        if isinstance(found, Exception):
            raise found
        return found

    async def share_all(self, wishes: Sequence[Wish[T]]) -> Sequence[T | Exception]:
        """What becomes of each wish, all of them at once; Expired past its deadline.

        A call goes on as long as anybody waits for it, whoever began it. Where it expired by the deadline
        of the one who began it and ours has not passed, it is begun again.
        """
        waiter = _Waiter(asyncio.get_running_loop())
        ended: dict[int, T | Exception] = {}
        open_: dict[int, _Flight[T]] = {}
        try:
            for place, wish in enumerate(wishes):
                open_[place] = self._board(wish, waiter)
            while open_:
                soonest = min([wishes[place].deadline.at for place in open_])
                flying = len([flight for flight in open_.values() if not flight.task.done()])
                await waiter.until(soonest + GRACE, flying)
                self._settle(wishes, waiter, open_, ended)
        finally:
            for flight in open_.values():
                self._leave(flight, waiter)
        return [ended[place] for place in range(len(wishes))]

    def _settle(
        self,
        wishes: Sequence[Wish[T]],
        waiter: _Waiter,
        open_: dict[int, _Flight[T]],
        ended: dict[int, T | Exception],
    ) -> None:
        """Take from the open flights those that have landed, and those that are waited for no longer."""
        for place, flight in list(open_.items()):
            landed = flight.task.done()
            if not landed and not wishes[place].is_over():
                continue
            self._leave(open_.pop(place), waiter)
            found = _outcome(flight.task)
            of_itself = isinstance(found, Expired) and landed and not flight.task.cancelled()
            if of_itself and wishes[place].deadline.remaining() > 0:
                open_[place] = self._board(wishes[place], waiter)
            else:
                ended[place] = found

    def _board(self, wish: Wish[T], waiter: _Waiter) -> _Flight[T]:
        flight = self._flights.get(wish.key)
        if flight is None or flight.task.done():
            flight = self._flights[wish.key] = _Flight(wish.key, asyncio.create_task(wish.work()))
            self._running[flight.task] = flight
            flight.task.add_done_callback(self._landed)
        flight.waiters.append(waiter)
        return flight

    def _leave(self, flight: _Flight[T], waiter: _Waiter) -> None:
        flight.waiters.remove(waiter)
        if flight.task.done() or not flight.waiters:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
            flight.task.cancel()  # without effect on a call that has ended

    def _landed(self, task: asyncio.Task[T]) -> None:
        flight = self._running.pop(task)
        if not task.cancelled():
            task.exception()  # marks it as seen: nobody may be waiting any more
        for waiter in flight.waiters:
            waiter.landed()

    async def aclose(self) -> None:
        """Cancel what still runs."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=GRACE)


def _outcome(task: asyncio.Task[T]) -> T | Exception:
    if not task.done() or task.cancelled():
        return Expired()
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, Exception):
        return error
    raise error
