"""Turn by turn: gateways of different settings in one process, so that a machine's moods fall on them alike."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, Final, NamedTuple

from bench import queries
from bench.inside import house
from bench.loop import run
from bench.people import Agencies

TURNS: Final = 40


class Cost(NamedTuple):
    """Of one request, in µs."""

    cpu: float
    wait: float


def fastest(costs: Sequence[float]) -> float:
    """The median of the fastest fifth: what a busy machine disturbs least."""
    return median(sorted(costs)[: max(1, len(costs) // 5)])


def growth(directory: Path, settings: Mapping[int, Mapping[str, Any]], turns: int = TURNS) -> dict[int, Cost]:
    """What ONE costs under each of some settings, by the number that they differ in, over the upstream that runs."""
    return run(_growth(directory, settings, turns), contender=True)


async def _growth(directory: Path, settings: Mapping[int, Mapping[str, Any]], turns: int) -> dict[int, Cost]:
    bodies = [queries.one(Agencies().token(number)) for number in range(20)]
    costs: dict[int, list[Cost]] = {count: [] for count in settings}
    async with AsyncExitStack() as up:
        asked = {
            count: await up.enter_async_context(house(directory / f"{count}", remembering=False, **others))
            for count, others in settings.items()
        }
        for _ in range(turns):
            for count, one in asked.items():
                headers = one.headers()
                cpu, began = await one.cost(bodies, [headers], 0.3), time.perf_counter()
                await one.ask(bodies[0], headers)
                costs[count].append(Cost(cpu, (time.perf_counter() - began) * 1e6))
    return {
        count: Cost(fastest([one.cpu for one in found]), fastest([one.wait for one in found]))
        for count, found in costs.items()
    }


def table(what: str, found: Mapping[int, Cost]) -> list[str]:
    """The growth as Markdown."""
    first = next(iter(found.values()))
    return [
        f"| {what} | CPU ms | to the first | answered within ms | to the first |",
        "|---:|---:|---:|---:|---:|",
        *(
            f"| {count} | {one.cpu / 1000:.2f} | {one.cpu / first.cpu:.2f}"
            f" | {one.wait / 1000:.2f} | {one.wait / first.wait:.2f} |"
            for count, one in found.items()
        ),
    ]


def each_more(found: Mapping[int, Cost]) -> float:
    """What one more costs, in µs of CPU."""
    return linear_regression(list(found), [one.cpu for one in found.values()]).slope
