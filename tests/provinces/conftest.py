"""Two provinces as they run: thirteen imitation systems on loopback and a gateway process for each province."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mocks.stage import Stage
from mocks.world import populate
from tests.provinces.interference import Interference


@pytest.fixture(scope="session")
def line() -> Iterator[Interference]:
    """The line between Jiangsu's gateway and civil affairs."""
    disturbed = Interference()
    yield disturbed
    disturbed.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, line: Interference) -> Iterator[Stage]:
    """Everything running; started once for all tests of this folder."""
    said: list[str] = []
    directory: Path = tmp_path_factory.mktemp("stage")
    # On a busy machine the demo's three seconds may not do; how long things take is not what is tested here.
    running = Stage(
        directory,
        populate(people=200),
        progress=said.append,
        deadline_seconds=20.0,
        detours={"JIANGSU_CIVIL_AFFAIRS_URL": line.before},
    )
    asyncio.run(running.open(processes=False))
    yield running
    asyncio.run(running.close())
