"""The whole demo: prepare, walk the stations, stay up until somebody has seen enough."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from mocks.serving import NotStarted
from mocks.stage import Stage, StageError
from mocks.systems import SYSTEMS
from mocks.tour.afterwards import tell_where
from mocks.tour.ask import Asker
from mocks.tour.page import Page, Tone, UnmetExpectation
from mocks.tour.progress import Progress
from mocks.tour.stations import STATIONS
from mocks.tour.tour import Tour
from mocks.world import populate

STATE: Final = Path("var") / "demo"
DONE, UNMET, INTERRUPTED = 0, 1, 130
_DEADLINE_SECONDS = 5.0


def main(once: bool) -> int:
    """Run the demo; its exit code: 0 all went as told, 1 something did not, 130 interrupted on the way."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    try:
        return _demonstrate(once)
    except BrokenPipeError:  # who read us has gone: write no more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED


def _demonstrate(once: bool) -> int:
    page = Page.of(sys.stdout)
    _welcome(page)
    progress = Progress()
    stage = Stage(STATE.absolute(), populate(), progress, _DEADLINE_SECONDS)
    with asyncio.Runner() as runner:
        try:
            runner.run(stage.open())
            progress.done(f"ready: {len(SYSTEMS)} services of agencies and {len(stage.urls)} gateways are running")
            walk(tour(stage, page, runner))
            if not once:
                _stay(stage, page)
        except (StageError, NotStarted, TimeoutError) as err:
            progress.broken()
            why = str(err) or f"the gateways do not know each other yet; their logs are under {STATE}"
            print(f"yiti demo: {why}", file=sys.stderr)
            return UNMET
        except UnmetExpectation as err:
            print(f"\nyiti demo: expected, but not so: {err}", file=sys.stderr)
            return UNMET
        except KeyboardInterrupt:
            progress.broken()
            page.say("Interrupted.")
            return INTERRUPTED
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough: the rest is ending what was started
            runner.run(stage.close())
    return DONE


def tour(stage: Stage, page: Page, runner: asyncio.Runner) -> Tour:
    """A tour that really kills the system that has to fail, and brings it back afterwards."""

    @contextmanager
    def kill(system: str) -> Iterator[None]:
        runner.run(stage.imitation.stop(system))
        yield
        runner.run(stage.imitation.revive(system))

    return Tour(stage, page, Asker(stage, _emptied(STATE / "tour")), kill)


def walk(given: Tour) -> None:
    """All stations in order; raises UnmetExpectation at the first claim that does not hold."""
    for number, (title, show) in enumerate(STATIONS, 1):
        given.page.station(number, len(STATIONS), title)
        show(given)


def _welcome(page: Page) -> None:
    page.title("Yiti 一体: one question, eleven systems, two provinces")
    page.gap()
    page.say(
        "Somebody who leaves compulsory drug isolation (强制隔离戒毒) passes from the facility to the police, the "
        "township, aftercare, civil affairs, a hospital. Each keeps a system of its own, and nobody sees the whole "
        "way. Yiti answers one question from all of them, shows each viewer only what the law gives them, and "
        "writes down who looked."
    )
    page.gap()
    page.say(
        "All people are invented 所有人员均为虚构: names are drawn by lot, and their id numbers bear region",
        Tone.STRONG,
    )
    page.say(
        "codes that were never assigned (3299xx). The agencies' systems are imitations on this machine.", Tone.STRONG
    )
    page.gap()
    page.say(f"Preparing under {STATE} (a few seconds; quicker the next time)")


def _stay(stage: Stage, page: Page) -> None:
    tell_where(stage, page)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        page.gap()
        page.say("Ending the gateways and the agencies' systems …")


def _emptied(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.json"):
        file.unlink()
    return folder


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
