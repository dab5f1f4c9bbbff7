"""Arguments: how a resolver that is called directly takes them, converted as Strawberry does it.

What does not hang on a variable is converted once for an operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLResolveInfo, Node, VariableNode, Visitor, is_leaf_type, visit
from graphql.execution.values import VariableValues, get_argument_values
from graphql.type import get_nullable_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import StrawberryArgument

from gateway.execution.inputs import Convert, conversion

_Argument = tuple[str, str, Convert]  # its name in the graph, the keyword, and how it is converted


class Given:
    """How one selected field is called: by its object and keywords."""

    __slots__ = (
        "_changing",
        "_changing_field",
        "_definition",
        "_kept",
        "_node",
        "_plain",
        "_rest",
        "function",
        "wants_info",
    )

    def __init__(
        self,
        definition: GraphQLField,
        node: FieldNode,
        function: Callable[..., Any],
        arguments: list[StrawberryArgument],
        converter: GraphQLCoreConverter,
        *,
        wants_info: bool,
    ) -> None:
        self.function = function
        self.wants_info = wants_info
        self._definition = definition
        self._node = node
        plain, within = _variables(definition, node)
        named: list[_Argument] = [
            (converter.config.name_converter.from_argument(one), one.python_name, conversion(one.type, converter))
            for one in arguments
        ]
        self._plain = [(one, plain[one[0]]) for one in named if one[0] in plain]
        """Arguments that are a variable of a leaf type: as it stands, or left out."""
        self._changing = [one for one in named if one[0] in within]
        """Arguments that hold variables otherwise: converted each time."""
        self._changing_field = self._field(self._changing)
        self._rest = [one for one in named if one[0] not in plain and one[0] not in within]
        self._kept: dict[str, Any] | None = None  # the rest, converted

    def converted(self, variables: VariableValues) -> dict[str, Any]:
        """The keywords, without info; whoever gets them does not change them."""
        if self._kept is None:
            self._kept = self._convert(self._rest, self._field(self._rest), variables)
        if not self._plain and not self._changing:
            return self._kept
        found = dict(self._kept)
        left_out: list[_Argument] = []
        for one, variable in self._plain:
            value = variables.coerced.get(variable)
            if value is None:  # left out, or null: by the argument's default, or an error
                left_out.append(one)
            else:
                found[one[1]] = value
        if self._changing:
            found |= self._convert(self._changing, self._changing_field, variables)
        if left_out:
            found |= self._convert(left_out, self._field(left_out), variables)
        return found

    def _field(self, arguments: list[_Argument]) -> GraphQLField:
        """The field with these arguments alone."""
        return GraphQLField(self._definition.type, {name: self._definition.args[name] for name, _, _ in arguments})

    def _convert(self, arguments: list[_Argument], field: GraphQLField, variables: VariableValues) -> dict[str, Any]:
        values = get_argument_values(field, self._node, variables)
        return {python: convert(values[name]) for name, python, convert in arguments if name in values}


def _variables(definition: GraphQLField, node: FieldNode) -> tuple[dict[str, str], set[str]]:
    """Arguments that are a variable of a leaf type, by its name; and those that hold variables otherwise."""
    plain: dict[str, str] = {}
    within: set[str] = set()
    for argument in node.arguments or ():
        value, name = argument.value, argument.name.value
        if isinstance(value, VariableNode) and is_leaf_type(get_nullable_type(definition.args[name].type)):
            plain[name] = value.name.value
        elif _holds_variable(value):
            within.add(name)
    return plain, within


def _holds_variable(value: Node) -> bool:
    found: list[str] = []

    class Look(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            found.append(node.name.value)

    visit(value, Look())
    return bool(found)


def given(definition: GraphQLField, node: FieldNode, converter: GraphQLCoreConverter) -> Given | None:
    """How a field with arguments is called, if its resolver is a function of its object, its arguments and info."""
    field = definition.extensions.get("strawberry-definition")
    if field is None or not definition.args or field.extensions or field.base_resolver is None:
        return None
    resolver = field.base_resolver
    function, info = resolver.wrapped_func, resolver.info_parameter
    source = resolver.self_parameter or resolver.root_parameter
    first = next(iter(resolver.signature.parameters), None)
    if source is None or source.name != first or (info is not None and info.name != "info") or not callable(function):
        return None
    return Given(definition, node, function, field.arguments, converter, wants_info=info is not None)


class DirectInfo:
    """What a resolver that is called directly finds as `info`: the context, and the raw info when it is asked for."""

    __slots__ = ("_made", "_make", "context")

    def __init__(self, context: Any, make: Callable[[], GraphQLResolveInfo[Any]] | None = None) -> None:
        self.context = context
        self._make = make
        self._made: GraphQLResolveInfo[Any] | None = None

    @property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:
        if self._made is None:
            if self._make is None:
                raise AttributeError("info: only the context is at hand here")
            self._made = self._make()
        return self._made
