"""Identical reads that run at the same time share one upstream call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from adapters.contract import Deadline

T = TypeVar("T")

GRACE = 0.1
"""Seconds beyond the deadline that a call which ends itself at the deadline is given to say so."""
_TICK = 0.001  # by which a loop's timers may be early


class Expired(Exception):
    """A deadline has passed: the call's own, if the call raises it, else that of the one who waited."""


@dataclass(frozen=True, slots=True)
class Wish(Generic[T]):
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
        self.waiters = 0


class SingleFlight(Generic[T]):
    """One table of running calls. Nothing is remembered once a call has ended, be it well or badly."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._running: set[asyncio.Task[T]] = set()

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
        ended: dict[int, T | Exception] = {}
        open_: dict[int, _Flight[T]] = {}
        try:
            for place, wish in enumerate(wishes):
                open_[place] = self._board(wish)
            while open_:
                soonest = min(wishes[place].deadline.at for place in open_)
                left = soonest + GRACE - asyncio.get_running_loop().time()
                await asyncio.wait([flight.task for flight in open_.values()], timeout=max(0.0, left))
                self._settle(wishes, open_, ended)
        finally:
            for flight in open_.values():
                self._leave(flight)
        return [ended[place] for place in range(len(wishes))]

    def _settle(
        self, wishes: Sequence[Wish[T]], open_: dict[int, _Flight[T]], ended: dict[int, T | Exception]
    ) -> None:
        """Take from the open flights those that have ended, and those that are waited for no longer."""
        for place, flight in list(open_.items()):
            if not flight.task.done() and not wishes[place].is_over():
                continue
            self._leave(open_.pop(place))
            found = _outcome(flight.task)
            of_itself = flight.task.done() and not flight.task.cancelled() and isinstance(found, Expired)
            if of_itself and wishes[place].deadline.remaining() > 0:
                open_[place] = self._board(wishes[place])
            else:
                ended[place] = found

    def _board(self, wish: Wish[T]) -> _Flight[T]:
        flight = self._flights.get(wish.key)
        if flight is None or flight.task.done():
            flight = self._flights[wish.key] = _Flight(wish.key, asyncio.create_task(wish.work()))
            self._running.add(flight.task)
            flight.task.add_done_callback(self._landed)
        flight.waiters += 1
        return flight

    def _leave(self, flight: _Flight[T]) -> None:
        flight.waiters -= 1
        if flight.task.done() or not flight.waiters:
            if self._flights.get(flight.key) is flight:
                del self._flights[flight.key]
            flight.task.cancel()  # without effect on a call that has ended

    def _landed(self, task: asyncio.Task[T]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # marks it as seen: nobody may be waiting any more

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
