"""The gateway that the browser meets: the demo's world, small, with a morning's activity in its log."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.console.language import CHINA
from mocks.stage import Stage
from mocks.world import populate
from tests.console.browser.activity import bustle
from tests.console.browser.past import remember

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


class _Remembering(Stage):
    """Jiangsu's log begins six weeks ago."""

    def _prepare(self) -> None:
        super()._prepare()
        _run(remember(self, "jiangsu"))


@contextmanager
def busy(directory: Path, *, remembering: bool = False) -> Iterator[World]:
    """Everything running, until the end; `remembering` weeks before this morning, which is then of today."""
    today = {"today": datetime.now(CHINA).date()} if remembering else {}
    kind = _Remembering if remembering else Stage
    world = populate(people=120, **today)
    stage = kind(directory, world, progress=lambda _: None, deadline_seconds=_DEADLINE_SECONDS)
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
