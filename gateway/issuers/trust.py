"""Whom a gateway believes: each issuer with its keys, its algorithms, and what its tokens may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapters.manifest import ManifestError, Tls
from gateway.issuers.configuration import IssuerFile
from gateway.issuers.fetch import HttpFetch, Place
from gateway.issuers.file_keys import FileKeys, read_strict, read_usable
from gateway.issuers.jws import Token
from gateway.issuers.kept import KeptKeys
from gateway.issuers.keyring import Clock, Keyring
from gateway.issuers.mapping import ClaimsReader, MappedClaims, OwnClaims
from gateway.issuers.reasons import Reason, refused
from gateway.issuers.remote import Bounds, RemoteKeys
from gateway.keys import CURVES, KeyFileError

ACCESS: Final = frozenset({"jwt", "at+jwt"})
WORKING_DAY: Final = 12 * 3_600  # seconds
ASSERTION_SECONDS: Final = 60
LEEWAY: Final = 5  # seconds by which clocks may differ

_LAST_MOMENT: Final = 1e11  # seconds: the year 5138
_OWN_ALGORITHMS: Final = frozenset().union(*CURVES.values())


@dataclass(frozen=True, slots=True)
class Peer:
    """Another province's gateway: its keys, and the province whose staff it may speak for (None: any)."""

    keys: Path
    province: str | None = None


@dataclass(frozen=True, slots=True)
class Trusted:
    """One issuer, and all that its tokens are held to."""

    name: str
    keys: Keyring
    algorithms: frozenset[str]
    kinds: frozenset[str]  # `typ` headers, as gateway.issuers.jws.kind_of writes them
    audience: str
    longest: int  # seconds
    reader: ClaimsReader
    is_peer: bool = False

    def check(self, token: Token, now: float) -> None:
        """Raise Unauthenticated unless the token was made out for here and is valid now. Not its signature."""
        _check_audience(token.claims.get("aud"), self.audience, alone=self.is_peer)
        _check_times(token.claims, now, self.longest)


def own(name: str, path: Path, audience: str, province: str | None, clock: Clock) -> Trusted:
    """An issuer whose tokens bear our own claims, with a file of Ed25519 and P-256 keys; KeyFileError."""
    keys = FileKeys(path, read_strict, clock)
    return Trusted(name, keys, _OWN_ALGORITHMS, ACCESS, audience, WORKING_DAY, OwnClaims(province))


def described(file: IssuerFile, audience: str, clock: Clock, kept: Path | None = None) -> Trusted:
    """An issuer by an operator's file, its last good keys in the folder `kept`.

    KeyFileError where its JWKS file or its TLS files cannot be used.
    """
    algorithms = frozenset(file.algorithms)
    return Trusted(
        name=file.issuer,
        keys=_keys(file, algorithms, clock, kept),
        algorithms=algorithms,
        kinds=frozenset(file.types),
        audience=file.audience or audience,
        longest=file.longest_seconds,
        reader=MappedClaims(file),
    )


def peer(name: str, given: Peer, audience: str, kinds: frozenset[str], clock: Clock) -> Trusted:
    """Another gateway; KeyFileError."""
    reader = OwnClaims(given.province, beyond=Reason.PROVINCE_REFUSED)
    keys = FileKeys(given.keys, read_strict, clock)
    return Trusted(name, keys, _OWN_ALGORITHMS, kinds, audience, ASSERTION_SECONDS, reader, is_peer=True)


def _keys(file: IssuerFile, algorithms: frozenset[str], clock: Clock, kept: Path | None) -> Keyring:
    source = file.keys
    if source.jwks_file is not None:
        return FileKeys(source.jwks_file, partial(read_usable, algorithms=algorithms), clock)
    tls = Tls(ca=source.ca, certificate=source.certificate, key=source.key)
    place = Place(
        issuer=file.issuer if source.discovery else None,
        jwks=source.jwks_url,
        timeout=source.timeout_seconds,
        tls=tls if source.ca or source.certificate else None,
    )
    bounds = Bounds(most=source.most_seconds, survive=source.survive_seconds)
    try:
        fetch = HttpFetch(file.issuer, place, algorithms)
    except ManifestError:
        raise KeyFileError(
            f"{file.issuer}: keys.ca, keys.certificate or keys.key cannot be used. Name readable PEM files; the key "
            "must be the certificate's and without a password."
        ) from None
    keep = KeptKeys(kept, file.issuer, algorithms) if kept is not None else None
    return RemoteKeys(file.issuer, fetch, bounds, clock, keep)


def _check_audience(given: object, audience: str, *, alone: bool) -> None:
    # A list of audiences would let one gateway pass another's words on to a third.
    listed = given if isinstance(given, list) and not alone else [given]
    if audience not in listed or not all(isinstance(one, str) for one in listed):
        raise refused(Reason.AUDIENCE_REFUSED)


def _check_times(claims: Mapping[str, Any], now: float, longest: int) -> None:
    ends, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if ends <= now - LEEWAY:
        raise refused(Reason.EXPIRED)
    if issued > now + LEEWAY or ("nbf" in claims and _moment(claims, "nbf") > now + LEEWAY):
        raise refused(Reason.NOT_YET_VALID)
    if ends - issued > longest:
        raise refused(Reason.LIFETIME_TOO_LONG, f"longest: {longest} s")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LAST_MOMENT:
        raise refused(Reason.TIMES_MISSING, name)
    return float(value)
