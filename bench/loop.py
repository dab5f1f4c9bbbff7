"""The event loop of the bench's Python processes: uvloop where it is installed, else asyncio's own.

BENCH_LOOP=asyncio keeps the contenders on asyncio's; upstream and load take the fastest there is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

T = TypeVar("T")

HAS_UVLOOP = find_spec("uvloop") is not None
CONTENDERS_ON_UVLOOP = HAS_UVLOOP and os.environ.get("BENCH_LOOP") != "asyncio"


def run(work: Coroutine[Any, Any, T], *, contender: bool = False) -> T:
    """Run to the end."""
    if CONTENDERS_ON_UVLOOP if contender else HAS_UVLOOP:
        result: T = import_module("uvloop").run(work)
        return result
    return asyncio.run(work)
