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
    "ASSESSMENT": {"FACILITY_ASSESSOR"},
    "HANDOFF": {"FACILITY_RELEASE_OFFICER", "POLICE_CASE_OFFICER", "TOWNSHIP_WORKER", "AFTERCARE_OFFICER"},
    "AFTERCARE": {"TOWNSHIP_WORKER", "AFTERCARE_OFFICER"},
    "SUPPORT": {"CIVIL_AFFAIRS_CLERK", "TOWNSHIP_WORKER", "AFTERCARE_OFFICER"},
    "STATUTORY_QUERY": {"POLICE_CASE_OFFICER"},
    "AUDIT": {"AUDITOR"},
    "OWN_ACCESS": {"SUBJECT"},
}
TIES = ("responsible", "formerly", "in_my_tree", "domiciled_in_my_tree", "my_decision", "legal_basis", "is_self")


@pytest.mark.parametrize("role", [role.name for role in Role])
@pytest.mark.parametrize("purpose", [purpose.name for purpose in Purpose])
def test_a_purpose_opens_something_exactly_to_the_roles_that_serve_it(
    authorizer: CedarAuthorizer, role: str, purpose: str
) -> None:
    decision = authorizer.decide(facts(role, purpose, **dict.fromkeys(TIES, True)))
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
    sealed = authorizer.decide(facts("TOWNSHIP_WORKER", "AFTERCARE", in_my_tree=True, sealed=True))
    stranger = authorizer.decide(facts("TOWNSHIP_WORKER", "AFTERCARE"))
    assert {sealed[x].reason for x in Label} == {stranger[x].reason for x in Label} == {"granted", "not_permitted"}
