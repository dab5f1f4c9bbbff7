"""A bar for work that takes a while; nothing where nobody looks."""

from __future__ import annotations

import time
from typing import Final, TextIO

_WIDTH: Final = 30
_OFTEN_SECONDS: Final = 0.1


class Bar:
    """Shows how much of a number of entries is done, on a terminal."""

    def __init__(self, what: str, stream: TextIO) -> None:
        self._what = what
        self._stream = stream
        self._began = time.perf_counter()
        self._shown = 0.0
        self._is_shown = False

    def show(self, done: int, total: int) -> None:
        """`done` of `total`; drawn ten times a second at most."""
        now = time.perf_counter()
        if not self._stream.isatty() or (now - self._shown < _OFTEN_SECONDS and done < total):
            return
        self._shown, self._is_shown = now, True
        share = done / total if total else 1.0
        rate = done / max(now - self._began, 1e-6)
        bar = "█" * round(share * _WIDTH)
        self._stream.write(f"\r{self._what} {bar:<{_WIDTH}} {share:4.0%}  {done:,} of {total:,}  {rate:,.0f}/s ")
        self._stream.flush()

    def end(self) -> None:
        """Go on below it."""
        if self._is_shown:
            self._stream.write("\n")
            self._is_shown = False
