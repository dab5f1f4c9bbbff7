"""`make screenshots`: renews the pictures of docs/console.md from a running demo, each page in both languages."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Browser, StorageState

from tests.console.browser.pages import DOOR, PAGES, PAPER, STATES, VIEWS, Way
from tests.console.browser.rig import LOCALES, chromium, launched, reading
from tests.console.browser.world import World, busy

TARGET: Final = Path(__file__).parents[3] / "docs" / "console"
TALLEST: Final = 1_500  # pixels of a page; what lies below says no more
COLOURS: Final = 128  # what a page has of text, marks and lines
Colour = tuple[int, int, int]

_ALIKE: Final = 5  # of 256 steps


def main(names: list[str]) -> int:
    """Take them all, or those of these names; 2 without a browser."""
    executable = chromium()
    if executable is None:
        print(
            "screenshots: no Chromium is installed (Debian: apt-get install chromium chromium-l10n fonts-noto-cjk)",
            file=sys.stderr,
        )
        return 2
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, busy(Path(folder), remembering=True) as world:
        for language in LOCALES:
            with launched(executable, language) as browser:
                state = _signed_in(browser, world)
                for name, (way, options) in _all(state).items():
                    if not names or name in names:
                        _take(browser, world, f"{name}-{language}", language, way, options)
    if not names:
        _clear()
    pictures = list(TARGET.glob("*.png"))
    total = sum(path.stat().st_size for path in pictures)
    print(f"{len(pictures)} pictures, {total / 1e6:.1f} MB, in {TARGET.relative_to(Path.cwd())}")
    return 0


def _signed_in(browser: Browser, world: World) -> StorageState:
    with reading(browser, world.url, "en") as reader:
        reader.sign_in()
        return reader.page.context.storage_state()


def _all(state: StorageState) -> Mapping[str, tuple[Way, Mapping[str, Any]]]:
    inside = {"storage_state": state}
    return {
        **{name: (way, {}) for name, way in DOOR.items()},
        **{name: (way, inside) for name, way in {**PAGES, **STATES}.items()},
        **{name: (way, {**options, **inside}) for name, (way, options) in VIEWS.items()},
    }


def _take(browser: Browser, world: World, name: str, language: str, way: Way, options: Mapping[str, Any]) -> None:
    with reading(browser, world.url, language, **options) as reader:
        way(reader, world)
        if options.get("viewport") == PAPER["viewport"]:
            reader.page.emulate_media(media="print")
            reader.page.evaluate("document.body.style.margin = '16mm 14mm'")  # the paper's own
        page = reader.page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": page[0], "height": min(TALLEST, page[1])}
        _keep(reader.page.screenshot(full_page=True, clip=clip), TARGET / f"{name}.png")


def _keep(picture: bytes, path: Path) -> None:
    """In as many colours as are seen, so that the repository stays small."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    seen = _seen(image)
    nearest = {bytes(one): _nearest(one, seen) for _, one in image.getcolors(image.width * image.height) or []}
    raw = image.tobytes()
    few = Image.new("P", image.size)
    few.putdata([nearest[raw[place : place + 3]] for place in range(0, len(raw), 3)])
    few.putpalette([channel for colour in seen for channel in colour])
    few.save(path, optimize=True)


def _seen(image: Image.Image) -> list[Colour]:
    """Most used first, so that surfaces keep their very colour; none that can hardly be told from one before it."""
    chosen: list[Colour] = []
    for _, colour in sorted(image.getcolors(image.width * image.height) or [], reverse=True):
        assert isinstance(colour, tuple)
        if all(max(abs(a - b) for a, b in zip(colour, one, strict=True)) > _ALIKE for one in chosen):
            chosen.append((colour[0], colour[1], colour[2]))
        if len(chosen) == COLOURS:
            break
    return chosen


def _nearest(colour: Colour, chosen: Sequence[Colour]) -> int:
    """Pillow's own search is quick and takes neighbours for it, which gives surfaces another tint in each picture."""
    return min(
        range(len(chosen)), key=lambda place: sum((a - b) ** 2 for a, b in zip(colour, chosen[place], strict=True))
    )


def _clear() -> None:
    """Pictures of pages that there are no longer."""
    for path in TARGET.glob("*.png"):
        if path.stem.rpartition("-")[0] not in {*DOOR, *PAGES, *STATES, *VIEWS}:
            path.unlink()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
