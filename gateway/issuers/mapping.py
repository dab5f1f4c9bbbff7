"""From an identity provider's claims to ours: read where the operator's file says, and held to what it grants.

An issuer speaks for its own agencies alone, gives the roles that it was granted, and each role the purposes that go
with it. A role that the purpose was not granted to is left out of the viewer: it opens nothing by being there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from pydantic import ValidationError

from gateway.claims import ViewerClaims
from gateway.errors import PurposeMissing, PurposeNotGranted
from gateway.issuers.configuration import Agency, Claim, ClaimPath, IssuerFile
from gateway.issuers.reasons import Reason, refused
from schema.codes.regions import REGIONS

_NOTHING: Final = object()
_MOST_WORDS: Final = 200


class ClaimsReader(Protocol):
    """Reads a token's checked claims as ours."""

    def read(self, claims: Mapping[str, Any]) -> ViewerClaims:
        """Our claims; raises Unauthenticated, PurposeMissing or PurposeNotGranted."""
        ...


class OwnClaims:
    """Reads tokens that bear the claims of gateway/claims.py themselves, of staff of one province (None: of any)."""

    def __init__(self, province: str | None, *, beyond: Reason = Reason.AGENCY_REFUSED) -> None:
        """`beyond` is what a token of another province is refused with."""
        self._province = province
        self._beyond = beyond

    def read(self, claims: Mapping[str, Any]) -> ViewerClaims:
        """Our claims; raises Unauthenticated or PurposeMissing."""
        if claims.get("purpose") in (None, ""):
            raise _purpose_missing()
        found = validated(claims)
        if self._province is not None and not REGIONS.is_under(found.agency.jurisdiction, self._province):
            raise refused(self._beyond)
        return found


class MappedClaims:
    """Reads tokens as an operator's file maps them, within what that file grants."""

    def __init__(self, file: IssuerFile) -> None:
        self._file = file
        self._agencies = {agency.code: agency for agency in file.agencies}
        self._require = [(tuple(path.split(".")), value) for path, value in file.require.items()]

    def read(self, claims: Mapping[str, Any]) -> ViewerClaims:
        """Our claims; raises Unauthenticated, PurposeMissing or PurposeNotGranted."""
        for path, value in self._require:
            found = _at(claims, path)
            if type(found) is not type(value) or found != value:
                raise refused(Reason.CLAIM_REQUIRED, ".".join(path))
        where = self._file.claims
        purpose = self._purpose(claims)
        agency, allowed = self._agency(claims)
        ours: dict[str, object] = {
            "sub": _one(claims, where.subject, "subject"),
            "agency": agency,
            "purpose": purpose,
            "roles": self._roles(claims, purpose, allowed),
            "clearance": self._clearance(claims),
            "case_number": _one(claims, where.case_number, "case_number"),
            "person": _one(claims, where.person, "person"),
            "jti": claims.get("jti"),
        }
        return validated({name: value for name, value in ours.items() if value is not None})

    def _purpose(self, claims: Mapping[str, Any]) -> str:
        purpose = _one(claims, self._file.claims.purpose, "purpose")
        if purpose in (None, ""):
            raise _purpose_missing()
        return str(purpose)

    def _agency(self, claims: Mapping[str, Any]) -> tuple[Mapping[str, object], frozenset[str] | None]:
        """The agency, and the roles that its people may have (None: all that the issuer may give)."""
        where = self._file.claims
        code, jurisdiction = _one(claims, where.agency, "agency"), _one(claims, where.jurisdiction, "jurisdiction")
        if self._agencies:
            known = self._agencies.get(code) if isinstance(code, str) else None
            if known is None:
                raise refused(Reason.AGENCY_REFUSED, "agency")
            allowed = None if known.roles is None else frozenset(known.roles)
            return _described(known, jurisdiction), allowed
        kind = _one(claims, where.agency_kind, "agency_kind")
        if not any(_is_under(jurisdiction, region) for region in self._file.jurisdictions):
            raise refused(Reason.AGENCY_REFUSED, "jurisdiction")
        if kind not in self._file.kinds:
            raise refused(Reason.AGENCY_REFUSED, "agency_kind")
        name = _one(claims, where.agency_name, "agency_name")
        return {"code": code, "name": name, "kind": kind, "jurisdiction": jurisdiction}, None

    def _roles(self, claims: Mapping[str, Any], purpose: str, allowed: frozenset[str] | None) -> list[str]:
        given = _many(claims, self._file.claims.roles, "roles")
        grants = self._file.grants
        if not given:
            raise refused(Reason.CLAIMS_UNUSABLE, "roles")
        if any(role not in grants or (allowed is not None and role not in allowed) for role in given):
            raise refused(Reason.ROLE_REFUSED, "roles")
        serving = sorted({str(role) for role in given if purpose in grants[str(role)]})
        if not serving:
            raise PurposeNotGranted(
                "The token's issuer may not grant this purpose to this role. Sign in for a purpose that your role "
                "serves; the operator lists them under `grants` in the issuer's file."
            )
        return serving

    def _clearance(self, claims: Mapping[str, Any]) -> int:
        level = _one(claims, self._file.claims.clearance, "clearance")
        if level is None:
            return 0
        if isinstance(level, str) and level.isascii() and level.isdigit() and len(level) == 1:
            level = int(level)
        if not isinstance(level, int) or isinstance(level, bool):
            raise refused(Reason.CLAIMS_UNUSABLE, "clearance")
        if level > self._file.highest_clearance:
            raise refused(Reason.CLEARANCE_REFUSED)
        return level


def validated(claims: Mapping[str, Any]) -> ViewerClaims:
    """The claims of gateway/claims.py, or Unauthenticated with the names of those that cannot be used."""
    try:
        return ViewerClaims.model_validate(claims)
    except ValidationError as error:
        wrong = sorted({".".join(str(step) for step in found["loc"][:3]) or "roles" for found in error.errors()})
        raise refused(Reason.CLAIMS_UNUSABLE, ", ".join(wrong[:10])) from None


def _described(agency: Agency, narrowed: object) -> Mapping[str, object]:
    """The agency as the file states it; a token may narrow its jurisdiction, never widen it."""
    jurisdiction = agency.jurisdiction
    if narrowed is not None:
        if not _is_under(narrowed, jurisdiction):
            raise refused(Reason.AGENCY_REFUSED, "jurisdiction")
        jurisdiction = str(narrowed)
    return {"code": agency.code, "name": agency.name, "kind": agency.kind, "jurisdiction": jurisdiction}


def _is_under(code: object, region: str) -> bool:
    return isinstance(code, str) and code.isascii() and code.isdigit() and REGIONS.is_under(code, region)


def _one(claims: Mapping[str, Any], claim: Claim | None, name: str) -> object:
    """The one value of a claim, None where there is none; Unauthenticated where there are several."""
    found = _many(claims, claim, name) if claim is not None else []
    if len(found) > 1:
        raise refused(Reason.CLAIMS_UNUSABLE, name)
    return found[0] if found else None


def _many(claims: Mapping[str, Any], claim: Claim, name: str) -> Sequence[object]:
    """The values of a claim, each once, in our words."""
    if claim.path is None:
        return [claim.constant]
    raw = _at(claims, claim.path)
    if raw is _NOTHING or raw is None or raw == "":
        return []
    listed = isinstance(raw, list)
    words: list[object] = raw if isinstance(raw, list) else [raw]
    if claim.split is not None and isinstance(raw, str):
        words, listed = [word for word in raw.split(claim.split) if word], True
    if len(words) > _MOST_WORDS or not all(
        isinstance(word, str | int) and not isinstance(word, bool) for word in words
    ):
        raise refused(Reason.CLAIMS_UNUSABLE, name)
    if claim.values is None:
        return list(dict.fromkeys(words))
    known = [claim.values[str(word)] for word in words if str(word) in claim.values]
    if not known and not listed:
        raise refused(Reason.CLAIMS_UNUSABLE, name)
    return list(dict.fromkeys(known))


def _at(claims: Mapping[str, Any], path: ClaimPath) -> object:
    node: object = claims
    for step in path:
        if not isinstance(node, Mapping) or step not in node:
            return _NOTHING
        node = node[step]
    return node


def _purpose_missing() -> PurposeMissing:
    return PurposeMissing("The token names no purpose of use. Ask its issuer for one with the claim `purpose`.")
