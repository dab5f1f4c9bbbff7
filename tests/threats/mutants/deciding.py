"""Faults in who is believed to be whom, in what is known of viewer and person, in the policies, and in deciding."""

from __future__ import annotations

from typing import Final

from tests.threats.mutants.mutant import one, rule

_FACTS = "tests/gateway/authorization/test_facts.py"
_DECIDE = "tests/gateway/authorization/test_decide.py"
_POLICIES = "tests/gateway/authorization/test_policies.py"
_GUARDS = "tests/gateway/authorization/test_guards.py"
_MASKS = "tests/gateway/authorization/test_masks.py"
_INVARIANTS = "tests/gateway/policy/test_invariants.py"
_TABLE = "tests/gateway/policy/test_tables.py::test_the_decision_table_is_what_was_last_looked_at"
_PATHS, _TELLING = "tests/threats/test_paths.py", "tests/threats/test_telling.py"
_TOKENS, _ASSERTION = "tests/gateway/tokens", "tests/gateway/federation/test_assertion.py"
_MAPPING = "tests/gateway/issuers/test_mapping.py"
_WHOLE = f"{_DECIDE}::test_what_terms_answer_is_what_the_whole_policies_answer"
_FAILING = f"{_DECIDE}::test_terms_decide_and_fail_as_the_whole_does"
_BEFORE = f"{_DECIDE}::test_what_fails_before_a_label_is_looked_at_denies_there_as_well"
_SKIPPED = f"{_DECIDE}::test_a_guard_that_fails_denies_although_cedar_would_skip_it"
_BY_EVIDENCE = f"{_FACTS}::test_each_piece_of_evidence_makes_its_own_fact"
_BY_STANDING = f"{_FACTS}::test_standing_counts_for_the_person_it_speaks_of_and_nobody_else"
_BESIDE = f"{_TELLING}::test_a_masked_number_beside_a_birth_date_leaves_hundreds"
_BY_GUARD = f"{_GUARDS}::test_a_guard_denies_what_everything_else_permits"

MUTANTS: Final = (
    # terms: Cedar is asked once for all
    one(
        "a policy that fails is no refusal",
        "authorization/terms",
        "if told.diagnostics.errors:",
        "if False:",
        _SKIPPED,
    ),
    one("a term that fails is passed over", "authorization/terms", "if told.errors:", "if False:", _SKIPPED),
    one(
        "forbids are not looked for",
        "authorization/terms",
        "forbidding = applying & self._forbid",
        "forbidding = frozenset[str]()",
        _WHOLE,
    ),
    one("a forbid permits", "authorization/terms", "bool(deciding) and not forbidding", "bool(deciding)", _WHOLE),
    one(
        "what a label settles is settled for all",
        "authorization/terms",
        'label if "resource" in variables else None',
        "None",
        _WHOLE,
    ),
    one(
        "what an action settles is settled for all",
        "authorization/terms",
        'action if "action" in variables else None',
        "None",
        _FAILING,
    ),
    one("scopes are passed over", "authorization/terms", "if name not in spoken[question]:", "if False:", _WHOLE),
    one("what fails is settled", "authorization/terms", "return name in self._given", "return True", _BEFORE),
    one(
        "what decides may come before what fails",
        "authorization/terms",
        "if right == deciding and self._cannot_fail(left):",
        "if right == deciding:",
        _BEFORE,
    ),
    one(
        "a clause that cannot hold is left out",
        "authorization/terms",
        "                return None\n            if expression",
        "                continue\n            if expression",
        _WHOLE,
    ),
    # deciding
    one(
        "what policies ask about makes no difference",
        "authorization/decide",
        "if fact not in self._asked_about()",
        "if True",
        f"{_DECIDE}::test_what_no_policy_asks_about_is_decided_once",
    ),
    one(
        "unknown words make no difference",
        "authorization/decide",
        "if self._unasked and are_known(facts) else",
        "if self._unasked else",
        f"{_DECIDE}::test_facts_that_the_schema_does_not_know_are_denied_everything",
    ),
    one(
        "an unknown role is carried along",
        "authorization/decide",
        "if not facts.roles <= _ROLES:",
        "if False:",
        f"{_DECIDE}::test_an_unknown_role_is_denied_everything_even_beside_a_known_one",
    ),
    one(
        "a mask is an allow",
        "authorization/decide",
        "(Effect.MASK if part.allowed",
        "(Effect.ALLOW if part.allowed",
        f"{_POLICIES}::test_drug_use_shows_the_year_to_the_responsible_aftercare_officer",
    ),
    one(
        "what is masked may be searched by",
        "authorization/decide",
        'may_filter=effect is Effect.ALLOW and asked((label, "filter")).allowed',
        "may_filter=effect is not Effect.DENY",
        f"{_DECIDE}::test_what_is_not_seen_whole_may_not_be_searched_by",
    ),
    one(
        "whatever is seen may be searched by",
        "authorization/decide",
        'effect is Effect.ALLOW and asked((label, "filter")).allowed',
        "effect is Effect.ALLOW",
        f"{_POLICIES}::test_role_purpose_and_ties_decide_what_is_seen",
    ),
    one(
        "masks are not hardened",
        "authorization/decide",
        "masks.harden(masks.strictest(named), label, others)",
        "masks.strictest(named)",
        f"{_POLICIES}::test_the_id_number_shows_only_its_ends_beside_a_birth_date",
    ),
    one(
        "new policies wait for a restart",
        "authorization/in_force",
        "self.current = CedarAuthorizer(policies)",
        "pass",
        "tests/gateway/policy/test_reload.py::test_new_policies_decide_from_the_next_request_on",
    ),
    one(
        "a schema may lack what is derived",
        "authorization/policy_set",
        "findings += _unfit(schema, entities)",
        "pass",
        "tests/gateway/authorization/test_policy_set.py::test_a_schema_without_a_fact_that_is_derived_stops_the_start",
    ),
    # facts
    one(
        "former ties are current ones",
        "authorization/facts",
        "agency in evidence.active_agencies or agency in evidence.police_codes",
        "agency in evidence.measure_agencies or agency in evidence.police_codes",
        _BY_EVIDENCE,
    ),
    one(
        "a domicile is a residence",
        "authorization/facts",
        "_is_under(evidence.execution_place or evidence.residence, jurisdiction)",
        "_is_under(evidence.execution_place or evidence.residence or evidence.domicile, jurisdiction)",
        _BY_EVIDENCE,
    ),
    one(
        "everybody lies in one's region",
        "authorization/facts",
        "return REGIONS.is_under(place, jurisdiction) if place and jurisdiction else False",
        "return True",
        f"{_FACTS}::test_nothing_known_means_no_tie",
    ),
    one(
        "staff gain by being the person",
        "authorization/facts",
        "[is_subject and viewer.person == evidence.person for",
        "[viewer.person == evidence.person for",
        f"{_FACTS}::test_only_the_person_themselves_is_self",
    ),
    one(
        "somebody is everybody",
        "authorization/facts",
        "[is_subject and viewer.person == evidence.person for",
        "[is_subject for",
        f"{_FACTS}::test_only_the_person_themselves_is_self",
    ),
    one(
        "any case number is an order",
        "authorization/facts",
        "[bool(case_number) and case_number in evidence.decision_numbers for",
        "[bool(case_number) for",
        f"{_FACTS}::test_a_case_number_is_a_legal_order_where_a_decision_about_the_person_bears_it",
    ),
    one("seals are ignored", "authorization/facts", "map(_SEALED, people)", "repeat(False)", _BY_EVIDENCE),
    one("minors are adults", "authorization/facts", "map(_MINOR, people)", "repeat(False)", _BY_EVIDENCE),
    one("closed files are open", "authorization/facts", "map(_CLOSED, people)", "repeat(False)", _BY_EVIDENCE),
    one(
        "a forwarded viewer counts as one's own",
        "authorization/facts",
        "repeat(viewer.forwarded)",
        "repeat(False)",
        f"{_FACTS}::test_a_viewer_of_another_gateway_is_forwarded",
    ),
    one(
        "another province's clearance counts",
        "authorization/facts",
        "return Clearance.NONE.name if viewer.forwarded else viewer.cleared",
        "return viewer.cleared",
        f"{_FACTS}::test_a_clearance_is_told_by_its_name_and_counts_for_nothing_where_another_province_says_it",
    ),
    one(
        "a consent opens everybody",
        "authorization/facts",
        "[consented.get(evidence.person, NONE) for",
        "[standing.at_best()[0] for",
        _BY_STANDING,
    ),
    one(
        "an emergency opens everybody",
        "authorization/facts",
        "[break_glass.get(evidence.person, NONE) for",
        "[standing.at_best()[1] for",
        _BY_STANDING,
    ),
    one(
        "a relative is everybody's",
        "authorization/facts",
        "[evidence.person in standing.family for",
        "[True for",
        _BY_STANDING,
    ),
    # masks
    one(
        "an unknown mask shows all",
        "authorization/masks",
        '    shorten = MASKS.get(mask or "redact", _redact)\n',
        '    shorten = MASKS.get(mask or "redact", lambda one, _kind: one)\n',
        _BESIDE,
    ),
    one("a year is the day", "authorization/masks", "return date(value.year, 1, 1) if", "return value if", _BESIDE),
    one(
        "the ends are three and two",
        "authorization/masks",
        'return "id_ends"\n    return mask',
        "return mask\n    return mask",
        _BESIDE,
    ),
    one(
        "the weakest mask wins",
        "authorization/masks",
        "return min(names, key",
        "return max(names, key",
        f"{_MASKS}::test_the_strictest_of_several_masks_is_used",
    ),
    # the policies themselves
    rule(
        "a seal closes only minors' records",
        "00_guards.cedar",
        "when { principal.recordSealed }",
        "when { principal.recordSealed && principal.minor }",
        _BY_GUARD,
    ),
    rule(
        "an emergency opens HIV",
        "00_guards.cedar",
        '|| principal.consented.contains(Yiti::Label::"HEALTH_HIV")',
        '|| principal.consented.contains(Yiti::Label::"HEALTH_HIV") || principal.legalBasis',
        _BY_GUARD,
    ),
    rule(
        "minors are guarded where a record is sealed",
        "00_guards.cedar",
        "when { principal.minor }",
        "when { principal.minor && principal.recordSealed }",
        _BY_GUARD,
    ),
    rule(
        "what stays home leaves",
        "00_guards.cedar",
        "when { principal.forwarded }\nunless",
        "when { principal.forwarded && principal.minor }\nunless",
        _BY_GUARD,
        f"{_INVARIANTS}::test_what_stays_home_is_told_to_no_other_province_but_to_the_person",
    ),
    rule("family of minors is open", "groups.yaml", "[FAMILY, HEALTH]", "[HEALTH]", _BY_GUARD),
    rule(
        "relatives see without the person's word",
        "00_guards.cedar",
        "  principal.isFamilyWithConsent && principal.consented.contains(resource) &&\n",
        "",
        _BY_GUARD,
    ),
    rule(
        "statistics show rows",
        "00_guards.cedar",
        'forbid (principal, action in Yiti::Action::"use", resource in Yiti::LabelGroup::"personal")\n'
        'when { principal.purpose == Yiti::Purpose::"STATISTICS" };',
        'forbid (principal, action == Yiti::Action::"filter", resource in Yiti::LabelGroup::"personal")\n'
        'when { principal.purpose == Yiti::Purpose::"STATISTICS" };',
        _BY_GUARD,
        f"{_INVARIANTS}::test_counting_shows_nobody",
    ),
    rule(
        "a consent to one thing opens all",
        "60_person.cedar",
        "when { principal.consented.contains(resource) };",
        'when { principal.consented.contains(Yiti::Label::"EXISTENCE") };',
        f"{_INVARIANTS}::test_a_consent_or_an_emergency_opens_its_own_label_alone_and_closes_none",
    ),
    rule(
        "an emergency in one thing opens all",
        "70_break_glass.cedar",
        "when { principal.breakGlass.contains(resource) };",
        'when { principal.breakGlass.contains(Yiti::Label::"EXISTENCE") };',
        f"{_INVARIANTS}::test_a_consent_or_an_emergency_opens_its_own_label_alone_and_closes_none",
    ),
    rule(
        "an emergency may be about HIV",
        "groups.yaml",
        "[EXISTENCE, IDENTITY, CONTACT, FAMILY, CUSTODY, DRUG_USE, HEALTH]\n  countable",
        "[EXISTENCE, IDENTITY, CONTACT, FAMILY, CUSTODY, DRUG_USE, HEALTH, HEALTH_HIV]\n  countable",
        "tests/threats/test_opening.py::test_an_emergency_never_opens_hiv_police_or_a_clerk",
    ),
    rule(
        "forwarded viewers may break glass",
        "70_break_glass.cedar",
        ".contains(principal.purpose) &&\n  !principal.forwarded\n",
        ".contains(principal.purpose)\n",
        _TABLE,
    ),
    rule(
        "whoever counts counts everywhere",
        "50_oversight.cedar",
        '"STATISTICS" && principal.inMyTree };',
        '"STATISTICS" };',
        _TABLE,
    ),
    # tokens and issuers
    one("a staff token names a person", "claims", "if at_home and len(self.roles) > 1:", "if False:", _TOKENS),
    one(
        "a token says who forwarded it",
        "tokens",
        'if not trusted.is_peer and not claims.keys().isdisjoint(("act", "via", "origin")):',
        "if False:",
        _TOKENS,
    ),
    one(
        "an assertion serves twice",
        "tokens",
        'if not await self._replay.first(checked.trusted.name, ident, float(claims["exp"]) + LEEWAY):',
        "if False:",
        _ASSERTION,
    ),
    one(
        "an assertion is bound to nothing",
        "tokens",
        "await check_bound(claims.get(CLAIM), sent)",
        "pass",
        _ASSERTION,
    ),
    one("times are not looked at", "tokens", "trusted.check(token, self._clock())", "pass", _TOKENS),
    one(
        "an issuer gives any clearance",
        "issuers/mapping",
        "if level > self._file.highest_clearance:",
        "if False:",
        _MAPPING,
    ),
    one("an issuer gives any purpose", "issuers/mapping", " if purpose in grants[str(role)]}", "}", _MAPPING),
    one(
        "an issuer gives any role",
        "issuers/mapping",
        "if any(role not in grants or (allowed is not None and role not in allowed) for role in given):",
        "if False:",
        _MAPPING,
    ),
    one(
        "an agency speaks for a wider region",
        "issuers/mapping",
        "if not _is_under(narrowed, jurisdiction):",
        "if False:",
        _MAPPING,
    ),
)
