"""What can be tried once the tour is over: addresses, viewers, a request by hand."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mocks.stage import Stage
from mocks.tour.ask import PROVINCE_NAMES
from mocks.tour.page import Page, Tone

_STORIES: Final[Mapping[str, str]] = {
    "hiv": "station 2; one of the viewers is he himself",
    "conflict": "station 5; one of the viewers is she herself",
    "ordered_not_reported": "station 3; ask as the township worker",
    "relief_applicant": "station 6; ask as the civil-affairs clerk, too",
    "cross_province": "station 4; ask in Zhejiang",
}


def tell_where(stage: Stage, page: Page) -> None:
    """Everything stays up: how to ask for oneself."""
    page.gap()
    page.say("─" * page.columns, Tone.DIM)
    page.say("Everything stays up. Try it:", Tone.HEAD)
    page.gap()
    page.table(
        ("gateway", "query editor (choose a viewer at its top)"),
        [(PROVINCE_NAMES[province], f"{url}/graphql") for province, url in stage.urls.items()],
    )
    page.gap()
    page.table(
        ("a person to ask for", "person(id: …)", "see"),
        [
            (stage.world.story(name).name, stage.person_id(stage.world.story(name)), see)
            for name, see in _STORIES.items()
        ],
    )
    page.gap()
    page.say("By hand, as the aftercare officer of Jiangsu (`yiti token` lists the others):")
    page.gap()
    for line in by_hand(stage):
        page.literal(f"  {line}")
    page.gap()
    page.say("Ctrl-C ends everything.", Tone.STRONG)


def by_hand(stage: Stage) -> tuple[str, ...]:
    """Lines for a shell: a token made by `yiti`, a request with it."""
    return (
        f". {_short(stage.settings_file('jiangsu'))}",
        f"TOKEN=$({_short(Path(sys.executable).parent / 'yiti')} token aftercare-officer)",
        f'curl -s {stage.urls["jiangsu"]}/graphql -H "Authorization: Bearer $TOKEN" \\',
        "  -H 'Content-Type: application/json' -d '{\"query\": \"{ viewer { subject purpose } }\"}'",
    )


def _short(path: Path) -> str:
    here = Path.cwd()
    return f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)
