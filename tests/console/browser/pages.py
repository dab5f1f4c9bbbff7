"""The console's pages by name, as one comes upon them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.console.browser.rig import Reader
from tests.console.browser.world import World

Way = Callable[[Reader, World], None]


def _go(path: str) -> Way:
    def way(reader: Reader, _: World) -> None:
        assert reader.go(path) == 200

    return way


def _found(reader: Reader, world: World) -> None:
    """By a number in the form."""
    assert reader.go("/console") == 200
    reader.page.fill("#c-person", world.number)
    reader.page.select_option("#c-kind", "access", force=True)
    reader.page.locator("form[role=search] button[type=submit]").click()
    reader.page.wait_for_load_state()


def _person(reader: Reader, world: World) -> None:
    _found(reader, world)
    reader.page.locator("tbody td a[href^='/console/people/']").first.click()
    reader.page.wait_for_load_state()


def _entry(reader: Reader, _: World) -> None:
    """One that shows something, withholds something, and asked several sources."""
    assert reader.go("/console?kind=access&purpose=STATUTORY_QUERY&effect=DENY") == 200
    reader.page.locator("tbody th a").first.click()
    reader.page.wait_for_load_state()


def _event(reader: Reader, _: World) -> None:
    assert reader.go("/console?kind=login") == 200
    reader.page.locator("tbody th a").first.click()
    reader.page.wait_for_load_state()


def _break_glass(reader: Reader, _: World) -> None:
    """One that waits for its review; the review's own test may have taken the newest."""
    assert reader.go("/console/break-glass?state=IN_FORCE") == 200
    reader.page.locator("tbody th a").last.click()
    reader.page.wait_for_load_state()


PAGES: Mapping[str, Way] = {
    "search": _go("/console"),
    "found": _found,
    "person": _person,
    "official": _go("/console/officials/staff-aftercare-officer"),
    "entry": _entry,
    "event": _event,
    "trends": _go("/console/trends"),
    "break-glass": _go("/console/break-glass?state=IN_FORCE"),
    "emergency": _break_glass,
    "report": _go("/console/report"),
    "verification": _go("/console/verification"),
}
"""Behind the door."""
