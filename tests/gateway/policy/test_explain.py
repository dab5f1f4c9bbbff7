from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect
from gateway.policy.explain import Explanation, NoSuchField, explain, label_of
from gateway.policy.model import Model
from gateway.policy.question import facts_of, parsed, values_of
from gateway.policy.report import explanation_json, explanation_text
from schema.label import Label
from tests.gateway.policy.test_agreement import AUTHORIZER, MODEL, assignments

WORKER = "roles=TOWNSHIP_WORKER purpose=AFTERCARE agencyKind=TOWNSHIP"


def _explained(words: str, field: str = "Person.name") -> Explanation:
    return explain(AUTHORIZER, MODEL, facts_of(MODEL.space, parsed(MODEL.space, words.split())), field)


def test_what_is_shown_is_said_with_policy_article_and_facts() -> None:
    found = _explained(f"{WORKER} inMyTree")
    assert (found.effect, found.label, found.searchable) == (Effect.ALLOW, Label.IDENTITY, True)
    assert [(policy.id, policy.file) for policy in found.policies] == [("C01-township-roster", "30_community.cedar")]
    tie = next(fact for fact in found.facts if fact.name == "inMyTree")
    assert tie.value is True
    assert tie.matters
    assert "jurisdiction" in tie.meaning


def test_what_would_close_it_is_the_nearest_fact() -> None:
    (denied,) = [flip for flip in _explained(f"{WORKER} inMyTree").flips if flip.effect is Effect.DENY]
    assert len(denied.changes) == 1


def test_a_mask_is_said_with_what_made_it_stricter() -> None:
    found = _explained(f"{WORKER} inMyTree", "Person.idNumber")
    assert (found.effect, found.mask, found.hardened_from) == (Effect.MASK, "id_ends", "id_edges")


def test_a_guard_is_named_where_it_forbids() -> None:
    found = _explained(f"{WORKER} inMyTree recordSealed")
    assert [(policy.id, policy.forbids) for policy in found.policies] == [("G01-sealed", True)]
    assert {"recordSealed": False} in [dict(flip.changes) for flip in found.flips if flip.effect is Effect.ALLOW]


def test_nobody_permits_is_said_too() -> None:
    found = _explained(WORKER)
    assert found.policies == ()
    assert "no policy permits it" in list(explanation_text(found))


@settings(max_examples=100, deadline=None)
@given(assignments())
def test_cedar_confirms_every_flip(values: dict[str, object]) -> None:
    facts = facts_of(MODEL.space, values)
    for label in (Label.IDENTITY, Label.ID_NUMBER, Label.HEALTH):
        for flip in explain(AUTHORIZER, MODEL, facts, label.value).flips:
            changed = dict(values)
            for name, value in flip.changes.items():
                known = MODEL.space.values[name]
                changed[name] = next(one for one in known if value in (one, getattr(one, "id", None)))
            grant = AUTHORIZER.decide(facts_of(MODEL.space, changed))[label]
            assert grant.effect is flip.effect
            if grant.effect is not Effect.DENY:
                assert grant.policies == flip.policies


def test_no_smaller_change_would_do() -> None:
    facts = facts_of(MODEL.space, parsed(MODEL.space, WORKER.split()))
    (allowed,) = [flip for flip in explain(AUTHORIZER, MODEL, facts, "IDENTITY").flips if flip.effect is Effect.ALLOW]
    assert len(allowed.changes) == 1
    assert AUTHORIZER.decide(facts)[Label.IDENTITY].effect is Effect.DENY


@pytest.mark.parametrize(
    ("field", "label"),
    [("Person.idNumber", "ID_NUMBER"), ("HealthRecord.hivPositive", "HEALTH_HIV"), ("FAMILY", "FAMILY")],
)
def test_a_field_is_known_by_its_label(field: str, label: str) -> None:
    assert label_of(field) is Label(label)


@pytest.mark.parametrize("field", ["Person.shoeSize", "Person.id", "person.name", ""])
def test_a_field_without_a_label_is_refused(field: str) -> None:
    with pytest.raises(NoSuchField, match="label"):
        label_of(field)


def test_an_explanation_is_made_of_words_of_the_schema_alone(model: Model) -> None:
    facts = facts_of(model.space, parsed(model.space, f"{WORKER} inMyTree consented=HEALTH".split()))
    body = explanation_json(explain(CedarAuthorizer(model.set), model, facts, "Person.idNumber"))
    assert {fact["name"]: fact["value"] for fact in body["facts"]}["consented"] == ["HEALTH"]  # type: ignore[attr-defined, index]  # JSON
    assert body["maskNamed"] == "id_edges"
    assert values_of(model.space, replace(facts, consented=frozenset()))["consented:HEALTH"] is False
