"""Cedar, the program written from its JSON, and the diagrams read from its syntax: three that must agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authorization.attributes import attributes_of
from gateway.authorization.decide import ACTIONS, CedarAuthorizer
from gateway.authorization.questions import REQUESTS
from gateway.policy.diagram import Value
from gateway.policy.model import Model, model_of
from gateway.policy.question import facts_of, in_words, parsed, values_of
from schema.label import Label
from tests.gateway.policy.oracle import NotUnderstood, Program, Question, _expression, plain, write

AUTHORIZER = CedarAuthorizer.load()
MODEL: Model = model_of()
PROGRAM: Program = write()
SPACE = MODEL.space


@st.composite
def assignments(draw: st.DrawFn) -> dict[str, Value]:
    """Any facts at all, with one to three roles and mostly few of the rest, as few is what people are."""
    roles = draw(st.sets(st.sampled_from(SPACE.roles), min_size=1, max_size=3))
    is_dense = draw(st.booleans())
    values: dict[str, Value] = SPACE.only(*roles)
    for variable in SPACE.ties:
        if is_dense or len(variable.values) > 2 or draw(st.integers(0, 3)) == 0:
            values[variable.name] = draw(st.sampled_from(variable.values))
        else:
            values[variable.name] = variable.values[0]
    return values


@settings(max_examples=400, deadline=None)
@given(assignments())
def test_cedar_and_the_written_program_and_the_diagrams_agree(values: dict[str, Value]) -> None:
    facts = facts_of(SPACE, values)
    decision, program = AUTHORIZER.decide(facts), PROGRAM.effects_of(facts)
    for label in Label:
        grant = decision[label]
        assert (grant.effect, grant.mask) == program[label], (label, in_words(SPACE, values))
        assert grant.effect is MODEL.effect(label.value, values), (label, in_words(SPACE, values))


@settings(max_examples=200, deadline=None)
@given(assignments())
def test_they_agree_on_every_action_and_on_the_policies_behind_it(values: dict[str, Value]) -> None:
    facts = facts_of(SPACE, values)
    asked = AUTHORIZER._asked(facts)
    attributes = {name: plain(value) for name, value in attributes_of(facts).items()}
    for label, action in REQUESTS:
        verdict = asked((label, action))
        answer = PROGRAM.ask(Question(attributes, facts.roles, action, label.value))
        assert verdict.allowed == answer.allowed == MODEL.is_allowed(action, label.value, values)
        deciding = {policy.id for policy in MODEL.deciding(action, label.value, values)}
        assert set(verdict.policies) == answer.policies == deciding


@settings(max_examples=200, deadline=None)
@given(assignments())
def test_facts_survive_every_form(values: dict[str, Value]) -> None:
    assert values_of(SPACE, facts_of(SPACE, values)) == values
    assert parsed(SPACE, in_words(SPACE, values).split()) == values


def test_every_action_that_is_asked_is_known() -> None:
    assert set(ACTIONS) <= set(MODEL.vocabulary.actions)
    assert set(MODEL.vocabulary.labels) == {label.value for label in Label}


def test_the_program_stops_at_what_it_does_not_know() -> None:
    unknown: dict[str, Any] = {"like": {"left": {"Value": "a"}, "right": {"Value": "b"}}}
    with pytest.raises(NotUnderstood):
        _expression(unknown)
