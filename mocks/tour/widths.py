"""How wide text is in a terminal, where a Chinese character takes two columns."""

from __future__ import annotations

import re
import unicodedata

_ELLIPSIS = "…"
_TERM = 14  # columns of a Chinese term that is not broken where it can be helped


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
    """Lines of at most so many columns, broken at spaces and beside Chinese terms; inside only what is too long."""
    lines: list[str] = []
    line = ""
    for piece in pieces(text):
        if width(line) + width(piece.rstrip()) <= columns:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece
        while width(line.rstrip()) > columns:
            head = _head(line, columns)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def pieces(text: str) -> list[str]:
    """What is kept together: a word with the spaces after it, a Chinese term; longer Chinese text by characters."""
    found: list[str] = []
    for run in re.findall(r"\s*[^\s\u2e80-\uffef]+\s*|\s*[\u2e80-\uffef]+[,.;:)!?]*\s*|\s+", text):
        if width(run) <= _TERM or _columns(run.strip()[:1] or " ") == 1:
            found.append(run)
        else:
            found += re.findall(r"\s*[\u2e80-\uffef][，。；：、）”,.;:)!?]*\s*", run)
    return found


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
