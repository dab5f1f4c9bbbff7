"""What every station of the tour is given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mocks.stage import Stage
from mocks.tour.ask import Answer, Asker
from mocks.tour.page import Page, Tone
from mocks.tour.words import system

Killing = Callable[[str], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Tour:
    """A walk over a running stage. `kill` lets one system fail, at least as long as its context lasts."""

    stage: Stage
    page: Page
    asker: Asker
    kill: Killing
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def person(self, story: str) -> str:
        """The pseudonym of one of the tour's people."""
        return self.stage.person_id(self.stage.world.story(story))

    def tell_sources(self, answer: Answer) -> None:
        """One line: who answered, in how many milliseconds."""
        taken: dict[str, list[str]] = {}
        for source, milliseconds in answer.sources.items():
            taken.setdefault(system(source), []).append(f"{milliseconds:.0f}")
        parts = (f"{name} {' and '.join(times)}" for name, times in taken.items())
        self.page.gap()
        self.page.say(f"{answer.milliseconds:.0f} ms in all: {' · '.join(parts)}", Tone.DIM, "  ")
