"""Who is on the way in: sealed into a cookie of ten minutes, so that whoever only opens the door costs no memory."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.console.sealing import seal, unseal
from gateway.console.sessions import Clock, new_key
from gateway.console.store import SessionStore
from gateway.secret import derive

ATTEMPT_SECONDS: Final = 600.0  # to type a password and a second factor at the identity provider
_LONGEST_COOKIE: Final = 3_800  # browsers keep 4096 bytes with its name and attributes
_PLACE: Final = b"attempt"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the identity provider's answer and the door's form are held to."""

    began: float  # Unix seconds
    to: str  # the page that was asked for
    ident: str = field(default_factory=new_key)
    form_token: str = field(default_factory=new_key)
    kept: dict[str, Any] = field(default_factory=dict)  # Authlib's own: state, nonce, PKCE verifier


class Attempts:
    """Any gateway behind the address goes on with what another began; each attempt leads in once."""

    def __init__(self, store: SessionStore, secret: bytes, *, clock: Clock = time.time) -> None:
        self._store = store
        self._key = derive(secret, "console attempt")
        self._clock = clock

    def begin(self, to: str) -> Attempt:
        """A new attempt."""
        return Attempt(self._clock(), to)

    def written(self, attempt: Attempt) -> str:
        """For its cookie. An address too long for one is forgotten: then the way leads to the first page."""
        sealed = self._sealed(attempt)
        return sealed if len(sealed) <= _LONGEST_COOKIE else self._sealed(replace(attempt, to=""))

    def read(self, cookie: str | None) -> Attempt | None:
        """The attempt of this cookie, while it may be gone on with."""
        try:
            sealed = base64.urlsafe_b64decode(cookie or "")
        except (binascii.Error, ValueError):
            return None
        found = unseal(self._key, sealed, _PLACE, Attempt)
        return found if found is not None and self._clock() - found.began <= ATTEMPT_SECONDS else None

    async def take(self, attempt: Attempt | None) -> bool:
        """Whether it may lead in: it is still good, and nobody came in by it before."""
        return attempt is not None and await self._store.first(f"attempt:{attempt.ident}", ATTEMPT_SECONDS)

    def _sealed(self, attempt: Attempt) -> str:
        return base64.urlsafe_b64encode(seal(self._key, attempt, _PLACE)).decode("ascii")
