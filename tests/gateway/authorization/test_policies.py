"""The table: role, purpose and ties on the left, what may be seen on the right. Everything not named is denied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect
from schema.enums import Purpose, Role
from schema.label import Label
from tests.gateway.authorization.people import facts

CORE = "EXISTENCE IDENTITY CUSTODY"

TABLE = [
    # role, purpose, ties, seen whole, seen in part, may be searched by
    (
        "FACILITY_ASSESSOR",
        "ASSESSMENT",
        "responsible",
        f"{CORE} ASSESSMENT DRUG_USE HEALTH FAMILY",
        "ID_NUMBER",
        f"{CORE} ASSESSMENT",
    ),
    ("FACILITY_ASSESSOR", "ASSESSMENT", "formerly", f"{CORE} ASSESSMENT", "", ""),
    ("FACILITY_ASSESSOR", "ASSESSMENT", "in_my_tree", "", "", ""),
    (
        "FACILITY_RELEASE_OFFICER",
        "HANDOFF",
        "formerly",
        f"{CORE} ID_NUMBER CONTACT ASSESSMENT POLICE AFTERCARE HANDOFF",
        "",
        CORE,
    ),
    (
        "FACILITY_RELEASE_OFFICER",
        "HANDOFF",
        "responsible",
        f"{CORE} ID_NUMBER CONTACT ASSESSMENT POLICE AFTERCARE HANDOFF FAMILY",
        "",
        CORE,
    ),
    ("FACILITY_RELEASE_OFFICER", "HANDOFF", "in_my_tree", "", "", ""),
    (
        "POLICE_CASE_OFFICER",
        "HANDOFF",
        "my_decision",
        f"{CORE} ID_NUMBER CONTACT POLICE ASSESSMENT DRUG_USE HANDOFF FAMILY",
        "",
        f"{CORE} ID_NUMBER CONTACT POLICE",
    ),
    (
        "POLICE_CASE_OFFICER",
        "STATUTORY_QUERY",
        "in_my_tree",
        f"{CORE} POLICE ID_NUMBER CONTACT HANDOFF",
        "",
        f"{CORE} POLICE",
    ),
    ("POLICE_CASE_OFFICER", "STATUTORY_QUERY", "", "", "", ""),
    ("POLICE_CASE_OFFICER", "STATUTORY_QUERY", "legal_basis", f"{CORE} ID_NUMBER POLICE", "", ""),
    (
        "TOWNSHIP_WORKER",
        "AFTERCARE",
        "in_my_tree",
        f"{CORE} CONTACT ASSESSMENT AFTERCARE SUPPORT HANDOFF",
        "ID_NUMBER",
        f"{CORE} CONTACT",
    ),
    (
        "TOWNSHIP_WORKER",
        "AFTERCARE",
        "responsible",
        f"{CORE} CONTACT ASSESSMENT AFTERCARE SUPPORT HANDOFF DRUG_USE FAMILY",
        "ID_NUMBER",
        f"{CORE} CONTACT",
    ),
    ("TOWNSHIP_WORKER", "HANDOFF", "domiciled_in_my_tree", f"{CORE} CONTACT", "ID_NUMBER", f"{CORE} CONTACT"),
    ("TOWNSHIP_WORKER", "AFTERCARE", "formerly", "", "", ""),
    (
        "TOWNSHIP_WORKER",
        "SUPPORT",
        "in_my_tree",
        "EXISTENCE IDENTITY CONTACT SUPPORT ELIGIBILITY",
        "",
        "",
    ),
    (
        "AFTERCARE_OFFICER",
        "AFTERCARE",
        "in_my_tree",
        f"{CORE} CONTACT AFTERCARE ASSESSMENT SUPPORT ELIGIBILITY HANDOFF",
        "ID_NUMBER",
        f"{CORE} CONTACT AFTERCARE",
    ),
    (
        "AFTERCARE_OFFICER",
        "AFTERCARE",
        "responsible",
        f"{CORE} CONTACT AFTERCARE ASSESSMENT SUPPORT ELIGIBILITY HANDOFF FAMILY",
        "ID_NUMBER DRUG_USE",
        f"{CORE} CONTACT AFTERCARE",
    ),
    (
        "AFTERCARE_OFFICER",
        "AFTERCARE",
        "domiciled_in_my_tree",
        f"{CORE} CONTACT AFTERCARE ASSESSMENT SUPPORT ELIGIBILITY HANDOFF",
        "ID_NUMBER",
        f"{CORE} CONTACT AFTERCARE",
    ),
    ("AFTERCARE_OFFICER", "AFTERCARE", "formerly", "", "", ""),
    ("AFTERCARE_OFFICER", "AFTERCARE", "forwarded", f"{CORE} AFTERCARE HANDOFF", "", ""),
    ("FACILITY_RELEASE_OFFICER", "HANDOFF", "forwarded", f"{CORE} AFTERCARE HANDOFF", "", ""),
    ("FACILITY_ASSESSOR", "ASSESSMENT", "forwarded", "", "", ""),
    ("CIVIL_AFFAIRS_CLERK", "SUPPORT", "", "EXISTENCE ELIGIBILITY", "", ""),
    ("CIVIL_AFFAIRS_CLERK", "SUPPORT", "responsible in_my_tree legal_basis", "EXISTENCE ELIGIBILITY", "", ""),
    ("AUDITOR", "AUDIT", "", "EXISTENCE AUDIT", "", "EXISTENCE AUDIT"),
    ("AUDITOR", "AUDIT", "responsible in_my_tree legal_basis", "EXISTENCE AUDIT", "", "EXISTENCE AUDIT"),
    ("CENTRE_OFFICER", "AFTERCARE", "in_my_tree formerly", "", "", ""),
    (
        "CENTRE_OFFICER",
        "AFTERCARE",
        "responsible",
        f"{CORE} CONTACT ASSESSMENT DRUG_USE FAMILY AFTERCARE SUPPORT HANDOFF",
        "ID_NUMBER",
        f"{CORE} CONTACT",
    ),
    ("CENTRE_OFFICER", "HANDOFF", "handoff_to_me", f"{CORE} ASSESSMENT HANDOFF", "ID_NUMBER", ""),
    ("FACILITY_RELEASE_OFFICER", "HANDOFF", "handoff_to_me", f"{CORE} ID_NUMBER POLICE HANDOFF", "", ""),
    ("TOWNSHIP_WORKER", "HANDOFF", "handoff_to_me", f"{CORE} CONTACT ASSESSMENT HANDOFF", "", ""),
    ("TOWNSHIP_WORKER", "AFTERCARE", "handoff_to_me", "", "", ""),
    (
        "DYNAMIC_CONTROL_OFFICER",
        "HANDOFF",
        "in_my_tree",
        f"{CORE} ID_NUMBER CONTACT POLICE DRUG_USE HANDOFF",
        "",
        f"{CORE} ID_NUMBER CONTACT POLICE",
    ),
    (
        "DYNAMIC_CONTROL_OFFICER",
        "STATUTORY_QUERY",
        "domiciled_in_my_tree",
        f"{CORE} ID_NUMBER CONTACT POLICE",
        "",
        f"{CORE} ID_NUMBER CONTACT POLICE",
    ),
    ("DYNAMIC_CONTROL_OFFICER", "HANDOFF", "handoff_to_me", f"{CORE} HANDOFF", "", ""),
    ("DYNAMIC_CONTROL_OFFICER", "HANDOFF", "my_decision formerly", "", "", ""),
    (
        "POLICE_CASE_OFFICER",
        "STATUTORY_QUERY",
        "legal_basis legal_order",
        f"{CORE} ID_NUMBER POLICE CONTACT ASSESSMENT DRUG_USE HANDOFF",
        "",
        "",
    ),
    ("SOCIAL_WORKER", "AFTERCARE", "in_my_tree formerly", "", "", ""),
    (
        "SOCIAL_WORKER",
        "AFTERCARE",
        "assigned",
        f"{CORE} CONTACT AFTERCARE SUPPORT HANDOFF",
        "",
        "EXISTENCE IDENTITY CONTACT",
    ),
    ("SOCIAL_WORKER", "SUPPORT", "assigned", "EXISTENCE IDENTITY CONTACT SUPPORT ELIGIBILITY", "", ""),
    ("HOSPITAL_DOCTOR", "TREATMENT", "in_my_tree", "", "", ""),
    (
        "HOSPITAL_DOCTOR",
        "TREATMENT",
        "formerly",
        "EXISTENCE IDENTITY CONTACT FAMILY DRUG_USE HEALTH",
        "ID_NUMBER",
        "EXISTENCE IDENTITY",
    ),
    ("EMPLOYMENT_CLERK", "SUPPORT", "responsible in_my_tree", "EXISTENCE ELIGIBILITY", "", ""),
    ("MEDICAL_AID_CLERK", "SUPPORT", "formerly", "EXISTENCE ELIGIBILITY", "", ""),
    ("TAX_CLERK", "SUPPORT", "", "EXISTENCE ELIGIBILITY", "", ""),
    ("LEGAL_AID_OFFICER", "SUPPORT", "responsible in_my_tree formerly", "", "", ""),
    ("STATISTICIAN", "STATISTICS", "in_my_tree responsible formerly", "", "", ""),
    ("SUPERVISOR", "AUDIT", "in_my_tree", "EXISTENCE HANDOFF", "", ""),
    ("SUPERVISOR", "AUDIT", "responsible formerly", "", "", ""),
    ("SUPERVISOR", "STATISTICS", "in_my_tree", "", "", ""),
    ("RELATIVE", "OWN_ACCESS", "is_self in_my_tree is_family_with_consent", "", "", ""),
    ("SUBJECT", "OWN_ACCESS", "", "", "", ""),
    ("SUBJECT", "OWN_ACCESS", "is_self", " ".join(x for x in Label if x is not Label.PUBLIC), "", ""),
]


@pytest.mark.parametrize(("role", "purpose", "ties", "whole", "part", "search"), TABLE)
def test_role_purpose_and_ties_decide_what_is_seen(
    authorizer: CedarAuthorizer, role: str, purpose: str, ties: str, whole: str, part: str, search: str
) -> None:
    decision = authorizer.decide(facts(role, purpose, **dict.fromkeys(ties.split(), True)))
    seen = {
        effect: {x.value for x in Label if decision[x].effect is effect and x is not Label.PUBLIC}
        for effect in Effect
    }
    assert seen[Effect.ALLOW] == set(whole.split())
    assert seen[Effect.MASK] == set(part.split())
    assert {x.value for x in Label if decision[x].may_filter and x is not Label.PUBLIC} == set(search.split())


SERVES = {
    "TREATMENT": {"HOSPITAL_DOCTOR"},
    "ASSESSMENT": {"FACILITY_ASSESSOR"},
    "HANDOFF": {
        "FACILITY_RELEASE_OFFICER",
        "CENTRE_OFFICER",
        "POLICE_CASE_OFFICER",
        "DYNAMIC_CONTROL_OFFICER",
        "TOWNSHIP_WORKER",
        "AFTERCARE_OFFICER",
    },
    "AFTERCARE": {"CENTRE_OFFICER", "TOWNSHIP_WORKER", "SOCIAL_WORKER", "AFTERCARE_OFFICER"},
    "SUPPORT": {
        "CIVIL_AFFAIRS_CLERK",
        "EMPLOYMENT_CLERK",
        "MEDICAL_AID_CLERK",
        "TAX_CLERK",
        "LEGAL_AID_OFFICER",
        "TOWNSHIP_WORKER",
        "SOCIAL_WORKER",
        "AFTERCARE_OFFICER",
    },
    "STATUTORY_QUERY": {"POLICE_CASE_OFFICER", "DYNAMIC_CONTROL_OFFICER"},
    "STATISTICS": set(),  # counts, but nobody's row
    "AUDIT": {"AUDITOR", "SUPERVISOR"},
    "OWN_ACCESS": {"SUBJECT", "RELATIVE"},
}
TIES = (
    "responsible",
    "formerly",
    "in_my_tree",
    "domiciled_in_my_tree",
    "my_decision",
    "assigned",
    "handoff_to_me",
    "legal_basis",
    "legal_order",
    "is_self",
    "is_family_with_consent",
)


@pytest.mark.parametrize("role", [role.name for role in Role])
@pytest.mark.parametrize("purpose", [purpose.name for purpose in Purpose])
def test_a_purpose_opens_something_exactly_to_the_roles_that_serve_it(
    authorizer: CedarAuthorizer, role: str, purpose: str
) -> None:
    opened = frozenset(Label)
    everything = {**dict.fromkeys(TIES, True), "consented": opened, "break_glass": opened}
    decision = authorizer.decide(facts(role, purpose, **everything))
    personal = [label for label in Label if label is not Label.PUBLIC and decision[label].effect is not Effect.DENY]
    assert bool(personal) == (role in SERVES[purpose])


@pytest.mark.parametrize("role", [role.name for role in Role])
def test_public_is_open_to_every_role(authorizer: CedarAuthorizer, role: str) -> None:
    assert authorizer.decide(facts(role, "AUDIT"))[Label.PUBLIC].effect is Effect.ALLOW


def test_two_roles_add_up_within_one_purpose(authorizer: CedarAuthorizer) -> None:
    worker = facts("TOWNSHIP_WORKER", "AFTERCARE", in_my_tree=True)
    both = replace(worker, roles=worker.roles | {"AFTERCARE_OFFICER"})
    assert authorizer.decide(worker)[Label.ELIGIBILITY].effect is Effect.DENY
    assert authorizer.decide(both)[Label.ELIGIBILITY].effect is Effect.ALLOW


def test_the_id_number_shows_only_its_ends_beside_a_birth_date(authorizer: CedarAuthorizer) -> None:
    grant = authorizer.decide(facts("AFTERCARE_OFFICER", "AFTERCARE", in_my_tree=True))[Label.ID_NUMBER]
    assert (grant.effect, grant.mask) == (Effect.MASK, "id_ends")


def test_drug_use_shows_the_year_to_the_responsible_aftercare_officer(authorizer: CedarAuthorizer) -> None:
    grant = authorizer.decide(facts("AFTERCARE_OFFICER", "AFTERCARE", responsible=True))[Label.DRUG_USE]
    assert (grant.effect, grant.mask) == (Effect.MASK, "year_only")


def test_every_grant_names_its_policies(authorizer: CedarAuthorizer) -> None:
    decision = authorizer.decide(facts("AUDITOR", "AUDIT"))
    assert decision[Label.AUDIT].policies == ("O01-auditor",)
    assert "G07-auditor-oversight-only" in decision[Label.CUSTODY].policies


def test_the_reason_shown_is_coarse(authorizer: CedarAuthorizer) -> None:
    sealed = authorizer.decide(facts("TOWNSHIP_WORKER", "AFTERCARE", in_my_tree=True, record_sealed=True))
    stranger = authorizer.decide(facts("TOWNSHIP_WORKER", "AFTERCARE"))
    assert {sealed[x].reason for x in Label} == {stranger[x].reason for x in Label} == {"granted", "not_permitted"}


CONSENTED = frozenset({Label.EXISTENCE, Label.HEALTH, Label.POLICE})


@pytest.mark.parametrize(
    ("role", "purpose"),
    [("HOSPITAL_DOCTOR", "TREATMENT"), ("LEGAL_AID_OFFICER", "SUPPORT"), ("SOCIAL_WORKER", "AFTERCARE")],
)
def test_a_consent_opens_what_it_names_and_a_person_may_open(
    authorizer: CedarAuthorizer, role: str, purpose: str
) -> None:
    decision = authorizer.decide(facts(role, purpose, consented=CONSENTED))
    seen = {label for label in Label if decision[label].effect is Effect.ALLOW}
    assert seen == {Label.PUBLIC, Label.EXISTENCE, Label.HEALTH}
    assert not any(decision[label].may_filter for label in CONSENTED)


def test_a_consent_opens_no_sealed_record(authorizer: CedarAuthorizer) -> None:
    decision = authorizer.decide(facts("HOSPITAL_DOCTOR", "TREATMENT", consented=CONSENTED, record_sealed=True))
    assert all(decision[label].effect is Effect.DENY for label in CONSENTED)


def test_an_emergency_opens_what_it_names_but_never_hiv(authorizer: CedarAuthorizer) -> None:
    opened = frozenset({Label.EXISTENCE, Label.HEALTH, Label.HEALTH_HIV, Label.POLICE})
    decision = authorizer.decide(facts("HOSPITAL_DOCTOR", "TREATMENT", break_glass=opened))
    assert {label for label in opened if decision[label].effect is Effect.ALLOW} == {Label.EXISTENCE, Label.HEALTH}
    assert decision[Label.HEALTH].policies == ("B01-break-glass",)


def test_an_emergency_opens_nothing_to_a_role_that_is_not_named(authorizer: CedarAuthorizer) -> None:
    decision = authorizer.decide(facts("CIVIL_AFFAIRS_CLERK", "SUPPORT", break_glass=frozenset(Label)))
    assert decision[Label.CONTACT].effect is Effect.DENY


MAY = [
    # action, role, purpose, ties, labels of which some are permitted
    ("aggregate", "STATISTICIAN", "STATISTICS", "in_my_tree", "CUSTODY ASSESSMENT AFTERCARE SUPPORT HANDOFF"),
    (
        "aggregate",
        "SUPERVISOR",
        "STATISTICS",
        "in_my_tree record_sealed",
        "CUSTODY ASSESSMENT AFTERCARE SUPPORT HANDOFF",
    ),
    ("aggregate", "STATISTICIAN", "STATISTICS", "", ""),
    ("aggregate", "SUPERVISOR", "AUDIT", "in_my_tree", ""),
    ("aggregate", "AFTERCARE_OFFICER", "AFTERCARE", "in_my_tree", ""),
    ("breakGlass", "HOSPITAL_DOCTOR", "TREATMENT", "", "EXISTENCE IDENTITY CONTACT FAMILY CUSTODY DRUG_USE HEALTH"),
    ("breakGlass", "HOSPITAL_DOCTOR", "TREATMENT", "forwarded", ""),
    ("breakGlass", "HOSPITAL_DOCTOR", "SUPPORT", "", ""),
    ("breakGlass", "CIVIL_AFFAIRS_CLERK", "SUPPORT", "", ""),
    ("breakGlass", "AUDITOR", "AUDIT", "", ""),
    ("reviewBreakGlass", "AUDITOR", "AUDIT", "", "AUDIT"),
    ("reviewBreakGlass", "SUPERVISOR", "AUDIT", "", "AUDIT"),
    ("reviewBreakGlass", "HOSPITAL_DOCTOR", "TREATMENT", "responsible", ""),
    ("recordConsent", "SUBJECT", "OWN_ACCESS", "", ""),
    ("recordConsent", "AFTERCARE_OFFICER", "AFTERCARE", "forwarded in_my_tree", ""),
    ("recordConsent", "AFTERCARE_OFFICER", "AFTERCARE", "domiciled_in_my_tree", ""),
    ("recordConsent", "TOWNSHIP_WORKER", "AFTERCARE", "in_my_tree", ""),
    ("recordConsent", "RELATIVE", "OWN_ACCESS", "is_family_with_consent", ""),
]


@pytest.mark.parametrize(("action", "role", "purpose", "ties", "labels"), MAY)
def test_who_may_do_what_besides_seeing(
    authorizer: CedarAuthorizer, action: str, role: str, purpose: str, ties: str, labels: str
) -> None:
    known = facts(role, purpose, **dict.fromkeys(ties.split(), True))
    assert {label.value for label in authorizer.permitted(known, action)} == set(labels.split())


@pytest.mark.parametrize(
    ("role", "purpose", "tie"),
    [("SUBJECT", "OWN_ACCESS", "is_self"), ("FACILITY_RELEASE_OFFICER", "HANDOFF", "formerly")],
)
def test_the_person_and_who_holds_the_paper_may_record_a_consent(
    authorizer: CedarAuthorizer, role: str, purpose: str, tie: str
) -> None:
    permitted = authorizer.permitted(facts(role, purpose, **{tie: True}), "recordConsent")
    assert Label.HEALTH_HIV in permitted
    assert not permitted.keys() & {Label.POLICE, Label.ID_NUMBER, Label.AUDIT, Label.PUBLIC}
