"""The policies as formulas for Z3, written from Cedar's JSON form: a third reading, to prove what must always hold.

Shares only the schema's list of facts with gateway/policy. An operator that it does not know stops it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import cedarpy
import z3

from gateway.authorization.policy_set import DIRECTORY, read_policies
from gateway.policy.schema_text import read_schema
from tests.gateway.policy.oracle import _actions, plain

Uid = tuple[str, str]
_NUMBERS = count()
Truth = Any  # a z3.BoolRef; z3 brings no types


class Formulas:
    """One formula for each policy on each action and label, over the same facts."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        policies = read_policies(directory)
        texts = [path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.cedar"))]
        written = json.loads(cedarpy.policies_to_json_str("\n".join(texts)))["staticPolicies"].values()
        self.bodies = {body["annotations"]["id"]: body for body in written}
        entities = json.loads(str(policies.vocabulary))
        self._parents = {plain(one["uid"]): frozenset(map(plain, one["parents"])) for one in entities}
        self._parents |= _actions(policies)
        schema = read_schema(policies.schema_text)
        self.actions = [name for name, action in schema.actions.items() if action.principals]
        self.roles = [key for kind, key in self._parents if kind == "Role"]
        self.labels = [key for kind, key in self._parents if kind == "Label"]
        self.role = {role: z3.Bool(f"role {role}") for role in self.roles}
        self.facts: dict[str, Any] = {}
        self._words: dict[str, dict[Uid, Any]] = {}
        for name, attribute in schema.entities["Viewer"].attributes.items():
            kind = attribute.type
            if kind.kind == "Bool":
                self.facts[name] = z3.Bool(name)
            elif kind.kind == "set":
                self.facts[name] = {(kind.of, label): z3.Bool(f"{name} {label}") for label in self.labels}
            else:
                members = schema.entities[kind.of].members
                # Z3 knows a sort by its name for as long as the process lives.
                sort, words = z3.EnumSort(f"{kind.of} {next(_NUMBERS)}", members)
                self._words[kind.of] = {(kind.of, member): word for member, word in zip(members, words, strict=True)}
                self.facts[name] = z3.Const(name, sort)
        # One token never bears SUBJECT beside another role.
        others = z3.Or([is_in for role, is_in in self.role.items() if role != "SUBJECT"])
        self.possible = z3.And(z3.Or(list(self.role.values())), z3.Implies(self.role["SUBJECT"], z3.Not(others)))
        self._allowed: dict[tuple[str, str], Truth] = {}

    # ---- asking -------------------------------------------------------------------------------------------------

    def allowed(self, action: str, label: str) -> Truth:
        """Where a question is answered yes."""
        if (action, label) not in self._allowed:
            applying = {name: self.applies(name, action, label) for name in self.bodies}
            permits, forbids = (
                z3.Or([node for name, node in applying.items() if self.bodies[name]["effect"] == effect])
                for effect in ("permit", "forbid")
            )
            self._allowed[action, label] = z3.simplify(z3.And(permits, z3.Not(forbids)))
        return self._allowed[action, label]

    def right(self, action: str, label: str) -> Truth:
        """What a viewer has in the end: a part where the whole is open, a search where the whole is seen."""
        whole = self.allowed("view", label)
        if action == "viewMasked":
            return z3.Or(whole, self.allowed(action, label))
        return z3.And(whole, self.allowed(action, label)) if action == "filter" else self.allowed(action, label)

    def seen(self, label: str) -> Truth:
        return self.right("viewMasked", label)

    def word(self, kind: str, member: str) -> Any:
        return self._words[kind][kind, member]

    def with_fact(self, node: Truth, name: str, value: bool) -> Truth:
        return z3.substitute(node, (self.facts[name], z3.BoolVal(value)))

    def members(self, group: str) -> list[str]:
        return [
            key
            for (kind, key), parents in self._parents.items()
            if kind == "Label" and ("LabelGroup", group) in parents
        ]

    def counterexample(self, *claims: Truth) -> str | None:
        """Facts under which all hold for somebody whose token can exist; None if there are none."""
        solver = z3.Solver()
        solver.add(self.possible, *claims)
        found = solver.check()
        assert found != z3.unknown
        if found == z3.unsat:
            return None
        model = solver.model()
        return ", ".join(f"{one}={model[one]}" for one in model.decls() if str(model[one]) != "False")

    # ---- reading ------------------------------------------------------------------------------------------------

    def applies(self, policy: str, action: str, label: str) -> Truth:
        body = self.bodies[policy]
        variables: Mapping[str, Any] = {"principal": self, "action": ("Action", action), "resource": ("Label", label)}
        parts = [self._scope(body[name], variables[name]) for name in variables]
        for condition in body["conditions"]:
            node = self._truth(self._value(condition["body"], variables))
            parts.append(node if condition["kind"] == "when" else z3.Not(node))
        return z3.simplify(z3.And(parts))

    def _scope(self, constraint: Mapping[str, Any], one: Any) -> Truth:
        if constraint["op"] == "All":
            return z3.BoolVal(True)
        groups = [constraint["entity"]] if "entity" in constraint else constraint["entities"]
        if constraint["op"] == "==":
            return z3.BoolVal(one == plain(groups[0]))
        assert constraint["op"] == "in"
        return z3.Or([self._within(one, plain(group)) for group in groups])

    def _within(self, one: Any, group: Uid) -> Truth:
        if one is self:
            return z3.Or([held for role, held in self.role.items() if self._is_in(("Role", role), group)])
        return z3.BoolVal(self._is_in(one, group))

    def _is_in(self, one: Uid, group: Uid) -> bool:
        return one == group or any(self._is_in(parent, group) for parent in self._parents.get(one, ()))

    def _truth(self, value: Any) -> Truth:
        return z3.BoolVal(value) if isinstance(value, bool) else value

    def _value(self, node: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
        ((op, inner),) = node.items()
        if op == "Value":
            return plain(inner)
        if op == "Var":
            return variables[inner]
        if op == "Set":
            return [self._value(one, variables) for one in inner]
        if op == "!":
            return z3.Not(self._truth(self._value(inner["arg"], variables)))
        left = self._value(inner["left"], variables)
        if op == ".":
            assert left is self
            return self.facts[inner["attr"]]
        right = self._value(inner["right"], variables)
        return _OPERATORS[op](self, left, right)

    def equal(self, one: Any, other: Any) -> Truth:
        if isinstance(one, tuple) and isinstance(other, tuple):
            return z3.BoolVal(one == other)
        if isinstance(one, tuple):
            one, other = other, one
        return one == (self._words[other[0]][other] if isinstance(other, tuple) else other)

    def within(self, one: Any, groups: Any) -> Truth:
        listed: Iterable[Uid] = groups if isinstance(groups, list) else [groups]
        return z3.Or([self._within(one, group) for group in listed])

    def contains(self, holder: Any, member: Any) -> Truth:
        if isinstance(holder, dict):
            return holder[member]
        return z3.Or([self.equal(one, member) for one in holder])


_OPERATORS: Mapping[str, Callable[[Formulas, Any, Any], Truth]] = {
    "&&": lambda it, one, other: z3.And(it._truth(one), it._truth(other)),
    "||": lambda it, one, other: z3.Or(it._truth(one), it._truth(other)),
    "==": Formulas.equal,
    "!=": lambda it, one, other: z3.Not(it.equal(one, other)),
    "in": Formulas.within,
    "contains": Formulas.contains,
    "containsAny": lambda it, one, other: z3.Or([it.contains(one, member) for member in other]),
    "containsAll": lambda it, one, other: z3.And([it.contains(one, member) for member in other]),
}
