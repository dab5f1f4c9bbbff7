"""Judged by axe-core, from npm: no violation on any page, in both languages, light and dark."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.console.browser.pages import PAGES
from tests.console.browser.rig import absent, reading
from tests.console.browser.world import World

WANTED = Path(__file__).parent / "npm" / "package.json"
INSTALLED = Path(__file__).parents[3] / "var" / "axe"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK = """async (rules) => {
  const found = await axe.run(document, {runOnly: rules});
  return {passed: found.passes.length,
    wrong: found.violations.flatMap(
      one => one.nodes.map(node => `${one.id}: ${node.target} ${node.failureSummary}`))};
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    """Its source; installed once and kept."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("node and npm are not installed")
    source, kept = INSTALLED / "node_modules" / "axe-core" / "axe.min.js", INSTALLED / "package.json"
    if not source.exists() or kept.read_bytes() != WANTED.read_bytes():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        shutil.copy(WANTED, kept)
        command = [str(npm), "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        if subprocess.run(command, cwd=INSTALLED, capture_output=True, timeout=300).returncode != 0:
            shutil.rmtree(INSTALLED)
            absent("npm could not install axe-core")
    return source.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_on_any_page(axe: str, browser: Browser, world: World, language: str, scheme: str) -> None:
    wrong: dict[str, list[str]] = {}
    with reading(browser, world.url, language, java_script_enabled=True, color_scheme=scheme) as reader:
        reader.go("/console/sign-in")
        ways = {"sign-in": None, **PAGES}
        for name, way in ways.items():
            if way is not None:
                if name == next(iter(PAGES)):
                    reader.sign_in()
                way(reader, world)
            for details in reader.page.locator("details").all():
                details.evaluate("one => { one.open = true }")
            reader.page.evaluate(axe)
            found = reader.page.evaluate(ASK, RULES)
            assert found["passed"] > 10
            if found["wrong"]:
                wrong[name] = found["wrong"]
    assert wrong == {}
