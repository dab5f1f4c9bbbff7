"""How long "unknown" takes against "not yours": interleaved pairs, a permutation test, a figure and no verdict."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import httpx

from schema.codes import check_digit
from tests.gateway.execution.world import ANN
from tests.gateway.http.serving import served
from tests.gateway.http.test_mutations import doctor as doctor_token
from tests.gateway.registers.counter import counter
from tests.threats.town import people, stranger

PAIRS = 600
_SHUFFLES = 2_000
_NOBODY = "32990119910101002" + check_digit("32990119910101002")
QUERY = "query($n: String!) { lookup(document: {number: $n}) { id name } }"

Ask = Callable[[str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians in microseconds, and how often chance alone would set them as far apart."""

    where: str
    unknown: float
    not_yours: float
    chance: float
    pairs: int

    def __str__(self) -> str:
        ratio = self.not_yours / self.unknown
        return (
            f"{self.where}: unknown {self.unknown:.0f} us, not yours {self.not_yours:.0f} us (medians "
            f"of {self.pairs} interleaved pairs, ratio {ratio:.2f}); by chance alone as far apart with "
            f"p = {self.chance:.3f}"
        )


async def compare(where: str, ask: Ask, known: str, unknown: str, pairs: int = PAIRS) -> Compared:
    """Ask for both by turns, in random order within each pair; the first pairs, which warm, are left out."""
    random, warm = Random(7), min(50, pairs // 4)
    times: dict[str, list[float]] = {known: [], unknown: []}
    for turn in range(pairs + warm):
        for one in random.sample([known, unknown], 2):
            started = time.perf_counter()
            await ask(one)
            if turn >= warm:
                times[one].append((time.perf_counter() - started) * 1e6)
    return Compared(where, median(times[unknown]), median(times[known]), chance(times[known], times[unknown]), pairs)


def chance(one: Sequence[float], other: Sequence[float], shuffles: int = _SHUFFLES) -> float:
    """A permutation test of the median difference within pairs: the share of sign flips that are as extreme."""
    random = Random(11)
    differences = [first - second for first, second in zip(one, other, strict=True)]
    seen = abs(median(differences))
    extreme = sum(
        abs(median(each if random.random() < 0.5 else -each for each in differences)) >= seen for _ in range(shuffles)
    )
    return (extreme + 1) / (shuffles + 1)


async def in_process(folder: Path) -> Compared:
    """The engine over sources in memory."""
    desk = counter(folder, people=people())

    async def ask(number: str) -> object:
        desk.audit.kept.clear()
        return await desk.ask(QUERY, {"n": number}, **stranger())

    return await compare("in process", ask, ANN, _NOBODY)


async def over_http(settings: Any, number: str, *, step: int, pairs: int) -> Compared:
    """A whole gateway on loopback over a real database, with its log on disk; `step`: YITI_UNSHOWN_MILLISECONDS."""
    from gateway.app import opened  # the whole gateway, which the rest of this module needs nothing of

    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(opened(settings.model_copy(update={"unshown_milliseconds": step})))
        port = await stack.enter_async_context(served(gateway.application))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60))
        headers = doctor_token(settings)

        async def ask(one: str) -> object:
            answer = await client.post("/graphql", json={"query": QUERY, "variables": {"n": one}}, headers=headers)
            assert answer.json() == {"data": {"lookup": None}}
            return answer

        where = f"over HTTP, on beats of {step} ms" if step else "over HTTP, at once"
        return await compare(where, ask, number, _NOBODY, pairs)
