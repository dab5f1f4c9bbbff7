"""Evaluates a policy for one action and one label and all facts at once, with Cedar's own meaning of every operator.

An expression is worth a few values, each where a diagram says; and it fails where another diagram says. What cannot
be said exactly over all facts (arithmetic on facts, texts, extension types) is Beyond, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import product
from typing import Final

from cedarpy import pst

from gateway.policy.diagram import ALWAYS, NEVER, Node
from gateway.policy.space import ABSENT, Space, Uid, Vocabulary, element_variable, role_variable

_GREATEST: Final = 2**63 - 1


class Beyond(Exception):
    """An expression about which the tools cannot be exact; the message names the operator or the fact."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """`principal`, or `context`: whose attributes are facts."""

    prefix: str


@dataclass(frozen=True, slots=True)
class FactSet:
    """A fact that is a set: which members it holds is known only as variables."""

    name: str
    members: tuple[Uid, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """What an expression is worth, and where; it fails wherever none of the diagrams holds."""

    values: Mapping[object, Node]
    fails: Node = NEVER

    @property
    def true(self) -> Node:
        """Where it is worth `true`."""
        return self.values.get(True, NEVER)


class Evaluator:
    """Policies over one space, for one vocabulary."""

    def __init__(self, space: Space, vocabulary: Vocabulary) -> None:
        self._space = space
        self._diagrams = space.diagrams
        self._vocabulary = vocabulary
        self._action = self._label = Uid("", "")
        self._held: dict[Uid, Node] = {}  # who has a role, or one of a group
        self._spoken: dict[int, frozenset[str]] = {}
        self._done: dict[tuple[int, Uid | None, Uid | None], Cases] = {}

    def condition(self, policy: pst.Template, action: str, label: Uid) -> tuple[Node, Node]:
        """Where a policy applies to a question, and where evaluating it fails; Beyond where that cannot be said."""
        self._action, self._label = Uid("Action", action), label
        holds, fails = self._scope(policy), NEVER
        for clause in policy.clauses:
            if holds == NEVER:
                break
            found = self._known(clause.expr)
            fails = self._diagrams.either(fails, self._diagrams.both(holds, found.fails))
            wanted = found.values.get(isinstance(clause, pst.When), NEVER)
            holds = self._diagrams.both(holds, wanted)
        return holds, fails

    def _known(self, expression: pst.Expr) -> Cases:
        """The value of a whole clause, evaluated once where it does not speak of the question's action or label."""
        spoken = self._spoken.get(id(expression))
        if spoken is None:
            spoken = self._spoken[id(expression)] = frozenset(_variables(expression))
        action = self._action if "action" in spoken else None
        key = (id(expression), action, self._label if "resource" in spoken else None)
        found = self._done.get(key)
        if found is None:
            found = self._done[key] = self._value(expression)
        return found

    # ---- scope --------------------------------------------------------------------------------------------------

    def _scope(self, policy: pst.Template) -> Node:
        action = policy.action
        if isinstance(action, pst.ActionEq) and _uid(action.entity) != self._action:
            return NEVER
        if isinstance(action, pst.ActionIn) and not any(self._is_in(self._action, _uid(e)) for e in action.entities):
            return NEVER
        return self._diagrams.both(
            self._constraint(policy.resource, self._label), self._constraint(policy.principal, Viewer(""))
        )

    def _constraint(self, constraint: pst.PrincipalOrResourceConstraint, one: object) -> Node:
        if isinstance(constraint, pst.ScopeAny):
            return ALWAYS
        node = ALWAYS
        if isinstance(constraint, pst.ScopeIs | pst.ScopeIsIn):
            node = _truth(self._kind_of(one) == constraint.entity_type.basename)
        if isinstance(constraint, pst.ScopeEq | pst.ScopeIn | pst.ScopeIsIn):
            entity = constraint.entity
            if isinstance(entity, pst.Slot):
                raise Beyond("a template")
            inside = self._equal if isinstance(constraint, pst.ScopeEq) else self._inside
            node = self._diagrams.both(node, inside(one, _uid(entity)))
        return node

    def _kind_of(self, one: object) -> str:
        return self._vocabulary.viewer if isinstance(one, Viewer) else one.kind if isinstance(one, Uid) else ""

    # ---- expressions --------------------------------------------------------------------------------------------

    def _value(self, expression: pst.Expr) -> Cases:
        match expression:
            case pst.BoolLit(value) | pst.LongLit(value) | pst.StringLit(value):
                return _just(value)
            case pst.EntityLit(value):
                return _just(_uid(value))
            case pst.Var(name):
                known = {"principal": Viewer(""), "context": Viewer("context."), "action": self._action}
                return _just(known.get(name, self._label))
            case pst.GetAttr(base, attr):
                return self._each([self._value(base)], lambda one: self._attribute(one, attr))
            case pst.HasAttr(base, attrs):
                return self._each([self._value(base)], lambda one: self._has(one, attrs))
            case pst.UnaryOp(op, arg):
                return self._each([self._value(arg)], lambda one: self._unary(op, one))
            case pst.BinaryOp("and", left, right):
                return self._branch(self._value(left), lambda: self._value(right), lambda: _just(False))
            case pst.BinaryOp("or", left, right):
                return self._branch(self._value(left), lambda: _just(True), lambda: self._value(right))
            case pst.BinaryOp(op, left, right):
                sides = [self._value(left), self._value(right)]
                if all(len(side.values) > 1 for side in sides) and any(map(_has_numbers, sides)):
                    raise Beyond(f"{op} between two facts that are numbers")
                return self._each(sides, lambda one, other: self._binary(op, one, other))
            case pst.IfThenElse(cond, then_expr, else_expr):
                return self._branch(self._value(cond), lambda: self._value(then_expr), lambda: self._value(else_expr))
            case pst.Is(base, entity_type, in_expr):
                return self._is(base, entity_type.basename, in_expr)
            case pst.Set(elements):
                return self._each([self._value(one) for one in elements], lambda *found: _just(frozenset(found)))
        raise Beyond(type(expression).__name__)

    def _is(self, base: pst.Expr, kind: str, group: pst.Expr | None) -> Cases:
        is_kind = self._each([self._value(base)], lambda one: _just(self._kind_of(one) == kind))
        if group is None:
            return is_kind
        inside = pst.BinaryOp("in", base, group)
        return self._branch(is_kind, lambda: self._value(inside), lambda: _just(False))

    def _each(self, parts: list[Cases], apply: Callable[..., Cases]) -> Cases:
        """Applies to every combination of values, and puts together what comes of it."""
        diagrams = self._diagrams
        found: dict[object, Node] = {}
        fails = diagrams.either(*(part.fails for part in parts))
        for chosen in product(*(part.values.items() for part in parts)):
            where = diagrams.both(*(node for _, node in chosen))
            if where == NEVER:
                continue
            cases = apply(*(value for value, _ in chosen))
            for value, node in cases.values.items():
                found[value] = diagrams.either(found.get(value, NEVER), diagrams.both(where, node))
            fails = diagrams.either(fails, diagrams.both(where, cases.fails))
        return Cases({value: node for value, node in found.items() if node != NEVER}, fails)

    def _branch(self, condition: Cases, yes: Callable[[], Cases], no: Callable[[], Cases]) -> Cases:
        """Cedar evaluates one branch alone: what fails in the other does not matter."""
        return self._each([condition], lambda one: yes() if one is True else no() if one is False else _failure())

    # ---- facts --------------------------------------------------------------------------------------------------

    def _attribute(self, one: object, name: str) -> Cases:
        if isinstance(one, Viewer):
            return self._fact(one.prefix + name)
        entity = self._vocabulary.entities.get(one) if isinstance(one, Uid) else None
        if entity is None or name not in entity.attributes:
            return _failure()
        return _just(entity.attributes[name])

    def _has(self, one: object, names: tuple[str, ...]) -> Cases:
        first, *rest = names
        if isinstance(one, Viewer):
            known = self._space.facts.get(one.prefix + first)
            if known is None:
                return _just(False)
            present = ALWAYS if known.is_required else self._diagrams.negate(self._absent(one.prefix + first))
        else:
            entity = self._vocabulary.entities.get(one) if isinstance(one, Uid) else None
            present = _truth(entity is not None and first in entity.attributes)
        found = self._worth(present)
        if not rest:
            return found
        onward = self._attribute(one, first)
        return self._branch(
            found, lambda: self._each([onward], lambda two: self._has(two, tuple(rest))), lambda: _just(False)
        )

    def _absent(self, name: str) -> Node:
        return self._diagrams.holds(name, ABSENT)

    def _fact(self, name: str) -> Cases:
        attribute = self._space.facts.get(name)
        if attribute is None:
            return _failure()
        fails = NEVER if attribute.is_required else self._absent(name)
        if attribute.type.kind == "set":
            value = FactSet(name, self._vocabulary.domain(attribute.type.of))
            return Cases({value: self._diagrams.negate(fails)}, fails)
        if attribute.type.kind == "other" or attribute.type.kind == "String":
            raise Beyond(f"the fact {name}, a {attribute.type.of or attribute.type.kind}")
        values = (value for value in self._space.values[name] if value != ABSENT)
        return Cases({value: self._diagrams.holds(name, value) for value in values}, fails)

    # ---- operators ----------------------------------------------------------------------------------------------

    def _unary(self, op: str, one: object) -> Cases:
        if op == "not":
            return _just(not one) if isinstance(one, bool) else _failure()
        if op == "neg":
            return _number(-one) if isinstance(one, int) else _failure()
        if op == "is_empty":
            if isinstance(one, FactSet):
                return self._worth(self._diagrams.negate(self._any(one, one.members)))
            return _just(not one) if isinstance(one, frozenset) else _failure()
        raise Beyond(op)

    def _binary(self, op: str, one: object, other: object) -> Cases:
        if op in {"eq", "not_eq"}:
            same = self._equal(one, other)
            return self._worth(same if op == "eq" else self._diagrams.negate(same))
        if op in _NUMBERS:
            if isinstance(one, int) and isinstance(other, int):
                return _number(_NUMBERS[op](one, other))
            return _failure()
        if op == "in":
            return self._worth(self._inside(one, other))
        if op == "contains":
            return self._worth(self._all(one, (other,)))
        if op in {"contains_all", "contains_any"}:
            if isinstance(other, FactSet):
                return self._worth(self._against(op, one, other))
            members = other if isinstance(other, frozenset) else frozenset()
            return self._worth(self._all(one, members) if op == "contains_all" else self._any(one, members))
        raise Beyond(op)

    def _against(self, op: str, one: object, other: FactSet) -> Node:
        """containsAll and containsAny of a set that is itself a fact."""
        diagrams = self._diagrams
        has = {member: self._all(one, (member,)) for member in other.members}
        asked = {member: diagrams.holds(element_variable(other.name, member)) for member in other.members}
        if op == "contains_any":
            return diagrams.either(*(diagrams.both(has[member], asked[member]) for member in other.members))
        return diagrams.both(*(diagrams.choose(asked[member], has[member], ALWAYS) for member in other.members))

    def _member(self, holder: object, member: object) -> Node:
        if isinstance(holder, FactSet):
            if not isinstance(member, Uid) or member not in holder.members:
                return NEVER
            return self._diagrams.holds(element_variable(holder.name, member))
        return _truth(isinstance(holder, frozenset) and member in holder)

    def _all(self, holder: object, members: Iterable[object]) -> Node:
        return self._diagrams.both(*(self._member(holder, member) for member in members))

    def _any(self, holder: object, members: Iterable[object]) -> Node:
        return self._diagrams.either(*(self._member(holder, member) for member in members))

    def _equal(self, one: object, other: object) -> Node:
        sets = [side for side in (one, other) if isinstance(side, FactSet)]
        if not sets:
            return _truth(type(one) is type(other) and one == other)
        members = {member for side in sets for member in side.members}
        if any(not isinstance(side, FactSet | frozenset) for side in (one, other)):
            return NEVER
        if any(isinstance(side, frozenset) and not side <= members for side in (one, other)):
            return NEVER
        same = (
            self._diagrams.choose(
                self._member(one, member),
                self._member(other, member),
                self._diagrams.negate(self._member(other, member)),
            )
            for member in members
        )
        return self._diagrams.both(*same)

    def _inside(self, one: object, other: object) -> Node:
        """`in`: the same entity or a descendant, of one entity or of any in a set."""
        if isinstance(other, frozenset):
            return self._diagrams.either(*(self._inside(one, group) for group in other))
        if isinstance(other, FactSet):
            return self._diagrams.either(
                *(
                    self._diagrams.both(self._inside(one, member), self._member(other, member))
                    for member in other.members
                )
            )
        if not isinstance(other, Uid):
            return NEVER
        if isinstance(one, Viewer):
            if other not in self._held:
                held = (role for role in self._roles() if self._is_in(role, other))
                self._held[other] = self._diagrams.either(
                    *(self._diagrams.holds(role_variable(role.id)) for role in held)
                )
            return self._held[other]
        return _truth(isinstance(one, Uid) and self._is_in(one, other))

    def _roles(self) -> Iterator[Uid]:
        for kind in self._vocabulary.schema.entities[self._vocabulary.viewer].parents:
            yield from self._vocabulary.domain(kind)

    def _is_in(self, one: Uid, group: Uid) -> bool:
        entity = self._vocabulary.entities.get(one)
        return one == group or (entity is not None and group in entity.ancestors)

    def _worth(self, where: Node) -> Cases:
        both = {True: where, False: self._diagrams.negate(where)}
        return Cases({value: node for value, node in both.items() if node != NEVER})


_NUMBERS: Final[Mapping[str, Callable[[int, int], bool | int]]] = {
    "less": lambda one, other: one < other,
    "less_eq": lambda one, other: one <= other,
    "greater": lambda one, other: one > other,
    "greater_eq": lambda one, other: one >= other,
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
}


def _number(value: int) -> Cases:
    """A truth value, or a number in Cedar's range."""
    return _just(value) if -_GREATEST - 1 <= value <= _GREATEST else _failure()


def _has_numbers(cases: Cases) -> bool:
    return any(type(value) is int for value in cases.values)


def _just(value: object) -> Cases:
    return Cases({value: ALWAYS})


def _failure() -> Cases:
    return Cases({}, ALWAYS)


def _truth(value: bool) -> Node:
    return ALWAYS if value else NEVER


def _uid(written: pst.EntityUid) -> Uid:
    return Uid(written.type.basename, written.id)


def _variables(node: object) -> Iterator[str]:
    if isinstance(node, pst.Var):
        yield node.name
    for part in parts(node):
        yield from _variables(part)


def parts(node: object) -> Iterator[object]:
    """What a node of a parsed policy is made of."""
    if isinstance(node, tuple):
        yield from node
    elif is_dataclass(node):
        yield from (getattr(node, field.name) for field in fields(node))
