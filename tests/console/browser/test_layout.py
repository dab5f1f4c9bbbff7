"""What is seen: focus, zoom, print, dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, StorageState

from tests.console.browser.pages import PAGES
from tests.console.browser.rig import Reader, reading
from tests.console.browser.world import World

WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  const inDocument = Array.from(document.querySelectorAll('*')).indexOf(at);
  return {name: at.tagName + ' ' + (at.id || at.className || at.textContent.trim().slice(0, 20)), place: inDocument,
    visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.left >= 0};
}"""


@pytest.mark.parametrize("name", PAGES)
def test_zoomed_in_nothing_has_to_be_scrolled_sideways_and_dark_is_dark(
    browser: Browser, world: World, key: StorageState, name: str
) -> None:
    """At 200 % and 400 %; but for tables, which scroll within themselves."""
    with reading(browser, world.url, "zh", storage_state=key) as reader:
        PAGES[name](reader, world)
        reader.page.emulate_media(color_scheme="dark")
        reader.picture(f"{name}-dark")
        background = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(int(part) for part in background.removeprefix("rgb(").removesuffix(")").split(",")) < 150
        reader.page.emulate_media(color_scheme="light")
        for width in (640, 320):
            reader.page.set_viewport_size({"width": width, "height": 480})
            reader.picture(f"{name}-{width}")
            assert reader.page.evaluate(WIDER_THAN_THE_WINDOW) is False, width


def test_the_keyboard_goes_in_order_and_is_seen(reader: Reader, world: World) -> None:
    reader.go("/console?purpose=AFTERCARE")
    found = []
    for _ in range(40):
        reader.page.keyboard.press("Tab")
        found.append(reader.page.evaluate(FOCUSED))
    assert found[0]["name"] == "A skip"
    assert [one["name"] for one in found if not one["visible"]] == []
    places = [
        one["place"] for one in found if "INPUT c-since" != one["name"] != "INPUT c-until"
    ]  # a day has three stops
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_the_first_key_leads_past_the_navigation(reader: Reader) -> None:
    reader.go("/console")
    reader.page.keyboard.press("Tab")
    reader.page.keyboard.press("Enter")
    reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("document.activeElement.closest('main') !== null") is True


def test_signing_in_needs_no_mouse(browser: Browser, world: World) -> None:
    with reading(browser, world.url, "en") as reader:
        reader.go("/console")
        for _ in range(12):
            reader.page.keyboard.press("Tab")
            if reader.page.evaluate("document.activeElement.value") == "auditor":
                break
        reader.page.keyboard.press("Enter")
        reader.page.wait_for_url(f"{world.url}/console")


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_there_is_the_matter_and_its_address(reader: Reader, world: World, name: str) -> None:
    PAGES[name](reader, world)
    reader.page.emulate_media(media="print")
    for hidden in (".top nav", ".who", ".conditions", ".pager"):
        for one in reader.page.locator(hidden).all():
            assert not one.is_visible(), hidden
    assert reader.page.locator(".cite").is_visible()
    assert any(one.is_visible() for one in reader.page.locator("main table, main dl").all())
    reader.picture(f"{name}-print")
    assert reader.page.pdf(format="A4").startswith(b"%PDF")
