"""How this gateway speaks to another: for one of its viewers, or for itself; each statement for one request."""

from __future__ import annotations

import time
from collections.abc import Mapping

from adapters.contract import PeerRequest
from gateway.claims import LONGEST_CHAIN, claims_of
from gateway.federation.binding import CLAIM, bound_to
from gateway.keys import SigningKey
from gateway.tokens import ASSERTION, ASSERTION_SECONDS, LOCATE, SERVICE, Clock, sign
from gateway.viewer import Viewer


class ForwardedTooOften(ValueError):
    """A query that came from another gateway is answered from here and not passed on."""


class PeerSigner:
    """Signs, with this gateway's own key, what it says to its peers: for one peer, one request and one minute."""

    def __init__(self, key: SigningKey, name: str, *, clock: Clock = time.time) -> None:
        """`name` is the issuer under which the peers know this gateway's public key."""
        self.name = name
        self._key = key
        self._clock = clock

    def assert_for(self, viewer: Viewer, request: PeerRequest, request_id: str) -> str:
        """That this viewer asks this, for this purpose, through this gateway."""
        if len(viewer.via) >= LONGEST_CHAIN:
            raise ForwardedTooOften("A forwarded query is not forwarded again; read with peers=False.")
        claims = claims_of(viewer) | {
            "act": self._chain(viewer.via),
            "origin": viewer.origin or viewer.issuer,
            "request_id": request_id,
        }
        return self._signed(claims, request, ASSERTION)

    def service_token(self, request: PeerRequest) -> str:
        """That this gateway itself asks where a person is known."""
        return self._signed({"sub": self.name, "purpose": LOCATE}, request, SERVICE)

    def _signed(self, claims: Mapping[str, object], request: PeerRequest, kind: str) -> str:
        bound = bound_to(request.method, request.target, request.body)
        addressed = {**claims, "iss": self.name, "aud": request.audience, CLAIM: bound}
        return sign(addressed, self._key, kind=kind, now=self._clock(), seconds=ASSERTION_SECONDS)

    def _chain(self, via: tuple[str, ...]) -> dict[str, object]:
        chain: dict[str, object] | None = None
        for gateway in (*via, self.name):
            chain = {"sub": gateway} if chain is None else {"sub": gateway, "act": chain}
        return chain or {"sub": self.name}
