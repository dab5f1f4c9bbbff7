"""Who asks: tokens of identity providers and of other gateways, checked; in demo mode, tokens of our own.

A front-end's token comes from one of `issuers` and never says who forwarded it. Another gateway's assertion comes
from one of `peers`, always says so, and lives a minute. Which of the two a token is follows from its issuer's keys,
not from anything that it claims; each issuer's tokens are checked with that issuer's keys alone.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jws import JWSRegistry
from pydantic import ValidationError

from gateway.claims import LONGEST_CHAIN, ViewerClaims, claims_of, viewer_of
from gateway.errors import PurposeMissing, Unauthenticated
from gateway.keys import CURVES, PublicKeys, SigningKey, make_signing_key, public_jwks, read_public_keys
from gateway.viewer import Viewer
from schema.codes.regions import REGIONS

ASSERTION: Final = "yiti-assertion+jwt"  # `typ` of a viewer forwarded by another gateway
SERVICE: Final = "yiti-service+jwt"  # `typ` of another gateway asking for itself
LOCATE: Final = "LOCATE"  # the one purpose of a gateway asking for itself
ASSERTION_SECONDS: Final = 60

_ACCESS: Final = frozenset({"JWT", "at+jwt", "application/at+jwt"})
_ALGORITHMS: Final = frozenset().union(*CURVES.values())
_LEEWAY: Final = 5  # seconds by which clocks may differ
_LONGEST_LIFE: Final = 12 * 3600  # seconds: a working day
_LONGEST_TOKEN: Final = 8_192  # characters

Clock = Callable[[], float]


class _Registry(JWSRegistry):
    """RFC 9864 replaces `EdDSA` by `Ed25519`; identity providers still send the old name for the same signature."""

    def __init__(self) -> None:
        super().__init__(algorithms=sorted(_ALGORITHMS))
        self.algorithms = {**self.algorithms, "EdDSA": self.algorithms["Ed25519"]}


_REGISTRY: Final = _Registry()


@dataclass(frozen=True, slots=True)
class Peer:
    """Another province's gateway: its keys, and the province whose staff it may speak for (None: any)."""

    keys: Path
    province: str | None = None


@dataclass(frozen=True, slots=True)
class _Trusted:
    keys: PublicKeys
    is_peer: bool
    province: str | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    issuer: str
    trusted: _Trusted
    key_id: str
    kind: str  # the `typ` header
    claims: Mapping[str, Any]


class Verifier:
    """Turns a bearer token into a Viewer, or raises Unauthenticated or PurposeMissing without repeating any of it."""

    def __init__(
        self,
        audience: str,
        issuers: Mapping[str, Path],
        peers: Mapping[str, Peer] | None = None,
        *,
        clock: Clock = time.time,
    ) -> None:
        """`issuers` and `peers` map the `iss` of their tokens to their JWKS files; KeyFileError if one is bad."""
        peers = peers or {}
        twice = sorted(issuers.keys() & peers.keys())
        if twice:
            raise ValueError(f"{twice[0]} is named both as an issuer and as a peer; a gateway has a name of its own")
        self.audience = audience
        self._clock = clock
        self._trusted = {name: _Trusted(read_public_keys(path), is_peer=False) for name, path in issuers.items()} | {
            name: _Trusted(read_public_keys(peer.keys), is_peer=True, province=peer.province)
            for name, peer in peers.items()
        }

    def verify(self, token: str) -> Viewer:
        """The viewer of a front-end's token, or of another gateway's assertion."""
        checked = self._check(token)
        if checked.kind not in ({ASSERTION} if checked.trusted.is_peer else _ACCESS):
            raise Unauthenticated("The token is of another kind than its issuer may send here.")
        if checked.claims.get("purpose") in (None, ""):
            raise PurposeMissing(
                "The token names no purpose of use. Ask its issuer for one with the claim `purpose`."
            )
        viewer = viewer_of(
            _viewer_claims(checked.claims),
            issuer=checked.issuer,
            key_id=checked.key_id,
            expires_at=float(checked.claims["exp"]),
        )
        return _forwarded(viewer, checked) if checked.trusted.is_peer else _direct(viewer, checked.claims)

    def verify_service(self, token: str) -> str:
        """The name of the peer gateway that asks for itself, to locate a person."""
        checked = self._check(token)
        claims = checked.claims
        if not checked.trusted.is_peer or checked.kind != SERVICE:
            raise Unauthenticated("Only another gateway's service token opens this door.")
        if claims.get("purpose") != LOCATE or claims.get("sub") != checked.issuer:
            raise Unauthenticated("The service token is not made out to its own gateway for the purpose LOCATE.")
        return checked.issuer

    def _check(self, token: str) -> _Checked:
        """Signature, times and address; nothing of the token is believed before."""
        header, claims = _peek(token)
        issuer = claims.get("iss")
        trusted = self._trusted.get(issuer) if isinstance(issuer, str) else None
        if trusted is None:
            raise Unauthenticated("The token comes from none of this gateway's issuers.")
        key_id, kind = header.get("kid"), header.get("typ", "JWT")
        if not isinstance(key_id, str) or not isinstance(kind, str) or header.get("alg") not in _ALGORITHMS:
            raise Unauthenticated("The token's header needs a kid, and an alg of Ed25519, EdDSA or ES256.")
        try:
            proven = jwt.decode(token, trusted.keys, registry=_REGISTRY).claims
            self._times(trusted.is_peer).validate(proven)
        except ExpiredTokenError as error:
            raise Unauthenticated("The token has expired. Ask its issuer for a new one.") from error
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise Unauthenticated("The token's signature, times or audience do not hold.") from error
        # A list of audiences would let one gateway pass another's words on to a third.
        if trusted.is_peer and proven["aud"] != self.audience:
            raise Unauthenticated("Another gateway's token is made out to this gateway alone.")
        longest = ASSERTION_SECONDS if trusted.is_peer else _LONGEST_LIFE
        if proven["exp"] - proven["iat"] > longest:
            raise Unauthenticated(f"The token lives longer than the {longest} seconds allowed to its issuer.")
        return _Checked(str(issuer), trusted, key_id, kind, proven)

    def _times(self, is_peer: bool) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=_LEEWAY,
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": is_peer},
        )


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
        )
        claims = claims_of(viewer) | {"iss": self.name, "aud": self.audience}
        return sign(claims, self._key, kind="at+jwt", now=self._clock(), seconds=seconds)


def sign(claims: Mapping[str, object], key: SigningKey, *, kind: str, now: float, seconds: int) -> str:
    """A JWT of these claims with times and a fresh id of its own."""
    issued = int(now)
    dated = {**claims, "iat": issued, "nbf": issued, "exp": issued + seconds, "jti": secrets.token_urlsafe(16)}
    return jwt.encode({"alg": "Ed25519", "kid": key.kid, "typ": kind}, dated, key, registry=_REGISTRY)


def _peek(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they stand, to find the keys to check them with."""
    parts = token.split(".") if len(token) <= _LONGEST_TOKEN else []
    if len(parts) != 3:
        raise Unauthenticated("The bearer token is not a signed JWT.")
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError) as error:
        raise Unauthenticated("The bearer token is not a signed JWT.") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unauthenticated("The bearer token is not a signed JWT.")
    return header, claims


def _viewer_claims(claims: Mapping[str, Any]) -> ViewerClaims:
    try:
        return ViewerClaims.model_validate(claims)
    except ValidationError as error:
        wrong = sorted({".".join(str(step) for step in found["loc"]) or "roles" for found in error.errors()})
        raise Unauthenticated(
            f"The token's claims are missing or unknown to this graph: {', '.join(wrong)}."
        ) from error


def _direct(viewer: Viewer, claims: Mapping[str, Any]) -> Viewer:
    if "act" in claims or "via" in claims:
        raise Unauthenticated("Only another gateway may say that it forwards a request.")
    return viewer


def _forwarded(viewer: Viewer, checked: _Checked) -> Viewer:
    if not 1 <= len(viewer.via) <= LONGEST_CHAIN or viewer.via[-1] != checked.issuer:
        raise Unauthenticated("An assertion names exactly the gateway that sends it as the one who acts.")
    province = checked.trusted.province
    if province is not None and not REGIONS.is_under(viewer.jurisdiction, province):
        raise Unauthenticated("The gateway speaks for staff of another province than its own.")
    return viewer
