"""Where sessions are kept: this process's memory, or a Redis that several gateways behind one address share.

A store sees names and bytes that tell it nothing: see gateway/console/sessions.py.
"""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Protocol

from gateway.console.errors import SessionsUnavailable

log = logging.getLogger("yiti.console")

_MOST_KEPT: Final = 10_000
_PREFIX: Final = "yiti:console:"

Clock = Callable[[], float]


class SessionStore(Protocol):
    """Keeps bytes under names, each for some seconds. Raises SessionsUnavailable where it cannot be asked."""

    async def put(self, name: str, content: bytes, seconds: float) -> None:
        """Keep it."""
        ...

    async def get(self, name: str, seconds: float) -> bytes | None:
        """What is kept, and keep it for `seconds` from now on; None where there is nothing, or no longer."""
        ...

    async def drop(self, name: str) -> None:
        """Forget it; harmless where there is nothing."""
        ...

    async def first(self, name: str, seconds: float) -> bool:
        """Whether nobody has said this name within `seconds`; now somebody has."""
        ...

    async def aclose(self) -> None:
        """Give connections back."""
        ...


class MemoryStore:
    """For one gateway; a restart forgets everything. Past its bound the one unused for longest goes."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    async def put(self, name: str, content: bytes, seconds: float) -> None:
        """Keep it."""
        self._kept[name] = content, self._clock() + seconds
        self._kept.move_to_end(name)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    async def get(self, name: str, seconds: float) -> bytes | None:
        """What is kept, and for how long from now on."""
        content, until = self._kept.pop(name, (None, 0.0))
        if content is None or self._clock() > until:
            return None
        await self.put(name, content, seconds)
        return content

    async def drop(self, name: str) -> None:
        """Forget it."""
        self._kept.pop(name, None)

    async def first(self, name: str, seconds: float) -> bool:
        """Whether nobody has said this name yet."""
        if await self.get(name, seconds) is not None:
            return False
        await self.put(name, b"", seconds)
        return True

    async def aclose(self) -> None:
        """There is nothing to give back."""


class RedisStore:
    """For gateways that share sessions. Whatever one of them ends has ended at all of them."""

    def __init__(self, url: str, *, timeout: float = 1.0) -> None:
        """`url` reads `redis[s]://[:password@]host[:port][/db]`."""
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)

    async def put(self, name: str, content: bytes, seconds: float) -> None:
        """Keep it."""
        await self._ask("set", _PREFIX + name, content, px=_milliseconds(seconds))

    async def get(self, name: str, seconds: float) -> bytes | None:
        """What is kept, and for how long from now on, at once."""
        content = await self._ask("getex", _PREFIX + name, px=_milliseconds(seconds))
        return content if isinstance(content, bytes) else None

    async def drop(self, name: str) -> None:
        """Forget it."""
        await self._ask("delete", _PREFIX + name)

    async def first(self, name: str, seconds: float) -> bool:
        """Whether nobody has said this name yet, at any gateway."""
        return bool(await self._ask("set", _PREFIX + name, b"", nx=True, px=_milliseconds(seconds)))

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def _ask(self, command: str, *arguments: object, **options: object) -> object:
        from redis.exceptions import RedisError

        try:
            return await getattr(self._redis, command)(*arguments, **options)
        except (RedisError, OSError, TimeoutError) as err:
            log.warning("sessions: Redis does not answer: %s", type(err).__name__)
            raise SessionsUnavailable(
                "Who is signed in cannot be told, so nothing is shown. Try again; an operator must look at the Redis "
                "of the console's sessions (YITI_CONSOLE_REDIS_URL)."
            ) from None


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))
