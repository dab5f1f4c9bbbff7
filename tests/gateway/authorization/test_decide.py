from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from pathlib import Path

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authorization import attributes
from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect, Facts
from gateway.authorization.policy_set import PolicySet
from gateway.authorization.questions import OTHER_ACTIONS, REQUESTS, Question
from gateway.authorization.terms import REFUSED, Verdict
from schema.enums import AgencyKind, Clearance, Purpose, Role
from schema.label import Label
from tests.gateway.authorization.people import NOBODY, facts
from tests.gateway.authorization.test_policy_set import copy

AUTHORIZER = CedarAuthorizer.load()
ROLES = [role.name for role in Role]
BOOLEANS = [field.name for field in fields(Facts) if field.type == "bool"]
SETS = [field.name for field in fields(Facts) if field.type == "frozenset[Label]"]
LABELS = st.frozensets(st.sampled_from(list(Label)), max_size=4)

any_facts = st.builds(
    Facts,
    roles=st.frozensets(st.sampled_from(ROLES), min_size=1, max_size=3),
    purpose=st.sampled_from([purpose.name for purpose in Purpose]),
    agency_kind=st.sampled_from([kind.name for kind in AgencyKind]),
    clearance=st.sampled_from([level.name for level in Clearance]),
    **{name: st.booleans() for name in BOOLEANS},
    **dict.fromkeys(SETS, LABELS),
)


@settings(max_examples=150, deadline=None)
@given(any_facts)
def test_whoever_may_view_may_view_masked(known: Facts) -> None:
    whole, part = (AUTHORIZER.permitted(known, action) for action in ("view", "viewMasked"))
    assert whole.keys() <= part.keys()


def _by_the_whole(authorizer: CedarAuthorizer, known: Facts) -> dict[Question, Verdict]:
    """What Cedar says to each question by the policies as they were written; any error is a refusal."""
    viewer = authorizer.policies.vocabulary.with_added_json_str(
        attributes.viewer_of(known), authorizer.policies.schema
    )
    results = cedarpy.is_authorized_batch(list(REQUESTS.values()), authorizer.policies.rules, viewer)
    said = (
        REFUSED
        if one.diagnostics.errors
        else Verdict(one.allowed, tuple(sorted(one.diagnostics.id_annotations_by_reason.values())))
        for one in results
    )
    return dict(zip(REQUESTS, said, strict=True))


@settings(max_examples=150, deadline=None)
@given(any_facts)
def test_what_terms_answer_is_what_the_whole_policies_answer(known: Facts) -> None:
    whole = _by_the_whole(AUTHORIZER, known)
    asked = AUTHORIZER._asked(known)
    assert whole == {question: asked(question) for question in REQUESTS}
    for action in OTHER_ACTIONS:
        allowed = {label: whole[label, action].policies for label in Label if whole[label, action].allowed}
        assert AUTHORIZER.permitted(known, action) == allowed


@settings(max_examples=150, deadline=None)
@given(any_facts)
def test_what_is_not_seen_whole_may_not_be_searched_by(known: Facts) -> None:
    decision = AUTHORIZER.decide(known)
    for label in Label:
        assert decision[label].effect is Effect.ALLOW or not decision[label].may_filter


@settings(max_examples=150, deadline=None)
@given(any_facts)
def test_every_grant_can_be_explained(known: Facts) -> None:
    for grant in AUTHORIZER.decide(known).grants.values():
        assert grant.effect is Effect.DENY or all(AUTHORIZER.basis(policy) for policy in grant.policies)
        assert grant.effect is Effect.DENY or grant.policies
        assert (grant.mask is not None) == (grant.effect is Effect.MASK)


@settings(max_examples=100, deadline=None)
@given(any_facts, st.sampled_from(["record_sealed", "file_sealed", "control_lifted", "minor"]))
def test_a_protected_person_is_never_shown_more(known: Facts, protection: str) -> None:
    with_it = AUTHORIZER.decide(replace(known, **{protection: True}))
    without = AUTHORIZER.decide(replace(known, **{protection: False}))
    assert all(with_it[label].effect <= without[label].effect for label in Label)


@settings(max_examples=100, deadline=None)
@given(any_facts)
def test_no_member_of_staff_gains_by_being_the_person(known: Facts) -> None:
    staff = replace(known, roles=known.roles - {"SUBJECT"})
    themselves, others = (AUTHORIZER.decide(replace(staff, is_self=own)) for own in (True, False))
    assert all(themselves[label].effect == others[label].effect for label in Label)


@settings(max_examples=100, deadline=None)
@given(any_facts, st.text(max_size=20).filter(lambda text: text not in ROLES))
def test_an_unknown_role_is_denied_everything_even_beside_a_known_one(known: Facts, role: str) -> None:
    decision = AUTHORIZER.decide(replace(known, roles=known.roles | {role}))
    assert {grant.effect for grant in decision.grants.values()} == {Effect.DENY}


@pytest.mark.parametrize(
    "change", [{"purpose": "MARKETING"}, {"agency_kind": "BANK"}, {"clearance": "TOP"}, {"purpose": ""}]
)
def test_facts_that_the_schema_does_not_know_are_denied_everything(change: dict[str, str]) -> None:
    known = replace(facts("AFTERCARE_OFFICER", "AFTERCARE", in_my_tree=True), **change)
    assert {grant.effect for grant in AUTHORIZER.decide(known).grants.values()} == {Effect.DENY}


def test_a_missing_fact_is_an_error_and_never_a_default() -> None:
    assert all(field.default is MISSING and field.default_factory is MISSING for field in fields(Facts))
    with pytest.raises(TypeError, match="record_sealed"):
        Facts(**{name: getattr(NOBODY, name) for name in (f.name for f in fields(Facts)) if name != "record_sealed"})


def test_every_fact_reaches_the_policies() -> None:
    assert set(attributes.ATTRIBUTES) == set(BOOLEANS)
    assert set(attributes.LABEL_SETS) == set(SETS)
    assert set(BOOLEANS) | set(SETS) | set(attributes.WORDS) | {"roles"} == {field.name for field in fields(Facts)}


def test_the_same_facts_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    batch = cedarpy.is_authorized_batch

    def counting(requests: list[dict[str, object]], *rest: object) -> object:
        asked.append(len(requests))
        return batch(requests, *rest)

    monkeypatch.setattr(cedarpy, "is_authorized_batch", counting)
    authorizer = CedarAuthorizer(AUTHORIZER.policies)
    first, again = (authorizer.decide(facts("AUDITOR", "AUDIT")) for _ in range(2))
    assert first is again
    assert asked[-1] == 1  # for all labels at once
    assert len(asked) == 3  # the others make the terms


def test_what_no_policy_asks_about_is_decided_once() -> None:
    asked = replace(facts("AUDITOR", "AUDIT"), agency_kind="TAX", clearance="CORE")
    first, again = AUTHORIZER.decide(facts("AUDITOR", "AUDIT")), AUTHORIZER.decide(asked)
    assert (again.facts, again.grants) == (asked, first.grants)
    assert again.grants is first.grants
    for change in ({"minor": True}, {"purpose": "STATISTICS"}, {"consented": frozenset({Label.AUDIT})}):
        assert AUTHORIZER.decide(replace(asked, **change)).grants is not first.grants
    asking = _with_rules(
        f'{EVERYBODY} @id("G01-sealed") forbid (principal, action, resource) '
        'when { principal.clearance == Yiti::Clearance::"NONE" };'
    )
    effects = [asking.decide(one)[Label.HEALTH].effect for one in (facts("AUDITOR", "AUDIT"), asked)]
    assert effects == [Effect.DENY, Effect.ALLOW]


def test_the_memory_is_bounded() -> None:
    authorizer = CedarAuthorizer(AUTHORIZER.policies, remember=2)
    for name in ("responsible", "formerly", "minor"):
        authorizer.decide(replace(NOBODY, **{name: True}))
    assert authorizer.decide.cache_info().currsize == 2


def test_a_decision_cannot_be_changed_afterwards() -> None:
    grants = AUTHORIZER.decide(facts("AUDITOR", "AUDIT")).grants
    with pytest.raises(TypeError):
        grants[Label.DRUG_USE] = grants[Label.AUDIT]


def _with_rules(text: str) -> CedarAuthorizer:
    known = AUTHORIZER.policies
    return CedarAuthorizer(
        PolicySet(known.version, known.policies, cedarpy.PolicySet.from_str(text), known.schema, known.vocabulary)
    )


EVERYBODY = '@id("U01-public") permit (principal, action, resource);'
HERE = 'resource == Yiti::Label::"HEALTH"'
FAILING = "principal.nothing"


@pytest.mark.parametrize(
    "guard",
    [
        f"when {{ {HERE} && {FAILING} }}",
        f"when {{ {FAILING} && {HERE} }}",
        f"when {{ {HERE} || {FAILING} }}",
        f"when {{ {FAILING} || {HERE} }}",
        f"when {{ !({HERE}) || {FAILING} }}",
        f"when {{ if {HERE} then {FAILING} else true }}",
        f"when {{ {HERE} }} unless {{ {FAILING} }}",
        f"when {{ {FAILING} }} unless {{ {HERE} }}",
        'when { {"a": resource}.a == Yiti::Label::"HEALTH" && principal.minor }',
        'when { [resource, Yiti::Label::"PUBLIC"].contains(Yiti::Label::"HEALTH") }',
        'when { (if principal.minor then resource else Yiti::Label::"AUDIT") == Yiti::Label::"HEALTH" }',
        'when { action in Yiti::Action::"see" && principal.minor }',
        'when { action == Yiti::Action::"filter" } unless { principal.consented.contains(resource) }',
        "when { principal.minor } when { principal.consented.contains(resource) }",
        'when { resource is Yiti::Label in Yiti::LabelGroup::"file" && principal.minor }',
    ],
)
@pytest.mark.parametrize("minor", [True, False])
def test_terms_decide_and_fail_as_the_whole_does(guard: str, minor: bool) -> None:
    authorizer = _with_rules(f'{EVERYBODY} @id("G01-sealed") forbid (principal, action, resource) {guard};')
    known = replace(facts("AUDITOR", "AUDIT"), minor=minor, consented=frozenset({Label.CUSTODY}))
    asked = authorizer._asked(known)
    assert _by_the_whole(authorizer, known) == {question: asked(question) for question in REQUESTS}


def test_what_fails_before_a_label_is_looked_at_denies_there_as_well() -> None:
    guard = 'forbid (principal, action, resource == Yiti::Label::"AUDIT")'
    authorizer = _with_rules(f'{EVERYBODY} @id("G01-sealed") {guard} when {{ {FAILING} && {HERE} }};')
    known = facts("AUDITOR", "AUDIT")
    asked = authorizer._asked(known)
    assert _by_the_whole(authorizer, known) == {question: asked(question) for question in REQUESTS}
    assert authorizer.decide(known)[Label.AUDIT].effect is Effect.DENY


def test_a_guard_that_fails_denies_although_cedar_would_skip_it() -> None:
    broken = _with_rules(f'{EVERYBODY} @id("G01-sealed") forbid (principal, action, resource) when {{ {FAILING} }};')
    decision = broken.decide(facts("AUDITOR", "AUDIT"))
    assert {grant.effect for grant in decision.grants.values()} == {Effect.DENY}


def test_an_engine_that_refuses_the_question_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Callable[[], None]:
        raise ValueError("engine")

    authorizer = CedarAuthorizer(AUTHORIZER.policies)
    monkeypatch.setattr(cedarpy, "is_authorized_batch", refuse)
    decision = authorizer.decide(facts("AUDITOR", "AUDIT"))
    assert {grant.effect for grant in decision.grants.values()} == {Effect.DENY}


def test_the_version_changes_with_any_rule(tmp_path: Path) -> None:
    directory = copy(tmp_path)
    groups = directory / "groups.yaml"
    groups.write_text(groups.read_text(encoding="utf-8").replace("[FAMILY, HEALTH]", "[HEALTH]"), encoding="utf-8")
    assert CedarAuthorizer.load(directory).policy_version != AUTHORIZER.policy_version
    assert CedarAuthorizer.load().policy_version == AUTHORIZER.policy_version
