"""How wide text is in a terminal, where a Chinese character takes two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_ELLIPSIS = "…"


def width(text: str) -> int:
    """Columns that a terminal needs."""
    return sum(_columns(character) for character in text)


def pad(text: str, columns: int) -> str:
    """Filled with spaces on the right; a text that is wider stays as it is."""
    return text + " " * max(0, columns - width(text))


def clip(text: str, columns: int) -> str:
    """Cut to at most so many columns, an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept, used = "", width(_ELLIPSIS)
    for character in text:
        used += _columns(character)
        if used > columns:
            break
        kept += character
    return kept.rstrip() + _ELLIPSIS if columns > 0 else ""


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns; breaks at spaces, and anywhere beside a wide character."""
    lines, line = [], ""
    for piece in _pieces(text):
        if not piece.strip() and not line:
            continue
        if width(line) + width(piece.rstrip()) <= columns:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece.lstrip()
        while width(line) > columns:
            head = _head(line, columns)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _head(text: str, columns: int) -> str:
    """As much of it as fits, at least one character."""
    end, used = 1, _columns(text[0])
    while end < len(text) and used + _columns(text[end]) <= columns:
        used += _columns(text[end])
        end += 1
    return text[:end]


def _pieces(text: str) -> Iterator[str]:
    """What must not be broken: runs of narrow characters with the spaces after them, and single wide characters."""
    run = ""
    for character in text:
        if _columns(character) == 2 and unicodedata.category(character).startswith("L"):
            if run:
                yield run
            run = ""
            yield character
        elif run.endswith(" ") and character != " ":
            yield run
            run = character
        else:
            run += character
    if run:
        yield run
