"""Runs one Python contender as a process: `python -m bench.serve NAME PORT STATE`. All alike: uvicorn on httptools.

This gateway is served by its own gateway.serving, as `yiti serve` does.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import uvicorn

from bench.loop import run

PEER: Final = "yiti-peer"
"""A gateway of another province, which believes the one whose public keys are in the file BENCH_ASKING."""


def main() -> int:
    """Until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=("ours", "ours-unguarded", "ours-unrecorded", PEER, "bff", "strawberry"))
    parser.add_argument("port", type=int)
    parser.add_argument("state", type=Path)
    chosen = parser.parse_args()
    if chosen.name.startswith("ours") or chosen.name == PEER:
        return _gateway(chosen.name, chosen.port, chosen.state)
    return _application(chosen.name, chosen.port)


def _gateway(name: str, port: int, state: Path) -> int:
    from bench.contenders.house import settings_for
    from bench.contenders.unguarded import unguarded, unrecorded
    from gateway.serving import serve

    without = {"ours-unguarded": unguarded, "ours-unrecorded": unrecorded}
    with without.get(name, nullcontext)():
        others = {}
        if name == PEER:
            others = {"name": PEER, "province": "330000", "peers": f"yiti-bench@320000={os.environ['BENCH_ASKING']}"}
        return run(serve(settings_for(state, port, **others)), contender=True)


def _application(name: str, port: int) -> int:
    made: Any
    if name == "bff":
        from bench.contenders import bff as made
    else:
        from bench.contenders import plain_strawberry as made
    config = uvicorn.Config(
        made.application(),
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
    run(uvicorn.Server(config).serve(), contender=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
