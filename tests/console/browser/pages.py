"""The console's pages by name, as one comes upon them; and the states in which a page may be met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

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


def _sign_in(reader: Reader, _: World) -> None:
    assert reader.go("/console/sign-in") == 200


def _refused(reader: Reader, _: World) -> None:
    reader.sign_in("township-worker")
    assert reader.page.locator("code").first.inner_text() == "AUDITORS_ONLY"


def _signed_out(reader: Reader, _: World) -> None:
    assert reader.go("/console/signed-out") == 200


DOOR: Mapping[str, Way] = {"sign-in": _sign_in, "refused": _refused, "signed-out": _signed_out}
"""Before it."""


def _nothing(reader: Reader, _: World) -> None:
    """No entry meets these conditions."""
    assert reader.go("/console?purpose=STATISTICS&effect=DENY&since=2020-01-01&until=2020-01-31") == 200
    assert reader.page.locator(".empty").count() == 1


def _bad_condition(reader: Reader, world: World) -> None:
    """A citizen's number in an address."""
    assert reader.go(f"/console?person={world.number}") == 400


def _reviewed(reader: Reader, _: World) -> None:
    assert reader.go("/console/break-glass?state=REVIEWED") == 200
    if reader.page.locator("tbody tr").count() == 0:
        _review(reader)
        reader.go("/console/break-glass?state=REVIEWED")
    reader.page.locator("tbody th a").first.click()
    reader.page.wait_for_load_state()


def _review(reader: Reader) -> None:
    reader.go("/console/break-glass?state=IN_FORCE")
    reader.page.locator("tbody th a").first.click()
    reader.page.wait_for_load_state()
    reader.page.fill("#remark", "（模拟）核对了急救记录，理由成立。")
    reader.page.check("input[value=JUSTIFIED]")
    reader.page.locator("form.conditions button").click()
    reader.page.wait_for_load_state()


STATES: Mapping[str, Way] = {"nothing-found": _nothing, "bad-condition": _bad_condition, "reviewed": _reviewed}
"""Pages with nothing in them, refused, or done with."""

DARK: Final[Mapping[str, Any]] = {"color_scheme": "dark"}
NARROW: Final[Mapping[str, Any]] = {"viewport": {"width": 320, "height": 900}}
PAPER: Final[Mapping[str, Any]] = {"viewport": {"width": 794, "height": 1123}}  # A4 at 96 dots an inch

VIEWS: Mapping[str, tuple[Way, Mapping[str, Any]]] = {
    "search-dark": (PAGES["search"], DARK),
    "entry-dark": (PAGES["entry"], DARK),
    "search-narrow": (PAGES["search"], NARROW),
    "entry-narrow": (PAGES["entry"], NARROW),
    "person-print": (PAGES["person"], PAPER),
    "entry-print": (PAGES["entry"], PAPER),
}
"""The same pages otherwise: in the dark, in a window of 320 pixels, on paper."""

ROUTES: Mapping[str, tuple[str, ...]] = {
    "/console": ("search", "found", "nothing-found", "bad-condition", "search-dark", "search-narrow"),
    "/console/people/{person}": ("person", "person-print"),
    "/console/officials/{official:path}": ("official",),
    "/console/entries/{entry}": ("entry", "event", "entry-dark", "entry-narrow", "entry-print"),
    "/console/trends": ("trends",),
    "/console/report": ("report",),
    "/console/break-glass": ("break-glass",),
    "/console/break-glass/{grant}": ("emergency", "reviewed"),
    "/console/verification": ("verification",),
    "/console/sign-in": ("sign-in", "refused"),
    "/console/signed-out": ("signed-out",),
    # these lead on to another page, or answer with a file
    "/console/static/{stamp}/{name}": (),
    "/console/sign-in/provider": (),
    "/console/sign-in/callback": (),
    "/console/sign-out": (),
    "/console/export": (),
}
"""Of each of the console's routes the pictures that show it (docs/console, in both languages)."""
