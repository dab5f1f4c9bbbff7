"""How an answer's cost grows with the sources that hold something of a person: the same support system many times."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import linear_regression
from typing import Final

from bench import queries
from bench.contenders.house import MANIFESTS
from bench.guards import fastest
from bench.inside import house, upstream
from bench.loop import run
from bench.people import Agencies

_COPIES: Final = (1, 4, 16)
_TURNS: Final = 40


def agencies(directory: Path, scale: float) -> list[str]:
    """ONE while more and more sources hold something of each person."""
    turns = max(5, round(_TURNS * scale))
    with upstream(directory):
        found = run(_found(directory, turns), contender=True)
    first = found[_COPIES[0] + 2]
    costs = linear_regression(list(found), [cost for cost, _ in found.values()])
    lines = [
        "### Sources of a person",
        "",
        "In process, real sources, one request at a time: register, custody and the same support system again and",
        "again, each a source of its own with records of everybody, so that the answer grows, too. Gateways with few",
        f"and many sources are asked turn by turn; the median of the fastest fifth of {turns} turns. One more source",
        f"takes {costs.slope:,.0f} µs of CPU.",
        "",
        "| sources | CPU ms | to the first | answered within ms | to the first |",
        "|---:|---:|---:|---:|---:|",
    ]
    for count, (cost, wait) in found.items():
        lines.append(
            f"| {count} | {cost / 1000:.2f} | {cost / first[0]:.2f} | {wait / 1000:.2f} | {wait / first[1]:.2f} |"
        )
    return lines


async def _found(directory: Path, turns: int) -> dict[int, tuple[float, float]]:
    """By how many sources there are, CPU and time of a request in µs."""
    bodies = [queries.one(Agencies().token(number)) for number in range(50)]
    costs: dict[int, list[float]] = {}
    waits: dict[int, list[float]] = {}
    async with AsyncExitStack() as up:
        asked = {
            copies + 2: await up.enter_async_context(
                house(directory / f"agencies-{copies}", remembering=False, manifests=(_manifests(directory, copies),))
            )
            for copies in _COPIES
        }
        for _ in range(turns):
            for count, one in asked.items():
                headers = one.headers()
                costs.setdefault(count, []).append(await one.cost(bodies, [headers], 0.3))
                began = time.perf_counter()
                await one.ask(bodies[0], headers)
                waits.setdefault(count, []).append((time.perf_counter() - began) * 1e6)
    return {count: (fastest(costs[count]), fastest(waits[count])) for count in asked}


def _manifests(directory: Path, copies: int) -> Path:
    """A folder of manifests with that many support systems."""
    folder = directory / f"manifests-{copies}"
    folder.mkdir(parents=True, exist_ok=True)
    for path in MANIFESTS.glob("*.yaml"):
        manifest = path.read_text(encoding="utf-8")
        for number in range(copies if path.stem == "support" else 1):
            copy = manifest.replace("id: bench-support", f"id: bench-support-{number}")
            (folder / f"{path.stem}-{number}.yaml").write_text(copy, encoding="utf-8")
    return folder
