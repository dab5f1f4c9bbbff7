"""How this gateway speaks to another: for one of its viewers, or for itself."""

from __future__ import annotations

import time

from gateway.claims import LONGEST_CHAIN, claims_of
from gateway.keys import SigningKey
from gateway.tokens import ASSERTION, ASSERTION_SECONDS, LOCATE, SERVICE, Clock, sign
from gateway.viewer import Viewer


class ForwardedTooOften(ValueError):
    """A query that came from another gateway is answered from here and not passed on."""


class PeerSigner:
    """Signs, with this gateway's own key, what it says to its peers. Each token is for one peer and one minute."""

    def __init__(self, key: SigningKey, name: str, *, clock: Clock = time.time) -> None:
        """`name` is the issuer under which the peers know this gateway's public key."""
        self.name = name
        self._key = key
        self._clock = clock

    def assert_for(self, viewer: Viewer, audience: str, request_id: str) -> str:
        """That this viewer asks, for this purpose, through this gateway."""
        if len(viewer.via) >= LONGEST_CHAIN:
            raise ForwardedTooOften("A forwarded query is not forwarded again; read with peers=False.")
        claims = claims_of(viewer) | {
            "iss": self.name,
            "aud": audience,
            "act": self._chain(viewer.via),
            "request_id": request_id,
        }
        return sign(claims, self._key, kind=ASSERTION, now=self._clock(), seconds=ASSERTION_SECONDS)

    def service_token(self, audience: str) -> str:
        """That this gateway itself asks where a person is known."""
        claims = {"iss": self.name, "sub": self.name, "aud": audience, "purpose": LOCATE}
        return sign(claims, self._key, kind=SERVICE, now=self._clock(), seconds=ASSERTION_SECONDS)

    def _chain(self, via: tuple[str, ...]) -> dict[str, object]:
        chain: dict[str, object] | None = None
        for gateway in (*via, self.name):
            chain = {"sub": gateway} if chain is None else {"sub": gateway, "act": chain}
        return chain or {"sub": self.name}
