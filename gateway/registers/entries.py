"""The entries of the registers. People are pseudonyms; free text is for reviewers and never leaves for a log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schema.label import Label


class Recipient(StrEnum):
    """To whom a consent opens something."""

    AGENCY = "AGENCY"  # by organisation code
    RELATIVE = "RELATIVE"  # by the relative's own pseudonym


@dataclass(frozen=True, slots=True)
class Author:
    """Who made an entry."""

    subject: str  # staff pseudonym, or the person's own login
    agency: str  # organisation code
    agency_name: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's consent to one recipient for one purpose (个人信息保护法 13(1), 14, 23, 29)."""

    id: str
    person: str
    recipient_kind: Recipient
    recipient: str
    recipient_name: str
    purpose: str  # a name of schema.enums.Purpose
    labels: frozenset[Label]
    signed_by: str  # a name of schema.enums.ConsentSigner
    document_number: str | None  # of the signed paper; None where the person recorded it themselves
    recorded_at: datetime
    expires_at: datetime  # exclusive
    recorded_by: Author
    revoked_at: datetime | None = None
    revoked_by: Author | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked_at is None and self.recorded_at <= now < self.expires_at


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer found."""

    at: datetime
    by: Author
    verdict: str  # a name of schema.enums.BreakGlassVerdict
    remark: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One emergency access: one viewer, one person, some labels, half an hour (个人信息保护法 13(4))."""

    id: str
    person: str
    issuer: str  # whose subject the viewer is: two identity providers may use one name
    by: Author
    roles: tuple[str, ...]
    purpose: str
    jurisdiction: str  # of the viewer's agency
    labels: frozenset[Label]
    reason: str  # a name of schema.enums.BreakGlassReason
    explanation: str
    granted_at: datetime
    expires_at: datetime  # exclusive
    review_due_at: datetime
    review: Review | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it opens anything at this moment; a review that finds no justification ends it at once."""
        return self.granted_at <= now < self.expires_at and self.review is None
