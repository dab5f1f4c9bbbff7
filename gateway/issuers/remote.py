"""Keys at an address: asked for ahead of time, again for an unknown key, and never more often than is polite.

fresh for    what the answer's Cache-Control says, within bounds; renewed in the background at four fifths of it
unknown kid  one renewal that its callers wait for, at most one in ten seconds, whoever forges how many
outage       the last good keys stand in for `survive_seconds`, through a restart too; asked again after 5 s ... 5 min
vanished     a key that is no longer published is not believed from the next renewal on
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.errors import IssuerUnavailable
from gateway.issuers.jwks import PublishedKey
from gateway.issuers.jws import Token
from gateway.issuers.kept import KeptKeys
from gateway.issuers.keyring import Clock, Found, KeyShelf, RefreshNeeded
from gateway.issuers.reasons import Reason, refused

log = logging.getLogger("yiti.issuers")

_COOLDOWN: Final = 10.0
_FIRST_RETRY: Final = 5.0
_LAST_RETRY: Final = 300.0
_AHEAD: Final = 0.8


class KeysUnavailable(Exception):
    """The keys could not be had; says what was wrong, without addresses or content."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the issuer publishes, and for how long it says that this holds (seconds; None: it does not say)."""

    keys: tuple[PublishedKey, ...]
    fresh_seconds: float | None


class Fetch(Protocol):
    """Asks the issuer; see gateway/issuers/fetch.py."""

    async def __call__(self) -> Fetched:
        """The present keys; raises KeysUnavailable."""
        ...

    async def aclose(self) -> None:
        """Give connections back."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds. Within `least` and `most` the issuer's Cache-Control decides; `usual` where it says nothing."""

    least: float = 60.0
    usual: float = 600.0
    most: float = 3_600.0
    survive: float = 4 * 3_600.0

    def fresh(self, said: float | None) -> float:
        """For how long an answer holds."""
        return min(self.usual if said is None else max(said, self.least), self.most)


class RemoteKeys:
    """A Keyring over an address. `name` is what the log calls the issuer."""

    def __init__(self, name: str, fetch: Fetch, bounds: Bounds, clock: Clock, kept: KeptKeys | None = None) -> None:
        """Begins with the keys in `kept`, as old as they are."""
        self._name = name
        self._fetch = fetch
        self._bounds = bounds
        self._clock = clock
        self._shelf = KeyShelf()
        self._tried_at = self._good_at = float("-inf")
        self._due = self._ahead = float("-inf")
        self._failures = 0
        self._flight: asyncio.Task[None] | None = None
        self._kept = kept
        if kept is not None and (found := kept.load()) is not None:
            published, self._good_at = found[0], min(found[1], clock())
            self._shelf.replace(published)

    def find(self, token: Token) -> Found:
        """The key that the token names; raises Unauthenticated, IssuerUnavailable or RefreshNeeded."""
        now = self._clock()
        if now - self._good_at >= self._bounds.survive:
            self._shelf.replace(())
        if now >= self._due and not self._failures:
            raise RefreshNeeded(self.refresh)
        if now >= self._ahead:
            self._start_aside()
        found = self._shelf.get(token)
        if found is not None:
            return Found(found, self._good_at + self._bounds.survive)
        if now - self._tried_at >= max(_COOLDOWN, self._pause()):
            raise RefreshNeeded(self.refresh)
        if not self._shelf:
            raise IssuerUnavailable(
                "The issuer's keys cannot be had, so its tokens cannot be checked. Ask again later; an operator sees "
                "the cause in the log."
            )
        raise refused(Reason.KEY_UNKNOWN)

    async def refresh(self) -> None:
        """Ask for the keys now; everybody who waits shares one flight, and nobody's leaving ends it."""
        await asyncio.shield(self._start())

    async def aclose(self) -> None:
        """End what is under way and give connections back."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])
        await self._fetch.aclose()

    def _start_aside(self) -> None:
        """Ahead of time, or after a failure: nobody waits for it, and without an event loop it is not done."""
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            self._start()

    def _start(self) -> asyncio.Task[None]:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._renew(), name=f"keys of {self._name}")
        return self._flight

    async def _renew(self) -> None:
        try:
            fetched = await self._fetch()
        except KeysUnavailable as err:
            self._miss(str(err))
            return
        now = self._clock()
        fresh = self._bounds.fresh(fetched.fresh_seconds)
        if self._failures:
            log.info("issuer %s: its keys can be had again", self._name)
        self._failures = 0
        self._shelf.replace(fetched.keys)
        self._tried_at = self._good_at = now
        self._due, self._ahead = now + fresh, now + fresh * _AHEAD
        if self._kept is not None:
            await asyncio.to_thread(self._kept.save, fetched.keys, now)

    def _miss(self, why: str) -> None:
        self._failures += 1
        now = self._tried_at = self._clock()
        self._due = self._ahead = now + self._pause()
        log.warning(
            "issuer %s: its keys cannot be had: %s; asked again in %.0f s, the last good ones stand in for %.0f s",
            self._name,
            why,
            self._pause(),
            max(0.0, self._good_at + self._bounds.survive - now),
        )

    def _pause(self) -> float:
        """How long to leave an issuer alone after failures."""
        return min(_FIRST_RETRY * 2 ** min(self._failures - 1, 10), _LAST_RETRY) if self._failures else 0.0
