"""Faults in what opens for a time: consents, emergency accesses, their reviews, and what their mutations return."""

from __future__ import annotations

from typing import Final

from tests.threats.mutants.mutant import one

_OPENING, _PATHS = "tests/threats/test_opening.py", "tests/threats/test_paths.py"
_GLASS = "tests/gateway/registers/test_break_glass.py"
_CONSENTS = "tests/gateway/registers/test_consents.py"
_STANDING = "tests/gateway/registers/test_standing.py"
_EMERGENCY = f"{_OPENING}::test_an_emergency_opens_one_person_some_labels_and_half_an_hour"
_REVIEW = f"{_OPENING}::test_a_review_ends_an_emergency_and_is_made_by_somebody_else"
_NEVER = f"{_OPENING}::test_an_emergency_never_opens_hiv_police_or_a_clerk"
_GONE = f"{_OPENING}::test_a_consent_is_gone_with_the_next_request"
_NODE = f"{_CONSENTS}::test_node_gives_a_consent_to_those_who_may_read_it"

MUTANTS: Final = (
    # what is in force
    one(
        "a revoked consent opens",
        "registers/entries",
        "return self.revoked_at is None and self.recorded_at",
        "return self.recorded_at",
        _GONE,
    ),
    one(
        "a consent never ends",
        "registers/entries",
        "self.recorded_at <= now < self.expires_at",
        "self.recorded_at <= now",
        f"{_OPENING}::test_a_consent_opens_nothing_of_somebody_else_and_ends_by_itself",
    ),
    one(
        "an emergency never ends",
        "registers/entries",
        "self.granted_at <= now < self.expires_at and self.review is None",
        "self.review is None",
        _EMERGENCY,
    ),
    one(
        "a review ends nothing",
        "registers/entries",
        "self.granted_at <= now < self.expires_at and self.review is None",
        "self.granted_at <= now < self.expires_at",
        _REVIEW,
    ),
    one(
        "a forwarded viewer breaks glass",
        "registers/register",
        "if not viewer.forwarded else None",
        "if True else None",
        _EMERGENCY,
    ),
    one(
        "a consent for any purpose",
        "registers/register",
        "return self._to.get((Recipient.AGENCY, viewer.agency, viewer.purpose), ())",
        "return [one for key, found in self._to.items() if key[1] == viewer.agency for one in found]",
        _STANDING,
    ),
    one(
        "an emergency is everybody's of one name",
        "registers/register",
        "self._of.get((viewer.issuer, viewer.subject, viewer.agency)) if",
        "next((found for (_, name, _), found in self._of.items() if name == viewer.subject), None) if",
        _EMERGENCY,
    ),
    one(
        "a consent to one relative is every relative's",
        "registers/register",
        "            and (self._primary(recipient) or recipient) == person\n",
        "",
        f"{_CONSENTS}::test_a_relative_sees_what_the_person_opened_and_nothing_of_anybody_else",
        _STANDING,
    ),
    one(
        "staff with a consent are family",
        "registers/register",
        "family = frozenset(consented) if viewer.roles == _RELATIVE else frozenset()",
        "family = frozenset(consented)",
        _STANDING,
    ),
    one(
        "a new entry waits",
        "registers/register",
        "        if version == self._version:\n            return\n",
        "        if self._version >= 0:\n            return\n",
        f"{_CONSENTS}::test_what_another_process_writes_counts_at_once",
    ),
    # who may change what
    one(
        "anybody records a consent",
        "registers/consents",
        "if facts is None or not permitted:",
        "if facts is None:",
        f"{_CONSENTS}::test_who_knows_a_person_may_still_not_record_their_consent",
    ),
    one(
        "a consent may be about anything",
        "registers/consents",
        "labels = labels_among(wish.labels, permitted)",
        "labels = frozenset(wish.labels)",
        f"{_CONSENTS}::test_a_wrong_input_is_said_without_repeating_it",
    ),
    one(
        "minors consent for themselves",
        "registers/consents",
        "if facts.minor and wish.signed_by != ConsentSigner.GUARDIAN.name:",
        "if False:",
        f"{_CONSENTS}::test_for_a_minor_the_guardian_signs",
    ),
    one(
        "it does not matter who must sign",
        "registers/consents",
        "if not complete:",
        "if False:",
        f"{_CONSENTS}::test_nothing_is_recorded_while_it_cannot_be_told_who_must_sign",
    ),
    one(
        "anybody takes a consent back",
        "registers/consents",
        "return facts.is_self or consent.recorded_by.agency == self._viewer.agency",
        "return True",
        f"{_CONSENTS}::test_an_office_records_a_signed_paper_and_takes_it_back",
    ),
    one(
        "anybody breaks glass",
        "registers/emergencies",
        "        if not permitted:\n",
        "        if False:\n",
        f"{_GLASS}::test_others_are_refused_and_that_is_on_record",
    ),
    one(
        "anybody opens anything",
        "registers/emergencies",
        "labels=labels_among(wish.labels, permitted),",
        "labels=wish.labels,",
        _NEVER,
    ),
    one(
        "no limit to emergencies",
        "registers/emergencies",
        ">= MOST_IN_FORCE:",
        ">= 10**9:",
        f"{_GLASS}::test_nobody_holds_more_than_five_at_once",
    ),
    one(
        "anybody reviews",
        "registers/emergencies",
        'return Label.AUDIT in self._office.permits.permitted(best_facts(self._viewer), "reviewBreakGlass")',
        "return True",
        f"{_GLASS}::test_a_review_is_made_once_by_somebody_else_of_the_region",
        f"{_GLASS}::test_reviewers_find_what_waits_and_what_is_late",
    ),
    one("one reviews oneself", "registers/emergencies", " and grant.by.subject != self._viewer.subject", "", _REVIEW),
    one(
        "reviews from anywhere",
        "registers/emergencies",
        "return self._is_reviewer() and self._is_of_my_region(grant) and grant",
        "return self._is_reviewer() and grant",
        _REVIEW,
    ),
    # what is on record
    one(
        "an emergency opens without a record",
        "registers/emergencies",
        "        await self._on_record(said, (grant.id,))\n        await self._kept(self._office.registers.open",
        "        await self._kept(self._office.registers.open",
        f"{_GLASS}::test_nothing_opens_where_the_log_cannot_be_written",
    ),
    one(
        "a use of an emergency is not on record",
        "execution/engine",
        "if any(told.decision.facts.break_glass for told in trace.shown):",
        "if False:",
        f"{_GLASS}::test_the_grant_each_use_and_the_review_are_on_record",
    ),
    # what entries and payloads show
    one(
        "consents are anybody's to read",
        "registers/consents",
        "if self._viewer.roles == _SUBJECT and person != self._viewer.person:",
        "if False:",
        _NODE,
    ),
    one(
        "consents are read without the label",
        "registers/consents",
        " or self._office.permits.decide(best_facts(self._viewer))[Label.AUDIT].effect < Effect.ALLOW:",
        ":",
        _NODE,
    ),
    one(
        "consents stand beside any person",
        "registers/consents",
        "        if not any(one.label == Label.AUDIT.value and one.effect == Effect.ALLOW.name for one in decided):\n"
        "            return None\n",
        "",
        f"{_CONSENTS}::test_consents_are_read_by_the_person_and_by_auditors",
    ),
    one(
        "an emergency is anybody's to read",
        "registers/emergencies",
        "if grant is None or not (self._is_mine(grant) or (self._is_reviewer() and self._is_of_my_region(grant))):",
        "if grant is None:",
        f"{_GLASS}::test_a_reviewer_reads_what_was_asked_under_it",
    ),
    one(
        "a payload shows what the registers said before",
        "registers/clerk",
        "        self._visit.renew()\n",
        "",
        f"{_CONSENTS}::test_a_change_counts_for_the_next_root_field_of_the_same_request",
        f"{_PATHS}::test_what_a_mutation_returns_is_masked_like_a_query",
    ),
    one(
        "a change tells of whom one may not know",
        "registers/clerk",
        "        if not one.mask.is_known:\n"
        "            trace.hid(person, one.decision, root)\n            return None, True\n",
        "",
        f"{_PATHS}::test_a_change_to_somebody_sealed_in_ones_region_is_as_to_somebody_unknown",
    ),
)
