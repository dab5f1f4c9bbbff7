from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from adapters.contract import Deadline
from gateway.sources.single_flight import Expired, SingleFlight


class Work:
    """Counts its runs and holds each back until released."""

    def __init__(self) -> None:
        self.runs = 0
        self.cancelled = 0
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.faults: list[Exception] = []

    def __call__(self) -> Callable[[], Coroutine[Any, Any, int]]:
        async def run() -> int:
            self.runs += 1
            number = self.runs
            self.begun.set()
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            if self.faults:
                raise self.faults.pop(0)
            return number

        return run


@pytest.fixture
async def flights() -> SingleFlight[int]:
    return SingleFlight()


@pytest.fixture
async def work() -> Work:
    return Work()


def begin(flights: SingleFlight[int], work: Work, seconds: float = 30, key: str = "k") -> asyncio.Task[int]:
    return asyncio.create_task(flights.share(key, Deadline.after(seconds), work()))


async def test_the_same_key_at_the_same_time_runs_once(flights: SingleFlight[int], work: Work) -> None:
    tasks = [begin(flights, work) for _ in range(5)]
    await work.begun.wait()
    work.gate.set()
    assert await asyncio.gather(*tasks) == [1] * 5


async def test_other_keys_and_later_calls_run_on_their_own(flights: SingleFlight[int], work: Work) -> None:
    work.gate.set()
    assert [await begin(flights, work), await begin(flights, work), await begin(flights, work, key="l")] == [1, 2, 3]


async def test_failure_is_shared_but_not_remembered(flights: SingleFlight[int], work: Work) -> None:
    work.faults = [ValueError("no")]
    tasks = [begin(flights, work) for _ in range(2)]
    await work.begun.wait()
    work.gate.set()
    failed = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in failed] == [ValueError, ValueError]
    assert await begin(flights, work) == 2


async def test_cancelling_the_one_who_began_does_not_end_it_for_the_others(
    flights: SingleFlight[int], work: Work
) -> None:
    leader, follower = begin(flights, work), begin(flights, work)
    await work.begun.wait()
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    work.gate.set()
    assert (await follower, work.cancelled) == (1, 0)


async def test_when_nobody_waits_any_more_it_is_cancelled(flights: SingleFlight[int], work: Work) -> None:
    tasks = [begin(flights, work) for _ in range(2)]
    await work.begun.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await asyncio.sleep(0)
    assert work.cancelled == 1


async def test_a_followers_own_deadline_holds_for_itself(flights: SingleFlight[int], work: Work) -> None:
    leader = begin(flights, work)
    await work.begun.wait()
    with pytest.raises(Expired):
        await flights.share("k", Deadline.after(-1), work())
    work.gate.set()
    assert (await leader, work.runs) == (1, 1)


async def test_a_call_that_expired_by_its_beginners_deadline_is_begun_again_for_who_has_time(
    flights: SingleFlight[int], work: Work
) -> None:
    work.faults = [Expired()]
    hurried, patient = begin(flights, work, seconds=0), begin(flights, work)
    await work.begun.wait()
    work.gate.set()
    with pytest.raises(Expired):
        await hurried
    assert await patient == 2


async def test_closing_ends_what_still_runs(flights: SingleFlight[int], work: Work) -> None:
    task = begin(flights, work)
    await work.begun.wait()
    await flights.aclose()
    with pytest.raises(Expired):
        await task
    assert work.cancelled == 1
