"""Slices: of all policies those that can matter to some roles asking for one purpose, so that Cedar does less.

A policy is left out only where it is certain not to be satisfied and not to fail, so a slice decides exactly as the
whole does: its principal scope does not match (Cedar itself is asked), or its first condition begins with a test of
the purpose that does not hold, behind which `&&` evaluates nothing; a test that holds is left out of its policy.
Questions that the same policies speak of have the same answer and are asked once. A test holds slices to the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import cedarpy
from cedarpy import pst

from gateway.authorization.questions import ACTIONS, REQUESTS, Question
from schema.label import Label

MOST_KEPT: Final = 512  # combinations of roles and purpose
_FIRST: Final = "view"


@dataclass(frozen=True, slots=True)
class Slice:
    """Some policies, and the questions whose answer is that of viewing the same label."""

    rules: cedarpy.PolicySet
    alike: frozenset[Question]


class Slices:
    """The slices of one policy set, made when they are first asked for. Safe to share between threads."""

    def __init__(self, rules: cedarpy.PolicySet) -> None:
        self._all = dict(rules.to_pst().static_policies)
        anything = pst.ScopeAny()
        self._principals = _scopes(
            {name: replace(one, action=anything, resource=anything) for name, one in self._all.items()}
        )
        self._kept = lru_cache(maxsize=MOST_KEPT)(self._slice)

    def of(self, roles: frozenset[str], purpose: str, viewer: cedarpy.Entities) -> Slice:
        """The policies that can matter; `viewer` holds the viewer with these roles."""
        return self._kept(roles, purpose, _Viewer(viewer))

    def _slice(self, _roles: frozenset[str], purpose: str, viewer: _Viewer) -> Slice:
        (addressed,) = _matching(self._principals, [(Label.PUBLIC, _FIRST)], viewer)
        known = ((name, _with_purpose(self._all[name], purpose)) for name in sorted(addressed))
        kept = {name: policy for name, policy in known if policy is not None}
        questions = [(label, action) for label in Label for action in ACTIONS]
        speak = dict(zip(questions, _matching(_scopes(kept), questions, viewer), strict=True))
        alike = {(label, action) for label, action in questions if speak[label, action] == speak[label, _FIRST]}
        return Slice(cedarpy.PolicySet.from_pst(pst.PolicySet({}, kept, ())), frozenset(alike))


class _Viewer:
    """Carries the entities past the memo's key: viewers of the same roles and purpose share a slice."""

    def __init__(self, entities: cedarpy.Entities) -> None:
        self.entities = entities

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Viewer)

    def __hash__(self) -> int:
        return 0


def _scopes(policies: Mapping[str, pst.Template]) -> cedarpy.PolicySet:
    """Policies that hold wherever these speak of something, whatever their conditions."""
    scopes = {name: replace(one, effect="permit", clauses=(), annotations={}) for name, one in policies.items()}
    return cedarpy.PolicySet.from_pst(pst.PolicySet({}, scopes, ()))


def _matching(scopes: cedarpy.PolicySet, questions: Sequence[Question], viewer: _Viewer) -> list[frozenset[str]]:
    results = cedarpy.is_authorized_batch([REQUESTS[one] for one in questions], scopes, viewer.entities)
    return [frozenset(result.diagnostics.reasons) for result in results]


def _with_purpose(policy: pst.Template, purpose: str) -> pst.Template | None:
    """The policy without the test of the purpose that it begins with; None where that does not hold."""
    first = policy.clauses[0] if policy.clauses else None
    if not isinstance(first, pst.When):
        return policy
    test, rest = _split(first.expr)
    named = _purposes(test)
    if named is None:
        return policy
    if purpose not in named:
        return None
    return replace(policy, clauses=(pst.When(rest), *policy.clauses[1:]))


def _split(expression: pst.Expr) -> tuple[pst.Expr, pst.Expr]:
    """`a && b && c` as a and the rest."""
    if not isinstance(expression, pst.BinaryOp) or expression.op != "and":
        return expression, pst.BoolLit(value=True)
    first, rest = _split(expression.left)
    if rest == pst.BoolLit(value=True):
        return first, expression.right
    return first, replace(expression, left=rest)


def _purposes(test: pst.Expr) -> frozenset[str] | None:
    """The purposes of which a test holds, where it tests nothing else."""
    if not isinstance(test, pst.BinaryOp):
        return None
    if test.op == "eq" and _is_purpose(test.left):
        return _named([test.right])
    if test.op == "contains" and isinstance(test.left, pst.Set) and _is_purpose(test.right):
        return _named(test.left.elements)
    return None


def _is_purpose(expression: pst.Expr) -> bool:
    return expression == pst.GetAttr(pst.Var("principal"), "purpose")


def _named(expressions: Collection[pst.Expr]) -> frozenset[str] | None:
    named = [one.value for one in expressions if isinstance(one, pst.EntityLit)]
    found = frozenset(one.id for one in named if one.type.basename == "Purpose")
    return found if len(found) == len(expressions) else None
