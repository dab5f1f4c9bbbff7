"""Searches: several sources are asked who meets some conditions, all at once, and each of them once at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from adapters.contract import Call, Compare, Unavailable
from gateway.sources.reading import Brought
from gateway.sources.single_flight import Expired, SingleFlight, Wish
from gateway.sources.upstream import Sought, Upstream

_NOTHING = Sought((), Brought(frozenset(), {}), (Unavailable.code,))


class Found(Struct, frozen=True, gc=False):
    """What one source's search has come to, and when, by time.perf_counter."""

    sought: Sought
    at: float


class Searches:
    """The searches that run. Whoever asks the same while one runs, and may see the same, waits for it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._flights: SingleFlight[Found] = SingleFlight()

    async def of(
        self, upstreams: Sequence[Upstream], where: Sequence[Compare], call: Call, fields: frozenset[str]
    ) -> Sequence[Found]:
        """What each source's search brings by the call's deadline; see `Upstream.search`."""
        wishes = [self._wish(upstream, tuple(where), upstream.capped(call), fields) for upstream in upstreams]
        return [_found(ended) for ended in await self._flights.share_all(wishes)]

    def _wish(
        self, upstream: Upstream, where: tuple[Compare, ...], call: Call, fields: frozenset[str]
    ) -> Wish[Found]:
        async def work() -> Found:
            sought = await upstream.search(where, call, self._limit, fields)
            return Found(sought, time.perf_counter())

        return Wish((upstream.id, where, fields, upstream.identity(call)), call.deadline, work)

    async def aclose(self) -> None:
        """Give up what still runs."""
        await self._flights.aclose()


def _found(ended: Found | Exception) -> Found:
    """What came in, or as much of it as came in before the deadline."""
    if isinstance(ended, Found):
        return ended
    if not isinstance(ended, Expired):
        raise ended
    return Found(ended.brought if isinstance(ended.brought, Sought) else _NOTHING, time.perf_counter())
