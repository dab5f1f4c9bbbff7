"""Consents: who may put one on record, take it back, and read it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from gateway.audit.event import Kind
from gateway.authorization.decision import Effect, Facts
from gateway.authorization.facts import best_facts
from gateway.errors import BadArgument, GatewayError
from gateway.registers.clerk import NOT_YOURS, Clerk, Said
from gateway.registers.entries import Consent, Recipient
from gateway.registers.refusals import ConsentNeedsGuardian, NotPermitted, RegistersUnavailable
from gateway.registers.shown import consent_facts
from gateway.registers.wishes import agency_code, end_of, labels_among, paper_number, purpose_for
from schema.enums import ConsentSigner, Role
from schema.label import Label
from schema.registers import ConsentFacts, ConsentWish

CONSENT: Final = "k1_"  # how their ids begin

_SUBJECT: Final = frozenset({Role.SUBJECT.name})


class Consents(Clerk):
    """The consents' side of the desk."""

    async def record_consent(self, wish: ConsentWish) -> ConsentFacts:
        """Put a consent on record."""
        person = self._token("person", wish.person)
        facts, complete = await self._facts(person, "recordConsent")
        said = Said(Kind.CONSENT, "recorded", (person,), wish.labels, {"purpose": wish.purpose})
        permitted = self._office.permits.permitted(facts, "recordConsent") if facts else {}
        if facts is None or not permitted:
            raise await self._refused(said, NotPermitted(f"person: {NOT_YOURS}"))
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
        said = Said(Kind.CONSENT, "revoked", (person,) if person else (), labels, {})
        if consent is None or facts is None or not self._may_revoke(consent, facts):
            raise await self._refused(said, NotPermitted(f"consent: {NOT_YOURS}"))
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


def _of_agency(consent: Consent) -> tuple[str, ...]:
    """The recipient, where it is nobody's pseudonym."""
    return (f"agency:{consent.recipient}",) if consent.recipient_kind is Recipient.AGENCY else ()
