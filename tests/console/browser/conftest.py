from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, StorageState

from tests.console.browser.rig import Reader, absent, chromium, launched, reading
from tests.console.browser.world import World, busy


@pytest.fixture(scope="session")
def executable() -> str:
    """Chromium, asked for before anything is started."""
    found = chromium()
    if found is None:
        absent("no Chromium is installed (Debian: apt-get install chromium)")
    return str(found)


@pytest.fixture(scope="package")
def world(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with busy(tmp_path_factory.mktemp("console")) as world:
        yield world


@pytest.fixture(scope="package")
def browser(executable: str) -> Iterator[Browser]:
    """For this folder alone: while Playwright runs, no other test could have an event loop."""
    with launched(executable) as browser:
        yield browser


@pytest.fixture(scope="package")
def key(browser: Browser, world: World) -> StorageState:
    """An auditor's cookies: one sign-in for all tests, since trying often is slowed down."""
    with reading(browser, world.url, "en") as reader:
        reader.sign_in()
        return reader.page.context.storage_state()


@pytest.fixture(params=["zh", "en"])
def reader(request: pytest.FixtureRequest, browser: Browser, world: World, key: StorageState) -> Iterator[Reader]:
    """Signed in, without JavaScript, in either language."""
    with reading(browser, world.url, request.param, storage_state=key) as reader:
        yield reader
