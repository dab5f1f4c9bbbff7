"""A browser without JavaScript at a running console: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.services import services_required

PICTURES: Final = Path(__file__).parents[3] / "var" / "console"
LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}
WIDE: Final = {"width": 1280, "height": 860}
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Where the system keeps its Chromium."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def absent(reason: str) -> None:
    """Skip with the reason; where services are required, as in CI, fail with it."""
    if services_required():
        pytest.fail(f"{reason}, and YITI_REQUIRE_SERVICES=1", pytrace=False)
    pytest.skip(reason)


@contextmanager
def launched(executable: str, language: str = "en") -> Iterator[Browser]:
    """A browser whose own words are of this language; as root, as in a container, it runs without its sandbox."""
    arguments = [f"--lang={LOCALES[language]}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    spoken = {**os.environ, "LANGUAGE": LOCALES[language].replace("-", "_")}  # what Chromium goes by on Linux
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments, env=spoken)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Reader:
    """Somebody at the console; notes every request that leaves the browser and everything that it complains about."""

    url: str
    page: Page
    language: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From here on."""
        self.page.on("request", self._requested)
        self.page.on("console", self._complained)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)

    def _complained(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def go(self, path: str) -> int:
        """Open a page of the console; its status."""
        answer = self.page.goto(f"{self.url}{path}")
        assert answer is not None
        return answer.status

    def sign_in(self, persona: str = "auditor") -> None:
        """In by the demo's door."""
        self.go("/console/sign-in")
        self.page.locator(f"button[value={persona}]").click()
        self.page.wait_for_load_state()

    def picture(self, name: str) -> None:
        """A screenshot among the build's output, for who wants to look: it costs as much as the page itself."""
        if os.environ.get("YITI_PICTURES") == "1":
            PICTURES.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=PICTURES / f"{name}-{self.language}.png", full_page=True)


@contextmanager
def reading(browser: Browser, url: str, language: str, **options: Any) -> Iterator[Reader]:
    """A browser window of its own; JavaScript is off unless asked for."""
    wanted = {"viewport": WIDE, "java_script_enabled": False, "locale": LOCALES[language], **options}
    context: BrowserContext = browser.new_context(**wanted)
    context.set_default_timeout(10_000)
    try:
        reader = Reader(url, context.new_page(), language)
        reader.watch()
        yield reader
    finally:
        context.close()
