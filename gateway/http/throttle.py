"""How often one subject may ask: a token bucket each, in this process's memory."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from gateway.http.refusals import Throttled
from gateway.viewer import Viewer

_MOST_KEPT: Final = 100_000
_BURST_SECONDS: Final = 10.0  # of one's rate may be asked for at once


class Throttle:
    """`per_minute` requests of each subject on average, a sixth of them at once; 0 lets everything pass."""

    def __init__(self, per_minute: int = 0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60.0
        self._depth = max(1.0, self._rate * _BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # (left, as of)

    def admit(self, viewer: Viewer) -> None:
        """Count one request, or raise Throttled, which says when to come again."""
        if self._rate == 0:
            return
        # By issuer too: two issuers may name two people alike.
        key, now = (viewer.issuer, viewer.subject), self._clock()
        left, since = self._buckets.pop(key, (self._depth, now))
        left = min(self._depth, left + (now - since) * self._rate)
        admitted = left >= 1.0
        self._buckets[key] = (left - 1.0 if admitted else left, now)
        if len(self._buckets) > _MOST_KEPT:
            self._buckets.popitem(last=False)
        if not admitted:
            raise Throttled(math.ceil((1.0 - left) / self._rate))
