"""How an answer's cost grows with the provinces that are asked: one real peer that stands for all of them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from statistics import linear_regression
from typing import Final

from bench import queries
from bench.contenders.house import MANIFESTS, settings_for
from bench.guards import fastest
from bench.inside import house, upstream
from bench.loop import run
from bench.people import Agencies
from bench.processes import OTHER_CORE, free_port, start
from bench.rivals import ROOT
from bench.serve import PEER
from gateway.keys import make_signing_key, public_jwks

_COUNTS: Final = (0, 1, 7, 31)
_TURNS: Final = 40
_MANIFEST: Final = """
contract: "1.0"
id: peer-{number}
version: "1"
name: 省级网关（性能测试）
owner: 性能测试
jurisdiction: "330000"
agency: {{code: "330000000001", name: 省级网关（模拟）, kind: GATEWAY, jurisdiction: "330000"}}
precedence: 60
source: {{kind: subgraph, url: "{url}", audience: yiti-peer, timeout: PT60S, concurrency: 64}}
entities: {entities}
"""
_ENTITIES: Final = ROOT / "adapters" / "agencies" / "peers" / "entities.yml"


def provinces(directory: Path, scale: float) -> list[str]:
    """ONE while more and more provinces are asked."""
    turns = max(5, round(_TURNS * scale))
    state = directory / "asking"
    with upstream(directory), _peer(directory, state) as url:
        found = run(_found(directory, state, url, turns), contender=True)
    first = found[0]
    costs = linear_regression(list(found), [cost for cost, _ in found.values()])
    lines = [
        "### Provinces",
        "",
        "In process, real sources, one request at a time; a gateway on the other core stands for every province. It",
        "verifies each statement, decides by its own policies, reads its own sources and puts the access on its own",
        "record. Gateways with few and many peers are asked turn by turn; the median of the fastest fifth of",
        f"{turns} turns. One more province takes {costs.slope:,.0f} µs of the asking gateway's CPU.",
        "",
        "| provinces asked | CPU ms | to none | answered within ms |",
        "|---:|---:|---:|---:|",
    ]
    for count, (cost, wait) in found.items():
        lines.append(f"| {count} | {cost / 1000:.2f} | {cost / first[0]:.2f} | {wait / 1000:.2f} |")
    return lines


@contextmanager
def _peer(directory: Path, asking: Path) -> Iterator[str]:
    """The address of a gateway of another province, which believes the one whose state is in `asking`."""
    port, jwks = free_port(), asking / "public.jwks.json"
    jwks.parent.mkdir(parents=True, exist_ok=True)
    jwks.write_text(json.dumps(public_jwks(make_signing_key(asking / "signing.key.json"))), encoding="utf-8")
    state = directory / "peer"
    settings_for(state)  # writes its keys
    command = [sys.executable, "-m", "bench.serve", PEER, str(port), str(state)]
    environment = {"BENCH_UPSTREAM": os.environ["BENCH_UPSTREAM"], "BENCH_ASKING": str(jwks)}
    running = start(PEER, command, port, directory, core=OTHER_CORE, environment=environment, cwd=ROOT)
    try:
        running.wait_until_listening()
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        running.end()


async def _found(directory: Path, state: Path, url: str, turns: int) -> dict[int, tuple[float, float]]:
    """By how many provinces are asked, CPU and time of a request in µs."""
    bodies = [queries.one(Agencies().token(number)) for number in range(20)]
    costs: dict[int, list[float]] = {count: [] for count in _COUNTS}
    waits: dict[int, list[float]] = {count: [] for count in _COUNTS}
    async with AsyncExitStack() as up:
        asked = {}
        for count in _COUNTS:
            asked[count] = await up.enter_async_context(
                house(
                    directory / f"provinces-{count}",
                    remembering=False,
                    manifests=_manifests(directory, url, count),
                    signing_key_file=state / "signing.key.json",
                )
            )
        for _ in range(turns):
            for count, one in asked.items():
                headers = one.headers()
                costs[count].append(await one.cost(bodies, [headers], 0.3))
                began = time.perf_counter()
                await one.ask(bodies[0], headers)
                waits[count].append((time.perf_counter() - began) * 1e6)
    return {count: (fastest(costs[count]), fastest(waits[count])) for count in _COUNTS}


def _manifests(directory: Path, url: str, count: int) -> tuple[Path, ...]:
    """The folders of the bench's own agencies and of that many peers."""
    if count == 0:
        return (MANIFESTS,)
    folder = directory / f"peers-{count}"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        text = _MANIFEST.format(number=number, url=url, entities=_ENTITIES)
        (folder / f"peer-{number}.yaml").write_text(text, encoding="utf-8")
    return MANIFESTS, folder
