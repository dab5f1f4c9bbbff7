"""`make screenshots`: renews the pictures of docs/console.md from a running demo."""

from __future__ import annotations

import struct
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, StorageState

from tests.console.browser.pages import PAGES
from tests.console.browser.rig import chromium, launched, reading
from tests.console.browser.world import World, busy

CHOSEN: Final = {
    "zh": ("search", "person", "entry", "verification", "report"),
    "en": ("search", "entry", "emergency", "official", "trends", "report"),
}
TARGET: Final = Path(__file__).parents[3] / "docs" / "console"
TALLEST: Final = 1_500  # pixels of a page; what lies below says no more
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def main() -> int:
    """Take them all; 2 without a browser."""
    executable = chromium()
    if executable is None:
        print("screenshots: no Chromium is installed (Debian: apt-get install chromium)", file=sys.stderr)
        return 2
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, busy(Path(folder)) as world, launched(executable) as browser:
        with reading(browser, world.url, "zh") as reader:
            reader.go("/console/sign-in")
            _keep(reader.page.screenshot(), "sign-in-zh")
            reader.sign_in()
            state = reader.page.context.storage_state()
        for language, names in CHOSEN.items():
            with reading(browser, world.url, language, storage_state=state) as reader:
                for name in names:
                    PAGES[name](reader, world)
                    height = min(TALLEST, int(reader.page.evaluate("document.documentElement.scrollHeight")))
                    clip = {"x": 0, "y": 0, "width": 1280, "height": height}
                    _keep(reader.page.screenshot(full_page=True, clip=clip), f"{name}-{language}")
        _others(world, browser, state)
    total = sum(path.stat().st_size for path in TARGET.glob("*.png"))
    print(f"{len(list(TARGET.glob('*.png')))} pictures, {total / 1e6:.1f} MB, in {TARGET.relative_to(Path.cwd())}")
    return 0


def _others(world: World, browser: Browser, state: StorageState) -> None:
    """The search once more: dark, and in a narrow window."""
    dark: dict[str, Any] = {"color_scheme": "dark"}
    narrow: dict[str, Any] = {"viewport": {"width": 320, "height": 700}}
    for name, options in (("search-dark-zh", dark), ("search-320-zh", narrow)):
        with reading(browser, world.url, "zh", storage_state=state, **options) as reader:
            PAGES["search"](reader, world)
            _keep(reader.page.screenshot(), name)


def _keep(picture: bytes, name: str) -> None:
    """As small as PNG gets without losing anything: what the browser packed in a hurry is packed again."""
    header, packed = b"", b""
    place = len(_SIGNATURE)
    while place < len(picture):
        (length,) = struct.unpack_from(">I", picture, place)
        kind, body = picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        header, packed = (body, packed) if kind == b"IHDR" else (header, packed + body if kind == b"IDAT" else packed)
        place += length + 12
    small = zlib.compress(zlib.decompress(packed), 9)
    content = _SIGNATURE + b"".join(_part(*one) for one in ((b"IHDR", header), (b"IDAT", small), (b"IEND", b"")))
    (TARGET / f"{name}.png").write_bytes(content)


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    raise SystemExit(main())
