"""One second try, where enough of the deadline is left for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapters.contract import AdapterError, Deadline

T = TypeVar("T")

SHARE = 1 / 3
"""At least this share of the time must be left."""


async def attempt(work: Callable[[], Awaitable[T]], deadline: Deadline, *, pause: float = 0.05) -> T:
    """The result of `work`; a retryable AdapterError is answered with one more try after `pause` seconds.

    A source that says when to come again (`retry_after`) is taken at its word.
    """
    whole = deadline.remaining()
    try:
        return await work()
    except AdapterError as err:
        wait = pause if err.retry_after is None else err.retry_after.total_seconds()
        if not err.retryable or deadline.remaining() - wait < whole * SHARE or whole == 0:
            raise
    await asyncio.sleep(wait)
    return await work()
