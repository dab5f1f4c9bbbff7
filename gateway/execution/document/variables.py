"""Variables: what an operation's head declares, worked out once, and the values of one request held to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLError, GraphQLNonNull, GraphQLSchema, OperationDefinitionNode
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from gateway.execution.document.refusals import VariablesRefused

_PLAIN: Final[Mapping[str, type]] = {"String": str, "ID": str, "Boolean": bool, "Int": int}
_LARGEST: Final = 2**31 - 1  # Int, both ways; the smallest has one more, which graphql-core may judge


class Signature:
    """The variables that one operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._operation = operation
        self._plain = _plain(schema, operation)

    def check(self, given: Mapping[str, object]) -> VariableValues:
        """The values as execution takes them; refuses what their types cannot take by the variable's name alone."""
        found = self.values(given)
        if isinstance(found, list):
            names = sorted({name for error in found for name in self._named(error)})
            raise VariablesRefused(
                f"{', '.join(names) or 'A variable'}: missing, or not what its declared type can take. "
                "Compare it with the type in the operation's head."
            )
        return found

    def values(self, given: Mapping[str, object]) -> VariableValues | list[GraphQLError]:
        """The values as execution takes them, or what is wrong with them; nobody else holds them."""
        return self._at_once(given) or get_variable_values(
            self._schema,
            self._operation.variable_definitions or (),
            dict(given),
            max_errors=5,
            hide_suggestions=True,
        )

    def _at_once(self, given: Mapping[str, object]) -> VariableValues | None:
        """Where every variable is a plain scalar and has a value of just that type, nothing is to be converted."""
        if self._plain is None:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, plain in self._plain:
            name = signature.name
            value: Any = given.get(name)
            if type(value) is not plain or (type(value) is int and abs(value) > _LARGEST):
                return None
            sources[name] = VariableValueSource(signature, value)
            coerced[name] = value
        return VariableValues(sources, coerced)

    def _named(self, error: GraphQLError) -> list[str]:
        names = [definition.variable.name.value for definition in self._operation.variable_definitions or ()]
        return [f"${name}" for name in names if f"'${name}'" in error.message or f'"${name}"' in error.message]


def _plain(
    schema: GraphQLSchema, operation: OperationDefinitionNode
) -> list[tuple[GraphQLVariableSignature, type]] | None:
    """Each variable with the one Python type of its values, if all have such."""
    found = []
    for definition in operation.variable_definitions or ():
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError):
            return None
        kind: Any = signature.type
        plain = _PLAIN.get(str(kind.of_type if isinstance(kind, GraphQLNonNull) else kind))
        if plain is None:
            return None
        found.append((signature, plain))
    return found


def check_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, object]
) -> VariableValues:
    """The values of one operation's variables; VariablesRefused names the variable and never its value."""
    return Signature(schema, operation).check(given)
