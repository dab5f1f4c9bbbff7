"""Remembers whom a token stood for, so that its signature is not checked again on every request.

For half a minute at most, and never beyond the token's own end. Kept is the token's SHA-256, not the token. This
gateway is not told of tokens that their issuer revokes: they end with their own time. What a viewer may see is
decided anew on every request all the same.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.tokens import Clock
from gateway.viewer import Viewer

SECONDS: Final = 30.0
MOST_KEPT: Final = 10_000


class Verifies(Protocol):
    """Who a token stands for; see gateway/tokens.py."""

    def verify(self, token: str) -> Viewer:
        """The viewer; raises Unauthenticated or PurposeMissing."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    viewer: Viewer
    until: float


class VerifiedTokens:
    """Stands before a Verifier. Only what held is remembered; the least recently used goes first."""

    def __init__(self, verifier: Verifies, *, size: int = MOST_KEPT, clock: Clock = time.time) -> None:
        self._verifier = verifier
        self._size = size
        self._clock = clock
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def verify(self, token: str) -> Viewer:
        """The viewer; raises Unauthenticated or PurposeMissing."""
        digest = hashlib.sha256(token.encode()).digest()
        now = self._clock()
        known = self._known.get(digest)
        if known is not None:
            if now < known.until:
                self._known.move_to_end(digest)
                return known.viewer
            del self._known[digest]
        viewer = self._verifier.verify(token)
        until = min(viewer.expires_at, now + SECONDS)
        if until > now:
            self._known[digest] = _Known(viewer, until)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return viewer
