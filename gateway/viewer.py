"""Who asks, for what purpose: everything the gateway believes about a caller, and all of it from a signed token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schema.enums import Clearance

_CLEARANCES: Final = tuple(Clearance.__members__)  # in the order of their levels


@dataclass(frozen=True, slots=True)
class Viewer:
    """One request's caller. Role and purpose are names of schema.enums.Role and schema.enums.Purpose."""

    subject: str  # pseudonymous staff id; for Role.SUBJECT the person's own login
    agency: str  # organisation code
    agency_name: str
    agency_kind: str  # a name of schema.enums.AgencyKind
    jurisdiction: str  # GB/T 2260 or township code of the agency
    roles: frozenset[str]
    purpose: str
    issuer: str
    key_id: str
    case_number: str | None = None  # the legal basis of a statutory query
    person: str | None = None  # Person.id that the caller is (Role.SUBJECT and Role.RELATIVE only)
    clearance: int = 0  # 0 to 3, in the order of schema.enums.Clearance
    origin: str | None = None  # the issuer that first vouched for a forwarded caller, as the first gateway names it
    via: tuple[str, ...] = ()  # gateways that forwarded the request, first one first
    token_id: str | None = None
    expires_at: float = 0.0  # Unix seconds

    @property
    def cleared(self) -> str:
        """The clearance as a name of schema.enums.Clearance."""
        return _CLEARANCES[self.clearance]

    @property
    def forwarded(self) -> bool:
        """Whether another gateway asks on the viewer's behalf; such a query is never forwarded again."""
        return bool(self.via)
