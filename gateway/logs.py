"""Where log lines go: one JSON line per request to standard output, what operators must know to standard error."""

from __future__ import annotations

import logging
import sys
from typing import Final

_OURS: Final = ("gateway", "adapters", "yiti", "uvicorn.error")


def set_up(level: str) -> None:
    """Configure logging for this process.

    Libraries speak from warnings on only: below that, some write addresses with keys in them.
    """
    operators = logging.StreamHandler(sys.stderr)
    operators.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [operators]
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    requests = logging.StreamHandler(sys.stdout)
    requests.setFormatter(logging.Formatter("%(message)s"))
    access = logging.getLogger("yiti.access")
    access.handlers[:] = [requests]
    access.propagate = False
