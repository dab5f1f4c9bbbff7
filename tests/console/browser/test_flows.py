"""The main ways through the console, in a browser without JavaScript, in both languages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.console.browser.pages import PAGES
from tests.console.browser.rig import LOCALES, Reader, reading
from tests.console.browser.world import World

CHINESE = re.compile(r"[\u4e00-\u9fff]")


ENGLISH = ("h1", "h2", "label", "th[scope=col]", "button", "summary", "dt", ".top nav", ".mark", ".lead")
SAID = ("h1", "h2", "label", "button", "summary", "dt", ".top nav a", ".mark", ".lead", ".note")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_in_its_language_and_stays_within_its_origin(
    reader: Reader, world: World, name: str
) -> None:
    PAGES[name](reader, world)
    reader.picture(name)
    assert reader.page.locator("html").get_attribute("lang") == LOCALES[reader.language]
    expect(reader.page.locator("h1")).to_have_count(1)
    assert {urlsplit(url).netloc for url in reader.requests} == {urlsplit(world.url).netloc}
    assert reader.complaints == []
    check_language(reader)
    check_numbers(reader, world)


def check_language(reader: Reader) -> None:
    """But for names of agencies, articles of the law and the other language's own name."""
    for place in ENGLISH if reader.language == "en" else SAID:
        for text in reader.page.locator(place).all_inner_texts():
            if reader.language == "en":
                assert not CHINESE.search(text), (place, text)
            elif text.strip() != "English" and any(letter.isalpha() for letter in text):
                assert CHINESE.search(text), (place, text)


def check_numbers(reader: Reader, world: World) -> None:
    """No number of a person stands on the page or in an address, nor an id of the graph."""
    content = reader.page.content()
    assert [life.number for life in world.stage.world.lives if life.id_number and life.id_number in content] == []
    assert not re.search(r"p1_[a-z2-7]{26}", content)
    assert all(world.number not in url for url in reader.requests)


def test_a_number_is_searched_for_and_never_stands_in_an_address(reader: Reader, world: World) -> None:
    PAGES["found"](reader, world)
    query = urlsplit(reader.page.url).query
    assert re.fullmatch(r"person=t1_[a-z2-7]{26}&kind=access", query)
    assert reader.page.locator("tbody tr").count() >= 5


def test_from_a_search_to_the_rule_that_decided(reader: Reader, world: World) -> None:
    PAGES["entry"](reader, world)
    expect(reader.page.locator(".mark.good").first).to_be_visible()
    expect(reader.page.locator(".mark.bad").first).to_be_visible()
    rule = reader.page.locator("a[href^='/console?policy=']").first
    name = rule.inner_text()
    rule.click()
    reader.page.wait_for_load_state()
    assert f"policy={name}" in reader.page.url
    assert reader.page.locator("tbody tr").count() >= 1


def test_the_language_is_chosen_and_kept(browser: Browser, world: World, key: StorageState) -> None:
    with reading(browser, world.url, "zh", storage_state=key) as reader:
        reader.go("/console?purpose=AFTERCARE")
        reader.page.locator("a.language").click()
        reader.page.wait_for_load_state()
        assert reader.page.url == f"{world.url}/console?purpose=AFTERCARE"
        expect(reader.page.locator("html")).to_have_attribute("lang", "en-GB")
        reader.go("/console/trends")
        expect(reader.page.locator("html")).to_have_attribute("lang", "en-GB")


def test_others_are_turned_away(browser: Browser, world: World) -> None:
    for language in LOCALES:
        with reading(browser, world.url, language) as reader:
            reader.go("/console/sign-in")
            reader.picture("sign-in")
            reader.sign_in("township-worker")
            expect(reader.page.locator("code").first).to_have_text("AUDITORS_ONLY")
            reader.picture("refused")
            reader.go("/console")
            assert "/console/sign-in" in reader.page.url


def test_after_signing_out_nothing_is_left_to_go_back_to(browser: Browser, world: World) -> None:
    with reading(browser, world.url, "zh") as reader:
        reader.sign_in()
        reader.go("/console?purpose=AFTERCARE")
        reader.page.locator(".who button").click()
        reader.page.wait_for_load_state()
        assert reader.page.url.endswith("/console/signed-out")
        reader.picture("signed-out")
        reader.page.go_back()
        assert "/console/sign-in" in reader.page.url
        assert reader.page.locator("table").count() == 0


def test_an_error_is_a_page_in_the_readers_language(reader: Reader) -> None:
    assert reader.go("/console/nothing") == 404
    expect(reader.page.locator("code").first).to_have_text("NOT_FOUND")
    reader.picture("nothing")


def test_looking_is_on_record(reader: Reader, world: World) -> None:
    PAGES["person"](reader, world)
    reader.page.locator(".on-record a").click()
    reader.page.wait_for_load_state()
    assert "/console/entries/" in reader.page.url
    expect(reader.page.locator(".facts").first).to_contain_text("staff-auditor")


def test_an_emergency_access_is_reviewed(browser: Browser, world: World, key: StorageState) -> None:
    """The newest of them; a review without a word is refused by the server, too."""
    with reading(browser, world.url, "en", storage_state=key) as reader:
        reader.go("/console/break-glass?state=IN_FORCE")
        before = reader.page.locator("tbody tr").count()
        reader.page.locator("tbody th a").first.click()
        reader.page.wait_for_load_state()
        reader.page.locator("form.conditions").evaluate("form => { form.noValidate = true }")
        reader.page.check("input[value=JUSTIFIED]")
        reader.page.locator("form.conditions button").click()
        expect(reader.page.locator("#problem")).to_be_visible()
        reader.page.fill("#remark", "（模拟）核对了急救记录，理由成立。")
        reader.page.check("input[value=JUSTIFIED]")
        reader.page.locator("form.conditions button").click()
        expect(reader.page.locator("section[aria-labelledby=review] .mark")).to_have_text("Justified")
        reader.picture("reviewed")
        reader.go("/console/break-glass?state=IN_FORCE")
        assert reader.page.locator("tbody tr").count() == before - 1
        for _ in range(20):  # the index follows the log once a second
            reader.go("/console?kind=break-glass&action=reviewed&outcome=OK")
            if reader.page.locator("tbody tr").count():
                break
            reader.page.wait_for_timeout(500)
        expect(reader.page.locator("tbody tr")).to_have_count(1)
