"""Who asks: tokens of identity providers and of other gateways, checked; in demo mode, tokens of our own.

A front-end's token comes from one of the issuers and never says who forwarded it. Another gateway's assertion comes
from one of `peers`, always says so, lives a minute, is bound to the request it travels with, and is good for once.
Which of the two a token is follows from its issuer's keys, not from anything that it claims; each issuer's tokens are
checked with that issuer's keys alone, by the algorithms that it is known by.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joserfc import jwt

from gateway.claims import LONGEST_CHAIN, claims_of, viewer_of
from gateway.federation.binding import CLAIM, Sent, check_bound
from gateway.federation.replay.memory import MemoryReplay
from gateway.federation.replay.store import ReplayStore
from gateway.issuers import trust
from gateway.issuers.configuration import IssuerFile
from gateway.issuers.jws import REGISTRY, Token, take_apart
from gateway.issuers.keyring import Clock, Found, RefreshNeeded, TrustedKey
from gateway.issuers.reasons import Reason, refused
from gateway.issuers.trust import ASSERTION_SECONDS, LEEWAY, Peer, Trusted
from gateway.keys import SigningKey, make_signing_key, public_jwks
from gateway.viewer import Viewer

__all__ = (
    "ASSERTION",
    "ASSERTION_SECONDS",
    "LOCATE",
    "SERVICE",
    "Clock",
    "DevIssuer",
    "Peer",
    "Profile",
    "Proven",
    "Verifier",
    "sign",
)

ASSERTION: Final = "yiti-assertion+jwt"  # `typ` of a viewer forwarded by another gateway
SERVICE: Final = "yiti-service+jwt"  # `typ` of another gateway asking for itself
LOCATE: Final = "LOCATE"  # the one purpose of a gateway asking for itself

_LONGEST_ID: Final = 128
_MOST_REFRESHES: Final = 2


@dataclass(frozen=True, slots=True)
class Proven:
    """A viewer, the key that proved them, and until when (Unix seconds) both may be relied on unasked."""

    viewer: Viewer
    key: TrustedKey
    until: float


@dataclass(frozen=True, slots=True)
class _Checked:
    token: Token
    trusted: Trusted
    found: Found


class Verifier:
    """Turns a bearer token into a Viewer. Raises GatewayError with a stable code and never a word of the token."""

    def __init__(
        self,
        audience: str,
        issuers: Mapping[str, Path],
        peers: Mapping[str, Peer] | None = None,
        *,
        described: Sequence[IssuerFile] = (),
        kept: Path | None = None,
        province: str | None = None,
        replay: ReplayStore | None = None,
        clock: Clock = time.time,
    ) -> None:
        """Reads the key files; KeyFileError if one is bad.

        `issuers` maps the `iss` of tokens that bear our own claims to JWKS files, for staff of `province` alone
        (None: of any); `described` are identity providers with files of their own, whose last good keys are kept in
        the folder `kept`.
        """
        peers = peers or {}
        _refuse_twice([*issuers, *(file.issuer for file in described), *peers])
        kinds = frozenset({ASSERTION, SERVICE})
        trusted = (
            *(trust.own(name, path, audience, province, clock) for name, path in issuers.items()),
            *(trust.described(file, audience, clock, kept) for file in described),
            *(trust.peer(name, peer, audience, kinds, clock) for name, peer in peers.items()),
        )
        self.audience = audience
        self._clock = clock
        self._replay = replay or MemoryReplay(clock=clock)
        self._trusted = {one.name: one for one in trusted}

    async def open(self) -> None:
        """Ask every issuer for its keys. One that does not answer stops nothing: it is asked again when needed."""
        await asyncio.gather(*(one.keys.refresh() for one in self._trusted.values()))

    async def aclose(self) -> None:
        """Give connections and files back."""
        for one in self._trusted.values():
            await one.keys.aclose()
        await self._replay.aclose()

    # ---- viewers ------------------------------------------------------------------------------------------------

    def verify(self, token: str) -> Viewer:
        """The viewer of a front-end's token, by the keys at hand; assertions need their request: see `prove`."""
        try:
            return self._direct(self._check(take_apart(token))).viewer
        except RefreshNeeded:
            raise refused(Reason.KEY_UNKNOWN) from None

    async def identify(self, token: str, sent: Sent | None = None) -> Viewer:
        """As `prove`, the viewer alone."""
        return (await self.prove(token, sent)).viewer

    async def prove(self, token: str, sent: Sent | None = None) -> Proven:
        """The viewer of a front-end's token, or of another gateway's assertion for the request `sent`.

        An assertion is used up by this.
        """
        checked = await self._checked(take_apart(token))
        if not checked.trusted.is_peer:
            return self._direct(checked)
        if checked.token.kind != ASSERTION:
            raise refused(Reason.TYPE_REFUSED)
        viewer = _forwarded(self._viewer(checked), checked)
        await self._use(checked, sent)
        return Proven(viewer, checked.found.trusted, viewer.expires_at)

    async def identify_service(self, token: str, sent: Sent) -> str:
        """The name of the peer gateway that asks for itself, to locate a person; its statement is used up by this."""
        checked = await self._checked(take_apart(token))
        claims, name = checked.token.claims, checked.trusted.name
        if not checked.trusted.is_peer or checked.token.kind != SERVICE:
            raise refused(Reason.SERVICE_REFUSED)
        if claims.get("purpose") != LOCATE or claims.get("sub") != name:
            raise refused(Reason.SERVICE_REFUSED)
        await self._use(checked, sent)
        return name

    def knows(self, issuer: str) -> bool:
        """Whether an issuer may describe viewers here."""
        trusted = self._trusted.get(issuer)
        return trusted is not None and not trusted.is_peer

    def viewer_of_claims(self, issuer: str, claims: Mapping[str, Any], *, key_id: str) -> Viewer:
        """The viewer whom an issuer's claims describe, within what it may say, as in one of its access tokens.

        For a sign-in that has checked an ID token's signature, times and audience itself.
        """
        trusted = self._trusted.get(issuer)
        if trusted is None or trusted.is_peer:
            raise refused(Reason.ISSUER_UNKNOWN)
        return _viewer_of(trusted, claims, key_id)

    # ---- checks -------------------------------------------------------------------------------------------------

    async def _checked(self, token: Token) -> _Checked:
        for _ in range(_MOST_REFRESHES):
            try:
                return self._check(token)
            except RefreshNeeded as needed:
                await needed.refresh()
        try:
            return self._check(token)
        except RefreshNeeded:
            raise refused(Reason.KEY_UNKNOWN) from None

    def _check(self, token: Token) -> _Checked:
        """Issuer, algorithm, kind, key, signature, address and times; nothing of the token is believed before."""
        issuer = token.claims.get("iss")
        trusted = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trusted is None:
            raise refused(Reason.ISSUER_UNKNOWN)
        if token.algorithm not in trusted.algorithms:
            raise refused(Reason.ALGORITHM_REFUSED)
        if token.kind not in trusted.kinds:
            raise refused(Reason.TYPE_REFUSED)
        found = trusted.keys.find(token)
        token.prove(found.trusted.key)
        trusted.check(token, self._clock())
        return _Checked(token, trusted, found)

    def _direct(self, checked: _Checked) -> Proven:
        if checked.trusted.is_peer:
            raise refused(Reason.ASSERTION_MISPLACED)
        viewer = self._viewer(checked)
        return Proven(viewer, checked.found.trusted, min(viewer.expires_at, checked.found.until))

    def _viewer(self, checked: _Checked) -> Viewer:
        return _viewer_of(checked.trusted, checked.token.claims, checked.token.key_id)

    async def _use(self, checked: _Checked, sent: Sent | None) -> None:
        """Last of all, so that only what holds in everything else is used up."""
        claims = checked.token.claims
        ident = claims.get("jti")
        if not isinstance(ident, str) or not 0 < len(ident) <= _LONGEST_ID or not ident.isascii():
            raise refused(Reason.ASSERTION_UNBOUND)
        await check_bound(claims.get(CLAIM), sent)
        if not await self._replay.first(checked.trusted.name, ident, float(claims["exp"]) + LEEWAY):
            raise refused(Reason.ASSERTION_REPLAYED)


@dataclass(frozen=True, slots=True)
class Profile:
    """A viewer of the demonstration."""

    subject: str
    agency: str
    agency_name: str
    agency_kind: str
    jurisdiction: str
    roles: frozenset[str]
    person: str | None = None
    clearance: int = 0


class DevIssuer:
    """Issues tokens to imitation viewers. Exists in demo mode only: whoever holds it may be anybody."""

    def __init__(
        self, directory: Path, *, mode: str, audience: str, name: str = "yiti-dev", clock: Clock = time.time
    ) -> None:
        """Reads the key pair in `directory`, or makes one; raises RuntimeError unless `mode` is demo."""
        if mode != "demo":
            raise RuntimeError("The development issuer exists in demo mode only; name real issuers in YITI_ISSUERS.")
        self.name = name
        self.audience = audience
        self._clock = clock
        self._key = make_signing_key(directory / f"{name}.key.json")
        self.jwks = directory / f"{name}.jwks.json"
        """The file of public keys to hand to the Verifier."""
        published = json.dumps(public_jwks(self._key))
        if not self.jwks.exists() or self.jwks.read_text(encoding="utf-8") != published:
            self.jwks.write_text(published, encoding="utf-8")

    def issue(
        self, profile: Profile, purpose: str, *, case_number: str | None = None, seconds: int = 8 * 3600
    ) -> str:
        """A signed token for one viewer and one purpose."""
        viewer = Viewer(
            subject=profile.subject,
            agency=profile.agency,
            agency_name=profile.agency_name,
            agency_kind=profile.agency_kind,
            jurisdiction=profile.jurisdiction,
            roles=profile.roles,
            purpose=purpose,
            issuer=self.name,
            key_id=str(self._key.kid),
            case_number=case_number,
            person=profile.person,
            clearance=profile.clearance,
        )
        claims = claims_of(viewer) | {"iss": self.name, "aud": self.audience}
        return sign(claims, self._key, kind="at+jwt", now=self._clock(), seconds=seconds)


def sign(claims: Mapping[str, object], key: SigningKey, *, kind: str, now: float, seconds: int) -> str:
    """A JWT of these claims with times and a fresh id of its own."""
    issued = int(now)
    dated = {**claims, "iat": issued, "nbf": issued, "exp": issued + seconds, "jti": secrets.token_urlsafe(16)}
    return jwt.encode({"alg": "Ed25519", "kid": key.kid, "typ": kind}, dated, key, registry=REGISTRY)


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is named both here and there; name each issuer and each peer once")


def _viewer_of(trusted: Trusted, claims: Mapping[str, Any], key_id: str) -> Viewer:
    if not trusted.is_peer and not claims.keys().isdisjoint(("act", "via", "origin")):
        raise refused(Reason.CHAIN_REFUSED)
    found = trusted.reader.read(claims)
    return viewer_of(found, issuer=trusted.name, key_id=key_id, expires_at=float(claims["exp"]))


def _forwarded(viewer: Viewer, checked: _Checked) -> Viewer:
    if not 1 <= len(viewer.via) <= LONGEST_CHAIN or viewer.via[-1] != checked.trusted.name:
        raise refused(Reason.CHAIN_REFUSED)
    if viewer.origin is None:
        raise refused(Reason.ASSERTION_UNBOUND)
    return viewer
