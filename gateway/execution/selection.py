"""Selection: what a query selects of each object type, worked out once for an operation and kept with it.

Fields that say what they are (schema/declare.py) and those without arguments are read directly; which way a field
goes is decided here, so that shaping an object asks no question (gateway/execution/shape.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, IntEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    is_leaf_type,
)
from graphql.execution.values import VariableValues
from msgspec import Struct, defstruct
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.execution.arguments import Given, given
from gateway.execution.plan import Plan, is_included
from schema.declare import declaration_of
from schema.entities import Column, Kind
from schema.node import edges_of
from schema.reading import Reading, reading_of

Reader = Callable[[Any], Any]
Shape = Callable[[Sequence[Any], Any], list[Any]]  # of objects of one type and the execution: a struct for each


class Way(IntEnum):
    """How a field is completed; the common ways need no question asked."""

    COLUMN = 0  # a declared column, ready to stand in the answer
    LEAF = 1  # read directly, then serialized
    OBJECT = 2  # read directly, an object of one type
    OBJECTS = 3  # read directly, a list of such objects
    ASKED = 4  # anything else: resolved and completed step by step


@dataclass(slots=True)
class Field:
    """One response key of a selection on one object type."""

    key: str
    name: str
    nodes: list[FieldNode]
    definition: GraphQLField | None  # None: __typename
    parent: GraphQLObjectType
    kind: Any  # the declared type
    optional: bool
    way: Way
    read: Reader | None  # direct, where neither info nor arguments are wanted; never awaitable unless ASKED
    call: Callable[[Any, Any], Any] | None  # direct with info, without arguments
    given: Given | None = None  # direct with info and arguments: the field's own resolver
    serialize: Reader | None = None  # for leaves
    named: GraphQLObjectType | None = None  # for objects and lists of objects of one type
    items_optional: bool = False
    column: str | None = None  # the declared column that it shows, if the encoder writes its values as they stand
    attribute: str | None = None  # it shows this attribute of its object, without a resolver
    sound: type | None = None  # a LEAF's values of this type need no serialization
    waits: bool = False  # its resolver is a coroutine function
    function: Callable[..., Any] | None = None  # its resolver, if it has one
    reading: Reading | None = None  # how it is read of many objects at once
    is_edges: bool = False  # the edges of a connection

    @property
    def is_quick(self) -> bool:
        """Whether it is read without waiting and without what only graphql-core's own way gives."""
        return not self.waits and (self.read or self.call or self.given) is not None

    below: dict[str, Selected] = field(default_factory=dict)  # object type -> what is selected of it


class Selected:
    """What is selected of one object type in one place, and the struct that such an object becomes."""

    __slots__ = ("fields", "is_quick", "shape", "struct")

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self.is_quick = all(one.is_quick for one in fields)
        """Whether nothing that is known beforehand stands in the way of shaping many of them at once."""
        self.struct = _struct(tuple(one.key for one in fields))
        self.shape: Shape | None = None
        """How many of them are shaped at once; gateway/execution/columns.py works it out when it is first needed."""


@lru_cache(maxsize=2_048)
def _struct(keys: tuple[str, ...]) -> Callable[..., Struct]:
    """A class with these response keys: made and written several times faster than a dict."""
    names = [f"f{place}" for place in range(len(keys))]
    return defstruct("Object", [(name, Any) for name in names], rename=dict(zip(names, keys, strict=True)), gc=False)


class Selections:
    """What one operation selects; kept with its document while its variables choose the same fields."""

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
        self._roots: dict[str, Selected] = {}
        self._concretes: dict[tuple[str, type], GraphQLObjectType | None] = {}
        self.plans: dict[int, Plan] = {}

    @property
    def schema(self) -> GraphQLSchema:
        """The schema that is shaped by."""
        return self._schema

    @property
    def converter(self) -> GraphQLCoreConverter:
        """Strawberry's own converter, for arguments."""
        strawberry_schema: Any = self._schema.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
        found: GraphQLCoreConverter = strawberry_schema.schema_converter
        return found

    @property
    def operation(self) -> OperationDefinitionNode:
        """The operation that is answered."""
        return self._operation

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        """The document's fragments."""
        return self._fragments

    def selection(self, kind: GraphQLObjectType, under: Field | None) -> Selected:
        """The fields of an object type under a field (None: the operation itself)."""
        kept = under.below if under else self._roots
        found = kept.get(kind.name)
        if found is None:
            found = kept[kind.name] = Selected(tuple(self._fields(kind, under)))
        return found

    def concrete(self, expected: GraphQLInterfaceType | GraphQLUnionType, shown: type) -> GraphQLObjectType | None:
        """The object type that a class of the schema stands for, where an abstract type may hold it."""
        key = (expected.name, shown)
        if key not in self._concretes:
            definition = getattr(shown, "__strawberry_definition__", None)
            found = self._schema.type_map.get(definition.name) if definition else None
            fits = isinstance(found, GraphQLObjectType) and self._schema.is_sub_type(expected, found)
            self._concretes[key] = found if fits and isinstance(found, GraphQLObjectType) else None
        return self._concretes[key]

    def _fields(self, kind: GraphQLObjectType, under: Field | None) -> Iterator[Field]:
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

    def _field(self, kind: GraphQLObjectType, response: str, nodes: list[FieldNode]) -> Field:
        name = nodes[0].name.value
        if name == "__typename":
            said = kind.name
            return Field(response, name, nodes, None, kind, None, False, Way.COLUMN, lambda _: said, None)
        definition = self._schema.get_field(kind, name)
        if definition is None:
            raise KeyError(f"{kind.name}.{name}")
        optional = not isinstance(definition.type, GraphQLNonNull)
        made = Field(response, name, nodes, definition, kind, definition.type, optional, Way.ASKED, None, None)
        made.read, made.call = _direct(definition)
        self._note(made, definition)
        if optional and (column := _column(definition)):
            made.way = Way.COLUMN
            made.read, made.column = _standing(column)
        else:
            self._choose(made, definition.type)
        return made

    def _note(self, made: Field, definition: GraphQLField) -> None:
        """What the field's declaration says of how it may be read."""
        carried = definition.extensions.get("strawberry-definition")
        if carried is None:
            return
        made.waits = bool(carried.is_async)
        made.reading = reading_of(carried.metadata)
        if made.parent is self._schema.query_type or declaration_of(carried.metadata) is not None:
            made.given = given(definition, made.nodes[0], self.converter)
        if carried.base_resolver is not None:
            made.function = carried.base_resolver.wrapped_func
            made.is_edges = made.function is edges_of
        elif not definition.args and not carried.extensions:
            made.attribute = carried.python_name

    def _choose(self, made: Field, kind: GraphQLOutputType) -> None:
        """What its type says of completing it, and the shortest way if it is read directly."""
        inner = _nullable(kind)
        way = Way.ASKED
        if isinstance(inner, GraphQLObjectType):
            way, made.named = Way.OBJECT, inner
        elif is_leaf_type(inner):
            way, made.serialize = Way.LEAF, _serializer(inner)
            made.sound = _SOUND.get(inner.name) or _members(inner)
        elif isinstance(inner, GraphQLList) and isinstance(_nullable(inner.of_type), GraphQLObjectType):
            way, made.named = Way.OBJECTS, _nullable(inner.of_type)
            made.items_optional = not isinstance(inner.of_type, GraphQLNonNull)
        if made.read is not None and not made.waits:
            made.way = way


def _nullable(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def _members(kind: Any) -> type[Enum] | None:
    """The enum whose members an enum type shows by their names."""
    shown = getattr(kind, "wrapped_cls", None)
    return shown if shown is not None and kind.values.keys() >= shown.__members__.keys() else None


def _serializer(kind: Any) -> Reader:
    """A leaf's serialization, without detours for values that are as they should be."""
    whole = kind.serialize
    if isinstance(kind, GraphQLEnumType):
        return lambda value: value.name if isinstance(value, Enum) and value.name in kind.values else whole(value)
    sound = _SOUND.get(kind.name)
    if sound is None:
        return whole  # type: ignore[no-any-return]  # graphql-core's own
    return lambda value: value if type(value) is sound else whole(value)


_SOUND: Mapping[str, type] = {"String": str, "ID": str, "Boolean": bool, "Date": date}
"""By scalar: values of this very type are written as they stand, days as isoformat gives them."""


def _standing(column: Column) -> tuple[Reader, str | None]:
    """How a declared column is read of one object, and its name if the encoder writes its values as they stand.

    It does so with days, which it writes as isoformat does, and with tuples, but not with moments.
    """
    name = column.name
    if column.kind is Kind.DATETIME:
        return lambda root: None if (value := root.values.get(name)) is None else value.isoformat(), None
    return lambda root: root.values.get(name), name


def _column(definition: GraphQLField) -> Column | None:
    """The declared column that a field shows; certified where it entered."""
    carried = definition.extensions.get("strawberry-definition")
    declared = declaration_of(carried.metadata) if carried else None
    return declared.column if declared else None


def _direct(definition: GraphQLField) -> tuple[Reader | None, Callable[[Any, Any], Any] | None]:
    """How a field without arguments is read without ceremony: by source, or by source and info."""
    field = definition.extensions.get("strawberry-definition")
    if field is None or definition.args or field.extensions:
        return None, None
    if field.base_resolver is None:
        return attrgetter(field.python_name), None
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
