"""Identical reads of one gateway request that are under way at the same time: sent once, answered to each."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from adapters.contract import Call, Deadline
from adapters.drivers.http import Answer, HttpClient, Request
from adapters.drivers.sending import Sending

T = TypeVar("T")

_MOMENTS: Final = 0.1  # seconds by which the deadlines of one request's reads may differ


class _Flight(Generic[T]):
    __slots__ = ("deadline", "heard", "sending")

    def __init__(self, sending: Sending, deadline: Deadline) -> None:
        self.sending = sending
        self.deadline = deadline
        self.heard: T | None = None

    def suits(self, deadline: Deadline) -> bool:
        """Whether it is still under way, and ends neither after that deadline nor long before."""
        return not self.sending.is_over and 0 <= deadline.at - self.deadline.at <= _MOMENTS


class Flights(Generic[T]):
    """Nothing is remembered once it has been answered. Viewers, purposes and gateway requests never share.

    `hear` makes of an answer what those who share it share.
    """

    def __init__(self, client: HttpClient, hear: Callable[[Answer], T]) -> None:
        self._client = client
        self._hear = hear
        self._flying: dict[Hashable, _Flight[T]] = {}

    async def join(self, request: Request, call: Call) -> T:
        """What is heard within the call's deadline, whoever began it; the last who no longer waits ends it."""
        key = _identity(request, call)
        flight = self._flying.get(key)
        if flight is None or not flight.suits(call.deadline):
            flight = self._flying[key] = _Flight(self._client.begin(request, call.deadline), call.deadline)
        try:
            answer = await flight.sending.answer()
        finally:
            if flight.sending.is_over and self._flying.get(key) is flight:
                del self._flying[key]
        if flight.heard is None:
            flight.heard = self._hear(answer)
        return flight.heard


def _identity(request: Request, call: Call) -> Hashable:
    headers = tuple(request.headers.items()) if request.headers else ()
    whose = (call.request_id, call.actor, call.agency, call.purpose)
    return (whose, request.method, request.target, headers, request.content)
