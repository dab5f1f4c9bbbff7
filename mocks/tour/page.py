"""The tour's page: headings, paragraphs, queries and tables for a terminal or a pipe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest
from typing import TextIO

from mocks.tour.widths import pad, pieces, width, wrap

NARROWEST, WIDEST = 60, 108
_GAP = "  "
_NARROW, _READABLE = 4, 12


class Tone(Enum):
    """How a text is meant; the value is the terminal's code for it."""

    PLAIN = ""
    STRONG = "1"
    DIM = "2"
    BAD = "31"
    GOOD = "32"
    WARN = "33"
    HEAD = "1;36"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(slots=True)
class Page:
    """Where the tour is written."""

    out: TextIO
    columns: int = 100
    colour: bool = False
    checked: int = field(default=0, init=False)

    @classmethod
    def of(cls, out: TextIO, environment: Mapping[str, str] = os.environ) -> Page:
        """As wide as the terminal; in colour on a terminal, unless NO_COLOR is set."""
        columns = shutil.get_terminal_size((100, 24)).columns
        colour = out.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        return cls(out, min(WIDEST, max(NARROWEST, columns - 1)), colour)

    def title(self, text: str) -> None:
        """The head of everything."""
        self._line()
        self._line(self._tone(text, Tone.HEAD))
        self._line(self._tone("═" * min(self.columns, width(text)), Tone.HEAD))

    def station(self, number: int, of: int, text: str) -> None:
        """The head of one station."""
        self._line()
        self._line(self._tone("─" * self.columns, Tone.DIM))
        self._line(self._tone(f"{number}/{of}  {text}", Tone.HEAD))
        self._line()

    def say(self, text: str, tone: Tone = Tone.PLAIN, indent: str = "") -> None:
        """A paragraph."""
        for line in wrap(text, self.columns - len(indent)):
            self._line(indent + self._tone(line, tone))

    def literal(self, text: str) -> None:
        """A line that somebody may copy: neither wrapped nor coloured."""
        self._line(text)

    def gap(self) -> None:
        """An empty line."""
        self._line()

    def ask(self, who: str, query: str) -> None:
        """A question as it is asked: by whom, and its query."""
        self._line()
        self.say(f"{who} asks:", Tone.STRONG)
        for line in query.splitlines():
            self.say(line.strip(), Tone.DIM, "  │ " + " " * (len(line) - len(line.lstrip())))
        self._line()

    def notice(self, text: str) -> None:
        """The one sentence that says what to look at."""
        self._line()
        self._marked("➜", text, Tone.WARN)

    def check(self, holds: bool, claim: str) -> None:
        """A claim with a tick, only when it holds; raises UnmetExpectation otherwise."""
        if not holds:
            raise UnmetExpectation(claim)
        self.checked += 1
        self._marked("✓", claim, Tone.GOOD)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> None:
        """Rows under a head, each column as wide as it needs and the page allows; long cells are wrapped."""
        cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
        widths = _widths(self.columns - 2, [[Cell(text) for text in head], *cells])
        self._row([Cell(text, Tone.STRONG) for text in head], widths)
        self._line(_GAP + self._tone(_GAP.join("─" * one for one in widths), Tone.DIM))
        for row in cells:
            self._row(row, widths)

    def _row(self, row: Sequence[Cell], widths: Sequence[int]) -> None:
        stacks = [wrap(cell.text, columns) for cell, columns in zip(row, widths, strict=True)]
        for parts in zip_longest(*stacks, fillvalue=""):
            line = _GAP.join(
                self._tone(pad(part, columns), cell.tone)
                for part, columns, cell in zip(parts, widths, row, strict=True)
            )
            self._line(_GAP + line)

    def _marked(self, mark: str, text: str, tone: Tone) -> None:
        first, *others = wrap(text, self.columns - 4)
        self._line(f"  {self._tone(mark, tone)} {first}")
        for line in others:
            self._line(f"    {line}")

    def _tone(self, text: str, tone: Tone) -> str:
        return f"\033[{tone.value}m{text}\033[0m" if self.colour and tone.value and text.strip() else text

    def _line(self, text: str = "") -> None:
        print(text.rstrip(), file=self.out, flush=True)


class UnmetExpectation(Exception):
    """Something that the tour tells did not happen: says what was expected."""


def _widths(room: int, rows: Sequence[Sequence[Cell]]) -> list[int]:
    """What each column needs; where that is too much, the widest give way, whole words as long as it goes."""
    columns = list(zip(*rows, strict=True))
    widths = [max(width(cell.text) for cell in column) for column in columns]
    words = [
        max(min(_READABLE, natural), *(width(piece.strip()) for cell in column for piece in pieces(cell.text)), 0)
        for natural, column in zip(widths, columns, strict=True)
    ]
    room -= len(_GAP) * (len(widths) - 1)
    for least in (words, [_NARROW] * len(widths)):
        while sum(widths) > room:
            giving = [index for index, one in enumerate(widths) if one > least[index]]
            if not giving:
                break
            widths[max(giving, key=lambda index: widths[index])] -= 1
    return widths
