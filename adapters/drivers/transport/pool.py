"""The connections to one origin: a fixed number of places, each empty, in use or with a connection kept for reuse."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass

import httpx

from adapters.drivers.transport.connection import Connection
from adapters.drivers.transport.limits import Limits


@dataclass(frozen=True, slots=True)
class OriginStats:
    """Of one origin: connections opened and calls that reused one, ever; the others now."""

    opened: int
    reused: int
    idle: int
    in_use: int
    waiting: int


class Origin:
    """One scheme, host and port. Whoever waits for a place comes before whoever asks later."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, limits: Limits) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._limits = limits
        self._places = 0  # taken, by idle connections too
        self._idle: deque[Connection] = deque()  # the longest idle first
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._living: set[Connection] = set()
        self._opened = 0
        self._reused = 0
        self._closed = False

    @property
    def stats(self) -> OriginStats:
        """How busy it is."""
        idle = len(self._idle)
        return OriginStats(self._opened, self._reused, idle, self._places - idle, len(self._waiting))

    async def connection(self, pool: float | None, connect: float | None) -> Connection:
        """A connection in a place of its own, which `release` gives back."""
        kept = await self._place(pool)
        if kept is not None and not kept.lost:
            self._reused += 1
            return kept
        try:
            return await self._connect(connect)
        except BaseException:
            self._give_back(None)
            raise

    def is_at_hand(self) -> bool:
        """Whether `take` has a connection to give."""
        self._close_old()
        return bool(self._idle)

    def take(self) -> Connection:
        """The connection at hand, as `connection` would give it."""
        self._reused += 1
        return self._idle.pop()

    def release(self, connection: Connection, keep: bool) -> None:
        """The end of an exchange: the connection is closed unless it can be kept."""
        now = asyncio.get_running_loop().time()
        if (
            keep
            and not self._closed
            and not connection.lost
            and now - connection.opened_at < self._limits.age_seconds
        ):
            connection.idle_since = now
            self._give_back(connection)
            return
        connection.abort()
        self._give_back(None)

    def close_idle(self) -> None:
        """Close what is kept: where one connection turned out to be dead, the others are likely to be."""
        for connection in tuple(self._idle):
            connection.abort()

    async def aclose(self) -> None:
        """Close every connection; whoever waits or reads gets an error."""
        self._closed = True
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(httpx.ConnectError("the client was closed"))
        living = tuple(self._living)
        for connection in living:
            if connection.exchange is not None:
                connection.exchange.broken(None)
            connection.abort()
        await asyncio.gather(*(connection.gone for connection in living))

    # ---- places -------------------------------------------------------------------------------------------------

    async def _place(self, within: float | None) -> Connection | None:
        self._close_old()
        if self._idle:
            return self._idle.pop()
        if self._places < self._limits.connections:
            self._places += 1
            return None
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(within):
                return await waiter
        except BaseException as err:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back(waiter.result())  # it came in the same moment in which it was no longer wanted
            if isinstance(err, TimeoutError):
                raise httpx.PoolTimeout("every connection to this origin was in use for too long") from None
            raise

    def _give_back(self, connection: Connection | None) -> None:
        """A place is free, with a connection in it or without; the first who waits gets it."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None or connection.lost:
            self._places -= 1
        else:
            self._idle.append(connection)

    def _close_old(self) -> None:
        oldest = asyncio.get_running_loop().time() - self._limits.idle_seconds
        while self._idle and self._idle[0].idle_since < oldest:
            self._idle[0].abort()

    def _left(self, connection: Connection) -> None:
        """A connection is lost; in the midst of an exchange `release` follows."""
        if connection in self._idle:
            self._idle.remove(connection)
            self._give_back(None)

    # ---- connecting ---------------------------------------------------------------------------------------------

    async def _connect(self, within: float | None) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._left), self._host, self._port, ssl=self._tls
                )
        except TimeoutError as err:
            raise httpx.ConnectTimeout("no connection in time") from err
        except (OSError, UnicodeError) as err:  # TLS's errors are among the former, impossible names the latter
            raise httpx.ConnectError(f"no connection: {type(err).__name__}") from err
        self._opened += 1
        self._living.add(connection)
        connection.gone.add_done_callback(lambda _: self._living.discard(connection))
        if self._closed:
            connection.abort()
            await connection.gone
            raise httpx.ConnectError("the client was closed")
        return connection
