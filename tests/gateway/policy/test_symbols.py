"""The symbolic evaluation against Cedar, on random conditions that the policies in force do not use."""

from __future__ import annotations

import json
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.authorization.policy_set import Policy, PolicySet, read_policies
from gateway.authorization.questions import REQUESTS
from gateway.authorization.terms import Terms, Verdict
from gateway.policy.diagram import Value
from gateway.policy.model import Model, Unproven, models_of
from gateway.policy.space import ABSENT, Uid

KNOWN = read_policies()
SCHEMA = KNOWN.schema_text.replace(
    "purpose: Purpose,",
    "purpose: Purpose, level: Long, until?: Long, spare?: Set<Label>,",
)
UID = {"type": "Yiti::Viewer", "id": "viewer"}
LABEL = "HEALTH"
LABELS = ["HEALTH", "FAMILY", "CUSTODY"]
FEW = {*LABELS, "AUDITOR", "TOWNSHIP_WORKER", "AFTERCARE_OFFICER"}  # a small world, so that many can be tried
VOCABULARY = cedarpy.Entities.from_json_str(
    json.dumps(
        [
            one
            for one in json.loads(str(KNOWN.vocabulary))
            if one["uid"]["type"].endswith("Group") or one["uid"]["id"] in FEW
        ]
    ),
    KNOWN.schema,  # which brings the action groups
)


def _policies(*conditions: str, forbidden: int = 0) -> PolicySet:
    """One policy for each condition, of which the last ones forbid."""
    ids = [f"p{number}" for number in range(len(conditions))]
    effects = ["permit"] * (len(ids) - forbidden) + ["forbid"] * forbidden
    text = "\n".join(
        f'@id("{name}") {effect} (principal, action, resource) when {{ {condition} }};'
        for name, condition, effect in zip(ids, conditions, effects, strict=True)
    )
    schema = cedarpy.Schema.from_str(SCHEMA)
    policies = {name: Policy(name, "an article", None, False, "x.cedar", 1) for name in ids}
    return PolicySet("1", policies, cedarpy.PolicySet.from_str(text), schema, VOCABULARY, SCHEMA)


def _of(sort: str) -> st.SearchStrategy[str]:
    return st.deferred(lambda: SORTS[sort])


def _joined(form: str, *sorts: str) -> st.SearchStrategy[str]:
    return st.tuples(*map(_of, sorts)).map(lambda parts: form.format(*parts))


SORTS: dict[str, st.SearchStrategy[str]] = {
    "number": st.sampled_from(["0", "1", "2", "7"]),
    "fact": st.sampled_from(["principal.level", "principal.until"]),
    "label": st.sampled_from([*(f'Yiti::Label::"{one}"' for one in LABELS), "resource"]),
    "purpose": st.sampled_from(['Yiti::Purpose::"AUDIT"', 'Yiti::Purpose::"HANDOFF"', "principal.purpose"]),
    "labels": st.one_of(
        st.sampled_from(["principal.consented", "principal.breakGlass", "principal.spare"]),
        _joined("[{}]", "label"),
        _joined("[{}, {}]", "label", "label"),
    ),
    "truth": st.one_of(
        st.sampled_from(
            [
                "true",
                "false",
                "principal.minor",
                "principal.responsible",
                "principal has until",
                "principal has spare",
                'principal in Yiti::Role::"AUDITOR"',
                'principal in Yiti::RoleGroup::"community"',
                "principal is Yiti::Viewer",
                'resource in Yiti::LabelGroup::"personal"',
                'action in Yiti::Action::"see"',
            ]
        ),
        _joined("!({})", "truth"),
        _joined("({} && {})", "truth", "truth"),
        _joined("({} || {})", "truth", "truth"),
        _joined("(if {} then {} else {})", "truth", "truth", "truth"),
        _joined("({} == {})", "purpose", "purpose"),
        _joined("[{}, {}].contains({})", "purpose", "purpose", "purpose"),
        _joined("({} != {})", "label", "label"),
        _joined("({} == {})", "labels", "labels"),
        _joined("({} < {})", "fact", "number"),
        _joined("({} >= {})", "number", "fact"),
        _joined("({} == {})", "fact", "number"),
        _joined("{}.contains({})", "labels", "label"),
        _joined("{}.containsAll({})", "labels", "labels"),
        _joined("{}.containsAny({})", "labels", "labels"),
        _joined("{}.isEmpty()", "labels"),
        _joined("({} in {})", "label", "labels"),
    ),
}


@st.composite
def facts(draw: st.DrawFn, model: Model) -> dict[str, Value]:
    return {one.name: draw(st.sampled_from(one.values)) for one in model.space.variables}


def _cedar(policies: PolicySet, model: Model, values: dict[str, Value], action: str) -> tuple[set[str], bool]:
    """Which policies apply, and whether any fails, as Cedar says."""
    entities = _viewer(policies, model, values)
    action_name = f'Yiti::Action::"{action}"'
    request = {"principal": UID, "action": action_name, "resource": f'Yiti::Label::"{LABEL}"'}
    result = cedarpy.is_authorized(request, policies.rules, entities)
    return set(result.diagnostics.id_annotations_by_reason.values()), bool(result.diagnostics.errors)


def _viewer(policies: PolicySet, model: Model, values: dict[str, Value]) -> cedarpy.Entities:
    """The vocabulary with the viewer whom these facts are about."""
    attributes: dict[str, Any] = {}
    for name, attribute in model.space.facts.items():
        if attribute.type.kind == "set":
            if values.get(name) != ABSENT:
                held = [one for one, holds in values.items() if one.startswith(f"{name}:") and holds]
                attributes[name] = [
                    {"__entity": {"type": "Yiti::Label", "id": one.partition(":")[2]}} for one in held
                ]
        elif values[name] != ABSENT:
            value = values[name]
            is_entity = isinstance(value, Uid)
            attributes[name] = {"__entity": {"type": f"Yiti::{value.kind}", "id": value.id}} if is_entity else value  # type: ignore[attr-defined]  # an entity
    parents = [{"type": "Yiti::Role", "id": role} for role in model.space.roles if values[f"role:{role}"]]
    viewer = json.dumps([{"uid": UID, "attrs": attributes, "parents": parents}])
    return policies.vocabulary.with_added_json_str(viewer)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_random_conditions_mean_what_cedar_says(data: st.DataObject) -> None:
    conditions = data.draw(st.lists(SORTS["truth"], min_size=4, max_size=4))
    policies = _policies(*conditions)
    (model,) = models_of([policies])
    for action in ("view", "filter"):
        for _ in range(4):
            values = data.draw(facts(model))
            applying, fails = _cedar(policies, model, values, action)
            cells = {name: found.get((action, LABEL)) for name, found in model.applies.items()}
            holds = {name for name, one in cells.items() if one and model.diagrams.holds_for(one.holds, values)}
            failing = {name for name, one in cells.items() if one and model.diagrams.holds_for(one.fails, values)}
            assert (holds, bool(failing)) == (applying, fails), conditions
            assert not holds & failing


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_terms_of_random_conditions_decide_as_the_whole_does(data: st.DataObject) -> None:
    """What the gateway asks Cedar once, instead of each question of the policies as they were written."""
    conditions = data.draw(st.lists(SORTS["truth"], min_size=4, max_size=4))
    policies = _policies(*conditions, forbidden=data.draw(st.integers(0, 2)))
    (model,) = models_of([policies])
    given = [name for name, attribute in model.space.facts.items() if attribute.is_required]
    terms = Terms(policies.rules, policies.vocabulary, given)
    questions = [question for question in REQUESTS if question[0] in LABELS]
    for _ in range(3):
        values = data.draw(facts(model))
        viewer = _viewer(policies, model, values)
        asked = terms.asked(viewer, str(values["purpose"]))
        results = cedarpy.is_authorized_batch([REQUESTS[one] for one in questions], policies.rules, viewer)
        for question, result in zip(questions, results, strict=True):
            told = result.diagnostics
            because = () if told.errors else tuple(sorted(told.id_annotations_by_reason.values()))
            whole = Verdict(result.allowed and not told.errors, because)
            assert asked(question) == whole, (question, conditions)


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("principal.level < principal.until", "less"),
        ('"abc" like "a*"', "Like"),
        ('ip("10.0.0.1").isLoopback()', "ip"),
        ("principal.level + principal.level > 1", "add"),
    ],
)
def test_what_cannot_be_said_exactly_is_refused_by_name(condition: str, named: str) -> None:
    with pytest.raises(Unproven, match=named):
        models_of([_policies(condition)])
