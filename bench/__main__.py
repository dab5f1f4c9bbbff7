"""`python -m bench`: the comparison. `curves`: how cost grows. `profile`: where the time goes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.compare import Comparing, Rig
from bench.curves import CURVES, measured
from bench.machine import Machine
from bench.profiling import profiled
from bench.report import PAGE, comparison, write
from bench.rivals import ROOT, WORK


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.set_defaults(run=_compare, seconds=2.0, rounds=5, warm=3.0, only="", npm=True, other=None, keep=True)
    parser.add_argument("--no-write", dest="keep", action="store_false", help="leave docs/performance.md as it is")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    compare = commands.add_parser("compare", help="all contenders on the same upstream (the default)")
    compare.add_argument("--seconds", type=float, default=2.0, help="of each contender's turn")
    compare.add_argument("--rounds", type=int, default=5, help="of turns; figures are their medians")
    compare.add_argument("--warm", type=float, default=3.0, help="seconds before each question")
    compare.add_argument("--only", default="", help="names of contenders, separated by commas")
    compare.add_argument("--no-npm", dest="npm", action="store_false", help="without the gateways of npm")
    compare.add_argument("--other", metavar="PYTHON", help="another interpreter to run this gateway on as well")

    curves = commands.add_parser("curves", help="how cost grows")
    curves.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(CURVES)}; all if none")
    curves.add_argument("--small", action="store_true", help="a tenth of everything, to try it out")
    curves.set_defaults(run=_curves)

    profile = commands.add_parser("profile", help="where this gateway's time goes")
    profile.add_argument("question", nargs="?", default="one", choices=("one", "list"))
    profile.add_argument("--requests", type=int, default=0)
    profile.set_defaults(run=_profile)
    chosen = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    # A folder of its own: two runs at once must not share an access log.
    with tempfile.TemporaryDirectory(dir=WORK, prefix="run-") as folder:
        return int(chosen.run(chosen, Path(folder)) or 0)


def _compare(chosen: argparse.Namespace, folder: Path) -> None:
    machine = Machine.seen()
    only = tuple(name for name in chosen.only.split(",") if name)
    found = Comparing(
        Rig(folder, chosen.seconds, chosen.rounds, chosen.warm, only=only, npm=chosen.npm, other=chosen.other)
    ).run()
    _keep("compare", comparison(found, machine, _command()), keep=chosen.keep and not only)


def _curves(chosen: argparse.Namespace, folder: Path) -> int:
    unknown = sorted(set(chosen.names) - set(CURVES))
    if unknown:
        sys.stderr.write(f"bench: no such curve: {', '.join(unknown)}. There are {', '.join(CURVES)}.\n")
        return 2
    for name in chosen.names or CURVES:
        machine = Machine.seen()
        title, *lines = measured(name, folder, small=chosen.small)
        _keep(
            name,
            [title, "", *machine.lines(), f"- `python -m bench curves {name}`", *lines],
            keep=chosen.keep and not chosen.small,
        )
    return 0


def _profile(chosen: argparse.Namespace, folder: Path) -> None:
    requests = chosen.requests or (300 if chosen.question == "one" else 20)
    sys.stdout.write(profiled(folder, chosen.question, requests))


def _keep(part: str, lines: list[str], *, keep: bool) -> None:
    sys.stdout.write("\n".join(["", *lines, ""]))
    if keep:
        write(part, lines)
        sys.stdout.write(f"written to {PAGE.relative_to(ROOT)}\n")


def _command() -> str:
    return " ".join(["python -m bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
