"""Break-glass: emergency access to named kinds of information about one person, and its review."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.access import AccessConnection, access_page
from schema.agency import Agency, agency
from schema.declare import LabelEnum
from schema.enums import BreakGlassReason, BreakGlassState, BreakGlassVerdict, Purpose, Role
from schema.filters import DocumentInput
from schema.label import Label
from schema.node import Node
from schema.reader import AccessConditions
from schema.registers import BreakGlassFacts, BreakGlassWish


@strawberry.type(description="复核")
class BreakGlassReview:
    """What a reviewer found."""

    at: datetime
    subject: str
    agency: Agency
    verdict: BreakGlassVerdict
    remark: str


@strawberry.type(
    description="紧急查阅: half an hour of emergency access (个人信息保护法 13(4)); reviewed within 72 hours."
)
class BreakGlass(Node):
    """Shown to its reviewers and to whom it was granted."""

    person: strawberry.ID
    subject: str
    agency: Agency
    roles: list[Role]
    purpose: Purpose
    labels: list[LabelEnum]  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time
    reason: BreakGlassReason
    explanation: str
    granted_at: datetime
    expires_at: datetime
    review_due_at: datetime
    state: BreakGlassState
    review: BreakGlassReview | None

    @strawberry.field(description="What was asked under it, for auditors.")
    async def accesses(
        self, info: strawberry.Info, first: int = 20, after: str | None = None
    ) -> AccessConnection | None:
        where = AccessConditions(
            person=self.person, subject=self.subject, since=self.granted_at, until=self.expires_at
        )
        return access_page(await info.context.reader.accesses(where, first, after))


def break_glass(facts: BreakGlassFacts) -> BreakGlass:
    """An emergency access of the graph."""
    review = facts.review
    return BreakGlass(
        id=strawberry.ID(facts.id),
        person=strawberry.ID(facts.person),
        subject=facts.subject,
        agency=agency(facts.agency),
        roles=[Role[name] for name in facts.roles],
        purpose=Purpose[facts.purpose],
        labels=list(facts.labels),
        reason=BreakGlassReason[facts.reason],
        explanation=facts.explanation,
        granted_at=facts.granted_at,
        expires_at=facts.expires_at,
        review_due_at=facts.review_due_at,
        state=BreakGlassState[facts.state],
        review=BreakGlassReview(
            at=review.at,
            subject=review.subject,
            agency=agency(review.agency),
            verdict=BreakGlassVerdict[review.verdict],
            remark=review.remark,
        )
        if review
        else None,
    )


@strawberry.input(description="Exactly one of person and document.")
class BreakGlassInput:
    """Who, which kinds of information, why."""

    person: strawberry.ID | None = None
    document: DocumentInput | None = None
    labels: list[LabelEnum]  # type: ignore[valid-type]  # as above
    reason: BreakGlassReason
    explanation: str = strawberry.field(description="What happened, in 10 to 500 characters; for the reviewers.")


@strawberry.input
class ReviewBreakGlassInput:
    """Nobody reviews their own."""

    break_glass: strawberry.ID
    verdict: BreakGlassVerdict
    remark: str = strawberry.field(description="In 2 to 500 characters.")


def break_glass_wish(given: BreakGlassInput) -> BreakGlassWish:
    """The input, without GraphQL."""
    document = given.document
    return BreakGlassWish(
        person=given.person,
        document=(document.kind.name, document.number) if document else None,
        labels=frozenset(Label(one) for one in given.labels),
        reason=given.reason.name,
        explanation=given.explanation,
    )
