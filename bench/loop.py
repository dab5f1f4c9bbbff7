"""The event loop that all Python processes of the bench run on: uvloop where it is installed, else asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

T = TypeVar("T")

HAS_UVLOOP = find_spec("uvloop") is not None


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end."""
    if HAS_UVLOOP:
        result: T = import_module("uvloop").run(work)
        return result
    return asyncio.run(work)
