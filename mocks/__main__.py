"""`python -m mocks`: list the imitation systems, build their databases, serve one of them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from mocks.databases import database_url, ensure, module_of
from mocks.serving import serve
from mocks.systems import SYSTEMS
from mocks.world import populate


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = _parser().parse_args(arguments)
    if given.command == "list":
        for system in SYSTEMS.values():
            print(f"{system.id:26} {system.kind:5} {system.variable:36} {system.name}")
        return 0
    if given.command == "build":
        world = populate(given.seed, given.people)
        asyncio.run(ensure(given.directory, world, SYSTEMS.values(), progress=lambda line: print(line, flush=True)))
        return 0
    return _serve(given.system, given.directory, given.port, given.attached)


def _serve(system_id: str, directory: Path, port: int, attached: bool) -> int:
    system = SYSTEMS[system_id]
    if system.kind == "sql":
        print(f"{system_id} is a database: {database_url(directory, system)}", file=sys.stderr)
        return 2
    if not (directory / f"{system_id}.db").exists():
        print(f"{directory} holds no {system_id}.db. Run: python -m mocks build --directory …", file=sys.stderr)
        return 2
    serve(module_of(system).app(database_url(directory, system)), port, attached=attached)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mocks", description="Imitation agencies over synthetic people.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name every system")
    build = commands.add_parser("build", help="write every system's database")
    build.add_argument("--directory", type=Path, required=True)
    build.add_argument("--seed", type=int, default=20260101)
    build.add_argument("--people", type=int, default=400)
    one = commands.add_parser("serve", help="serve one HTTP system; prints its address")
    one.add_argument("system", choices=SYSTEMS)
    one.add_argument("--directory", type=Path, required=True)
    one.add_argument("--port", type=int, default=0)
    one.add_argument("--attached", action="store_true", help="end when standard input closes")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
