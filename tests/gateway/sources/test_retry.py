from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from adapters.contract import AdapterError, Deadline, Invalid, Throttled, Unavailable
from gateway.sources.retry import attempt


class Tries:
    def __init__(self, *faults: AdapterError) -> None:
        self.faults = list(faults)
        self.made = 0

    def __call__(self) -> Awaitable[int]:
        async def run() -> int:
            self.made += 1
            if self.faults:
                raise self.faults.pop(0)
            return self.made

        return run()


async def test_a_retryable_error_gets_one_more_try() -> None:
    tries = Tries(Unavailable("reset"))
    assert await attempt(tries, Deadline.after(30), pause=0) == 2


async def test_there_is_no_third_try() -> None:
    tries = Tries(Unavailable("reset"), Throttled("busy"))
    with pytest.raises(Throttled):
        await attempt(tries, Deadline.after(30), pause=0)
    assert tries.made == 2


@pytest.mark.parametrize(
    ("fault", "seconds", "pause"),
    [
        (Invalid("no"), 30.0, 0.0),
        (Unavailable("late"), -1.0, 0.0),
        (Unavailable("too long a pause"), 30.0, 21.0),
        (Throttled("come later", retry_after=timedelta(seconds=21)), 30.0, 0.0),
    ],
    ids=lambda value: str(value),
)
async def test_no_second_try(fault: AdapterError, seconds: float, pause: float) -> None:
    tries = Tries(fault)
    with pytest.raises(type(fault)):
        await attempt(tries, Deadline.after(seconds), pause=pause)
    assert tries.made == 1


async def test_the_pause_is_the_sources_own_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    module: Callable[..., object] = attempt
    monkeypatch.setattr(f"{module.__module__}.asyncio.sleep", sleep)
    await attempt(Tries(Throttled("busy", retry_after=timedelta(seconds=2))), Deadline.after(30))
    assert slept == [2.0]
