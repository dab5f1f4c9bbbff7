"""Input values are converted as Strawberry converts them, for every argument of the schema."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.unset import UNSET

from gateway.execution.inputs import conversion
from schema.build import build

SCHEMA = build()
CONVERTER: GraphQLCoreConverter = SCHEMA.schema_converter
SCALARS = {
    "String": st.text(max_size=3),
    "ID": st.text(max_size=3),
    "Int": st.integers(-3, 3),
    "Boolean": st.booleans(),
    "_Any": st.just({"__typename": "Person", "id": "x"}),
    "Date": st.just(date(2026, 1, 2)),
    "DateTime": st.just(datetime(2026, 1, 2, tzinfo=UTC)),
}


def arguments() -> list[tuple[str, StrawberryArgument, Any]]:
    """Every argument: where it stands, what Strawberry knows of it, its type in the graph."""
    found = []
    for kind in SCHEMA._schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, field in kind.fields.items():
            definition = field.extensions.get("strawberry-definition")
            for one in definition.arguments if definition else ():
                graph = CONVERTER.config.name_converter.from_argument(one)
                found.append((f"{kind.name}.{name}({graph})", one, field.args[graph].type))
    return found


ARGUMENTS = arguments()


def coerced(kind: Any) -> st.SearchStrategy[Any]:
    """Values as graphql-core hands them over: fields may be left out, whatever is nullable may be null."""
    if isinstance(kind, GraphQLNonNull):
        return some(kind.of_type)
    return st.one_of(st.none(), some(kind))


def some(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, GraphQLList):
        return st.lists(coerced(kind.of_type), max_size=3)
    if isinstance(kind, GraphQLEnumType):
        return st.sampled_from([value.value for value in kind.values.values()])
    if isinstance(kind, GraphQLInputObjectType):
        must = {name: coerced(one.type) for name, one in kind.fields.items() if isinstance(one.type, GraphQLNonNull)}
        may = {name: coerced(one.type) for name, one in kind.fields.items() if name not in must}
        return st.fixed_dictionaries(must, optional=may)
    return SCALARS[kind.name]


def by_strawberry(one: StrawberryArgument, value: object) -> object:
    name = CONVERTER.config.name_converter.from_argument(one)
    registry, config = CONVERTER.scalar_registry, CONVERTER.config
    return convert_arguments({name: value}, [one], scalar_registry=registry, config=config)[one.python_name]


@pytest.mark.parametrize(("one", "kind"), [found[1:] for found in ARGUMENTS], ids=[found[0] for found in ARGUMENTS])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_argument_is_converted_as_strawberry_does_it(
    one: StrawberryArgument, kind: Any, data: st.DataObject
) -> None:
    value = data.draw(coerced(kind))
    assert conversion(one.type, CONVERTER)(value) == by_strawberry(one, value)


@strawberry.input
class Nested:
    """Holds itself."""

    name: str = "as declared"
    below: list[Nested] | None = None
    maybe: strawberry.Maybe[int | None] = None


@strawberry.type
class Asked:
    """What such arguments are asked of."""

    @strawberry.field
    def field(self, nested: Nested | None = None, ids: list[strawberry.relay.GlobalID] | None = None) -> int:
        """Nothing."""
        return len(ids or ()) + bool(nested)


def test_what_the_schema_does_not_use_is_left_to_strawberry() -> None:
    definition = Asked.__strawberry_definition__  # type: ignore[attr-defined]  # set by the decorator
    nested, ids = definition.fields[0].arguments
    strawberry.Schema(Asked)
    for value in (None, UNSET, {}, {"name": "x", "below": [{"below": [{}], "maybe": None}]}):
        assert conversion(nested.type, CONVERTER)(value) == by_strawberry(nested, value)
    shared = [str(strawberry.relay.GlobalID("Person", "1"))]
    assert conversion(ids.type, CONVERTER)(shared) == by_strawberry(ids, shared)


def test_a_list_is_never_the_one_that_was_given() -> None:
    one = next(one for _, one, kind in ARGUMENTS if isinstance(getattr(kind, "of_type", kind), GraphQLList))
    shared: list[str] = []
    assert conversion(one.type, CONVERTER)(shared) is not shared
