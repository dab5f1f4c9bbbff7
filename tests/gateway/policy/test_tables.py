"""docs/policy.md and the decision table are computed from the policies in force, and kept so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.matrix import matrix
from gateway.policy.model import Model, model_of
from gateway.policy.snapshot import snapshot
from tests.gateway.policy.conftest import Changed

ROOT = Path(__file__).parents[3]
PAGE, TABLE = ROOT / "docs" / "policy.md", Path(__file__).with_name("decisions.txt")


def test_the_page_says_what_the_policies_say(model: Model) -> None:
    assert matrix(model) == PAGE.read_text(encoding="utf-8"), "make policy"


def test_the_decision_table_is_what_was_last_looked_at(model: Model) -> None:
    before, now = TABLE.read_text(encoding="utf-8").splitlines(), snapshot(model).splitlines()
    changed = [f"- {line}" for line in before if line not in now] + [
        f"+ {line}" for line in now if line not in before
    ]
    assert not changed, "decisions changed; if they are meant to: make policy\n" + "\n".join(changed)


def test_the_page_names_every_policy_with_its_article(model: Model) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for policy in model.policies.values():
        number = policy.id.partition("-")[0]
        assert policy.basis in page
        assert f"[{policy.id}]" in page if policy.forbids else f"**{number}**" in page


ASSESSED = 'principal.purpose == Yiti::Purpose::"ASSESSMENT" && principal.responsible'
SAME = {
    "alternatives the other way round": {
        "principal.responsible || principal.formerly": "principal.formerly || principal.responsible"
    },
    "a test that says nothing": {
        f"{ASSESSED} }};": f"{ASSESSED} && (principal.minor || !principal.minor) }};",
    },
}


def _rewritten(changed: Changed, replaced: dict[str, str]) -> Path:
    """The policies with a text replaced wherever it stands."""
    directory = changed()
    for path in directory.glob("*.cedar"):
        text = path.read_text(encoding="utf-8")
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    return directory


@pytest.mark.parametrize("replaced", SAME.values(), ids=SAME)
def test_policies_that_decide_alike_have_one_table(model: Model, changed: Changed, replaced: dict[str, str]) -> None:
    other = model_of(_rewritten(changed, replaced))
    assert other.set.version != model.set.version
    assert snapshot(other) == snapshot(model)


def test_a_change_that_only_viewers_of_two_roles_feel_changes_the_table(model: Model, changed: Changed) -> None:
    both = (
        '@id("new") @basis("an article")\n'
        'permit (principal in Yiti::Role::"AFTERCARE_OFFICER", action == Yiti::Action::"aggregate", resource)\n'
        'when { principal in Yiti::Role::"TOWNSHIP_WORKER" && principal.purpose == Yiti::Purpose::"AFTERCARE" };\n'
    )
    before, after = snapshot(model).splitlines(), snapshot(model_of(changed({"90_new.cedar": both}))).splitlines()
    differing = {line.partition(":")[0] for line in set(before) ^ set(after)}
    assert differing == {"several roles, aggregate"}
