"""Plain variables are taken at once, and as graphql-core takes them."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from gateway.execution.document import Signature, VariablesRefused
from gateway.execution.document import variables as module
from tests.gateway.execution.world import SCHEMA

PLAIN = "query ($id: ID!, $region: String, $first: Int!, $on: Boolean!) { viewer { subject } }"
SOUND: dict[str, Any] = {"id": "p1_x", "region": "320100", "first": 3, "on": True}


def _operation(text: str) -> OperationDefinitionNode:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def _plainly(values: VariableValues) -> dict[str, tuple[str, object]]:
    return {name: (str(source.signature.type), source.value) for name, source in values.sources.items()}


def test_plain_values_are_taken_without_conversion_and_alike() -> None:
    operation = _operation(PLAIN)
    signature = Signature(SCHEMA, operation)
    with patch.object(module, "get_variable_values", side_effect=AssertionError("converted")):
        taken = signature.check({**SOUND, "more": "nobody declared it"})
    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), SOUND)
    assert isinstance(expected, VariableValues)
    assert taken.coerced == expected.coerced
    assert _plainly(taken) == _plainly(expected)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7},
        {"id": 7.0},
        {"region": None},
        {"region": 5},
        {"first": 2**31 - 1},
        {"first": -(2**31)},
        {"first": 2**31},
        {"first": True},
        {"first": 3.0},
        {"on": 1},
        {"on": None},
    ],
    ids=str,
)
def test_anything_else_is_left_to_graphql_core(change: dict[str, Any]) -> None:
    operation = _operation(PLAIN)
    given = {**SOUND, **change}
    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), given)
    if isinstance(expected, list):
        (name,) = change
        with pytest.raises(VariablesRefused, match=rf"^\${name}: missing, or not what"):
            Signature(SCHEMA, operation).check(given)
    else:
        assert Signature(SCHEMA, operation).check(given).coerced == expected.coerced


def test_what_is_left_out_is_left_out_or_takes_its_default() -> None:
    operation = _operation('query ($region: String = "320100", $first: Int) { viewer { subject } }')
    assert Signature(SCHEMA, operation).check({}).coerced == {"region": "320100"}
    assert Signature(SCHEMA, operation).check({"first": 2}).coerced == {"region": "320100", "first": 2}
