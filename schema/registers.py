"""What the gateway keeps itself, as resolvers see it: consents and emergency accesses. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from schema.label import Label
from schema.reader import AgencyFacts, CountFacts, Page


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """When a consent was taken back, and at which agency."""

    at: datetime
    agency: AgencyFacts


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """One consent. Of a relative only that it is one is told."""

    id: str
    person: str
    recipient_kind: str
    recipient: AgencyFacts | None
    purpose: str
    labels: Sequence[Label]
    signed_by: str
    document_number: str | None
    recorded_at: datetime
    expires_at: datetime
    agency: AgencyFacts
    in_force: bool
    revocation: RevocationFacts | None


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What a reviewer found."""

    at: datetime
    subject: str
    agency: AgencyFacts
    verdict: str
    remark: str


@dataclass(frozen=True, slots=True)
class BreakGlassFacts:
    """One emergency access."""

    id: str
    person: str
    subject: str
    agency: AgencyFacts
    roles: Sequence[str]
    purpose: str
    labels: Sequence[Label]
    reason: str
    explanation: str
    granted_at: datetime
    expires_at: datetime
    review_due_at: datetime
    state: str
    review: ReviewFacts | None


@dataclass(frozen=True, slots=True)
class ConsentWish:
    """What a consent is to say; exactly one of `agency` and `relative` (document kind and number)."""

    person: str
    agency: str | None
    relative: tuple[str, str] | None
    purpose: str
    labels: frozenset[Label]
    expires_on: date  # the last day, in China
    document_number: str | None  # of the signed paper, for those who record another's consent
    signed_by: str


@dataclass(frozen=True, slots=True)
class BreakGlassWish:
    """What an emergency asks for; exactly one of `person` and `document` (kind and number)."""

    person: str | None
    document: tuple[str, str] | None
    labels: frozenset[Label]
    reason: str
    explanation: str


class Desk(Protocol):
    """Keeps the registers for one request. Every refusal is a GraphQL error with a code and is on record.

    What is written counts from the next root field on. Nothing about the viewer comes from an argument.
    """

    async def record_consent(self, wish: ConsentWish) -> ConsentFacts:
        """Put a consent on record."""
        ...

    async def revoke_consent(self, consent_id: str) -> ConsentFacts:
        """Take a consent back; done twice it stays as it was."""
        ...

    async def break_glass(self, wish: BreakGlassWish) -> BreakGlassFacts:
        """Open some labels of one person to this viewer for half an hour."""
        ...

    async def review_break_glass(self, grant_id: str, verdict: str, remark: str) -> BreakGlassFacts:
        """Say whether an emergency access was justified."""
        ...

    def consents_of(self, person: str) -> Sequence[ConsentFacts] | None:
        """A person's consents, newest first; None where the viewer may not read them."""
        ...

    def consent(self, consent_id: str) -> ConsentFacts | None:
        """One consent that the viewer may read."""
        ...

    def break_glasses(self, state: str | None, first: int, after: str | None) -> Page[BreakGlassFacts] | None:
        """Emergency accesses, newest first: to reviewers those of their region, to others nothing."""
        ...

    def break_glass_entry(self, grant_id: str) -> BreakGlassFacts | None:
        """One emergency access: to reviewers of its region, and to whom it was granted."""
        ...

    async def people_counts(self, region: str) -> CountFacts | None:
        """A region's table of people; None where the viewer may not count them."""
        ...
