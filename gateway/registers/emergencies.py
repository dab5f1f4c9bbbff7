"""Emergency accesses: who may open what, for how long, who reviews it, and each use on record."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from gateway.audit.event import Kind
from gateway.authorization.facts import best_facts
from gateway.errors import BadArgument, GatewayError, LimitExceeded
from gateway.execution.listing import cut, name_of
from gateway.registers.clerk import NOT_YOURS, Clerk, Said
from gateway.registers.entries import Grant, Review
from gateway.registers.refusals import AlreadyReviewed, NotPermitted
from gateway.registers.shown import break_glass_facts, state_of
from gateway.registers.wishes import explained, labels_among
from schema.label import Label
from schema.reader import Page
from schema.registers import BreakGlassFacts, BreakGlassWish

OPEN_FOR: Final = timedelta(minutes=30)
REVIEWED_WITHIN: Final = timedelta(hours=72)
MOST_IN_FORCE: Final = 5  # emergency accesses of one viewer at one time: nobody stands before more
BREAK_GLASS: Final = "b1_"  # how their ids begin


class Emergencies(Clerk):
    """The emergencies' side of the desk."""

    async def break_glass(self, wish: BreakGlassWish) -> BreakGlassFacts:
        """Open some labels of one person to this viewer for half an hour."""
        permitted = self._office.permits.permitted(best_facts(self._viewer), "breakGlass")
        person = self._whom(wish)
        said = Said(Kind.BREAK_GLASS, "granted", (person,), wish.labels, {"reason": wish.reason})
        if not permitted:
            refusal = NotPermitted("breakGlass: your roles and purpose open nothing in an emergency. Ask who may.")
            raise await self._refused(said, refusal, "refused")
        try:
            grant = self._grant(wish, person, permitted)
        except GatewayError as err:
            raise await self._refused(said, err, "refused") from None
        await self._on_record(said, (grant.id,))
        await self._kept(self._office.registers.open(grant))
        self._visit.trace.persons[person] = None
        self._office.alert(grant)
        return self._break_glass_facts(grant)

    def _whom(self, wish: BreakGlassWish) -> str:
        if (wish.person is None) == (wish.document is None):
            raise BadArgument("input: name exactly one, a person or a document.")
        if wish.person is not None:
            return self._token("person", wish.person)
        token = self._office.mint(*wish.document) if wish.document else None
        if token is None:
            raise BadArgument("document: not the number of such a document. Check it for a typing error.")
        return self._office.primary(token) or token

    def _grant(self, wish: BreakGlassWish, person: str, permitted: Mapping[Label, object]) -> Grant:
        viewer, registers = self._viewer, self._office.registers
        if len(registers.grants_in_force(viewer)) >= MOST_IN_FORCE:
            raise LimitExceeded(
                f"breakGlass: you hold {MOST_IN_FORCE} emergency accesses already, which is the limit. "
                "Wait until one has ended."
            )
        now = registers.now
        return Grant(
            id=BREAK_GLASS + secrets.token_hex(16),
            person=person,
            issuer=viewer.issuer,
            by=self._author,
            roles=tuple(sorted(viewer.roles)),
            purpose=viewer.purpose,
            jurisdiction=viewer.jurisdiction,
            labels=labels_among(wish.labels, permitted),
            reason=wish.reason,
            explanation=explained("explanation", wish.explanation, 10, 500),
            granted_at=now,
            expires_at=now + OPEN_FOR,
            review_due_at=now + REVIEWED_WITHIN,
        )

    async def review_break_glass(self, grant_id: str, verdict: str, remark: str) -> BreakGlassFacts:
        """Say whether an emergency access was justified."""
        registers = self._office.registers
        grant = registers.grant(grant_id)
        persons = (grant.person,) if grant and self._may_review(grant) else ()
        said = Said(Kind.BREAK_GLASS, "reviewed", persons, frozenset(), {"verdict": verdict})
        if grant is None or not self._may_review(grant):
            raise await self._refused(said, NotPermitted(f"breakGlass: {NOT_YOURS}"))
        try:
            if grant.review is not None:
                raise AlreadyReviewed("breakGlass: has been reviewed. Read `review` for what was found.")
            review = Review(registers.now, self._author, verdict, explained("remark", remark, 2, 500))
        except GatewayError as err:
            raise await self._refused(said, err) from None
        await self._on_record(said, (grant.id,))
        if not await self._kept(registers.review(grant.id, review)):
            raise AlreadyReviewed("breakGlass: has been reviewed. Read `review` for what was found.")
        return self._break_glass_facts(registers.grant(grant.id) or grant)

    def break_glasses(self, state: str | None, first: int, after: str | None) -> Page[BreakGlassFacts] | None:
        """Emergency accesses, newest first: to reviewers those of their region, to others nothing."""
        if not self._is_reviewer():
            return None
        now = self._office.registers.now
        found = [
            one
            for one in self._office.registers.grants()
            if self._is_of_my_region(one) and (state is None or state_of(one, now) == state)
        ]
        of = name_of("breakGlasses", [], None) + (state or "")
        page = cut(
            found,
            lambda one: one.id,
            first,
            after,
            of=of,
            viewer=self._viewer.subject,
            cursors=self._visit.cursors,
        )
        items = [self._break_glass_facts(one) for one in page.items]
        return Page(items, page.cursor, page.has_next, page.has_previous, page.total)

    def break_glass_entry(self, grant_id: str) -> BreakGlassFacts | None:
        """One emergency access: to reviewers of its region, and to whom it was granted."""
        grant = self._office.registers.grant(grant_id)
        if grant is None or not (self._is_mine(grant) or (self._is_reviewer() and self._is_of_my_region(grant))):
            return None
        return self._break_glass_facts(grant)

    async def put_use_on_record(self) -> None:
        """Say of each emergency access of this viewer whom it showed in this request."""
        shown = {
            person for told, to in self._visit.trace.shown.items() if told.decision.facts.break_glass for person in to
        }
        for grant in self._office.registers.grants_in_force(self._viewer):
            person = self._office.primary(grant.person) or grant.person
            if person in shown:
                await self._on_record(Said(Kind.BREAK_GLASS, "used", (person,), grant.labels, {}), (grant.id,))

    def _is_reviewer(self) -> bool:
        return Label.AUDIT in self._office.permits.permitted(best_facts(self._viewer), "reviewBreakGlass")

    def _is_of_my_region(self, grant: Grant) -> bool:
        return self._office.directory.regions.is_under(grant.jurisdiction, self._viewer.jurisdiction)

    def _is_mine(self, grant: Grant) -> bool:
        return (grant.issuer, grant.by.subject, grant.by.agency) == (
            self._viewer.issuer,
            self._viewer.subject,
            self._viewer.agency,
        )

    def _may_review(self, grant: Grant) -> bool:
        return self._is_reviewer() and self._is_of_my_region(grant) and grant.by.subject != self._viewer.subject

    def _break_glass_facts(self, grant: Grant) -> BreakGlassFacts:
        return break_glass_facts(grant, self._office.directory, self._office.registers.now)
