from __future__ import annotations

import pytest

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect
from gateway.authorization.policy_set import DIRECTORY, read_policies
from gateway.policy.diff import GAINS, LOSES, Change, Difference, diff
from gateway.policy.model import models_of
from gateway.policy.question import facts_of, parsed
from schema.label import Label
from tests.gateway.policy.conftest import Changed

ON = '@id("new") @basis("an article")\n'
OPENS = (
    f'{ON}permit (principal in Yiti::Role::"TOWNSHIP_WORKER", action in Yiti::Action::"see",'
    ' resource == Yiti::Label::"HEALTH")\n'
    'when { principal.purpose == Yiti::Purpose::"AFTERCARE" && principal.formerly && principal.domiciledInMyTree };\n'
)


def _difference(changed: Changed, files: dict[str, str] | None = None, **replaced: str) -> Difference:
    return diff(read_policies(DIRECTORY), read_policies(changed(files, replaced.get("replaced"))))  # type: ignore[arg-type]  # one mapping


def _found(difference: Difference) -> set[tuple[str, tuple[str, ...], str, str, str]]:
    """What somebody of one role meets; a guard that another role lifts may make it more for somebody of two."""
    assert all("TOWNSHIP_WORKER" in one.roles for one in difference.changes)
    return {
        (one.kind, one.roles, one.purpose, one.label, one.action) for one in difference.changes if len(one.roles) == 1
    }


def test_the_same_policies_change_nothing() -> None:
    policies = read_policies(DIRECTORY)
    assert diff(policies, policies).changes == ()


def test_who_gains_is_named_with_every_right_and_nothing_else(changed: Changed) -> None:
    difference = _difference(changed, {"90_new.cedar": OPENS})
    who = (GAINS, ("TOWNSHIP_WORKER",), "AFTERCARE", "HEALTH")
    assert _found(difference) == {(*who, "view"), (*who, "viewMasked")}
    assert difference.gains
    assert [policy.id for policy in difference.added] == ["new"]


def test_the_other_way_round_it_is_lost(changed: Changed) -> None:
    difference = diff(read_policies(changed({"90_new.cedar": OPENS})), read_policies(DIRECTORY))
    assert {one.kind for one in difference.changes} == {LOSES}
    assert not difference.gains


def test_cedar_confirms_every_witness(changed: Changed) -> None:
    directory = changed({"90_new.cedar": OPENS})
    old, new = read_policies(DIRECTORY), read_policies(directory)
    model = models_of([old])[0]
    changes = diff(old, new).changes
    assert changes
    for change in changes:
        facts = facts_of(model.space, parsed(model.space, change.words.split()))
        before, after = (CedarAuthorizer(one).decide(facts)[Label(change.label)] for one in (old, new))
        assert (before.effect, after.effect) == (Effect.DENY, Effect.ALLOW)
        assert after.policies == change.after == ("new",)


def _mask(name: str) -> str:
    return (
        f'{ON}@mask("{name}")\n'
        'permit (principal in Yiti::Role::"TOWNSHIP_WORKER", action == Yiti::Action::"viewMasked",'
        ' resource == Yiti::Label::"HEALTH")\n'
        'when { principal.purpose == Yiti::Purpose::"SUPPORT" && principal.responsible };\n'
    )


@pytest.mark.parametrize(
    ("before", "after", "kind"), [("year_only", "name_initial", GAINS), ("id_edges", "redact", LOSES)]
)
def test_a_looser_mask_is_a_gain(changed: Changed, before: str, after: str, kind: str) -> None:
    old, new = (read_policies(changed({"90_new.cedar": _mask(name)})) for name in (before, after))
    assert _found(diff(old, new)) == {(kind, ("TOWNSHIP_WORKER",), "SUPPORT", "HEALTH", "mask")}


def test_what_only_two_roles_together_gain_is_found(changed: Changed) -> None:
    together = OPENS.replace(
        "principal.formerly &&", 'principal in Yiti::Role::"HOSPITAL_DOCTOR" && principal.formerly &&'
    )
    changes: tuple[Change, ...] = _difference(changed, {"90_new.cedar": together}).changes
    assert {one.roles for one in changes} == {("TOWNSHIP_WORKER", "HOSPITAL_DOCTOR")}
    assert all("TOWNSHIP_WORKER,HOSPITAL_DOCTOR" in one.words for one in changes)


def test_a_role_that_no_token_bears_beside_another_gains_nothing(changed: Changed) -> None:
    impossible = OPENS.replace("principal.formerly &&", 'principal in Yiti::Role::"SUBJECT" && principal.formerly &&')
    assert _difference(changed, {"90_new.cedar": impossible}).changes == ()


def test_another_article_is_told_though_nothing_changes(changed: Changed) -> None:
    old = read_policies(DIRECTORY)
    basis = old.policies["U01-public"].basis
    new = read_policies(changed(replaced={basis: "another article"}))
    difference = diff(old, new)
    assert difference.changes == ()
    assert [(before.basis, after.basis) for before, after in difference.rebased] == [(basis, "another article")]
