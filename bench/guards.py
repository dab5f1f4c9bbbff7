"""What it costs to be guarded: gateways with and without their guards, in one process, asked turn by turn."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from statistics import quantiles
from typing import Final

from bench import people, queries
from bench.contenders.unguarded import unauthorized, unguarded, unrecorded
from bench.inside import House, Without, house, upstream
from bench.loop import run
from bench.people import Agencies
from bench.turns import fastest

_AT_ONCE: Final = 16
_TURN: Final = 0.4  # seconds
_TURNS: Final = 60
_GUARDS: Final[Mapping[str, Without]] = {
    "neither": unguarded,
    "authorization alone": unrecorded,
    "audit alone": unauthorized,
    "authorization and audit": nullcontext,
}

Costs = dict[str, list[float]]  # CPU seconds per request in each turn, by guard


def guards(directory: Path, scale: float) -> list[str]:
    """ONE and LIST with either guard, both and neither."""
    with upstream(directory):
        found = run(_found(directory, max(5, round(_TURNS * scale))), contender=True)
    lines = [
        "### Guards",
        "",
        f"Four gateways in one process, real sources, {_AT_ONCE} requests at once, asked turn by turn: CPU of all",
        "threads per request, in the fastest fifth of the turns. To neither: the median of the rounds with their",
        "middle half, and the fastest fifths to each other, which a busy machine disturbs least. What a log still",
        "has to index after a turn counts for that turn.",
        "",
        "| guarded by | ONE, ms | to neither | LIST, ms | to neither |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in _GUARDS:
        cells = [_cells(found[question][name], found[question]["neither"]) for question in ("ONE", "LIST")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    one, listed = (
        _ratio(found[question]["authorization and audit"], found[question]["audit alone"])
        for question in ("ONE", "LIST")
    )
    return [*lines, "", f"Authorization on to off, the log on in both: ONE {one}, LIST {listed}."]


def _cells(costs: Sequence[float], bare: Sequence[float]) -> str:
    return f"{fastest(costs) * 1000:.2f} | {_ratio(costs, bare)}"


def _ratio(costs: Sequence[float], others: Sequence[float]) -> str:
    low, middle, high = quantiles([one / other for one, other in zip(costs, others, strict=True)], n=4)
    least = f"{fastest(costs) / fastest(others):.2f}"
    return least if low == high else f"{middle:.2f} ({low:.2f} to {high:.2f}), fastest {least}"


async def _found(directory: Path, turns: int) -> dict[str, Costs]:
    agencies = Agencies()
    questions = {
        "ONE": [queries.one(agencies.token(number)) for number in range(200)],
        "LIST": [queries.listed(city) for city in people.CITIES],
    }
    async with AsyncExitStack() as up:
        asked = {
            name: await up.enter_async_context(house(directory / name.replace(" ", "-"), without, remembering=False))
            for name, without in _GUARDS.items()
        }
        return {question: await _turns(asked, bodies, turns) for question, bodies in questions.items()}


async def _turns(asked: Mapping[str, House], bodies: Sequence[bytes], turns: int) -> Costs:
    costs: Costs = {name: [] for name in asked}
    for one in asked.values():
        await _turn(one, bodies)  # warms
    for turn in range(turns):
        for name in list(asked)[:: -1 if turn % 2 else 1]:
            costs[name].append(await _turn(asked[name], bodies))
    return costs


async def _turn(asked: House, bodies: Sequence[bytes]) -> float:
    headers, count, end = asked.headers(), itertools.count(), time.perf_counter() + _TURN
    began = time.process_time()

    async def client() -> None:
        while time.perf_counter() < end:
            await asked.ask(bodies[next(count) % len(bodies)], headers)

    await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
    await _quiet()
    return (time.process_time() - began) / next(count)


async def _quiet() -> None:
    """Until no thread of this process has anything left to do."""
    before = -1.0
    while (now := time.process_time()) - before > 0.001:
        before = now
        await asyncio.sleep(0.05)
