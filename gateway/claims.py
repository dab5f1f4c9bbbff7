"""What a token may say of a viewer, and how a Viewer is read from it and written to it.

sub           pseudonymous staff id, or the person's own login
agency        code, name, kind (AgencyKind), jurisdiction (GB/T 2260 or township code)
roles         names of schema.enums.Role; SUBJECT and RELATIVE stand alone and come with `person`
purpose       one name of schema.enums.Purpose
case_number   the case or statutory query that the request belongs to, if any
person        Person.id of the viewer, for SUBJECT and RELATIVE only
clearance     0 to 3, in the order of schema.enums.Clearance
origin        the issuer that first vouched for the viewer, in tokens of other gateways only
act           who forwarded the request (RFC 8693), in tokens of other gateways only
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from gateway.viewer import Viewer
from schema.enums import AgencyKind, Purpose, Role

_AT_HOME = frozenset({Role.SUBJECT.name, Role.RELATIVE.name})

LONGEST_CHAIN = 1  # gateways between a viewer and a holder: a forwarded query is never forwarded on

_CITIZEN_NUMBER = re.compile(r"\d{15}(\d{2}[\dXx])?")
_TELEPHONE = re.compile(r"(\+?86)?1[3-9]\d{9}")


def _not_a_citizen_number(text: str) -> str:
    if _CITIZEN_NUMBER.fullmatch(text):
        raise ValueError("must be a pseudonym, not a citizen's number: it stands in every access record")
    return text


def _not_a_telephone(text: str) -> str:
    if _TELEPHONE.fullmatch(text):
        raise ValueError("must be a pseudonym, not a telephone number: it stands in every access record")
    return text


def _member(words: type[Enum]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in words.__members__:
            raise ValueError(f"is no {words.__name__} of this graph")
        return name

    return AfterValidator(check)


Word = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Pseudonym = Annotated[Word, AfterValidator(_not_a_citizen_number), AfterValidator(_not_a_telephone)]
Clearance = Annotated[int, Field(ge=0, le=3)]
CaseNumber = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_not_a_citizen_number)]
Issuer = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[\x21-\x7e]+$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")]
RoleName = Annotated[str, _member(Role)]
PurposeName = Annotated[str, _member(Purpose)]
AgencyKindName = Annotated[str, _member(AgencyKind)]


class _Claims(BaseModel):
    # Inputs are hidden: an error message must not repeat what stood in a token.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class AgencyClaim(_Claims):
    """For whom the viewer works; for a person, the agency that lets them in."""

    code: Word
    name: Title
    kind: AgencyKindName
    jurisdiction: Region


class Actor(_Claims):
    """The gateway that acts for the viewer, and the one that acted before it."""

    sub: Word
    act: Actor | None = None


class ViewerClaims(_Claims):
    """A token's claims about its viewer; the claims of time and address are checked elsewhere."""

    sub: Pseudonym
    agency: AgencyClaim
    roles: Annotated[list[RoleName], Field(min_length=1)]
    purpose: PurposeName
    case_number: CaseNumber | None = None
    person: Word | None = None
    clearance: Clearance = 0
    jti: Word | None = None
    origin: Issuer | None = None
    act: Actor | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        at_home = _AT_HOME & set(self.roles)
        if at_home and len(self.roles) > 1:
            raise ValueError("SUBJECT and RELATIVE stand alone: nobody is staff and the person in one token")
        if bool(at_home) != (self.person is not None):
            raise ValueError("person is given for SUBJECT and RELATIVE and for nobody else")
        return self

    @property
    def via(self) -> tuple[str, ...]:
        """The forwarding gateways, first one first; RFC 8693 nests them the other way round."""
        chain: list[str] = []
        actor = self.act
        while actor is not None:
            chain.append(actor.sub)
            actor = actor.act
        return tuple(reversed(chain))


def viewer_of(claims: ViewerClaims, *, issuer: str, key_id: str, expires_at: float) -> Viewer:
    """The viewer whom a checked token describes."""
    return Viewer(
        subject=claims.sub,
        agency=claims.agency.code,
        agency_name=claims.agency.name,
        agency_kind=claims.agency.kind,
        jurisdiction=claims.agency.jurisdiction,
        roles=frozenset(claims.roles),
        purpose=claims.purpose,
        issuer=issuer,
        key_id=key_id,
        case_number=claims.case_number,
        person=claims.person,
        clearance=claims.clearance,
        origin=claims.origin,
        via=claims.via,
        token_id=claims.jti,
        expires_at=expires_at,
    )


def claims_of(viewer: Viewer) -> dict[str, object]:
    """The claims that describe a viewer; the inverse of `viewer_of` but for the chain and its origin."""
    claims: dict[str, object] = {
        "sub": viewer.subject,
        "agency": {
            "code": viewer.agency,
            "name": viewer.agency_name,
            "kind": viewer.agency_kind,
            "jurisdiction": viewer.jurisdiction,
        },
        "roles": sorted(viewer.roles),
        "purpose": viewer.purpose,
    }
    optional = {"case_number": viewer.case_number, "person": viewer.person, "clearance": viewer.clearance or None}
    return claims | {name: value for name, value in optional.items() if value is not None}
