"""What is counted, in plain integers: one event loop counts, so no lock is needed, and a request costs a microsecond.

No label holds a value of anybody: routes, codes, ids of sources and the words of closed lists.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histograms, seconds; what took longer is counted in one more."""


class Durations:
    """A histogram."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """One more; a bound holds what took just as long."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """As Prometheus has them: how many took at most as long as each bound, and how many there are in all."""
        total, found = 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            total += count
            found.append((bound, float(total)))
        return found


class Counts:
    """Since the gateway began."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()  # route, HTTP status, code
        self.request_seconds: defaultdict[str, Durations] = defaultdict(Durations)
        self.sources: Counter[tuple[str, str]] = Counter()  # source, outcome
        self.source_seconds: defaultdict[str, Durations] = defaultdict(Durations)
        self.entries: Counter[str] = Counter()  # ok, failed
        self.entry_seconds = Durations()
        self.entries_waiting = 0

    def request(self, route: str, status: int, code: str, seconds: float) -> None:
        """One was answered."""
        self.requests[route, str(status), code] += 1
        self.request_seconds[route].add(seconds)

    def source(self, source: str, outcome: str, milliseconds: float) -> None:
        """One was asked in a round over the sources, or found in the cache."""
        self.sources[source, outcome] += 1
        self.source_seconds[source].add(milliseconds / 1000)

    @contextmanager
    def entry(self) -> Iterator[None]:
        """One waits for the commit that puts it on record."""
        began = time.perf_counter()
        self.entries_waiting += 1
        outcome = "failed"
        try:
            yield
            outcome = "ok"
        finally:
            self.entries_waiting -= 1
            self.entries[outcome] += 1
            self.entry_seconds.add(time.perf_counter() - began)
