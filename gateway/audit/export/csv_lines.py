"""CSV (RFC 4180, UTF-8 with a byte order mark, so that spreadsheets in China read it): one entry, one row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from gateway.audit.export.format import Token
from gateway.audit.export.rows import COLUMNS, Cell, row
from gateway.audit.search import Entry

# What a spreadsheet would run as a formula, also behind blanks and in the full-width forms that some take alike.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")


class CsvLines:
    """Implements gateway.audit.export.format.Lines."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def head(self) -> bytes:
        """The names of the columns."""
        return b"\xef\xbb\xbf" + _written([list(COLUMNS)])

    def lines(self, entries: Iterable[Entry]) -> bytes:
        """One row each."""
        return _written([guarded(cell) for cell in row(entry, self._token).values()] for entry in entries)


def guarded(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula: such a text gets an apostrophe before it."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.lstrip(" \u3000\ufeff").startswith(_FORMULA) else cell


def _written(rows: Iterable[list[Cell]] | list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
