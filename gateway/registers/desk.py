"""The desk: changes and reads the registers for one request.

A change is first on record and then kept: if the log cannot be written nothing changes, and if the change cannot be
kept the log says more than happened, never less. Every refusal is on record, too.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol, TypeVar

import apsw

from gateway.audit.event import Detail, EventRecord, Kind
from gateway.audit.record import AuditLog
from gateway.authorization.decision import Decision, Effect, Facts
from gateway.authorization.facts import best_facts
from gateway.errors import BadArgument, BadId, GatewayError, LimitExceeded
from gateway.execution.counting import tabulate
from gateway.execution.cursor import Cursors
from gateway.execution.directory import Directory
from gateway.execution.listing import cut, name_of
from gateway.execution.people import Judged, People
from gateway.execution.plan import Plan
from gateway.execution.trace import Trace
from gateway.identity.token import is_token
from gateway.registers.alert import Alert, log_alert
from gateway.registers.entries import Author, Consent, Grant, Recipient, Review
from gateway.registers.refusals import AlreadyReviewed, ConsentNeedsGuardian, NotPermitted, RegistersUnavailable
from gateway.registers.register import Registers
from gateway.registers.shown import break_glass_facts, consent_facts, state_of
from gateway.registers.wishes import agency_code, end_of, explained, labels_among, paper_number, purpose_for
from gateway.viewer import Viewer
from schema.enums import ConsentSigner, Role
from schema.label import Label
from schema.reader import CountFacts, Page
from schema.registers import BreakGlassFacts, BreakGlassWish, ConsentFacts, ConsentWish

OPEN_FOR: Final = timedelta(minutes=30)
REVIEWED_WITHIN: Final = timedelta(hours=72)
MOST_IN_FORCE: Final = 5  # emergency accesses of one viewer at one time: nobody stands before more
CONSENT, BREAK_GLASS = "k1_", "b1_"  # how their ids begin

_NOT_YOURS: Final = "not yours to change, or there is nothing of that id. Nothing was changed."
_SUBJECT: Final = frozenset({Role.SUBJECT.name})

Kept = TypeVar("Kept")
Mint = Callable[[str, str], str | None]  # document kind, number -> pseudonym, known or not


class Permits(Protocol):
    """Decides; see gateway/authorization/decide.py."""

    def decide(self, facts: Facts) -> Decision:
        """The grants for these facts."""
        ...

    def permitted(self, facts: Facts, action: str) -> Mapping[Label, tuple[str, ...]]:
        """Of each label that an action is permitted on, the policies behind it."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """What every desk shares."""

    registers: Registers
    permits: Permits
    audit: AuditLog
    directory: Directory
    mint: Mint
    primary: Callable[[str], str | None]
    jurisdiction: str
    alert: Alert = log_alert


@dataclass(frozen=True, slots=True)
class Visit:
    """One request at the desk."""

    viewer: Viewer
    request_id: str
    people: People
    trace: Trace
    today: date
    cursors: Cursors
    counted: Callable[[str], Awaitable[tuple[Sequence[Judged], bool]]]
    renew: Callable[[], None]  # what was asked of the registers for this request is out of date


class RequestDesk:
    """Implements schema.registers.Desk."""

    def __init__(self, office: Office, visit: Visit) -> None:
        self._office = office
        self._visit = visit
        self._viewer = visit.viewer
        self._author = Author(self._viewer.subject, self._viewer.agency, self._viewer.agency_name)

    # ---- consents ------------------------------------------------------------------------------------------------

    async def record_consent(self, wish: ConsentWish) -> ConsentFacts:
        """Put a consent on record."""
        person = self._token("person", wish.person)
        facts, complete = await self._facts(person, "recordConsent")
        said = _Said(Kind.CONSENT, "recorded", (person,), wish.labels, {"purpose": wish.purpose})
        permitted = self._office.permits.permitted(facts, "recordConsent") if facts else {}
        if facts is None or not permitted:
            raise await self._refused(said, NotPermitted(f"person: {_NOT_YOURS}"))
        try:
            if not complete:
                raise RegistersUnavailable(
                    "person: not every agency that holds the person answered, so it cannot be told who must sign. "
                    "Try again later."
                )
            consent = self._consent(wish, person, facts, permitted)
        except GatewayError as err:
            raise await self._refused(said, err) from None
        await self._on_record(said, (consent.id, *_of_agency(consent)))
        await self._kept(self._office.registers.record(consent))
        return self._consent_facts(consent)

    def _consent(self, wish: ConsentWish, person: str, facts: Facts, permitted: Mapping[Label, object]) -> Consent:
        labels = labels_among(wish.labels, permitted)
        own = self._viewer.roles == _SUBJECT
        if own == (wish.document_number is not None):
            raise BadArgument(
                "paper: the person's own consent needs none. Leave it out."
                if own
                else "paper: name the signed paper that your agency holds."
            )
        if facts.minor and wish.signed_by != ConsentSigner.GUARDIAN.name:
            raise ConsentNeedsGuardian(
                "person: for somebody under eighteen the guardian signs. Record the signed paper at an agency."
            )
        kind, recipient, name = self._recipient(wish, person)
        now = self._office.registers.now
        return Consent(
            id=CONSENT + secrets.token_hex(16),
            person=person,
            recipient_kind=kind,
            recipient=recipient,
            recipient_name=name,
            purpose=purpose_for(wish.purpose, relative=kind is Recipient.RELATIVE),
            labels=labels,
            signed_by=wish.signed_by,
            document_number=None if wish.document_number is None else paper_number(wish.document_number),
            recorded_at=now,
            expires_at=end_of(wish.expires_on, self._visit.today),
            recorded_by=self._author,
        )

    def _recipient(self, wish: ConsentWish, person: str) -> tuple[Recipient, str, str]:
        if (wish.agency is None) == (wish.relative is None):
            raise BadArgument("recipient: name exactly one, an agency or a relative.")
        if wish.agency is not None:
            code = agency_code(wish.agency)
            return Recipient.AGENCY, code, self._office.directory.agency(code).name
        token = self._office.mint(*wish.relative) if wish.relative else None
        relative = token and (self._office.primary(token) or token)
        if not relative or relative == person:
            raise BadArgument("recipient.relative: not the document number of somebody else.")
        return Recipient.RELATIVE, relative, ""

    async def revoke_consent(self, consent_id: str) -> ConsentFacts:
        """Take a consent back; done twice it stays as it was."""
        registers = self._office.registers
        consent = registers.consent(consent_id)
        person = None if consent is None else self._office.primary(consent.person) or consent.person
        facts, _ = (None, True) if person is None else await self._facts(person, "revokeConsent")
        labels = frozenset[Label]() if consent is None else consent.labels
        said = _Said(Kind.CONSENT, "revoked", (person,) if person else (), labels, {})
        if consent is None or facts is None or not self._may_revoke(consent, facts):
            raise await self._refused(said, NotPermitted(f"consent: {_NOT_YOURS}"))
        if consent.revoked_at is None:
            await self._on_record(said, (consent.id, *_of_agency(consent)))
            await self._kept(registers.revoke(consent.id, self._author))
        return self._consent_facts(registers.consent(consent.id) or consent)

    def _may_revoke(self, consent: Consent, facts: Facts) -> bool:
        if not self._office.permits.permitted(facts, "recordConsent"):
            return False
        return facts.is_self or consent.recorded_by.agency == self._viewer.agency

    def consents_of(self, person: str) -> Sequence[ConsentFacts] | None:
        """Of a person who is shown in this answer, where what was decided of them opens their access records."""
        decided = self._visit.trace.fields().of_person(person)
        if not any(one.label == Label.AUDIT.value and one.effect == Effect.ALLOW.name for one in decided):
            return None
        return [self._consent_facts(one) for one in self._office.registers.consents_of(person)]

    def consent(self, consent_id: str) -> ConsentFacts | None:
        """One consent: to an auditor, and to the person themselves."""
        found = self._office.registers.consent(consent_id)
        if found is None or self._office.permits.decide(best_facts(self._viewer))[Label.AUDIT].effect < Effect.ALLOW:
            return None
        person = self._office.primary(found.person) or found.person
        if self._viewer.roles == _SUBJECT and person != self._viewer.person:
            return None
        return self._consent_facts(found)

    def _consent_facts(self, consent: Consent) -> ConsentFacts:
        return consent_facts(consent, self._office.directory, self._office.registers.now)

    # ---- emergency accesses --------------------------------------------------------------------------------------

    async def break_glass(self, wish: BreakGlassWish) -> BreakGlassFacts:
        """Open some labels of one person to this viewer for half an hour."""
        permitted = self._office.permits.permitted(best_facts(self._viewer), "breakGlass")
        person = self._whom(wish)
        said = _Said(Kind.BREAK_GLASS, "granted", (person,), wish.labels, {"reason": wish.reason})
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
        said = _Said(Kind.BREAK_GLASS, "reviewed", persons, frozenset(), {"verdict": verdict})
        if grant is None or not self._may_review(grant):
            raise await self._refused(said, NotPermitted(f"breakGlass: {_NOT_YOURS}"))
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
                await self._on_record(_Said(Kind.BREAK_GLASS, "used", (person,), grant.labels, {}), (grant.id,))

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

    # ---- counts --------------------------------------------------------------------------------------------------

    async def people_counts(self, region: str) -> CountFacts | None:
        """A region's table of people; None where the viewer may not count them."""
        regions, permits = self._office.directory.regions, self._office.permits
        if not regions.known(region):
            raise BadArgument("jurisdiction: not a region code. Use six digits (GB/T 2260) or nine (township).")
        may_count = Label.CUSTODY in permits.permitted(best_facts(self._viewer), "aggregate")
        if not may_count or not regions.is_under(region, self._viewer.jurisdiction):
            return None
        people, complete = await self._visit.counted(region)
        counted = [one for one in people if Label.CUSTODY in permits.permitted(one.decision.facts, "aggregate")]
        return tabulate(counted, region, regions, complete=complete)

    # ---- both ----------------------------------------------------------------------------------------------------

    def _token(self, where: str, person: str) -> str:
        if not is_token(person):
            raise BadId(f"{where}: not the id of a person. Use an id that this graph gave you for a Person.")
        return self._office.primary(person) or person

    async def _facts(self, person: str, root: str) -> tuple[Facts | None, bool]:
        """How the viewer stands to a person, and whether all sources answered; None for whom they may not know."""
        judged, reading = await self._visit.people.judge([person], Plan())
        one = judged.get(person)
        trace = self._visit.trace
        trace.heard(reading.outcomes, reading.problems, shown=bool(one and one.mask.is_known))
        if one is None:
            return None, True
        if not one.mask.is_known:
            trace.hid(person, one.decision, root)
            return None, True
        trace.persons[person] = None
        return one.decision.facts, not reading.problems

    async def _kept(self, change: Awaitable[Kept]) -> Kept:
        try:
            found = await change
        except apsw.Error as err:
            raise RegistersUnavailable(
                "The change could not be kept, so it does not count. Try again, or tell the gateway's operator."
            ) from err
        self._visit.renew()
        return found

    async def _refused(self, said: _Said, refusal: GatewayError, action: str | None = None) -> GatewayError:
        await self._write(said, (), "REFUSED", {"code": refusal.code}, action)
        return refusal

    async def _on_record(self, said: _Said, references: Sequence[str]) -> None:
        await self._write(said, references, "OK", {}, None)

    async def _write(
        self, said: _Said, references: Sequence[str], outcome: str, more: Mapping[str, Detail], action: str | None
    ) -> None:
        viewer = self._viewer
        await self._office.audit.append_event(
            EventRecord(
                at=datetime.now(UTC),
                kind=said.kind,
                action=action or said.action,
                outcome=outcome,
                jurisdiction=self._office.jurisdiction,
                subject=viewer.subject,
                agency=viewer.agency,
                agency_name=viewer.agency_name,
                roles=tuple(sorted(viewer.roles)),
                purpose=viewer.purpose,
                case_number=viewer.case_number,
                via=viewer.via,
                key_id=viewer.key_id,
                request_id=self._visit.request_id,
                persons=said.persons,
                labels=tuple(sorted(said.labels)),
                references=tuple(references),
                details={**said.details, **more},
            )
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """What the log says of a change, whatever comes of it."""

    kind: Kind
    action: str
    persons: tuple[str, ...]
    labels: frozenset[Label]
    details: Mapping[str, Detail]


def _of_agency(consent: Consent) -> tuple[str, ...]:
    """The recipient, where it is nobody's pseudonym."""
    return (f"agency:{consent.recipient}",) if consent.recipient_kind is Recipient.AGENCY else ()
