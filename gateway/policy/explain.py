"""Why a viewer sees a field of a person or not: effect, policies, articles, facts, and what would change it.

The effect, the mask and the policies come from the authorizer that decides for real; the diagrams say which facts
mattered and what the nearest other facts would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Decision, Effect, Facts, Grant
from gateway.authorization.masks import strictest
from gateway.authorization.policy_set import Policy
from gateway.policy.diagram import NEVER, Node, Value
from gateway.policy.errors import PolicyToolError
from gateway.policy.model import PART, WHOLE, Model
from gateway.policy.question import values_of
from gateway.policy.space import Uid
from schema.label import Label

WORDS: Final = {Effect.ALLOW: "shown whole", Effect.MASK: "shown in part", Effect.DENY: "not shown"}


class NoSuchField(PolicyToolError):
    """A field that the graph does not have, or one that bears no label."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the decision. Never a personal value: truth, words of the schema and labels only."""

    name: str
    value: object
    meaning: str  # what it means, in the schema's words
    matters: bool  # whether, with everything else as it is known of the viewer, it can change the effect
    derived_from: tuple[str, ...] = ()  # which evidence made it so, where people's records were read


@dataclass(frozen=True, slots=True)
class Flip:
    """The nearest other facts under which the effect is another one."""

    effect: Effect
    changes: Mapping[str, object]  # fact -> what it would have to be
    policies: tuple[str, ...]  # what would decide then


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about one decision on one field."""

    field: str
    label: Label
    effect: Effect
    mask: str | None
    hardened_from: str | None  # the mask that the policies name, where another visible label asks for a stricter one
    searchable: bool
    policies: tuple[Policy, ...]
    policy_version: str
    roles: tuple[str, ...]
    facts: tuple[Fact, ...]
    flips: tuple[Flip, ...]


def explain(
    authorizer: CedarAuthorizer,
    model: Model,
    facts: Facts,
    field: str,
    derived_from: Mapping[str, tuple[str, ...]] | None = None,
) -> Explanation:
    """The decision on one field, `Type.field` or a label, for some facts; raises NoSuchField."""
    label = label_of(field)
    decision: Decision = authorizer.decide(facts)
    grant: Grant = decision[label]
    values = values_of(model.space, facts)
    names = (model.policies[name] for name in grant.policies)
    return Explanation(
        field=field,
        label=label,
        effect=grant.effect,
        mask=grant.mask,
        hardened_from=_hardened_from(model, grant),
        searchable=grant.may_filter,
        policies=tuple(names),
        policy_version=decision.policy_version,
        roles=tuple(sorted(facts.roles)),
        facts=tuple(_facts(model, label, values, derived_from or {})),
        flips=tuple(_flips(model, label, grant.effect, values)),
    )


def label_of(field: str) -> Label:
    """The label of `Type.field`, or of a label's own name."""
    if field in Label.__members__:
        return Label[field]
    found = _labelled().get(field)
    if found is None:
        raise NoSuchField(
            f"{field}: no field of the graph that bears a label. Write it as in the SDL, such as Person.idNumber, "
            f"or name a label: {', '.join(Label.__members__)}."
        )
    return found


@cache
def _labelled() -> Mapping[str, Label]:
    from schema.build import build
    from schema.declare import declaration_of

    found: dict[str, Label] = {}
    for name, kind in build()._schema.type_map.items():
        for field, definition in getattr(kind, "fields", {}).items():
            written = definition.extensions.get("strawberry-definition")
            declared = (
                declaration_of(written.metadata) if written is not None and hasattr(written, "metadata") else None
            )
            if declared is not None:
                found[f"{name}.{field}"] = declared.label
    return found


def _hardened_from(model: Model, grant: Grant) -> str | None:
    if grant.mask is None:
        return None
    named = strictest([model.policies[name].mask or "redact" for name in grant.policies])
    return named if named != grant.mask else None


def _facts(
    model: Model, label: Label, values: Mapping[str, Value], derived_from: Mapping[str, tuple[str, ...]]
) -> Iterable[Fact]:
    roles = {name: value for name, value in values.items() if name.startswith("role:")}
    whole, part = (model.diagrams.given(node, roles) for node in model.shown(label.value))
    mattering = {*model.diagrams.turns_on(whole), *model.diagrams.turns_on(part)}
    for name, attribute in model.space.facts.items():
        if attribute.type.kind != "set":
            value = values[name]
            plain = value.id if isinstance(value, Uid) else value
            yield Fact(name, plain, attribute.meaning, name in mattering, derived_from.get(name, ()))
            continue
        held = sorted(one.partition(":")[2] for one in values if one.startswith(f"{name}:") and values[one])
        matters = any(one.startswith(f"{name}:") for one in mattering)
        yield Fact(name, held, attribute.meaning, matters, derived_from.get(name, ()))


def _flips(model: Model, label: Label, effect: Effect, values: Mapping[str, Value]) -> Iterable[Flip]:
    """The same viewer under other facts; where none would do, another role too."""
    whole, part = model.shown(label.value)
    shown = {
        Effect.ALLOW: whole,
        Effect.MASK: part,
        Effect.DENY: model.diagrams.negate(model.diagrams.either(whole, part)),
    }
    roles = [name for name in values if name.startswith("role:")]
    for other in sorted(Effect, reverse=True):
        if other is effect:
            continue
        goal = model.diagrams.both(shown[other], model.possible)
        changes = _nearest(model, goal, values, roles)
        if changes is not None:
            action = PART if other is Effect.MASK else WHOLE
            after = model.deciding(action, label.value, dict(values) | changes)
            readable = {name: one.id if isinstance(one, Uid) else one for name, one in changes.items()}
            yield Flip(other, readable, tuple(sorted(policy.id for policy in after)))


def _nearest(model: Model, goal: Node, values: Mapping[str, Value], roles: list[str]) -> dict[str, Value] | None:
    if goal == NEVER:
        return None
    found = model.diagrams.nearest(goal, values, fixed=roles)
    return model.diagrams.nearest(goal, values) if found is None else found
