"""Remembers whom a token stood for, so that its signature is not checked again on every request.

For half a minute at most, never beyond the token's own end, and no longer than its issuer publishes the key that
signed it. Kept is a hash of the token under a key of this process, not the token. This gateway is not told of tokens
that their issuer revokes: they end with their own time. What a viewer may see is decided anew on every request all
the same. Another gateway's assertion is good for once and never remembered here.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from typing import Final, Protocol

from gateway.federation.binding import Sent
from gateway.tokens import Clock, Proven
from gateway.viewer import Viewer

SECONDS: Final = 30.0
MOST_KEPT: Final = 10_000


class Proves(Protocol):
    """Who a token stands for; see gateway/tokens.py."""

    async def prove(self, token: str, sent: Sent | None = None) -> Proven:
        """The viewer and their key; raises GatewayError."""
        ...


class VerifiedTokens:
    """Stands before a Verifier. Only what held is remembered; the least recently used goes first."""

    def __init__(self, verifier: Proves, *, size: int = MOST_KEPT, clock: Clock = time.time) -> None:
        self._verifier = verifier
        self._size = size
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, Proven] = OrderedDict()

    async def identify(self, token: str, sent: Sent | None = None) -> Viewer:
        """The viewer; raises GatewayError."""
        digest = hashlib.blake2b(token.encode(), digest_size=32, key=self._key).digest()
        now = self._clock()
        known = self._known.get(digest)
        if known is not None:
            if now < known.until and not known.key.retired:
                self._known.move_to_end(digest)
                return known.viewer
            del self._known[digest]
        proven = await self._verifier.prove(token, sent)
        until = min(proven.until, now + SECONDS)
        if until > now and not proven.viewer.forwarded:
            self._known[digest] = Proven(proven.viewer, proven.key, until)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return proven.viewer
