"""What answered: every system that had a part in the tour, and how long it took."""

from __future__ import annotations

from typing import Final

from mocks.tour.ask import PROVINCE_NAMES
from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import SYSTEMS, counted

ELEVEN: Final = 11


def show_summary(tour: Tour) -> None:
    """From the answers themselves: system by system, in milliseconds."""
    page = tour.page
    times: dict[tuple[str, str], list[float]] = {}
    services: set[str] = set()
    for answer in tour.asker.asked:
        for source, milliseconds in answer.sources.items():
            if source in SYSTEMS:
                services.add(source)
                times.setdefault(counted(source), []).append(milliseconds)
    page.say("Every answer says which sources it was read from and how long each took. All of them together:")
    page.gap()
    page.table(
        ("", "province", "system", "answers", "fastest", "slowest"),
        [
            (
                str(number),
                PROVINCE_NAMES[province],
                owner,
                str(len(taken)),
                f"{min(taken):.0f} ms",
                Cell(f"{max(taken):.0f} ms", Tone.DIM),
            )
            for number, ((province, owner), taken) in enumerate(sorted(times.items()), 1)
        ],
    )
    page.gap()
    missing = sorted(set(SYSTEMS) - services)
    page.check(
        len(times) == ELEVEN and not missing,
        f"{len(times)} separate systems in two provinces answered over real connections, through {len(services)} "
        f"services{': missing ' + ', '.join(missing) if missing else ''}",
    )
    asked, took = len(tour.asker.asked), sum(one.milliseconds for one in tour.asker.asked)
    page.say(
        f"{asked} questions, {took / 1000:.1f} s in all. {page.checked} claims of this tour were checked as it went; "
        "one that failed would have ended it.",
        indent="  ",
    )
    page.say(f"Every question with its raw JSON answer: {tour.asker.raw}", indent="  ")
