"""Used statements in Redis, for replicas that answer under one name."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Any, Final

from gateway.errors import ReplayUnknown
from gateway.federation.replay.store import name_of

log = logging.getLogger("yiti.federation")

_PREFIX: Final = b"yiti:used:"


class RedisReplay:
    """A ReplayStore. Without an answer in time nothing is taken: another replica may have seen the statement."""

    def __init__(self, url: str, *, timeout: float = 0.5, clock: Callable[[], float] = time.time) -> None:
        """`url` reads `redis[s]://[:password@]host[:port][/db]`; ValueError, or RuntimeError without the package."""
        try:
            from redis.asyncio import Redis
        except ImportError as err:
            raise RuntimeError("Used statements in Redis need the package redis. Install yiti[redis].") from err
        if not url.startswith(("redis://", "rediss://")):
            raise ValueError("The address must read redis://host:port/db. Correct that setting.")
        self._clock = clock
        self._redis: Any = Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)

    async def first(self, issuer: str, ident: str, until: float) -> bool:
        """Whether this is its first use in any replica; raises ReplayUnknown."""
        from redis.exceptions import RedisError

        left = max(1, math.ceil(until - self._clock()))
        try:
            return bool(await self._redis.set(_PREFIX + name_of(issuer, ident), b"1", nx=True, ex=left))
        except (RedisError, OSError, TimeoutError) as err:
            log.warning("used statements: Redis does not answer: %s", type(err).__name__)
            raise ReplayUnknown(
                "Whether the statement was used before cannot be told, so it is not taken. Ask again later; an "
                "operator must look at the Redis of used statements."
            ) from None

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()
