"""One spelling for the names of people, whose dot, spaces and full-width letters systems write differently."""

from __future__ import annotations

import re

MIDDLE_DOT = "\u00b7"

# NFKC leaves these apart from one another, and it would also rewrite rare characters of names.
_DOTS = str.maketrans(dict.fromkeys("\u2022\u30fb\u2027\uff65", MIDDLE_DOT))
_FULL_WIDTH = str.maketrans({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "})
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f"
_PLAIN = re.compile(f"[{_HAN}]+")
_SPACES = re.compile(r"[\s\u200b\ufeff]+")
_CHINESE = re.compile(f"[{_HAN}]")
# A full stop ends an initial in Latin letters, so it is a middle dot between Chinese characters only.
_STAND_IN = re.compile(f"(?<=[{_HAN}])[.\u25cf](?=[{_HAN}])")


def normalise_name(text: str) -> tuple[str, bool]:
    """The name in its one spelling, and whether that differs from the text."""
    if _PLAIN.fullmatch(text):  # as most are
        return text, False
    folded = text.translate(_FULL_WIDTH).translate(_DOTS)
    if _CHINESE.search(folded):
        value = _STAND_IN.sub(MIDDLE_DOT, _SPACES.sub("", folded))
    else:
        value = _SPACES.sub(" ", folded).strip()
    return value, value != text
