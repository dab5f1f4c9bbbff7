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
from strawberry.types.arguments import StrawberryArgument, convert_arguments


class Given:
    """How one selected field is called: by its object and keywords."""

    __slots__ = ("_arguments", "_definition", "_kept", "_node", "_plain", "_within", "function", "wants_info")

    def __init__(
        self,
        definition: GraphQLField,
        node: FieldNode,
        function: Callable[..., Any],
        arguments: list[StrawberryArgument],
        *,
        wants_info: bool,
    ) -> None:
        self.function = function
        self.wants_info = wants_info
        self._definition = definition
        self._node = node
        self._arguments = arguments
        self._plain, self._within = _variables(definition, node)
        self._kept: dict[str, Any] | None = None

    def converted(self, converter: GraphQLCoreConverter, variables: VariableValues) -> dict[str, Any]:
        """The keywords, without info; whoever gets them does not change them."""
        kept = self._kept
        if kept is not None:
            if not self._plain:
                return kept
            values = [(name, variables.coerced.get(variable)) for name, variable in self._plain.items()]
            if all(value is not None for _, value in values):
                return {**kept, **dict(values)}
        found = convert_arguments(
            get_argument_values(self._definition, self._node, variables),
            self._arguments,
            scalar_registry=converter.scalar_registry,
            config=converter.config,
        )
        if kept is None and not self._within:
            named = {converter.config.name_converter.from_argument(one): one.python_name for one in self._arguments}
            self._plain = {named[name]: variable for name, variable in self._plain.items()}
            self._kept = {name: value for name, value in found.items() if name not in self._plain}
        return found


def _variables(definition: GraphQLField, node: FieldNode) -> tuple[dict[str, str], bool]:
    """Arguments that are a variable of a leaf type and which; whether any other argument hangs on one."""
    plain: dict[str, str] = {}
    within = False
    for argument in node.arguments or ():
        value, name = argument.value, argument.name.value
        if isinstance(value, VariableNode) and is_leaf_type(get_nullable_type(definition.args[name].type)):
            plain[name] = value.name.value
        else:
            within = within or _holds_variable(value)
    return plain, within


def _holds_variable(value: Node) -> bool:
    found: list[str] = []

    class Look(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            found.append(node.name.value)

    visit(value, Look())
    return bool(found)


def given(definition: GraphQLField, node: FieldNode) -> Given | None:
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
    return Given(definition, node, function, field.arguments, wants_info=info is not None)


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
