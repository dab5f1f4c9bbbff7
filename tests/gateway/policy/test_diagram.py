from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.diagram import ALWAYS, NEVER, Diagrams, Node, Value, Variable

VARIABLES = (
    Variable("purpose", ("A", "B", "C")),
    Variable("tie", (False, True)),
    Variable("guard", (False, True)),
    Variable("level", (0, 1, 2)),
)
EVERY = [
    dict(zip([one.name for one in VARIABLES], values, strict=True))
    for values in product(*(one.values for one in VARIABLES))
]
LITERALS = [(one.name, value) for one in VARIABLES for value in one.values]

Function = tuple[Node, Callable[[dict[str, Value]], bool]]


def build(diagrams: Diagrams, tree: object) -> Function:
    """A diagram of a random formula, and the formula as Python."""
    match tree:
        case (str() as name, value):
            return diagrams.holds(name, value), lambda facts: facts[name] == value
        case (left, "and", right):
            (a, one), (b, other) = build(diagrams, left), build(diagrams, right)
            return diagrams.both(a, b), lambda facts: one(facts) and other(facts)
        case (left, "or", right):
            (a, one), (b, other) = build(diagrams, left), build(diagrams, right)
            return diagrams.either(a, b), lambda facts: one(facts) or other(facts)
    node, function = build(diagrams, tree[0])  # type: ignore[index]
    return diagrams.negate(node), lambda facts: not function(facts)


TREES = st.recursive(
    st.sampled_from(LITERALS),
    lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner) | st.tuples(inner),
    max_leaves=12,
)


@given(TREES)
def test_a_diagram_is_its_formula(tree: object) -> None:
    diagrams = Diagrams(VARIABLES)
    node, function = build(diagrams, tree)
    assert [diagrams.holds_for(node, facts) for facts in EVERY] == [function(facts) for facts in EVERY]


@given(TREES, TREES)
def test_equal_formulas_are_one_node(tree: object, other: object) -> None:
    diagrams = Diagrams(VARIABLES)
    (a, one), (b, two) = build(diagrams, tree), build(diagrams, other)
    assert (a == b) == all(one(facts) == two(facts) for facts in EVERY)
    assert diagrams.implies(a, b) == all(two(facts) for facts in EVERY if one(facts))


@given(TREES, st.sampled_from(EVERY))
def test_the_nearest_change_is_the_smallest_one(tree: object, start: dict[str, Value]) -> None:
    diagrams = Diagrams(VARIABLES)
    node, function = build(diagrams, tree)
    distances = [sum(facts[name] != start[name] for name in start) for facts in EVERY if function(facts)]
    found = diagrams.nearest(node, start)
    assert (found is None) == (not distances)
    if found is not None:
        assert function(start | found)
        assert len(found) == min(distances)


@given(TREES)
def test_primes_are_all_and_only_the_minimal_conditions(tree: object) -> None:
    diagrams = Diagrams(VARIABLES)
    node, function = build(diagrams, tree)
    primes = diagrams.primes(node)

    def is_enough(condition: frozenset[tuple[str, Value]]) -> bool:
        return all(function(facts) for facts in EVERY if all(facts[name] == value for name, value in condition))

    assert all(is_enough(one) and not any(is_enough(one - {literal}) for literal in one) for one in primes)
    for facts in EVERY:
        covered = any(all(facts[name] == value for name, value in one) for one in primes)
        assert covered == function(facts)


@given(TREES)
def test_a_witness_is_one(tree: object) -> None:
    diagrams = Diagrams(VARIABLES)
    node, function = build(diagrams, tree)
    witness = diagrams.witness(node)
    assert (witness is None) == (node == NEVER)
    assert witness is None or function(witness)


@given(TREES, st.sampled_from(LITERALS))
def test_what_is_given_no_longer_matters(tree: object, literal: tuple[str, Value]) -> None:
    diagrams = Diagrams(VARIABLES)
    node, function = build(diagrams, tree)
    name, value = literal
    settled = diagrams.given(node, {name: value})
    assert name not in diagrams.turns_on(settled)
    assert all(diagrams.holds_for(settled, facts) == function(facts | {name: value}) for facts in EVERY)


def test_what_always_holds_turns_on_nothing() -> None:
    diagrams = Diagrams(VARIABLES)
    tie = diagrams.holds("tie")
    assert diagrams.either(tie, diagrams.negate(tie)) == ALWAYS
    assert diagrams.turns_on(ALWAYS) == ()
    assert diagrams.nearest(tie, EVERY[0], fixed=["tie"]) is None


def test_two_variables_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="one name"):
        Diagrams([VARIABLES[0], VARIABLES[0]])
