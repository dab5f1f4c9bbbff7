"""Shape: the answer of a query from files that are merged, authorized and masked already, without graphql-core.

Each object costs one dict and each leaf one look-up. Semantics are GraphQL's: response keys in order, null
propagation to the nearest nullable place, one error for each failed place. What has to be awaited is awaited
together, level by level. graphql-core remains the reference (gateway/execution/executor.py); tests hold both to the
same answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, TypeGuard

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path

from gateway.execution.arguments import DirectInfo
from gateway.execution.columns import Columns
from gateway.execution.selection import Field, Selected, Selections, Way

# Where a value goes: what is above, the dict or list that holds it, its key there, whether a null may stand there.
# A tuple, not a class: there is one for every object of an answer.
_Place = tuple[Any, Any, str | int, bool]


def _path(place: _Place) -> list[str | int]:
    """The response path of a place."""
    keys: list[str | int] = []
    while place[0] is not None:
        keys.append(place[2])
        place = place[0]
    return keys[::-1]


def _void(place: _Place) -> None:
    """Null there, or at the nearest place above that may be null."""
    while not place[3] and place[0] is not None:
        place = place[0]
    place[1][place[2]] = None


class Shaping:
    """One execution: holds errors and what is still awaited."""

    def __init__(self, selections: Selections, context: Any, variables: VariableValues) -> None:
        self._selections = selections
        self._context = context
        self._variables = variables
        self._info = DirectInfo(context)
        self._columns: Columns | None = Columns(selections, self._info, self._given_once)
        self._arguments: dict[int, dict[str, Any]] = {}
        self._errors: list[GraphQLError] = []
        self._awaited: list[tuple[Awaitable[Any], Any, Field, _Place]] = []

    async def execute(self) -> ExecutionResult:
        """The whole answer."""
        kind = self._selections.schema.query_type
        if kind is None:
            raise TypeError("the schema has no query type")
        answer: dict[str, Any] = {"data": {}}
        self._fill(answer["data"], self._selections.selection(kind, None), None, (None, answer, "data", True))
        while self._awaited:
            level, self._awaited = self._awaited, []
            values: Sequence[Any]
            if len(level) > 1:
                values = await asyncio.gather(*(waited[0] for waited in level), return_exceptions=True)
            else:  # without a task of its own
                try:
                    values = [await level[0][0]]
                except Exception as err:  # noqa: BLE001  # a resolver's failure is its field's error
                    values = [err]
            for value, (_, expected, one, place) in zip(values, level, strict=True):
                if isinstance(value, BaseException):
                    self._failed(value, one, place)
                else:
                    self._settle(value, expected, one, place)
        self._columns = None  # it knows us, and no answer ends as a circle
        return ExecutionResult(answer["data"], self._errors or None)

    def _shape(self, selected: Selected, sources: Sequence[Any]) -> list[Any] | None:
        """Objects of one type the quick way, None where it cannot be gone; once it failed it is not tried again."""
        if self._columns is None or not selected.is_quick:
            return None
        try:
            return self._columns.objects(selected, sources)
        except Exception:  # noqa: BLE001  # whatever it was, the careful way meets it again and gives it its place
            self._columns = None
            return None

    def _object(self, selected: Selected, source: Any, place: _Place) -> None:
        """One object in its place."""
        shaped = self._shape(selected, (source,))
        if shaped is not None:
            place[1][place[2]] = shaped[0]
            return
        out: dict[str, Any] = {}
        place[1][place[2]] = out
        self._fill(out, selected, source, place)

    def _fill(self, out: dict[str, Any], selected: Selected, source: Any, above: _Place) -> None:
        """All fields of one object."""
        for one in selected.fields:
            key, way = one.key, one.way
            if way is Way.COLUMN:
                out[key] = one.read(source)  # type: ignore[misc]  # a column has its reader
                continue
            out[key] = None
            try:
                if way is Way.ASKED:
                    place = (above, out, key, one.optional)
                    self._take(self._resolve(one, source, place), one.kind, one, place)
                    continue
                value = one.read(source)  # type: ignore[misc]  # so has whatever is read directly
                if value is None:
                    if not one.optional:
                        self._failed(_null(one), one, (above, out, key, False))
                elif way is Way.LEAF:
                    out[key] = one.serialize(value)  # type: ignore[misc]  # so has a leaf its serialization
                elif way is Way.OBJECT:
                    below = self._selections.selection(one.named, one)  # type: ignore[arg-type]  # it has its type
                    self._object(below, value, (above, out, key, one.optional))
                else:
                    self._objects(value, one, (above, out, key, one.optional))
            except Exception as err:  # noqa: BLE001  # a resolver's failure is its field's error
                self._failed(err, one, (above, out, key, one.optional))

    def _objects(self, values: Any, one: Field, place: _Place) -> None:
        """A list of objects of one type."""
        if not isinstance(values, list | tuple):
            raise TypeError(f"Expected Iterable, but did not find one for field '{one.parent.name}.{one.name}'.")
        named, optional = one.named, one.items_optional
        below = self._selections.selection(named, one)  # type: ignore[arg-type]  # a list of objects has their type
        if all(value is not None for value in values) and (shaped := self._shape(below, values)) is not None:
            place[1][place[2]] = shaped
            return
        out: list[Any] = [None] * len(values)
        # Attached before it is filled: an item that may not be null must find the list there to void it.
        place[1][place[2]] = out
        for position, value in enumerate(values):
            here = (place, out, position, optional)
            if value is None:
                if not optional:
                    self._failed(_null(one), one, here)
                continue
            inner: dict[str, Any] = {}
            out[position] = inner
            self._fill(inner, below, value, here)

    def _take(self, value: Any, expected: Any, one: Field, place: _Place) -> None:
        if hasattr(type(value), "__await__"):
            self._awaited.append((value, expected, one, place))
        else:
            self._settle(value, expected, one, place)

    def _resolve(self, one: Field, source: Any, place: _Place) -> Any:
        if one.read is not None:
            return one.read(source)
        if one.call is not None:
            return one.call(source, self._info)
        definition = one.definition
        if definition is None or definition.resolve is None:
            return getattr(source, one.name)
        given = self._given_once(one)
        if one.given is not None:
            return one.given.function(source, **given)
        info = _resolve_info(self._selections, self._variables, self._context, one, definition, _path(place))
        return definition.resolve(source, info, **given)

    def _given_once(self, one: Field) -> dict[str, Any]:
        given = self._arguments.get(id(one))
        if given is None:
            if one.definition is None:
                raise TypeError("__typename takes no arguments")
            given = self._arguments[id(one)] = self._given(one, one.definition)
        return given

    def _given(self, one: Field, definition: GraphQLField) -> dict[str, Any]:
        """A field's arguments: as its resolver takes them where it is called directly, else as graphql-core does."""
        if one.given is None:
            return get_argument_values(definition, one.nodes[0], self._variables)
        converted = one.given.converted(self._variables)
        if not one.given.wants_info:
            return converted
        info = self._info
        if one.parent is self._selections.schema.query_type:
            making = partial(_resolve_info, self._selections, self._variables, self._context)
            info = DirectInfo(self._context, partial(making, one, definition, [one.key]))
        return {**converted, "info": info}

    def _settle(self, value: Any, expected: Any, one: Field, place: _Place) -> None:
        """Put a value in its place as its type says, or void the place."""
        if isinstance(expected, GraphQLNonNull):
            if value is None:
                self._failed(_null(one), one, place)
                return
            expected = expected.of_type
        if value is None:
            return
        try:
            if isinstance(expected, GraphQLList):
                self._list(value, expected.of_type, one, place)
            elif is_leaf_type(expected):
                place[1][place[2]] = expected.serialize(value)
            else:
                concrete = expected if isinstance(expected, GraphQLObjectType) else self._concrete(expected, value)
                self._object(self._selections.selection(concrete, one), value, place)
        except Exception as err:  # noqa: BLE001  # what a type cannot take is its field's error
            self._failed(err, one, place)

    def _list(self, values: Any, expected: Any, one: Field, place: _Place) -> None:
        if not isinstance(values, list | tuple):
            raise TypeError(f"Expected Iterable, but did not find one for field '{one.parent.name}.{one.name}'.")
        optional = not isinstance(expected, GraphQLNonNull)
        out = place[1][place[2]] = [None] * len(values)
        for position, value in enumerate(values):
            self._take(value, expected, one, (place, out, position, optional))

    def _concrete(self, expected: Any, value: Any) -> GraphQLObjectType:
        found = self._selections.concrete(expected, type(value))
        if found is None:
            raise TypeError(f"Abstract type {expected.name} was resolved to a type that it does not hold.")
        return found

    def _failed(self, err: BaseException, one: Field, place: _Place) -> None:
        if not isinstance(err, Exception):
            raise err
        said = err if isinstance(err, GraphQLError) else None
        self._errors.append(
            GraphQLError(
                said.message if said else str(err),
                one.nodes,
                path=_path(place),
                original_error=err,
                extensions=said.extensions if said else None,
            )
        )
        _void(place)


def _resolve_info(
    selections: Selections,
    variables: VariableValues,
    context: Any,
    one: Field,
    definition: GraphQLField,
    keys: Sequence[str | int],
) -> GraphQLResolveInfo[Any]:
    """All that graphql-core tells a resolver."""
    path: Path | None = None
    for key in keys:
        path = Path(path, key, None)
    return GraphQLResolveInfo(
        one.name,
        one.nodes,
        definition.type,
        one.parent,
        path,  # type: ignore[arg-type]  # a field always stands somewhere
        selections.schema,
        selections.fragments,
        None,
        selections.operation,
        variables,
        context,
        _is_awaitable,
        None,
        None,  # type: ignore[arg-type]  # no resolver of ours tracks background work
    )


def _null(one: Field) -> TypeError:
    return TypeError(f"Cannot return null for non-nullable field {one.parent.name}.{one.name}.")


def _is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    return isinstance(value, Awaitable)
