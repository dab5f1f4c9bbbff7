"""Who is signed in: sessions kept in this process's memory; the browser holds a random key and nothing else."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.viewer import Viewer

_MOST_SESSIONS: Final = 10_000
_MOST_ATTEMPTS: Final = 10_000
ATTEMPT_SECONDS: Final = 600.0  # to type a password and a second factor at the identity provider

Clock = Callable[[], float]


def new_key() -> str:
    """256 random bits, fit for a cookie or a form."""
    return secrets.token_urlsafe(32)


@dataclass(slots=True)
class Session:
    """One signed-in auditor."""

    viewer: Viewer
    began: float
    seen: float
    form_token: str = field(default_factory=new_key)


@dataclass(slots=True)
class Attempt:
    """Somebody on the way in: what the identity provider's answer is held to."""

    began: float
    form_token: str = field(default_factory=new_key)
    kept: dict[str, Any] = field(default_factory=dict)  # Authlib's own: state, nonce, PKCE verifier
    to: str = ""  # the page that was asked for


class Sessions:
    """Begin, find and end; a session ends after `idle` seconds without a request, and `longest` seconds after all."""

    def __init__(self, *, idle: float, longest: float, clock: Clock = time.monotonic) -> None:
        self._idle = idle
        self._longest = longest
        self._clock = clock
        # Keyed by hash: what lies in memory opens nothing.
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._attempts: OrderedDict[bytes, Attempt] = OrderedDict()

    def begin(self, viewer: Viewer) -> tuple[str, Session]:
        """A new session and the key for its cookie."""
        key, now = new_key(), self._clock()
        session = self._sessions[_hashed(key)] = Session(viewer, now, now)
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return key, session

    def find(self, key: str | None) -> Session | None:
        """The session of this key, if it still holds; counts as a request."""
        if not key:
            return None
        place, now = _hashed(key), self._clock()
        session = self._sessions.get(place)
        if session is None:
            return None
        if now - session.seen > self._idle or now - session.began > self._longest:
            del self._sessions[place]
            return None
        session.seen = now
        self._sessions.move_to_end(place)
        return session

    def end(self, key: str | None) -> None:
        """Sign out; harmless for a key that opens nothing."""
        if key:
            self._sessions.pop(_hashed(key), None)

    def attempt(self, key: str | None) -> Attempt | None:
        """The attempt of this key, while it may be gone on with."""
        found = self._attempts.get(_hashed(key)) if key else None
        return found if found is not None and self._clock() - found.began <= ATTEMPT_SECONDS else None

    def begin_attempt(self) -> tuple[str, Attempt]:
        """A new attempt and the key for its cookie."""
        key = new_key()
        attempt = self._attempts[_hashed(key)] = Attempt(self._clock())
        if len(self._attempts) > _MOST_ATTEMPTS:
            self._attempts.popitem(last=False)
        return key, attempt

    def end_attempt(self, key: str | None) -> None:
        """Once somebody is in, the attempt opens nothing any more."""
        if key:
            self._attempts.pop(_hashed(key), None)


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
