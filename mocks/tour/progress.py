"""Says what is being prepared: one updating line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Final, TextIO

from mocks.tour.widths import clip

_CLEAR: Final = "\r\033[K"


class Progress:
    """Called with each step; `done` ends it."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._updating = self._out.isatty()
        self._began = time.monotonic()
        self._step = 0

    def __call__(self, step: str) -> None:
        """One more step has begun."""
        self._step += 1
        line = f"  {time.monotonic() - self._began:4.1f} s  step {self._step}: {step}"
        if self._updating:
            line = _CLEAR + clip(line, shutil.get_terminal_size().columns - 1)
        print(line, end="" if self._updating else "\n", file=self._out, flush=True)

    def done(self, last: str) -> None:
        """All steps are through."""
        head = _CLEAR if self._updating else ""
        print(f"{head}  {time.monotonic() - self._began:4.1f} s  {last}", file=self._out, flush=True)

    def broken(self) -> None:
        """Leave the updating line, so that what is said next stands on its own."""
        if self._updating:
            print(file=self._out, flush=True)
