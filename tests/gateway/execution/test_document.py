"""Limits: what is too much is refused with the limit and the value, after work that is bounded by the text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from gateway.errors import GatewayError, LimitExceeded
from gateway.execution.document import Documents, Limits, SyntaxRefused, ValidationRefused, check_variables, measure
from gateway.execution.document.cost import CALL, ROWS
from tests.gateway.execution.world import SCHEMA

STEPS = 2_000_000  # calls of Python functions; the honest documents of these tests need a few thousand


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Counts calls instead of seconds, so that the bound holds on any machine; stops what runs away."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"
        if calls > STEPS:
            raise AssertionError(f"more than {STEPS} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    yield
    sys.setprofile(before)


def refused(text: str, limits: Limits | None = None, kind: type[GatewayError] = LimitExceeded) -> str:
    with pytest.raises(kind) as caught:
        Documents(SCHEMA, limits).get(text)
    return caught.value.message


def cost(text: str, variables: Mapping[str, object] | None = None, **sources: int) -> tuple[int, int]:
    document = Documents(SCHEMA, sources=sources).get(text)
    (operation,) = document.operations.values()
    total, items, _ = document.costs.estimate(operation, variables or {})
    return total, items


def check(text: str, variables: Mapping[str, object] | None = None, limits: Limits | None = None) -> None:
    document = Documents(SCHEMA, limits).get(text)
    (operation,) = document.operations.values()
    document.costs.check(operation, variables or {})


def doubling(depth: int) -> str:
    steps = [f"fragment F{i} on Viewer {{ ...F{i + 1} ...F{i + 1} }}" for i in range(depth)]
    return "{ viewer { ...F0 } }" + " ".join(steps) + f" fragment F{depth} on Viewer {{ subject }}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ viewer { subject } }" + "," * 200_000, "200022 characters; the limit is 100000"),
        ("# " + "x" * 1_000_000 + "\n{ viewer { subject } }", "1000025 characters"),
        ("{" + " viewer { subject }" * 2_000 + "}", "more than 4000 tokens"),
        ("{" + "".join(f" a{i}: viewer {{ subject }}" for i in range(21)) + "}", "21 root fields; the limit is 20"),
        ("{ ...R } fragment R on Query {" + "".join(f" a{i}: __typename" for i in range(21)) + "}", "21 root fields"),
        ("{ viewer {" + "".join(f" a{i}: subject" for i in range(201)) + "} }", "201 aliases; the limit is 200"),
        ("{ viewer { subject" + " @skip(if: false)" * 201 + "} }", "201 directives; the limit is 200"),
        ("{ viewer {" + " subject" * 31 + "} }", "31 fields of one name on one level; the limit is 30"),
        ("{ viewer {" + "".join(f" ...F{i}" for i in range(60)) + "} }", "fragment"),
        (" ".join(f"query Q{i} {{ __typename }}" for i in range(51)), "51 definitions; the limit is 50"),
        (doubling(5), "32 fields of one name"),
        (doubling(45), "of one name"),
    ],
)
def test_a_document_beyond_a_limit_is_refused_with_the_limit_and_the_value(text: str, said: str) -> None:
    if said == "fragment":  # fragments that are not there count nothing; validation says so
        assert "Unknown fragment" in refused(text, kind=ValidationRefused)
    else:
        assert said in refused(text)


def test_tenfold_fragments_are_refused_without_being_unfolded() -> None:
    steps = [
        f"fragment F{i} on Jurisdiction {{ " + " ".join(f"b{j}: parent {{ ...F{i + 1} }}" for j in range(10)) + " }"
        for i in range(15)
    ]
    text = "{ viewer { jurisdiction { ...F0 } } }" + " ".join(steps) + " fragment F15 on Jurisdiction { name }"
    assert "2110 fields after fragments; the limit is 1000" in refused(text)
    assert "more than 10^12 fields" in refused(text, Limits(aliases=10**20, fields=10**12))


def test_depth_is_counted_through_fragments() -> None:
    steps = " ".join(f"fragment F{i} on X {{ a {{ ...F{i + 1} }} }}" for i in range(30))
    with pytest.raises(LimitExceeded, match="21 nested levels; the limit is 20"):
        measure(parse(f"{{ ...F0 }} {steps} fragment F30 on X {{ a }}"), Limits())


def test_fragments_that_nobody_spreads_are_measured_too() -> None:
    fields = " ".join(f"f{i}" for i in range(1_001))
    assert "1001 fields" in refused("{ viewer { subject } } fragment F on Viewer {" + fields + "}")


def test_fragments_in_a_cycle_are_named_by_validation() -> None:
    text = "{ viewer { ...A } } fragment A on Viewer { ...B ...B } fragment B on Viewer { ...A ...A subject }"
    assert "within itself" in refused(text, kind=ValidationRefused)


@pytest.mark.parametrize(
    "text",
    [
        "{" + "a{" * 1_900 + "a" + "}" * 1_901,
        "{ person(id: " + "[" * 1_900 + "]" * 1_900 + ") { id } }",
        "{ person(id: " + "{a:" * 1_200 + "1" + "}" * 1_200 + ") { id } }",
        "query ($a: " + "[" * 1_900 + "ID" + "]" * 1_900 + ") { person(id: $a) { id } }",
        "{ viewer " + "{ ... on Viewer " * 900 + "{ subject }" + "}" * 900 + " }",
    ],
    ids=["fields", "list", "object", "type", "inline fragments"],
)
def test_nesting_beyond_what_can_be_read_is_a_limit_and_no_fault(text: str) -> None:
    said = refused(text)
    assert "nested" in said
    assert "limit is 20" in said


def test_every_limit_can_be_set() -> None:
    assert "2 root fields; the limit is 1" in refused("{ __typename viewer { subject } }", Limits(root_fields=1))
    assert "more than 3 tokens" in refused("{ viewer { subject } }", Limits(tokens=3))
    assert "2 nested levels; the limit is 1" in refused("{ viewer { subject } }", Limits(depth=1))
    assert "estimated cost; the limit is 1." in limited("{ viewer { subject } }", Limits(cost=1))


def limited(text: str, limits: Limits) -> str:
    with pytest.raises(LimitExceeded) as caught:
        check(text, limits=limits)
    return caught.value.message


def test_the_question_what_the_graph_offers_is_within_the_limits() -> None:
    check(get_introspection_query())


def test_a_leaf_costs_one_and_a_person_costs_reads_of_each_source() -> None:
    assert cost("{ viewer { subject } }") == (2, 1)
    one_source = 2 + 1 * (CALL + 1)
    assert cost('{ person(id: "x") { name } }') == (one_source, 1)
    assert cost('{ person(id: "x") { name } }', PersonRecord=4)[0] == 2 + 4 * (CALL + 1)


def test_cost_grows_with_the_people_asked_for_and_what_is_shown_of_them() -> None:
    shape = "{{ persons(first: {}) {{ edges {{ node {{ {} }} }} }} }}"
    ten, hundred = (cost(shape.format(n, "id"))[0] for n in (10, 100))
    wider = cost(shape.format(100, "id name sex"))[0]
    # per person: the edge's node, its id, and one read once a sourced field is shown
    assert hundred - ten == 90 * 2
    assert wider - hundred == 100 * 2 + CALL + 100


def test_lists_without_a_size_are_guessed() -> None:
    named = cost('{ person(id: "x") { otherNames { value } } }')[0]
    twice = cost('{ person(id: "x") { otherNames { value kind } } }')[0]
    assert twice - named == ROWS


@pytest.mark.parametrize(
    "given",
    [
        ("query ($n: Int!) { persons(first: $n) { edges { node { id } } } }", {"n": 50}),
        ("query ($n: Int! = 50) { persons(first: $n) { edges { node { id } } } }", {}),
        ("{ persons(first: 50) { edges { node { ...P } } } } fragment P on Person { id }", {}),
        ("{ persons(first: 50) { edges { ... on PersonEdge { node { id } } } } }", {}),
    ],
    ids=["variable", "default", "fragment", "inline"],
)
def test_a_size_counts_however_it_is_said(given: tuple[str, dict[str, object]]) -> None:
    assert cost(*given) == cost("{ persons(first: 50) { edges { node { id } } } }")


def test_references_count_as_the_people_that_they_are() -> None:
    text = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Person { id } } }"
    few, many = (cost(text, {"r": [{"__typename": "Person", "id": "x"}] * n}) for n in (1, 1_000))
    assert many[0] - few[0] == 999
    assert (few[1], many[1]) == (1, 1_000)


def test_an_operation_that_would_cost_too_much_is_refused_before_anything_is_fetched() -> None:
    nested = "edges { node { id stage openedOn measures { id kind startsOn } decisions { number } } }"
    text = f"query ($n: Int!) {{ persons(first: $n) {{ edges {{ node {{ cases(first: 100) {{ {nested} }} }} }} }} }}"
    limits = Limits(cost=100_000)
    document = Documents(SCHEMA, limits).get(text)
    (operation,) = document.operations.values()
    document.costs.check(operation, {"n": 1})
    document.costs.check(operation, {"n": 1})
    with pytest.raises(LimitExceeded, match=r"has \d{6} units of estimated cost; the limit is 100000"):
        document.costs.check(operation, {"n": 100})


def test_nested_lists_are_limited_by_their_product() -> None:
    text = """{ persons(first: 100) { edges { node { cases(first: 100) { edges { node {
        timeline(first: 100) { edges { node { on } } } } } } } } } }"""
    with pytest.raises(LimitExceeded, match="1000000 items in nested lists; the limit is 20000"):
        check(text)


def test_huge_sizes_and_huge_variables_are_weighed_at_once() -> None:
    text = (
        "query ($n: Int, $r: [_Any!]!) { persons(first: $n) { totalCount } "
        "_entities(representations: $r) { __typename } }"
    )
    with pytest.raises(LimitExceeded, match="100000 items"):
        check(text, {"n": 2**31 - 1, "r": [{}] * 100_000})
    assert "digits" in refused("{ persons(first: " + "9" * 5_000 + ") { totalCount } }", kind=ValidationRefused)


def test_a_huge_wrong_variable_is_refused_without_a_word_of_it() -> None:
    text = "query ($s: [PersonStatus!]!) { persons(filter: { status: { in: $s } }) { totalCount } }"
    document = Documents(SCHEMA).get(text)
    (operation,) = document.operations.values()
    with pytest.raises(GatewayError) as caught:
        check_variables(SCHEMA, operation, {"s": ["329901199001010010"] * 20_000})
    assert caught.value.message.startswith("$s: ")
    assert "3299" not in caught.value.message


def test_a_document_is_read_once() -> None:
    documents = Documents(SCHEMA, size=2)
    first = documents.get("{ viewer { subject } }")
    assert documents.get("{ viewer { subject } }") is first
    documents.get("{ viewer { purpose } }")
    documents.get("{ viewer { roles } }")
    assert documents.get("{ viewer { subject } }") is not first


def test_all_kept_documents_together_are_bounded() -> None:
    documents = Documents(SCHEMA)
    texts = ["{ viewer { subject } } #" + "x" * 90_000 + f"{n}" for n in range(6)]
    kept = [documents.get(text) for text in texts]
    assert documents.get(texts[5]) is kept[5]
    assert documents.get(texts[1]) is kept[1]
    assert documents.get(texts[0]) is not kept[0]


def test_nothing_is_suggested_and_no_literal_repeated() -> None:
    said = refused('{ viewer { subjekt } lookup(document: "329901199001010010") { id } }', kind=ValidationRefused)
    assert "Did you mean" not in said
    assert "subject'" not in said
    assert "3299" not in said
    assert "line 1, column 3" in refused("{ (", kind=SyntaxRefused)
