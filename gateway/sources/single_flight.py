"""Identical reads that run at the same time share one upstream call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from adapters.contract import Deadline

T = TypeVar("T")

GRACE = 0.1
"""Seconds beyond the deadline that a call which ends itself at the deadline is given to say so."""


class Expired(Exception):
    """A deadline has passed: the call's own, if the call raises it, else that of the one who waited."""


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class SingleFlight(Generic[T]):
    """One table of running calls. Nothing is remembered once a call has ended, be it well or badly."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._running: set[asyncio.Task[T]] = set()

    async def share(self, key: Hashable, deadline: Deadline, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `work`, or of the call with the same key that runs already; Expired past the deadline.

        The call goes on as long as anybody waits for it, whoever began it. Where it expired by the deadline
        of the one who began it and ours has not passed, it is begun again.
        """
        while True:
            flight = self._flights.get(key) or self._launch(key, work)
            ended = await self._wait(key, flight, deadline)
            if not ended or flight.task.cancelled():
                raise Expired
            if isinstance(flight.task.exception(), Expired) and deadline.remaining() > 0:
                continue
            return flight.task.result()

    def _launch(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = _Flight(asyncio.create_task(work()))
        self._flights[key] = flight
        self._running.add(flight.task)
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    async def _wait(self, key: Hashable, flight: _Flight[T], deadline: Deadline) -> bool:
        flight.waiters += 1
        try:
            done, _ = await asyncio.wait({flight.task}, timeout=deadline.remaining() + GRACE)
        finally:
            flight.waiters -= 1
            if flight.task.done() or not flight.waiters:
                self._forget(key, flight)
                flight.task.cancel()  # without effect on a call that has ended
        return bool(done)

    def _land(self, key: Hashable, flight: _Flight[T]) -> None:
        self._forget(key, flight)
        self._running.discard(flight.task)
        if not flight.task.cancelled():
            flight.task.exception()  # marks it as seen: nobody may be waiting any more

    def _forget(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    async def aclose(self) -> None:
        """Cancel what still runs."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=GRACE)
