"""Used statements in this process's memory."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from typing import Final

from gateway.errors import ReplayUnknown
from gateway.federation.replay.store import name_of

MOST_KEPT: Final = 500_000
"""Statements of a little more than a minute: seven thousand a second."""


class MemoryReplay:
    """A ReplayStore. When it is full nothing more is taken until some end: who is forgotten could be replayed."""

    def __init__(self, *, size: int = MOST_KEPT, clock: Callable[[], float] = time.time) -> None:
        self._size = size
        self._clock = clock
        self._used: set[bytes] = set()
        self._ends: list[tuple[float, bytes]] = []

    async def first(self, issuer: str, ident: str, until: float) -> bool:
        """Whether this is its first use; raises ReplayUnknown when full."""
        now = self._clock()
        while self._ends and self._ends[0][0] <= now:
            self._used.discard(heapq.heappop(self._ends)[1])
        name = name_of(issuer, ident)
        if name in self._used:
            return False
        if len(self._used) >= self._size:
            raise ReplayUnknown("Too many statements of other gateways are remembered. Ask again in a minute.")
        self._used.add(name)
        heapq.heappush(self._ends, (until, name))
        return True

    async def aclose(self) -> None:
        """Nothing to give back."""
