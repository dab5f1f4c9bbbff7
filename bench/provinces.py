"""How an answer's cost grows with the provinces that are asked: one real peer that stands for all of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.contenders.house import MANIFESTS, settings_for
from bench.inside import upstream
from bench.processes import OTHER_CORE, free_port, start
from bench.rivals import ROOT
from bench.serve import PEER
from bench.turns import TURNS, each_more, growth, table
from gateway.keys import make_signing_key, public_jwks

_COUNTS: Final = (0, 1, 7, 31)
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
    turns = max(5, round(TURNS * scale))
    state = directory / "asking"
    with upstream(directory), _peer(directory, state) as url:
        asked = {
            count: {
                "manifests": _manifests(directory, url, count),
                "signing_key_file": state / "signing.key.json",
            }
            for count in _COUNTS
        }
        found = growth(directory, asked, turns)
    return [
        "### Provinces",
        "",
        "In process, real sources, one request at a time; a gateway on the other core stands for every province. It",
        "verifies each statement, decides by its own policies, reads its own sources and puts the access on its own",
        "record. Gateways with few and many peers are asked turn by turn; the median of the fastest fifth of",
        f"{turns} turns. One more province takes {each_more(found):,.0f} µs of the asking gateway's CPU.",
        "",
        *table("provinces asked", found),
    ]


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
