"""`make threats`: runs every attack, prints each threat with its tests, asks random queries, measures timing."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pytest

from tests.gateway.http.register import NUMBER, settle
from tests.threats.oracle_run import QUERIES_OF_A_VISIT, VISITS_WITH_A_QUERY, Outcome, look
from tests.threats.threats import ELSEWHERE, THREATS
from tests.threats.timing import in_process, over_http

OPTIONS = ("-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""What is imported here cannot have its assertions rewritten any more: a plugin that nothing of ours uses is, too."""


class Table:
    """A pytest plugin that gathers each threat's tests and what became of them."""

    def __init__(self) -> None:
        self._of: dict[str, set[int]] = defaultdict(set)
        self._results: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Whose test each one is."""
        for item in items:
            for marker in item.iter_markers("threat"):
                self._of[item.nodeid].update(marker.args)
            for number, named in ELSEWHERE.items():
                if any(item.nodeid == one or item.nodeid.startswith((f"{one}[", f"{one}::")) for one in named):
                    self._of[item.nodeid].add(number)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What became of a test; whatever fails first counts."""
        counts = report.when == "call" or report.outcome != "passed"
        if counts and self._results.get(report.nodeid, "passed") == "passed":
            self._results[report.nodeid] = report.outcome

    def show(self) -> bool:
        """Print the table; whether every threat was attacked and every attack repelled."""
        is_sound = True
        for number, name in THREATS.items():
            tests = sorted(node for node, numbers in self._of.items() if number in numbers)
            results = [self._results.get(node, "not run") for node in tests]
            sound = bool(tests) and all(result == "passed" for result in results)
            is_sound = is_sound and sound
            print(f"{number:2}  {name:52} {len(tests):3} tests  {'repelled' if sound else 'FAILED'}")
            for claim in sorted({node.partition("::")[2].partition("[")[0] for node in tests}):
                print(f"      {claim}")
        return is_sound


async def ask_at_random(seed: int, count: int, seconds: float) -> Outcome:
    """Visits from `seed` on, until enough was asked and enough time has passed."""
    found, started = Outcome(), time.monotonic()
    number = seed
    while found.queries < count or time.monotonic() - started < seconds:
        found.add(await look(number))
        number += 1
    print(
        f"{found.queries} random queries of {number - seed} viewers, seeds {seed} to {number - 1} "
        f"({QUERIES_OF_A_VISIT} queries each, the same for {VISITS_WITH_A_QUERY} viewers): {found.shown} values "
        f"shown, {found.denied} times a value was to stay away, {found.twins} times in a twin world, "
        f"{found.refused} queries refused; {len(found.leaks)} leaks"
    )
    for leak in found.leaks[:20]:
        print(leak)
    return found


async def measure() -> None:
    """Print the timing figures."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / "desk").mkdir()
        print(await in_process(Path(folder) / "desk"))
        settings, step = settle(Path(folder), patch), int(os.environ.get("STEP") or 100)
        print(await over_http(settings, NUMBER, step=0, pairs=300))
        print(await over_http(settings, NUMBER, step=step, pairs=100))


def main() -> int:
    """Everything; 1 where an attack succeeded or was not made."""
    table = Table()
    others = sorted({test for tests in ELSEWHERE.values() for test in tests})
    status = pytest.main([*OPTIONS, "tests/threats", *others], plugins=[table])
    is_sound = table.show() and status == pytest.ExitCode.OK
    seed = int(os.environ.get("YITI_THREATS_SEED", "100000"))
    count = int(os.environ.get("COUNT") or 1_000)
    found = asyncio.run(ask_at_random(seed, count, float(os.environ.get("SECONDS_TO_ASK") or 0)))
    asyncio.run(measure())
    return 0 if is_sound and not found.leaks else 1


if __name__ == "__main__":
    sys.exit(main())
