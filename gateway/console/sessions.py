"""Who is signed in. The browser holds a random key; the store holds, under its hash, what that key opens.

Nobody who reads the store learns who is signed in or gets in himself: opening takes the browser's key. Nobody who
writes it makes a session: that takes the gateways' secret too.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.console.sealing import key_of, seal, unseal
from gateway.console.store import SessionStore
from gateway.viewer import Viewer

_LONGEST_KEY: Final = 100

Clock = Callable[[], float]


def new_key() -> str:
    """256 random bits, fit for a cookie or a form."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in auditor."""

    viewer: Viewer
    began: float  # Unix seconds: several gateways read it
    form_token: str = field(default_factory=new_key)


class Sessions:
    """Begin, find and end; a session ends after `idle` seconds without a request, and `longest` seconds after all."""

    def __init__(
        self, store: SessionStore, secret: bytes, *, idle: float, longest: float, clock: Clock = time.time
    ) -> None:
        self._store = store
        self._secret = secret
        self._idle = idle
        self._longest = longest
        self._clock = clock

    async def begin(self, viewer: Viewer) -> tuple[str, Session]:
        """A new session and the key for its cookie."""
        key, session = new_key(), Session(viewer, self._clock())
        name = _name(key)
        await self._store.put(name, seal(key_of(self._secret, key), session, name.encode()), self._idle)
        return key, session

    async def find(self, key: str | None) -> Session | None:
        """The session of this key, if it still holds; counts as a request."""
        if not key or len(key) > _LONGEST_KEY:
            return None
        name = _name(key)
        sealed = await self._store.get(name, self._idle)
        if sealed is None:
            return None
        session = unseal(key_of(self._secret, key), sealed, name.encode(), Session)
        if session is not None and self._clock() - session.began <= self._longest:
            return session
        await self._store.drop(name)
        return None

    async def end(self, key: str | None) -> None:
        """Sign out, wherever it was signed in; harmless for a key that opens nothing."""
        if key:
            await self._store.drop(_name(key))


def _name(key: str) -> str:
    return "session:" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
