from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect, Evidence
from gateway.authorization.facts import BOUND_ROLES, best_facts, derive_facts, never_visible, viewer_grants
from gateway.authorization.standing import Standing
from gateway.viewer import Viewer
from schema.enums import Clearance, Purpose, Role
from schema.label import Label
from tests.gateway.authorization.people import EVIDENCE, VIEWER

AUTHORIZER = CedarAuthorizer.load()
MINE = frozenset({VIEWER.agency})


def test_nothing_known_means_no_tie() -> None:
    facts = derive_facts(VIEWER, EVIDENCE)
    about_viewer = {"roles", "purpose", "agency_kind", "clearance"}
    assert not any(getattr(facts, field.name) for field in fields(facts) if field.name not in about_viewer)


@pytest.mark.parametrize(
    ("known", "tie"),
    [
        ({"active_agencies": MINE}, "responsible"),
        ({"police_codes": MINE}, "responsible"),
        ({"measure_agencies": MINE}, "formerly"),
        ({"source_agencies": MINE}, "formerly"),
        ({"decision_agencies": MINE}, "my_decision"),
        ({"domicile": "320102"}, "domiciled_in_my_tree"),
        ({"sealed": True}, "record_sealed"),
        ({"file_closed": True}, "file_sealed"),
        ({"agreement_agencies": MINE}, "assigned"),
        ({"awaiting_agencies": MINE}, "handoff_to_me"),
        ({"under_18": True}, "minor"),
        ({"control_lifted": True}, "control_lifted"),
    ],
)
def test_each_piece_of_evidence_makes_its_own_fact(known: dict[str, object], tie: str) -> None:
    plain, told = derive_facts(VIEWER, EVIDENCE), derive_facts(VIEWER, structs.replace(EVIDENCE, **known))
    assert {f.name for f in fields(plain) if getattr(plain, f.name) != getattr(told, f.name)} == {tie}


@pytest.mark.parametrize(
    ("execution", "residence", "jurisdiction", "inside"),
    [
        ("320102003", None, "320102", True),
        ("320102003", None, "320000", True),
        ("320102003", None, "320102003", True),
        ("320102003", None, "320102004", False),
        ("330106001", "320102", "320102", False),  # the execution place goes before the residence
        (None, "320102", "320102", True),
        (None, "320102", "330000", False),
        ("320684", None, "320614", True),  # 海门市 became 海门区 in 2020
        (None, None, "320102", False),
        ("320102", None, "", False),
    ],
)
def test_a_person_is_in_my_tree_by_execution_place_else_residence(
    execution: str | None, residence: str | None, jurisdiction: str, inside: bool
) -> None:
    evidence = structs.replace(EVIDENCE, execution_place=execution, residence=residence)
    assert derive_facts(replace(VIEWER, jurisdiction=jurisdiction), evidence).in_my_tree is inside


def test_only_the_person_themselves_is_self() -> None:
    subject = replace(VIEWER, roles=frozenset({"SUBJECT"}), person=EVIDENCE.person)
    assert derive_facts(subject, EVIDENCE).is_self
    assert not derive_facts(replace(subject, person="person-2"), EVIDENCE).is_self
    assert not derive_facts(replace(subject, roles=frozenset({"SUBJECT", "AUDITOR"})), EVIDENCE).is_self
    assert not derive_facts(replace(subject, roles=frozenset({"AUDITOR"})), EVIDENCE).is_self


def test_a_case_number_is_a_legal_basis_and_a_blank_one_is_none() -> None:
    assert derive_facts(replace(VIEWER, case_number="A-1"), EVIDENCE).legal_basis
    assert not derive_facts(replace(VIEWER, case_number=""), EVIDENCE).legal_basis


def test_a_case_number_is_a_legal_order_where_a_decision_about_the_person_bears_it() -> None:
    evidence = structs.replace(EVIDENCE, decision_numbers=frozenset({"A-1", ""}))
    assert derive_facts(replace(VIEWER, case_number="A-1"), evidence).legal_order
    assert not derive_facts(replace(VIEWER, case_number="A-2"), evidence).legal_order
    assert not derive_facts(replace(VIEWER, case_number=""), evidence).legal_order
    assert not derive_facts(VIEWER, evidence).legal_order


def test_standing_counts_for_the_person_it_speaks_of_and_nobody_else() -> None:
    health = frozenset({Label.EXISTENCE, Label.HEALTH})
    standing = Standing({"person-1": health}, frozenset({"person-1"}), {"person-1": health})
    mine, other = (
        derive_facts(VIEWER, structs.replace(EVIDENCE, person=person), standing)
        for person in ("person-1", "person-2")
    )
    assert (mine.consented, mine.is_family_with_consent, mine.break_glass) == (health, True, health)
    assert (other.consented, other.is_family_with_consent, other.break_glass) == (frozenset(), False, frozenset())


def test_a_viewer_of_another_gateway_is_forwarded() -> None:
    assert derive_facts(replace(VIEWER, via=("gateway.330000",)), EVIDENCE).forwarded


@pytest.mark.parametrize(("level", "name"), list(enumerate(Clearance.__members__)))
def test_a_clearance_is_told_by_its_name_and_counts_for_nothing_where_another_province_says_it(
    level: int, name: str
) -> None:
    viewer = replace(VIEWER, clearance=level)
    assert derive_facts(viewer, EVIDENCE).clearance == best_facts(viewer).clearance == name
    abroad = replace(viewer, via=("gateway.330000",))
    assert derive_facts(abroad, EVIDENCE).clearance == best_facts(abroad).clearance == "NONE"


codes = st.sampled_from([None, "320102003", "320102", "330106", "999999", ""])
agencies = st.frozensets(st.sampled_from([VIEWER.agency, "ORG-2"]))
any_viewer = st.builds(
    replace,
    st.just(VIEWER),
    roles=st.frozensets(st.sampled_from([role.name for role in Role]), min_size=1, max_size=2),
    purpose=st.sampled_from([purpose.name for purpose in Purpose]),
    case_number=st.sampled_from([None, "A-1"]),
    person=st.sampled_from([None, EVIDENCE.person]),
    via=st.sampled_from([(), ("gateway.330000",)]),
    clearance=st.integers(0, 3),
)
any_evidence = st.builds(
    Evidence,
    person=st.just(EVIDENCE.person),
    source_agencies=agencies,
    measure_agencies=agencies,
    active_agencies=agencies,
    decision_agencies=agencies,
    police_codes=agencies,
    execution_place=codes,
    residence=codes,
    domicile=codes,
    birth_year=st.none(),
    under_18=st.booleans(),
    sealed=st.booleans(),
    control_lifted=st.booleans(),
    agreement_agencies=agencies,
    awaiting_agencies=agencies,
    decision_numbers=st.frozensets(st.sampled_from(["A-1", "A-2"])),
    file_closed=st.booleans(),
)
labels = st.frozensets(st.sampled_from(list(Label)), max_size=4)
by_person = st.dictionaries(st.sampled_from([EVIDENCE.person, "person-2"]), labels)
any_standing = st.builds(
    Standing, by_person, st.frozensets(st.sampled_from([EVIDENCE.person, "person-2"])), by_person
)


@settings(max_examples=200, deadline=None)
@given(any_viewer, any_evidence, any_standing)
def test_nobody_is_shown_more_than_at_best(viewer: Viewer, evidence: Evidence, standing: Standing) -> None:
    best = AUTHORIZER.decide(best_facts(viewer, standing))
    real = AUTHORIZER.decide(derive_facts(viewer, evidence, standing))
    assert all(real[label].effect <= best[label].effect for label in Label)
    assert all(real[label].effect is Effect.DENY for label in never_visible(AUTHORIZER, viewer, standing))


def test_labels_that_a_clerk_can_never_see_need_not_be_fetched() -> None:
    clerk = replace(VIEWER, roles=frozenset({"CIVIL_AFFAIRS_CLERK"}), purpose="SUPPORT")
    assert set(Label) - never_visible(AUTHORIZER, clerk) == {Label.PUBLIC, Label.EXISTENCE, Label.ELIGIBILITY}


def test_grants_say_why_in_words_and_articles() -> None:
    grants = {grant.label: grant for grant in viewer_grants(AUTHORIZER, VIEWER)}
    assert grants[Label.CUSTODY].effect is Effect.ALLOW
    assert "戒毒条例" in grants[Label.CUSTODY].because
    assert grants[Label.POLICE].because == "No rule opens POLICE to these roles for the purpose AFTERCARE."
    assert grants[Label.HEALTH_HIV].because.startswith("G03-hiv: 艾滋病防治条例 39(2)")
    assert grants[Label.ID_NUMBER].because.startswith("Visible in part")


def test_agreements_are_read_for_every_role_whose_policies_speak_of_them() -> None:
    speaking = {
        entity.id
        for policy in AUTHORIZER.policies.rules.to_pst().static_policies.values()
        if "attr='assigned'" in repr(policy.clauses)
        for entity in [getattr(policy.principal, "entity", None)]
    }
    assert speaking == BOUND_ROLES
