"""Shape: the answer of a query from files that are merged, authorized and masked already, without graphql-core.

What a selection means for an object type is worked out once (`Selection`); then each object costs one dict and each
leaf one look-up. Fields that say what they are (schema/declare.py) and those without arguments are read
directly; the rest are called as Strawberry would call them, awaited together level by level. Semantics are
GraphQL's: response keys in order, null propagation to the nearest nullable place, one error for each failed place.
graphql-core remains the reference (gateway/execution/executor.py); tests hold both to the same answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path

from gateway.execution.plan import Plan, is_included
from schema.declare import declaration_of
from schema.entities import Kind

Reader = Callable[[Any], Any]


@dataclass(slots=True)
class _Place:
    """Where a value goes in the answer, and where a null goes when it may not stand there."""

    above: _Place | None
    holder: Any  # the dict or list that holds it
    key: str | int
    optional: bool

    def path(self) -> list[str | int]:
        """The response path."""
        keys: list[str | int] = []
        here: _Place | None = self
        while here is not None and here.above is not None:
            keys.append(here.key)
            here = here.above
        return keys[::-1]

    def void(self) -> None:
        """Null here, or at the nearest place above that may be null."""
        here = self
        while not here.optional and here.above is not None:
            here = here.above
        here.holder[here.key] = None


@dataclass(slots=True)
class _Field:
    """One response key of a selection on one object type."""

    key: str
    name: str
    nodes: list[FieldNode]
    definition: GraphQLField | None  # None: __typename
    parent: GraphQLObjectType
    kind: Any  # the declared type
    optional: bool
    column: Reader | None  # a declared column, ready to stand in the answer
    read: Reader | None  # direct, where neither info nor arguments are wanted
    call: Callable[[Any, Any], Any] | None  # direct with info, without arguments
    below: dict[str, tuple[_Field, ...]] = field(default_factory=dict)  # object type -> what is selected of it


class _LightInfo:
    """All of strawberry's Info that the schema's own resolvers use."""

    __slots__ = ("context",)

    def __init__(self, context: Any) -> None:
        self.context = context


class Shaper:
    """Shapes the answers of one operation; kept with its document while its variables choose the same fields."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = dict(fragments)
        self._variables = variables
        self._roots: dict[str, tuple[_Field, ...]] = {}
        self.plans: dict[int, Plan] = {}

    def run(self, context: Any, variables: VariableValues) -> _Run:
        """One execution, with its own variables."""
        return _Run(self, context, variables)

    @property
    def schema(self) -> GraphQLSchema:
        """The schema that is shaped by."""
        return self._schema

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation that is answered."""
        return self._operation

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments."""
        return self._fragments

    def selection(self, kind: GraphQLObjectType, under: _Field | None) -> tuple[_Field, ...]:
        """The fields of an object type under a field (None: the operation itself)."""
        kept = under.below if under else self._roots
        found = kept.get(kind.name)
        if found is None:
            found = kept[kind.name] = tuple(self._fields(kind, under))
        return found

    def _fields(self, kind: GraphQLObjectType, under: _Field | None) -> Iterator[_Field]:
        sets = [node.selection_set for node in under.nodes] if under else [self._operation.selection_set]
        grouped: dict[str, list[FieldNode]] = {}
        for selections in sets:
            if selections is not None:
                for node in self._collect(kind, selections, set()):
                    grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        for response, nodes in grouped.items():
            yield self._field(kind, response, nodes)

    def _collect(
        self, kind: GraphQLObjectType, selections: SelectionSetNode, visited: set[str]
    ) -> Iterator[FieldNode]:
        for node in selections.selections:
            if not is_included(node, self._variables):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._applies(kind, condition.name.value):
                    yield from self._collect(kind, node.selection_set, visited)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(kind, fragment.type_condition.name.value):
                    yield from self._collect(kind, fragment.selection_set, visited)

    def _applies(self, kind: GraphQLObjectType, condition: str) -> bool:
        if condition == kind.name:
            return True
        named = self._schema.type_map[condition]
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return self._schema.is_sub_type(named, kind)
        return False

    def _field(self, kind: GraphQLObjectType, response: str, nodes: list[FieldNode]) -> _Field:
        name = nodes[0].name.value
        if name == "__typename":
            said = kind.name
            return _Field(response, name, nodes, None, kind, None, False, lambda _: said, None, None)
        definition = self._schema.get_field(kind, name)
        if definition is None:
            raise KeyError(f"{kind.name}.{name}")
        read, call = _direct(definition)
        optional = not isinstance(definition.type, GraphQLNonNull)
        column = _column(definition) if optional else None
        return _Field(response, name, nodes, definition, kind, definition.type, optional, column, read, call)


def _as_it_is(name: str) -> Reader:
    return lambda root: root.values.get(name)


def _as_text(name: str) -> Reader:
    def read(root: Any) -> Any:
        value = root.values.get(name)
        return None if value is None else value.isoformat()

    return read


def _as_list(name: str) -> Reader:
    def read(root: Any) -> Any:
        value = root.values.get(name)
        return None if value is None else list(value)

    return read


_STANDING: Mapping[Kind, Callable[[str], Reader]] = {
    Kind.DATE: _as_text,
    Kind.DATETIME: _as_text,
    Kind.TEXTS: _as_list,
}


def _column(definition: GraphQLField) -> Reader | None:
    """How a declared column is read for the answer; its kind was certified where it entered."""
    carried = definition.extensions.get("strawberry-definition")
    declared = declaration_of(carried.metadata) if carried else None
    if declared is None or declared.column is None:
        return None
    return _STANDING.get(declared.column.kind, _as_it_is)(declared.column.name)


def _direct(definition: GraphQLField) -> tuple[Reader | None, Callable[[Any, Any], Any] | None]:
    """How a field without arguments is read without ceremony: by source, or by source and info."""
    field = definition.extensions.get("strawberry-definition")
    if field is None or definition.args or field.extensions:
        return None, None
    if field.base_resolver is None:
        name = field.python_name
        return (lambda root: getattr(root, name)), None
    resolver = field.base_resolver
    function = resolver.wrapped_func
    if isinstance(function, staticmethod | classmethod):
        return None, None
    takes_root = resolver.self_parameter or resolver.root_parameter
    wants_info = resolver.info_parameter
    if not takes_root or len(resolver.signature.parameters) != 1 + bool(wants_info):
        return None, None
    if wants_info is None:
        return function, None
    return None, lambda root, info: function(root, info)


class _Run:
    """One execution: holds errors and what is still awaited."""

    def __init__(self, shaper: Shaper, context: Any, variables: VariableValues) -> None:
        self._shaper = shaper
        self._context = context
        self._variables = variables
        self._info = _LightInfo(context)
        self._arguments: dict[int, dict[str, Any]] = {}
        self._errors: list[GraphQLError] = []
        self._awaited: list[tuple[Awaitable[Any], Any, _Field, _Place]] = []

    async def execute(self) -> ExecutionResult:
        """The whole answer."""
        kind = self._shaper.schema.query_type
        if kind is None:
            raise TypeError("the schema has no query type")
        answer: dict[str, Any] = {"data": {}}
        self._fill(answer["data"], kind, None, None, _Place(None, answer, "data", True))
        while self._awaited:
            level, self._awaited = self._awaited, []
            values = await asyncio.gather(*(one[0] for one in level), return_exceptions=True)
            for value, (_, expected, one, place) in zip(values, level, strict=True):
                if isinstance(value, BaseException):
                    self._failed(value, one, place)
                else:
                    self._settle(value, expected, one, place)
        return ExecutionResult(answer["data"], self._errors or None)

    def _fill(
        self,
        out: dict[str, Any],
        kind: GraphQLObjectType,
        under: _Field | None,
        source: Any,
        place: _Place,
    ) -> None:
        """All fields of one object."""
        for one in self._shaper.selection(kind, under):
            if one.column is not None:
                out[one.key] = one.column(source)
                continue
            out[one.key] = None
            here = _Place(place, out, one.key, one.optional)
            try:
                value = self._resolve(one, source, here)
            except Exception as err:  # noqa: BLE001  # a resolver's failure is its field's error
                self._failed(err, one, here)
            else:
                self._take(value, one.kind, one, here)

    def _take(self, value: Any, expected: Any, one: _Field, place: _Place) -> None:
        if isinstance(value, Awaitable):
            self._awaited.append((value, expected, one, place))
        else:
            self._settle(value, expected, one, place)

    def _resolve(self, one: _Field, source: Any, place: _Place) -> Any:
        if one.read is not None:
            return one.read(source)
        if one.call is not None:
            return one.call(source, self._info)
        definition = one.definition
        if definition is None or definition.resolve is None:
            return getattr(source, one.name)
        key = id(one)
        given = self._arguments.get(key)
        if given is None:
            given = get_argument_values(definition, one.nodes[0], self._variables)
            self._arguments[key] = given
        return definition.resolve(source, self._full_info(one, definition, place), **given)

    def _full_info(self, one: _Field, definition: GraphQLField, place: _Place) -> Any:
        shaper = self._shaper
        path: Path | None = None
        for key in place.path():
            path = Path(path, key, None)
        return GraphQLResolveInfo(
            one.name,
            one.nodes,
            definition.type,
            one.parent,
            path,  # type: ignore[arg-type]  # a field always stands somewhere
            shaper.schema,
            shaper.fragments,
            None,
            shaper.operation,
            self._variables,
            self._context,
            _is_awaitable,
            None,
            None,  # type: ignore[arg-type]  # no resolver of ours tracks background work
        )

    def _settle(self, value: Any, expected: Any, one: _Field, place: _Place) -> None:
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
                place.holder[place.key] = expected.serialize(value)
            else:
                concrete = expected if isinstance(expected, GraphQLObjectType) else self._concrete(expected, value)
                # Attached before it is filled: a field that may not be null must find the object there to void it.
                out: dict[str, Any] = {}
                place.holder[place.key] = out
                self._fill(out, concrete, one, value, place)
        except Exception as err:  # noqa: BLE001  # what a type cannot take is its field's error
            self._failed(err, one, place)

    def _list(self, values: Any, expected: Any, one: _Field, place: _Place) -> None:
        if isinstance(values, str | bytes | Mapping) or not isinstance(values, Sequence):
            raise TypeError(f"Expected Iterable, but did not find one for field '{one.parent.name}.{one.name}'.")
        optional = not isinstance(expected, GraphQLNonNull)
        out = place.holder[place.key] = [None] * len(values)
        for position, value in enumerate(values):
            self._take(value, expected, one, _Place(place, out, position, optional))

    def _concrete(self, expected: Any, value: Any) -> GraphQLObjectType:
        definition = getattr(type(value), "__strawberry_definition__", None)
        found = self._shaper.schema.type_map.get(definition.name) if definition else None
        if not isinstance(found, GraphQLObjectType) or not self._shaper.schema.is_sub_type(expected, found):
            raise TypeError(f"Abstract type {expected.name} was resolved to a type that it does not hold.")
        return found

    def _failed(self, err: BaseException, one: _Field, place: _Place) -> None:
        if not isinstance(err, Exception):
            raise err
        said = err if isinstance(err, GraphQLError) else None
        self._errors.append(
            GraphQLError(
                said.message if said else str(err),
                one.nodes,
                path=place.path(),
                original_error=err,
                extensions=said.extensions if said else None,
            )
        )
        place.void()


def _null(one: _Field) -> TypeError:
    return TypeError(f"Cannot return null for non-nullable field {one.parent.name}.{one.name}.")


def _is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    return isinstance(value, Awaitable)
