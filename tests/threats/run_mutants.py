"""Plants each mutant in a copy of the tree and runs its tests; every one must be found: `make mutants`.

What no mutant touches (libraries, `schema`) is read once; each mutant's tests run in a process forked from there,
which reads `gateway` and `tests` from the copy with the fault in it.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

import schema.build
from tests.threats.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
WORKERS = int(os.environ.get("WORKERS") or 2)
_COPIED = ("gateway", "schema", "adapters", "mocks", "tests", "pyproject.toml")
_TIMEOUT = 900  # seconds
_FOUND = frozenset({1, 2})  # pytest's status: tests ran and some failed, or nothing could even be read
_READ_ONCE = (
    *("apsw", "cedarpy", "graphql", "httpx", "hypothesis", "joserfc", "msgspec", "orjson", "pydantic", "sqlalchemy"),
    *("starlette", "strawberry", "uvicorn", "yaml", "schema.labelling", "adapters.manifest"),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant whose tests run in a process of their own, in a tree of their own."""

    mutant: Mutant
    tree: Path
    before: str
    said: Path


def planted(mutant: Mutant, root: Path) -> str:
    """The file's text with the fault in it; ValueError where the anchor does not stand exactly once."""
    text = (root / mutant.file).read_text(encoding="utf-8")
    if (times := text.count(mutant.before)) != 1:
        raise ValueError(
            f"{mutant.name}: its text stands {times} times in {mutant.file}; give it one that stands once"
        )
    return text.replace(mutant.before, mutant.after)


def copied(target: Path) -> Path:
    """A copy of everything that tests need."""
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, target / name)
    return target


_moments = count(int(time.time()))


def _write(file: Path, text: str) -> None:
    """Each time with a time of its own, lest a file changed twice in a second be taken for its compiled form."""
    file.write_text(text, encoding="utf-8")
    moment = next(_moments)
    os.utime(file, (moment, moment))


def _begun(mutant: Mutant, tree: Path) -> tuple[int, Trial]:
    """The process that runs a mutant's tests."""
    file = tree / mutant.file
    trial = Trial(mutant, tree, file.read_text(encoding="utf-8"), tree / "said.txt")
    _write(file, planted(mutant, tree))
    process = os.fork()
    if process == 0:
        os._exit(_tested(trial))
    return process, trial


def _tested(trial: Trial) -> int:
    """Pytest's status, in a process that reads the tree as if it were the only one."""
    signal.alarm(_TIMEOUT)
    said = os.open(trial.said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.chdir(trial.tree)
    os.environ |= {"YITI_THREATS_COUNT": "300", "YITI_PROPERTIES": "first failure"}
    for name in [name for name in sys.modules if name.partition(".")[0] in {"gateway", "tests"}]:
        del sys.modules[name]
    sys.path.insert(0, str(trial.tree))
    options = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    try:
        return int(pytest.main([*options, *trial.mutant.tests]))
    finally:
        sys.stdout.flush()


def _ended(trial: Trial, status: int) -> tuple[bool, str]:
    """Whether a mutant was found, and by what."""
    _write(trial.tree / trial.mutant.file, trial.before)
    lines = trial.said.read_text(encoding="utf-8", errors="replace").splitlines()
    if os.WIFSIGNALED(status):
        return False, "it took too long"
    found = next((line for line in lines if line.startswith(("FAILED", "ERROR"))), " ".join(lines[-2:]))
    return os.waitstatus_to_exitcode(status) in _FOUND, found


def tried(chosen: Sequence[Mutant], folder: Path) -> Iterator[tuple[Mutant, bool, str]]:
    """Each mutant, whether it was found, and by what."""
    trees = [copied(folder / str(number)) for number in range(WORKERS)]
    waiting, running = list(reversed(chosen)), dict[int, Trial]()
    while waiting or running:
        while waiting and trees:
            process, trial = _begun(waiting.pop(), trees.pop())
            running[process] = trial
        process, status = os.wait()
        trial = running.pop(process)
        yield trial.mutant, *_ended(trial, status)
        trees.append(trial.tree)


def _read_once() -> None:
    for name in _READ_ONCE:
        importlib.import_module(name)
    graph = schema.build.build()
    schema.build.build = lambda: graph


def main(names: list[str]) -> int:
    """Runs all mutants, or those whose names hold one of the given texts."""
    chosen = [one for one in MUTANTS if not names or any(name in one.name for name in names)]
    for one in chosen:
        planted(one, ROOT)
    _read_once()
    started, survivors = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for mutant, killed, said in tried(chosen, Path(folder)):
            print(f"{'killed  ' if killed else 'SURVIVED'} {mutant.name:44} {said.split(' - ')[0][:110]}", flush=True)
            if not killed:
                survivors.append(mutant)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} killed in {time.monotonic() - started:.0f} s")
    for mutant in survivors:
        print(f"survived: {mutant.name} ({mutant.file})")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
