"""What must hold of the policies whatever the facts, proven by Z3; a failure names facts for which it does not."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import pytest
import z3

from gateway.authorization.decision import Facts
from gateway.authorization.facts import best_facts
from gateway.policy.conditions import Polarity
from gateway.policy.model import PART, WHOLE, Model
from gateway.policy.question import values_of
from gateway.policy.rights import SEARCH, Rights
from schema.enums import Clearance, Role
from tests.gateway.authorization.people import VIEWER
from tests.gateway.policy.conftest import Changed
from tests.gateway.policy.solver import Formulas

FORMULAS = Formulas()
LABELS = sorted(FORMULAS.labels)
SHOWING = (WHOLE, PART, SEARCH)
PERSONAL = sorted(FORMULAS.members("personal"))

TIES = (
    "responsible",
    "formerly",
    "inMyTree",
    "domiciledInMyTree",
    "myDecision",
    "assigned",
    "handoffToMe",
    "legalBasis",
    "legalOrder",
    "isFamilyWithConsent",
)
PROTECTIONS = ("recordSealed", "fileSealed", "minor", "controlLifted")


def _never(*claims: object) -> None:
    found = FORMULAS.counterexample(*claims)
    assert found is None, found


@pytest.mark.parametrize("action", FORMULAS.actions)
def test_no_member_of_staff_gains_by_being_the_person(action: str) -> None:
    staff = z3.Not(FORMULAS.role["SUBJECT"])
    for label in LABELS:
        right = FORMULAS.right(action, label)
        _never(staff, FORMULAS.with_fact(right, "isSelf", True), z3.Not(FORMULAS.with_fact(right, "isSelf", False)))


@pytest.mark.parametrize("label", LABELS)
def test_whoever_sees_the_whole_may_see_a_part(label: str) -> None:
    _never(FORMULAS.allowed(WHOLE, label), z3.Not(FORMULAS.allowed(PART, label)))


@pytest.mark.parametrize("label", LABELS)
def test_a_search_is_open_only_where_the_value_is(label: str) -> None:
    _never(FORMULAS.allowed(SEARCH, label), z3.Not(FORMULAS.allowed(WHOLE, label)))


@pytest.mark.parametrize("policy", FORMULAS.bodies)
def test_no_policy_is_dead(policy: str) -> None:
    applying = [FORMULAS.applies(policy, action, label) for action in FORMULAS.actions for label in LABELS]
    assert FORMULAS.counterexample(z3.Or(applying)) is not None


@pytest.mark.parametrize("tie", TIES)
def test_a_tie_never_takes_away(tie: str) -> None:
    for action in FORMULAS.actions:
        for label in LABELS:
            right = FORMULAS.right(action, label)
            _never(FORMULAS.with_fact(right, tie, False), z3.Not(FORMULAS.with_fact(right, tie, True)))


@pytest.mark.parametrize("protection", PROTECTIONS)
def test_a_protection_never_opens(protection: str) -> None:
    for action in FORMULAS.actions:
        for label in LABELS:
            right = FORMULAS.right(action, label)
            _never(FORMULAS.with_fact(right, protection, True), z3.Not(FORMULAS.with_fact(right, protection, False)))


@pytest.mark.parametrize("register", ["consented", "breakGlass"])
def test_a_consent_or_an_emergency_opens_its_own_label_alone_and_closes_none(register: str) -> None:
    for label in LABELS:
        for action in SHOWING:
            right = FORMULAS.right(action, label)
            for (_, other), holds in FORMULAS.facts[register].items():
                with_it = z3.substitute(right, (holds, z3.BoolVal(True)))
                without = z3.substitute(right, (holds, z3.BoolVal(False)))
                _never(without, z3.Not(with_it))
                if other != label:
                    _never(with_it, z3.Not(without))


LEVELS = tuple(Clearance.__members__)


def _loses_by_clearance(formulas: Formulas) -> str | None:
    """Facts under which a viewer would have a right with one clearance that a higher one takes away."""
    clearance = formulas.facts["clearance"]
    words = [formulas.word("Clearance", level) for level in LEVELS]
    for action in formulas.actions:
        for label in formulas.labels:
            right = formulas.right(action, label)
            at = [z3.substitute(right, (clearance, word)) for word in words]
            for lower, higher in pairwise(at):
                found = formulas.counterexample(lower, z3.Not(higher))
                if found is not None:
                    return f"{action} {label}: {found}"
    return None


def test_a_higher_clearance_never_takes_away() -> None:
    assert _loses_by_clearance(FORMULAS) is None


BY_CLEARANCE = """
@id("new") @basis("a province's own rule: what lies under seal is for cleared personnel")
forbid (principal, action in Yiti::Action::"use", resource in Yiti::LabelGroup::"file")
when { principal.recordSealed }
unless { [%s].contains(principal.clearance) };
"""


def test_a_rule_by_clearance_is_proven_like_any_other(changed: Changed) -> None:
    at_least, below = (
        ", ".join(f'Yiti::Clearance::"{level}"' for level in levels) for levels in (LEVELS[1:], LEVELS[:2])
    )
    rising = Formulas(changed({"90_new.cedar": BY_CLEARANCE % at_least}))
    assert _loses_by_clearance(rising) is None
    cleared = rising.facts["clearance"] != rising.word("Clearance", "NONE")
    sealed = rising.facts["recordSealed"]
    for label in rising.members("file"):
        assert rising.counterexample(sealed, z3.Not(cleared), rising.seen(label)) is None
        assert rising.counterexample(sealed, cleared, rising.seen(label)) is not None
    falling = _loses_by_clearance(Formulas(changed({"90_new.cedar": BY_CLEARANCE % below})))
    assert falling is not None
    assert "recordSealed=True" in falling


def test_no_rule_of_ours_turns_on_clearance() -> None:
    """No article asks for one: whoever wants such a rule writes it, and says why (docs/operate.md)."""
    clearance = FORMULAS.facts["clearance"]
    words = [FORMULAS.word("Clearance", level) for level in LEVELS]
    for action in FORMULAS.actions:
        for label in LABELS:
            right = FORMULAS.right(action, label)
            for one, other in pairwise(z3.substitute(right, (clearance, word)) for word in words):
                _never(one != other)


def test_hiv_is_never_seen_without_consent() -> None:
    consented = FORMULAS.facts["consented"]["Label", "HEALTH_HIV"]
    themselves = z3.And(FORMULAS.role["SUBJECT"], FORMULAS.facts["isSelf"])
    for action in (*SHOWING, "aggregate", "breakGlass"):
        _never(FORMULAS.right(action, "HEALTH_HIV"), z3.Not(consented), z3.Not(themselves))


@pytest.mark.parametrize("label", LABELS)
def test_a_forwarded_viewer_sees_no_more_than_at_home_of_people_in_their_charge(label: str) -> None:
    """The holder knows the viewer's ties only by the asking gateway's word, so home is with every tie."""
    for action in SHOWING:
        right = FORMULAS.right(action, label)
        home = FORMULAS.with_fact(right, "forwarded", False)
        for tie in TIES:
            if tie not in {"legalBasis", "legalOrder", "isFamilyWithConsent"}:  # these the token and the person say
                home = FORMULAS.with_fact(home, tie, True)
        _never(FORMULAS.with_fact(right, "forwarded", True), z3.Not(home))


@pytest.mark.parametrize("label", LABELS)
def test_being_forwarded_never_opens_a_search(label: str) -> None:
    search = FORMULAS.right(SEARCH, label)
    _never(FORMULAS.with_fact(search, "forwarded", True), z3.Not(FORMULAS.with_fact(search, "forwarded", False)))


def test_what_stays_home_is_told_to_no_other_province_but_to_the_person() -> None:
    themselves = z3.And(FORMULAS.role["SUBJECT"], FORMULAS.facts["isSelf"])
    for label in FORMULAS.members("stays_home"):
        _never(FORMULAS.facts["forwarded"], FORMULAS.seen(label), z3.Not(themselves))


@pytest.mark.parametrize("label", PERSONAL)
def test_counting_shows_nobody(label: str) -> None:
    counting = FORMULAS.facts["purpose"] == FORMULAS.word("Purpose", "STATISTICS")
    for action in SHOWING:
        _never(counting, FORMULAS.right(action, label))


@pytest.mark.parametrize("label", PERSONAL)
def test_a_person_sees_nobody_else(label: str) -> None:
    for action in SHOWING:
        _never(FORMULAS.role["SUBJECT"], z3.Not(FORMULAS.facts["isSelf"]), FORMULAS.right(action, label))


CONFINED = {
    "CIVIL_AFFAIRS_CLERK": "eligibility",
    "EMPLOYMENT_CLERK": "eligibility",
    "MEDICAL_AID_CLERK": "eligibility",
    "TAX_CLERK": "eligibility",
    "AUDITOR": "oversight",
}


@pytest.mark.parametrize(("role", "group"), CONFINED.items())
def test_some_roles_are_confined_even_beside_others(role: str, group: str) -> None:
    for label in set(PERSONAL) - set(FORMULAS.members(group)):
        _never(FORMULAS.role[role], FORMULAS.seen(label))


def test_nobody_sees_anything_personal_without_a_tie_a_register_or_a_case() -> None:
    """Except what one's role alone opens, which is named here."""
    roles_alone = {"CIVIL_AFFAIRS_CLERK", "EMPLOYMENT_CLERK", "MEDICAL_AID_CLERK", "TAX_CLERK", "AUDITOR"}
    nothing = [z3.Not(FORMULAS.facts[name]) for name in (*TIES, "isSelf", "forwarded")]
    nothing += [z3.Not(one) for name in ("consented", "breakGlass") for one in FORMULAS.facts[name].values()]
    others = [z3.Not(FORMULAS.role[role]) for role in roles_alone]
    for label in PERSONAL:
        _never(*nothing, *others, FORMULAS.seen(label))


# ---- the diagrams say the same ----------------------------------------------------------------------------------


def test_the_diagrams_and_the_solver_know_the_same_facts(model: Model) -> None:
    rights = Rights(model)
    polarity = Polarity(rights)
    assert polarity.ties == {*TIES, "isSelf"}
    assert polarity.protections == set(PROTECTIONS)
    assert set(polarity.switches) == polarity.ties | polarity.protections | set(polarity.mixed)


@pytest.mark.parametrize("forwarded", [(), ("gateway",)], ids=["home", "forwarded"])
@pytest.mark.parametrize("case_number", [None, "A-1"])
def test_nobody_sees_a_label_that_is_not_even_fetched_for_them(
    model: Model, case_number: str | None, forwarded: tuple[str, ...]
) -> None:
    """What is never visible at best is not asked of the sources, so best must be the best there is."""
    given = {field.name: getattr(VIEWER, field.name) for field in fields(VIEWER)}
    diagrams = model.diagrams
    for role in Role:
        who = {**given, "roles": frozenset({role.name}), "case_number": case_number, "via": forwarded}
        if role is Role.SUBJECT:
            who["person"] = "person-1"
        best: Facts = best_facts(type(VIEWER)(**who))
        values = values_of(model.space, best)
        settled = ["agencyKind", "clearance", "forwarded", "legalBasis", *model.space.only(role.name)]
        settled += [name for name in values if name.startswith(("consented", "breakGlass"))]
        settled += ["isFamilyWithConsent"]  # the registers, whose best is theirs to say
        if case_number is None:
            settled.append("legalOrder")
        for purpose in model.space.values["purpose"]:
            fixed = {name: values[name] for name in settled} | {"purpose": purpose}
            for label in model.vocabulary.labels:
                whole, part = model.shown(label)
                seen = diagrams.either(whole, part)
                if diagrams.given(seen, fixed) != 0:
                    assert diagrams.holds_for(seen, values | {"purpose": purpose}), (role, purpose, label)


def test_a_broken_invariant_is_found(changed: Changed) -> None:
    guard = 'principal.consented.contains(Yiti::Label::"HEALTH_HIV")'
    opened = (
        '@id("new") @basis("an article")\n'
        'permit (principal in Yiti::Role::"HOSPITAL_DOCTOR", action in Yiti::Action::"see",'
        ' resource == Yiti::Label::"HEALTH_HIV")\n'
        'when { principal.purpose == Yiti::Purpose::"TREATMENT" && principal.responsible };\n'
    )
    broken = Formulas(changed({"90_new.cedar": opened}, {guard: f"{guard} || principal.responsible"}))
    consented = broken.facts["consented"]["Label", "HEALTH_HIV"]
    found = broken.counterexample(broken.seen("HEALTH_HIV"), z3.Not(consented), z3.Not(broken.role["SUBJECT"]))
    assert found is not None
    assert "responsible=True" in found
