"""`python -m bench profile [one|list]`: where this gateway's time goes, by cProfile, in process with real sources."""

from __future__ import annotations

import cProfile
import io
import pstats
from pathlib import Path

from bench import people, queries
from bench.inside import house, upstream
from bench.loop import run
from bench.people import Agencies

TOP = 40


def profiled(directory: Path, question: str, requests: int) -> str:
    """The functions that take most, by their own time and with what they call."""
    with upstream(directory):
        return run(_profiled(directory, question, requests), contender=True)


async def _profiled(directory: Path, question: str, requests: int) -> str:
    if question == "one":
        agencies = Agencies()
        bodies = [queries.one(agencies.token(number)) for number in range(100)]
    else:
        bodies = [queries.listed(people.REGION)]
    async with house(directory / "ours", remembering=False) as asked:
        headers = asked.headers()
        for body in bodies[:10]:
            await asked.ask(body, headers)
        profiler = cProfile.Profile()
        profiler.enable()
        for turn in range(requests):
            await asked.ask(bodies[turn % len(bodies)], headers)
        profiler.disable()
    text = io.StringIO()
    found = pstats.Stats(profiler, stream=text).strip_dirs()
    text.write(f"{question}: {requests} requests; divide by that\n")
    found.sort_stats("tottime").print_stats(TOP)
    found.sort_stats("cumulative").print_stats(TOP)
    return text.getvalue()
