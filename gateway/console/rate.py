"""How often signing in may be tried: a token bucket per address, and one for all addresses together."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from gateway.http.refusals import Throttled

_MOST_KEPT: Final = 10_000
_ALL: Final = ""


class SignInRate:
    """`burst` tries at once, then one each `seconds`; all addresses together may try `crowd` times as often."""

    def __init__(
        self,
        *,
        burst: int = 10,
        seconds: float = 6.0,
        crowd: int = 20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = burst
        self._seconds = seconds
        self._crowd = crowd
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # address -> (left, as of)

    def admit(self, address: str) -> None:
        """Count one try, or raise Throttled, which says when to come again."""
        wait = max(self._take(address, 1), self._take(_ALL, self._crowd))
        if wait > 0:
            raise Throttled(math.ceil(wait))

    def _take(self, key: str, times: int) -> float:
        """Seconds to wait; 0 where one was left."""
        now, depth, pace = self._clock(), float(self._burst * times), self._seconds / times
        left, since = self._buckets.pop(key, (depth, now))
        left = min(depth, left + (now - since) / pace)
        admitted = left >= 1.0
        self._buckets[key] = (left - 1.0 if admitted else left, now)
        if len(self._buckets) > _MOST_KEPT:
            self._buckets.popitem(last=False)
        return 0.0 if admitted else (1.0 - left) * pace
