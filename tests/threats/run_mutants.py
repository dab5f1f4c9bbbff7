"""Plants each mutant in a copy of the tree and runs its tests; every one must be found: `make mutants`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import Queue

from tests.threats.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
WORKERS = 2
_COPIED = ("gateway", "schema", "adapters", "mocks", "tests", "pyproject.toml")
_TIMEOUT = 900.0
_FOUND = frozenset({1, 2})  # pytest's status: tests ran and some failed, or nothing could even be read


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


def tested(tree: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """Pytest's status and what it said."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "YITI_THREATS_COUNT": "300", "YITI_PROPERTIES": "first failure"}
    try:
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return -1, "it took too long"
    return done.returncode, done.stdout + done.stderr


_moments = count(int(time.time()))


def _write(file: Path, text: str) -> None:
    """Each time with a time of its own, lest a file changed twice in a second be taken for its compiled form."""
    file.write_text(text, encoding="utf-8")
    moment = next(_moments)
    os.utime(file, (moment, moment))


def fate(mutant: Mutant, trees: Queue[Path]) -> tuple[Mutant, bool, str]:
    """Whether a mutant is found, and by what."""
    tree = trees.get()
    file = tree / mutant.file
    before = file.read_text(encoding="utf-8")
    try:
        _write(file, planted(mutant, tree))
        status, said = tested(tree, mutant.tests)
        found = next((line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))), said[-300:])
        return mutant, status in _FOUND, found
    finally:
        _write(file, before)
        trees.put(tree)


def main(names: list[str]) -> int:
    """Runs all mutants, or those whose names hold one of the given texts."""
    chosen = [one for one in MUTANTS if not names or any(name in one.name for name in names)]
    for one in chosen:
        planted(one, ROOT)
    started, survivors = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(WORKERS) as workers:
        trees: Queue[Path] = Queue()
        for number in range(WORKERS):
            trees.put(copied(Path(folder) / str(number)))
        for mutant, killed, said in workers.map(lambda one: fate(one, trees), chosen):
            print(f"{'killed  ' if killed else 'SURVIVED'} {mutant.name:44} {said.split(' - ')[0][:110]}", flush=True)
            if not killed:
                survivors.append(mutant)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} killed in {time.monotonic() - started:.0f} s")
    for mutant in survivors:
        print(f"survived: {mutant.name} ({mutant.file})")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
