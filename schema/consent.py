"""Consent: what a person has opened to whom, for which purpose, until when."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from schema.agency import Agency, agency
from schema.declare import LabelEnum
from schema.enums import ConsentSigner, Purpose, RecipientKind
from schema.filters import DocumentInput
from schema.label import Label
from schema.node import Node
from schema.registers import ConsentFacts, ConsentWish


@strawberry.type(description="撤回")
class Revocation:
    """When a consent was taken back."""

    at: datetime
    agency: Agency = strawberry.field(description="Where it was taken back.")


@strawberry.type(
    description="同意: one person's consent to one recipient for one purpose (个人信息保护法 13, 23, 29)."
)
class Consent(Node):
    """Opens its labels while it is in force; it never opens a sealed record or the State's own registers."""

    person: strawberry.ID
    recipient_kind: RecipientKind
    recipient: Agency | None = strawberry.field(description="接收机构; null where it is a relative.")
    purpose: Purpose
    labels: list[LabelEnum]  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time
    signed_by: ConsentSigner
    document_number: str | None = strawberry.field(description="文书编号 of the signed paper, where there is one.")
    recorded_at: datetime
    agency: Agency = strawberry.field(description="Where it was put on record.")
    expires_at: datetime
    in_force: bool
    revocation: Revocation | None


def consent(facts: ConsentFacts) -> Consent:
    """A consent of the graph."""
    revoked = facts.revocation
    return Consent(
        id=strawberry.ID(facts.id),
        person=strawberry.ID(facts.person),
        recipient_kind=RecipientKind[facts.recipient_kind],
        recipient=agency(facts.recipient) if facts.recipient else None,
        purpose=Purpose[facts.purpose],
        labels=list(facts.labels),
        signed_by=ConsentSigner[facts.signed_by],
        document_number=facts.document_number,
        recorded_at=facts.recorded_at,
        agency=agency(facts.agency),
        expires_at=facts.expires_at,
        in_force=facts.in_force,
        revocation=Revocation(at=revoked.at, agency=agency(revoked.agency)) if revoked else None,
    )


@strawberry.input(description="Exactly one of the two.")
class RecipientInput:
    """To whom a consent opens something."""

    agency: str | None = strawberry.field(default=None, description="Organisation code of the directory.")
    relative: DocumentInput | None = strawberry.field(
        default=None, description="The relative's own document; it is kept as a pseudonym."
    )


@strawberry.input(description="The signed paper, for agencies that record it; the person needs none.")
class SignedPaperInput:
    """Kept by the agency that records it."""

    document_number: str = strawberry.field(description="文书编号, not a person's number.")
    signed_by: ConsentSigner = strawberry.field(
        default=ConsentSigner.PERSON, description="For somebody under eighteen the guardian."
    )


@strawberry.input
class RecordConsentInput:
    """One recipient, one purpose, some kinds of information, an end."""

    person: strawberry.ID
    recipient: RecipientInput
    purpose: Purpose = strawberry.field(description="For which the recipient asks; of a relative OWN_ACCESS.")
    labels: list[LabelEnum]  # type: ignore[valid-type]  # as above
    expires_on: date = strawberry.field(description="The last day; within three years.")
    paper: SignedPaperInput | None = None


@strawberry.input
class RevokeConsentInput:
    """By the person, or by the agency that put it on record."""

    consent: strawberry.ID


def consent_wish(given: RecordConsentInput) -> ConsentWish:
    """The input, without GraphQL."""
    relative, paper = given.recipient.relative, given.paper
    return ConsentWish(
        person=given.person,
        agency=given.recipient.agency,
        relative=(relative.kind.name, relative.number) if relative else None,
        purpose=given.purpose.name,
        labels=frozenset(Label(one) for one in given.labels),
        expires_on=given.expires_on,
        document_number=paper.document_number if paper else None,
        signed_by=paper.signed_by.name if paper else ConsentSigner.PERSON.name,
    )
