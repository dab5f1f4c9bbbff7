"""Entries of the registers as the graph shows them."""

from __future__ import annotations

from datetime import datetime

from gateway.execution.directory import Directory
from gateway.registers.entries import Author, Consent, Grant, Recipient
from schema.enums import BreakGlassState
from schema.reader import AgencyFacts
from schema.registers import BreakGlassFacts, ConsentFacts, ReviewFacts, RevocationFacts


def consent_facts(one: Consent, directory: Directory, now: datetime) -> ConsentFacts:
    """A consent; of a relative only that it is one."""
    to_agency = one.recipient_kind is Recipient.AGENCY
    revoked = (
        one.revoked_by and one.revoked_at and RevocationFacts(one.revoked_at, _agency(one.revoked_by, directory))
    )
    return ConsentFacts(
        id=one.id,
        person=one.person,
        recipient_kind=one.recipient_kind.value,
        recipient=directory.agency(one.recipient, one.recipient_name) if to_agency else None,
        purpose=one.purpose,
        labels=sorted(one.labels),
        signed_by=one.signed_by,
        document_number=one.document_number,
        recorded_at=one.recorded_at,
        expires_at=one.expires_at,
        agency=_agency(one.recorded_by, directory),
        in_force=one.is_in_force(now),
        revocation=revoked or None,
    )


def break_glass_facts(one: Grant, directory: Directory, now: datetime) -> BreakGlassFacts:
    """An emergency access."""
    review = one.review
    return BreakGlassFacts(
        id=one.id,
        person=one.person,
        subject=one.by.subject,
        agency=_agency(one.by, directory),
        roles=one.roles,
        purpose=one.purpose,
        labels=sorted(one.labels),
        reason=one.reason,
        explanation=one.explanation,
        granted_at=one.granted_at,
        expires_at=one.expires_at,
        review_due_at=one.review_due_at,
        state=state_of(one, now),
        review=ReviewFacts(review.at, review.by.subject, _agency(review.by, directory), review.verdict, review.remark)
        if review
        else None,
    )


def state_of(one: Grant, now: datetime) -> str:
    """Where an emergency access stands: a name of BreakGlassState."""
    if one.review is not None:
        return BreakGlassState.REVIEWED.name
    if one.is_in_force(now):
        return BreakGlassState.IN_FORCE.name
    return (BreakGlassState.OVERDUE if now >= one.review_due_at else BreakGlassState.UNREVIEWED).name


def _agency(by: Author, directory: Directory) -> AgencyFacts:
    return directory.agency(by.agency, by.agency_name)
