"""Takes the text of a *.cedar file apart into policies, so that what is wrong can be said with its line.

Cedar's own parser names no lines. Apart from strings and comments a `;` stands nowhere but at a policy's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PIECE: Final = re.compile(r"//[^\n]*|\"(?:\\.|[^\"\\])*\"|;|\s+|[^\s;\"/]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Statement:
    """One policy as it is written, without what stands before its first word."""

    file: str
    line: int  # of its first word, from 1
    text: str

    def line_of(self, part: str) -> int:
        """The line on which a part of the text stands first; the statement's own line if it does not."""
        place = self.text.find(part)
        return self.line + (self.text.count("\n", 0, place) if place >= 0 else 0)


def statements(file: str, text: str) -> Iterator[Statement]:
    """The policies of a file, in order. What follows the last `;` is one more, unless it is space and comments."""
    start: int | None = None
    for piece in _PIECE.finditer(text):
        is_empty = piece.group().isspace() or piece.group().startswith("//")
        if start is None and not is_empty:
            start = piece.start()
        if start is not None and piece.group() == ";":
            yield _statement(file, text, start, piece.end())
            start = None
    if start is not None:
        yield _statement(file, text, start, len(text))


def _statement(file: str, text: str, start: int, end: int) -> Statement:
    return Statement(file, text.count("\n", 0, start) + 1, text[start:end])
