"""A source that keeps failing is left alone for a while, so that it fails fast and can recover."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """CLOSED lets calls through, OPEN none, HALF_OPEN one to find out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """One per source. `clock` counts seconds; ask `admit` before a call and tell how it went after it."""

    def __init__(self, clock: Callable[[], float], *, threshold: int = 5, cool_down: float = 5.0) -> None:
        self._clock = clock
        self._threshold = threshold
        self._cool_down = cool_down
        self._failures = 0
        self._counted_at = float("-inf")
        self._opened_at = 0.0
        self._probing = False
        self.state = State.CLOSED

    @property
    def failures(self) -> int:
        """How often in a row the source was unavailable."""
        return self._failures

    def admit(self) -> bool:
        """Whether a call may be made now; past the cool-down exactly one may until its outcome is known."""
        if self.state is State.CLOSED:
            return True
        if self.state is State.OPEN and self._clock() - self._opened_at >= self._cool_down:
            self.state = State.HALF_OPEN
        if self.state is State.HALF_OPEN and not self._probing:
            self._probing = True
            return True
        return False

    def succeed(self) -> None:
        """The source answered, be it with a refusal."""
        self._failures = 0
        self._probing = False
        self.state = State.CLOSED

    def fail(self, began_at: float) -> None:
        """The source was unavailable to a call begun then; calls of one burst count once."""
        self._probing = False
        if self.state is not State.HALF_OPEN and began_at < self._counted_at:
            return
        self._failures += 1
        self._counted_at = self._clock()
        if self.state is State.HALF_OPEN or self._failures >= self._threshold:
            self.state = State.OPEN
            self._opened_at = self._counted_at

    def release(self) -> None:
        """The call was given up before anything could be learnt."""
        self._probing = False
