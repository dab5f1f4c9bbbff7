"""The keys of one issuer as they are known at a moment, and how long what they proved may be believed.

Keyring           what a Verifier asks: a key by its id, or the refusal that fits
├── FileKeys      a JWKS file, read again when it changed
└── RemoteKeys    a JWKS address, found by OpenID discovery or given (gateway/issuers/remote.py)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from gateway.issuers.jwks import PublishedKey
from gateway.issuers.jws import PublicKey, Token
from gateway.issuers.reasons import Reason, refused

Clock = Callable[[], float]


class TrustedKey:
    """A key while its issuer publishes it; `retired` once it no longer does, or nobody can say any more."""

    __slots__ = ("published", "retired")

    def __init__(self, published: PublishedKey) -> None:
        self.published = published
        self.retired = False

    @property
    def key(self) -> PublicKey:
        """The key itself."""
        return self.published.key


@dataclass(frozen=True, slots=True)
class Found:
    """A key, and until when (Unix seconds) it may be relied on without asking again."""

    trusted: TrustedKey
    until: float


class RefreshNeeded(Exception):
    """The keys must be asked for again before anything can be said; whoever may wait awaits `refresh`."""

    def __init__(self, refresh: Callable[[], Awaitable[None]]) -> None:
        super().__init__("keys must be asked for again")
        self.refresh = refresh


class Keyring(Protocol):
    """The keys of one issuer."""

    def find(self, token: Token) -> Found:
        """The key that the token names; raises Unauthenticated, IssuerUnavailable or RefreshNeeded."""
        ...

    async def refresh(self) -> None:
        """Ask for the keys now, unless somebody is asking; failures are kept for `find` to tell."""
        ...

    async def aclose(self) -> None:
        """Give connections back."""
        ...


class KeyShelf:
    """The present keys by id. A key that stays the same through a renewal stays the same object."""

    def __init__(self) -> None:
        self._keys: dict[str, TrustedKey] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def replace(self, published: Iterable[PublishedKey]) -> None:
        """From now on these and no others; who left is retired."""
        now = {one.fingerprint: one for one in published}
        for name, gone in self._keys.items():
            if name not in now:
                gone.retired = True
        self._keys = {name: self._keys.get(name) or TrustedKey(one) for name, one in now.items()}

    def get(self, token: Token) -> TrustedKey | None:
        """The key that the token names and whose algorithm it bears."""
        named = [one for one in self._keys.values() if one.published.key_id == token.key_id]
        fitting = [one for one in named if token.algorithm in one.published.algorithms]
        if named and not fitting:
            raise refused(Reason.ALGORITHM_REFUSED)
        return fitting[0] if fitting else None
