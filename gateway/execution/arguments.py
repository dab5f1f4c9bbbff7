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

    __slots__ = (
        "_changing",
        "_converter",
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
        self._converter = converter
        self.function = function
        self.wants_info = wants_info
        self._definition = definition
        self._node = node
        plain, within = _variables(definition, node)
        named = [(converter.config.name_converter.from_argument(one), one) for one in arguments]
        self._plain = [(name, one, plain[name]) for name, one in named if name in plain]
        """Arguments that are a variable of a leaf type: as it stands, or left out."""
        self._changing = [(name, one) for name, one in named if name in within]
        """Arguments that hold variables otherwise: converted each time."""
        self._rest = [(name, one) for name, one in named if name not in plain and name not in within]
        self._kept: dict[str, Any] | None = None  # the rest, converted

    def converted(self, variables: VariableValues) -> dict[str, Any]:
        """The keywords, without info; whoever gets them does not change them."""
        if self._kept is None:
            self._kept = self._convert(self._rest, variables)
        if not self._plain and not self._changing:
            return self._kept
        found = dict(self._kept)
        unlike = self._changing
        for name, one, variable in self._plain:
            value = variables.coerced.get(variable)
            if value is None:  # left out, or null: by the argument's default, or an error
                unlike = [*unlike, (name, one)]
            else:
                found[one.python_name] = value
        if unlike:
            found |= self._convert(unlike, variables)
        return found

    def _convert(self, arguments: list[tuple[str, StrawberryArgument]], variables: VariableValues) -> dict[str, Any]:
        some = {name: self._definition.args[name] for name, _ in arguments}
        values = get_argument_values(GraphQLField(self._definition.type, some), self._node, variables)
        registry, config = self._converter.scalar_registry, self._converter.config
        return convert_arguments(values, [one for _, one in arguments], scalar_registry=registry, config=config)


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
