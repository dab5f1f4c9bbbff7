"""Input values: what a resolver is given of a coerced GraphQL value, worked out once for each type.

It is what Strawberry's `convert_argument` makes of the value, which asks at each value anew what its type is; a test
holds the two to each other over every argument of the schema. Types that this schema does not use go to Strawberry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from functools import partial
from typing import Any

from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.unset import UNSET

Convert = Callable[[Any], Any]
"""From a coerced value, None or UNSET, to what a resolver takes."""

_Field = tuple[str, str, Convert]  # its name in the graph, in Python, and how it is converted


def conversion(kind: Any, converter: GraphQLCoreConverter, within: Sequence[Any] = ()) -> Convert:
    """How values of a Strawberry type are converted; `within` are the input types in which it was met."""
    if isinstance(kind, StrawberryOptional) and not isinstance(kind, StrawberryMaybe):
        return conversion(kind.of_type, converter, within)
    if _is_leaf(kind, converter):
        return _as_it_is
    if isinstance(kind, StrawberryList):
        return partial(_list, conversion(kind.of_type, converter, within))
    if has_object_definition(kind) and kind not in within:  # one that holds itself has no end to work out
        definition = kind.__strawberry_definition__
        if definition.is_input and definition.from_input is None:
            return _object_of(kind, converter, (*within, kind))
    registry, config = converter.scalar_registry, converter.config
    return lambda value: convert_argument(value, kind, registry, config)


def _is_leaf(kind: Any, converter: GraphQLCoreConverter) -> bool:
    if kind is GlobalID:
        return False
    return (
        isinstance(kind, StrawberryEnumDefinition)
        or has_enum_definition(kind)
        or is_scalar(kind, converter.scalar_registry)
    )


def _object_of(kind: Any, converter: GraphQLCoreConverter, within: Sequence[Any]) -> Convert:
    definition = kind.__strawberry_definition__
    fields: list[_Field] = [
        (
            converter.config.name_converter.from_field(field),
            field.python_name,
            conversion(field.resolve_type(type_definition=definition), converter, within),
        )
        for field in definition.fields
    ]
    blank = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }
    return partial(_object, kind, fields, blank)


def _as_it_is(value: Any) -> Any:
    return value


def _list(convert: Convert, value: Any) -> Any:
    # always a new list: graphql-core gives one default to all requests
    return value if value is None or value is UNSET else [convert(one) for one in value]


def _object(kind: Callable[..., Any], fields: Sequence[_Field], blank: Mapping[str, None], value: Any) -> Any:
    if value is None or value is UNSET:
        return value
    given = {python: convert(value[name]) for name, python, convert in fields if name in value}
    return kind(**{**blank, **given})
