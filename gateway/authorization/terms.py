"""Terms: the policies taken apart into what each asks of viewer and person, so that Cedar is asked once for all.

A question differs from another one by label and action alone, and of these everything is known beforehand. So each
policy is written anew for the questions that it speaks of: whatever it says of label and action is settled, by Cedar
itself, and what is left is a term. Cedar says in one answer which terms hold for a viewer. A question is then decided
as Cedar decides it: forbidden where a term of a forbid holds, else permitted where a term of a permit does. Nothing
is left out that could fail; where Cedar finds that one does, each question is put to the whole policies, as they were
written. A test holds terms to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Final

import cedarpy
from cedarpy import pst

from gateway.authorization.questions import REQUESTS, Question
from schema.label import Label

_ANY: Final = (Label.PUBLIC, "view")  # a term holds or not, whatever the question
MOST_PURPOSES: Final = 64
_REMEMBERED: Final = 4_096  # combinations of terms; a few dozen are met in practice
_SAFE: Final = frozenset({"and", "or", "eq", "not_eq", "in", "contains", "contains_all", "contains_any"})
_TESTS: Final = frozenset({"eq", "not_eq", "in"})  # hashing a whole expression to look it up takes long
_TRUE, _FALSE = pst.BoolLit(value=True), pst.BoolLit(value=False)

Settled = Mapping[pst.Expr, pst.BoolLit]  # what says nothing of viewer or person, and its truth for one question


@dataclass(frozen=True, slots=True)
class Verdict:
    """Cedar's answer to one question, and the ids of the policies behind it."""

    allowed: bool
    policies: tuple[str, ...]


REFUSED: Final = Verdict(allowed=False, policies=())


class Terms:
    """The terms of one policy set. Safe to share between threads."""

    def __init__(self, rules: cedarpy.PolicySet, vocabulary: cedarpy.Entities, given: Collection[str]) -> None:
        """`given` are the facts that every viewer bears."""
        self._whole = rules
        policies = dict(rules.to_pst().static_policies)
        terms: dict[tuple[str, tuple[pst.Clause, ...]], set[Question]] = {}
        for name, question, clauses in _written_anew(policies, vocabulary, frozenset(given)):
            terms.setdefault((name, clauses), set()).add(question)
        written = {
            str(number): replace(
                policies[name],
                id=str(number),
                effect="permit",
                action=pst.ScopeAny(),
                resource=pst.ScopeAny(),
                clauses=clauses,
                annotations={},
            )
            for number, (name, clauses) in enumerate(terms)
        }
        self._written = written
        self._of_purpose = lru_cache(maxsize=MOST_PURPOSES)(self._left)
        self.facts = frozenset(_facts(written.values()))
        """The facts that any policy asks about, by their names in the schema; no other makes a difference."""
        self._policies = {
            str(number): str(policies[name].annotations["id"]) for number, (name, _) in enumerate(terms)
        }
        self._forbid = frozenset(
            str(number) for number, (name, _) in enumerate(terms) if policies[name].effect == "forbid"
        )
        speak: dict[Question, set[str]] = {question: set() for question in REQUESTS}
        for number, questions in enumerate(terms.values()):
            for question in questions:
                speak[question].add(str(number))
        self._speak = {question: frozenset(found) for question, found in speak.items()}
        self._verdict = lru_cache(maxsize=_REMEMBERED)(self._decided)

    def asked(self, viewer: cedarpy.Entities, purpose: str) -> Callable[[Question], Verdict]:
        """Answers any question of this viewer, who stands among the entities and asks for this purpose.

        ValueError where Cedar refuses to.
        """
        (result,) = cedarpy.is_authorized_batch([REQUESTS[_ANY]], self._of_purpose(purpose), viewer)
        told = result.diagnostics
        if told.errors:
            return lambda question: self._by_the_whole(question, viewer)
        holds, speak, verdict = frozenset(told.reasons), self._speak, self._verdict
        return lambda question: verdict(holds & speak[question])

    def _left(self, purpose: str) -> cedarpy.PolicySet:
        """The terms without those that begin by testing for another purpose: behind that `&&` evaluates nothing."""
        left = {name: one for name, one in self._written.items() if purpose in (_purposes(one) or (purpose,))}
        return cedarpy.PolicySet.from_pst(pst.PolicySet({}, left, ()))

    def _decided(self, applying: frozenset[str]) -> Verdict:
        forbidding = applying & self._forbid
        deciding = forbidding or applying
        names = {self._policies[term] for term in deciding}
        return Verdict(bool(deciding) and not forbidding, tuple(sorted(names)))

    def _by_the_whole(self, question: Question, viewer: cedarpy.Entities) -> Verdict:
        (told,) = cedarpy.is_authorized_batch([REQUESTS[question]], self._whole, viewer)
        # Cedar skips a policy that fails, even a forbid, and decides by the rest; so any error is a refusal.
        if told.diagnostics.errors:
            return REFUSED
        return Verdict(told.allowed, tuple(sorted(told.diagnostics.id_annotations_by_reason.values())))


def _written_anew(
    policies: Mapping[str, pst.Template], vocabulary: cedarpy.Entities, given: frozenset[str]
) -> Iterator[tuple[str, Question, tuple[pst.Clause, ...]]]:
    """Each policy for each question that it speaks of, without what its clauses say of label and action."""
    anybody = {name: replace(one, principal=pst.ScopeAny(), clauses=()) for name, one in policies.items()}
    spoken = _holding(anybody, vocabulary)
    settled = _settled(policies.values(), vocabulary)
    done: dict[tuple[object, ...], tuple[pst.Clause, ...] | None] = {}
    for name, policy in policies.items():
        variables = frozenset(_variables(policy.clauses))
        for question in REQUESTS:
            if name not in spoken[question]:
                continue
            label, action = question
            key = (name, label if "resource" in variables else None, action if "action" in variables else None)
            if key not in done:
                done[key] = _Folding(question, settled[question], given).clauses(policy.clauses)
            clauses = done[key]
            if clauses is not None:
                yield name, question, clauses


def _holding(policies: Mapping[str, pst.Template], vocabulary: cedarpy.Entities) -> dict[Question, frozenset[str]]:
    """Of policies that ask nothing of the viewer: which hold for each question."""
    scopes = {name: replace(one, effect="permit", annotations={}) for name, one in policies.items()}
    rules = cedarpy.PolicySet.from_pst(pst.PolicySet({}, scopes, ()))
    results = cedarpy.is_authorized_batch(list(REQUESTS.values()), rules, vocabulary)
    return {
        question: frozenset(result.diagnostics.reasons) for question, result in zip(REQUESTS, results, strict=True)
    }


def _settled(policies: Collection[pst.Template], vocabulary: cedarpy.Entities) -> dict[Question, Settled]:
    """The truth of each test of label or action alone, for each question, as Cedar sees it."""
    tests = list(dict.fromkeys(test for policy in policies for test in _tests(policy.clauses)))
    everywhere = pst.ScopeAny()
    asked = {
        str(number): pst.Template(str(number), "permit", everywhere, everywhere, everywhere, (pst.When(test),), {})
        for number, test in enumerate(tests)
    }
    holding = _holding(asked, vocabulary)
    return {
        question: {test: pst.BoolLit(value=str(number) in holds) for number, test in enumerate(tests)}
        for question, holds in holding.items()
    }


def _tests(node: object) -> Iterator[pst.Expr]:
    """`resource in X`, `resource == X` and the same of `action`, where X is written out: these cannot fail."""
    match node:
        case pst.BinaryOp(op, pst.Var("resource" | "action"), named) if op in _TESTS and _is_named(named):
            yield node
    for part in _parts(node):
        yield from _tests(part)


def _is_named(expression: pst.Expr) -> bool:
    if isinstance(expression, pst.Set):
        return all(isinstance(one, pst.EntityLit) for one in expression.elements)
    return isinstance(expression, pst.EntityLit)


class _Folding:
    """Settles for one question what is known of it beforehand."""

    def __init__(self, question: Question, settled: Settled, given: frozenset[str]) -> None:
        self._question = question
        self._settled = settled
        self._given = given

    def clauses(self, clauses: Sequence[pst.Clause]) -> tuple[pst.Clause, ...] | None:
        """What is left of clauses; None where they cannot hold, and cannot fail before that shows."""
        left: list[pst.Clause] = []
        for clause in clauses:
            expression = self._folded(clause.expr)
            is_when = isinstance(clause, pst.When)
            if expression == (_FALSE if is_when else _TRUE) and all(self._cannot_fail(one.expr) for one in left):
                return None
            if expression != (_TRUE if is_when else _FALSE):
                left.append(replace(clause, expr=expression))
        return tuple(left)

    def _folded(self, node: Any) -> Any:
        """An expression with the question's words in it, and without whatever they settle."""
        if isinstance(node, tuple):
            return tuple(map(self._folded, node))
        if isinstance(node, Mapping):
            return pst.FrozenMap({name: self._folded(one) for name, one in node.items()})
        if not is_dataclass(node) or isinstance(node, type | pst.EntityUid | pst.EntityType):
            return node
        if isinstance(node, pst.BinaryOp) and node.op in _TESTS and node in self._settled:
            return self._settled[node]
        if isinstance(node, pst.Var):
            return _word(node, self._question)
        parts = {field.name: self._folded(getattr(node, field.name)) for field in fields(node)}
        return self._shortened(replace(node, **parts))

    def _shortened(self, node: Any) -> Any:
        """`and`, `or`, `not` and `if` over what is true or false anyway, in the order in which Cedar evaluates."""
        match node:
            case pst.UnaryOp("not", pst.BoolLit(value)):
                return pst.BoolLit(value=not value)
            case pst.IfThenElse(pst.BoolLit(value), yes, no):
                return yes if value else no
            case pst.BinaryOp("and" | "or" as op, left, right):
                neutral, deciding = (_TRUE, _FALSE) if op == "and" else (_FALSE, _TRUE)
                if left in (neutral, deciding):
                    return right if left == neutral else deciding
                if right == neutral:
                    return left
                if right == deciding and self._cannot_fail(left):
                    return deciding
        return node

    def _cannot_fail(self, node: object) -> bool:
        """Whether an expression, whose types were checked when it was read, has a value whatever the facts."""
        match node:
            case pst.BoolLit() | pst.EntityLit() | pst.Var():
                return True
            case pst.GetAttr(pst.Var("principal"), name):
                return name in self._given
            case pst.UnaryOp("not" | "is_empty", one):
                return self._cannot_fail(one)
            case pst.BinaryOp(op, left, right) if op in _SAFE:
                return self._cannot_fail(left) and self._cannot_fail(right)
            case pst.Set(elements):
                return all(map(self._cannot_fail, elements))
        return False


def _word(variable: pst.Var, question: Question) -> pst.Expr:
    if variable.name not in {"resource", "action"}:
        return variable
    written = REQUESTS[question][variable.name]
    *namespace, kind = written["type"].split("::")
    return pst.EntityLit(pst.EntityUid(pst.EntityType(kind, tuple(namespace)), written["id"]))


def _purposes(policy: pst.Template) -> frozenset[str] | None:
    """The purposes of which the test holds that a policy begins with; None where it begins with another one."""
    first = policy.clauses[0] if policy.clauses else None
    test = first.expr if isinstance(first, pst.When) else None
    while isinstance(test, pst.BinaryOp) and test.op == "and":
        test = test.left
    match test:
        case pst.BinaryOp("eq", pst.GetAttr(pst.Var("principal"), "purpose"), pst.EntityLit() as one):
            named: tuple[pst.Expr, ...] = (one,)
        case pst.BinaryOp("contains", pst.Set(elements), pst.GetAttr(pst.Var("principal"), "purpose")):
            named = elements
        case _:
            return None
    found = [one.value for one in named if isinstance(one, pst.EntityLit) and one.value.type.basename == "Purpose"]
    return frozenset(one.id for one in found) if len(found) == len(named) else None


def _facts(node: object) -> Iterator[str]:
    match node:
        case pst.GetAttr(_, name):
            yield name
        case pst.HasAttr(_, names):
            yield from names
    for part in _parts(node):
        yield from _facts(part)


def _variables(node: object) -> Iterator[str]:
    if isinstance(node, pst.Var):
        yield node.name
    for part in _parts(node):
        yield from _variables(part)


def _parts(node: object) -> Iterator[object]:
    if isinstance(node, tuple | ValuesView):
        yield from node
    elif isinstance(node, Mapping):
        yield from node.values()
    elif is_dataclass(node):
        yield from (getattr(node, field.name) for field in fields(node))
