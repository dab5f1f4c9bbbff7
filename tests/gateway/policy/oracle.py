"""A second opinion on the policies: a Python program written from Cedar's JSON form of them, and run.

It shares nothing with the diagrams of gateway/policy (which read Cedar's syntax nodes) and nothing with Cedar's
evaluator; three that agree on every question asked are believed. An operator that it does not know stops it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cedarpy

from gateway.authorization.attributes import attributes_of
from gateway.authorization.decision import Effect, Facts
from gateway.authorization.masks import harden, strictest
from gateway.authorization.policy_set import DIRECTORY, read_policies
from schema.label import Label

Uid = tuple[str, str]

_SIGNS = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "+": "+", "-": "-", "*": "*"}


class Fails(Exception):
    """What Cedar calls an evaluation error."""


class NotUnderstood(Exception):
    """A scope or an operator that this program would have to guess at; none of the policies has one."""


@dataclass(frozen=True)
class Question:
    attributes: Mapping[str, Any]
    roles: frozenset[str]
    action: str
    label: str


@dataclass
class Answer:
    allowed: bool
    policies: frozenset[str]  # those that apply, of the kind that decided


@dataclass
class Program:
    """The policies as Python functions of a question."""

    source: str
    parents: dict[Uid, frozenset[Uid]]
    entity_attributes: dict[Uid, Mapping[str, Any]]
    effects: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Callable[[Question], bool]] = field(default_factory=dict)
    _above: dict[Uid, frozenset[Uid]] = field(default_factory=dict)  # each entity and its groups, once looked up

    def ask(self, question: Question) -> Answer:
        permits, forbids = set(), set()
        for name, function in self.functions.items():
            try:
                applies = function(question)
            except Fails:
                return Answer(False, frozenset())  # the gateway refuses a question on which any policy fails
            if applies:
                (permits if self.effects[name] == "permit" else forbids).add(name)
        return Answer(bool(permits) and not forbids, frozenset(forbids or permits))

    def effects_of(self, facts: Facts) -> dict[Label, tuple[Effect, str | None]]:
        """The effect on every label, with the mask where there is one."""
        attributes = {name: plain(value) for name, value in attributes_of(facts).items()}
        views = {
            (label, action): self.ask(Question(attributes, facts.roles, action, label.value))
            for label in Label
            for action in ("view", "viewMasked")
        }
        effects = {
            label: Effect.ALLOW
            if views[label, "view"].allowed
            else Effect.MASK
            if views[label, "viewMasked"].allowed
            else Effect.DENY
            for label in Label
        }
        seen = [label for label in Label if effects[label] is not Effect.DENY]
        masks = {
            label: harden(
                strictest([self.masks.get(name, "redact") for name in views[label, "viewMasked"].policies]),
                label,
                [other for other in seen if other is not label],
            )
            for label in Label
            if effects[label] is Effect.MASK
        }
        return {label: (effects[label], masks.get(label)) for label in Label}

    # ---- what the generated text calls ---------------------------------------------------------------------------

    def get(self, holder: object, name: str) -> Any:
        attributes = holder.attributes if isinstance(holder, Question) else self.entity_attributes.get(holder, {})  # type: ignore[call-overload]  # an entity
        if name not in attributes:
            raise Fails(name)
        return attributes[name]

    def has(self, holder: object, name: str) -> bool:
        attributes = holder.attributes if isinstance(holder, Question) else self.entity_attributes.get(holder, {})  # type: ignore[call-overload]  # an entity
        return name in attributes

    def within(self, one: Any, other: Any) -> bool:
        groups = other if isinstance(other, frozenset) else frozenset({other})
        members = [("Role", role) for role in one.roles] if isinstance(one, Question) else [one]
        return any(not groups.isdisjoint(self._reached(member)) for member in members)

    def _reached(self, one: Uid) -> frozenset[Uid]:
        if one not in self._above:
            above = (self._reached(parent) for parent in self.parents.get(one, ()))
            self._above[one] = frozenset({one}).union(*above)
        return self._above[one]


def plain(value: Any) -> Any:
    """A value of Cedar's JSON form."""
    if isinstance(value, dict):
        inner = value.get("__entity", value)
        return inner["type"].rpartition("::")[2], inner["id"]
    return frozenset(map(plain, value)) if isinstance(value, list) else value


def write(directory: Path = DIRECTORY) -> Program:
    """The program of a directory of policies."""
    policies = read_policies(directory)
    texts = [path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.cedar"))]
    bodies = json.loads(cedarpy.policies_to_json_str("\n".join(texts)))["staticPolicies"].values()
    entities = json.loads(str(policies.vocabulary))
    program = Program(
        source="",
        parents={plain(one["uid"]): frozenset(map(plain, one["parents"])) for one in entities} | _actions(policies),
        entity_attributes={plain(one["uid"]): {k: plain(v) for k, v in one["attrs"].items()} for one in entities},
    )
    lines = []
    for number, body in enumerate(bodies):
        name = body["annotations"]["id"]
        program.effects[name] = body["effect"]
        if mask := body["annotations"].get("mask"):
            program.masks[name] = mask
        scope = [_scope(part, body[part]) for part in ("principal", "action", "resource")]
        conditions = [
            ("" if one["kind"] == "when" else "not ") + f"truth({_expression(one['body'])})"
            for one in body["conditions"]
        ]
        lines.append(f"def policy{number}(q):\n    return {' and '.join([*scope, *conditions])}\n")
    program.source = "\n".join(lines)
    names: dict[str, Any] = {"p": program, "truth": _truth, "contains": _contains, "uid": lambda *pair: pair}
    exec(compile(program.source, "policies written as Python", "exec"), names)
    for number, name in enumerate(program.effects):
        program.functions[name] = names[f"policy{number}"]
    return program


def _actions(policies: Any) -> dict[Uid, frozenset[Uid]]:
    """The action groups, from Cedar's own printing of the schema."""
    found = {}
    for line in str(policies.schema).splitlines():
        words = line.replace('"', "").replace(",", " ").replace("[", " ").replace("]", " ").replace(";", " ").split()
        if words[:1] == ["action"]:
            groups = words[3 : words.index("appliesTo")] if "appliesTo" in words else words[3:]
            found["Action", words[1]] = frozenset(
                ("Action", group.rpartition("::")[2]) for group in groups if words[2:3] == ["in"]
            )
    return found


_VARIABLES = {
    "principal": "q",
    "action": "('Action', q.action)",
    "resource": "('Label', q.label)",
}


def _scope(part: str, constraint: Mapping[str, Any]) -> str:
    one = _VARIABLES[part]
    match constraint["op"]:
        case "All":
            return "True"
        case "==":
            return f"({one} == {plain(constraint['entity'])!r})"
        case "in":
            groups = [constraint["entity"]] if "entity" in constraint else constraint["entities"]
            return f"p.within({one}, frozenset({[plain(group) for group in groups]!r}))"
    raise NotUnderstood(str(constraint))


def _expression(node: Mapping[str, Any]) -> str:
    ((op, inner),) = node.items()
    if op == "Value":
        return repr(plain(inner))
    if op == "Var":
        return _VARIABLES[inner]
    if op == ".":
        return f"p.get({_expression(inner['left'])}, {inner['attr']!r})"
    if op == "has":
        return f"p.has({_expression(inner['left'])}, {inner['attr']!r})"
    if op == "!":
        return f"(not truth({_expression(inner['arg'])}))"
    if op == "Set":
        return f"frozenset([{', '.join(map(_expression, inner))}])"
    if op == "if-then-else":
        condition, yes, no = (_expression(inner[part]) for part in ("if", "then", "else"))
        return f"({yes} if truth({condition}) else {no})"
    if op == "isEmpty":
        return f"(not {_expression(inner['arg'])})"
    left, right = _expression(inner["left"]), _expression(inner["right"])
    if op in {"&&", "||"}:
        return f"(truth({left}) {'and' if op == '&&' else 'or'} truth({right}))"
    if op in _SIGNS:
        return f"({left} {_SIGNS[op]} {right})"
    if op == "in":
        return f"p.within({left}, {right})"
    if op == "contains":
        return f"contains({left}, {right})"
    if op == "containsAll":
        return f"({left} >= {right})"
    if op == "containsAny":
        return f"(not {left}.isdisjoint({right}))"
    raise NotUnderstood(str(op))


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Fails
    return value


def _contains(holder: object, member: object) -> bool:
    if not isinstance(holder, frozenset):
        raise Fails
    return member in holder
