"""Identical reads of one gateway request that are under way at the same time: sent once, answered to each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Final, Generic, TypeVar

from adapters.contract import Call, Deadline
from adapters.drivers.http import Request

T = TypeVar("T")

_MOMENTS: Final = 0.1  # seconds by which the deadlines of one request's reads may differ


class _Flight(Generic[T]):
    __slots__ = ("deadline", "task", "waiting")

    def __init__(self, task: asyncio.Task[T], deadline: Deadline) -> None:
        self.task = task
        self.deadline = deadline
        self.waiting = 0

    def suits(self, deadline: Deadline) -> bool:
        """Whether it is still under way, and ends neither after that deadline nor long before."""
        return not self.task.done() and 0 <= deadline.at - self.deadline.at <= _MOMENTS


class Flights(Generic[T]):
    """Nothing is remembered once it has been answered. Viewers, purposes and gateway requests never share."""

    def __init__(self) -> None:
        self._flying: dict[Hashable, _Flight[T]] = {}

    async def join(self, request: Request, call: Call, send: Callable[[], Coroutine[object, object, T]]) -> T:
        """What `send` gives within the call's deadline, whoever began it; the last who no longer waits ends it."""
        key = _identity(request, call)
        flight = self._flying.get(key)
        if flight is None or not flight.suits(call.deadline):
            flight = self._flying[key] = _Flight(asyncio.create_task(send()), call.deadline)
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting or flight.task.done():
                self._end(key, flight)

    def _end(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]
        if not flight.task.done():
            flight.task.cancel()


def _identity(request: Request, call: Call) -> Hashable:
    headers = tuple((request.headers or {}).items())
    whose = (call.request_id, call.actor, call.agency, call.purpose)
    return (whose, request.method, request.target, headers, request.content)
