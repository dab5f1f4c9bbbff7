"""The gateway that the browser meets: the demo's world, small, with a morning's activity in its log."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocks.stage import Stage
from mocks.world import populate
from tests.console.browser.activity import bustle

# On a busy machine the demo's three seconds may not do; how long things take is not what is looked at here.
_DEADLINE_SECONDS = 20.0


@dataclass(frozen=True)
class World:
    """A running stage, and of whom its log tells."""

    stage: Stage

    @property
    def url(self) -> str:
        """Jiangsu's gateway."""
        return self.stage.urls["jiangsu"]

    @property
    def number(self) -> str:
        """The (synthetic) citizen's number of somebody who was looked at."""
        number = self.stage.world.story("returned").id_number
        assert number is not None
        return number


@contextmanager
def busy(directory: Path) -> Iterator[World]:
    """Everything running, until the end."""
    stage = Stage(directory, populate(people=120), progress=lambda _: None, deadline_seconds=_DEADLINE_SECONDS)
    _run(stage.open(processes=False))
    try:
        bustle(stage)
        yield World(stage)
    finally:
        _run(stage.close())


def _run(step: Coroutine[Any, Any, None]) -> None:
    # Playwright keeps an event loop running in the thread that uses it, so this takes one of its own.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, step).result()
