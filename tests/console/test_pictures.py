"""Every page of the console stands in docs/console.md with its picture, in both languages."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Route

from gateway.console.language import languages
from tests.console.browser.pages import DOOR, PAGES, ROUTES, STATES, VIEWS
from tests.console.house import House

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "console"
NAMES = [*DOOR, *PAGES, *STATES, *VIEWS]


def test_every_route_says_which_pictures_show_it(house: House) -> None:
    routes = [route.path for route in house.routes if isinstance(route, Route)]
    assert sorted(routes) == sorted(ROUTES)
    assert sorted(name for names in ROUTES.values() for name in names) == sorted(NAMES)


def test_every_picture_is_there_in_both_languages_and_no_other() -> None:
    wanted = {f"{name}-{code}.png" for name in NAMES for code in languages()}
    assert {path.name for path in PICTURES.iterdir()} == wanted, "run: make screenshots"


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert {name: size for name, size in sizes.items() if size > 150_000} == {}
    assert sum(sizes.values()) < 3_000_000


def test_the_page_shows_each_picture() -> None:
    text = (DOCS / "console.md").read_text(encoding="utf-8")
    wanted = {f"(console/{name}-{code}.png)" for name in NAMES for code in languages()}
    assert [one for one in sorted(wanted) if one not in text] == []
