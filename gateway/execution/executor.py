"""The seam between two executors: ours shapes what it covers, graphql-core is the reference and takes the rest.

Not covered: subscriptions, mutations, @defer, @stream, introspection and directives of others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    execute,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values

from gateway.execution.selection import Selections
from gateway.execution.shape import Shaping

_DIRECTIVES = frozenset({"skip", "include"})


class Executor:
    """Runs operations of one schema. `reference=True` takes graphql-core for everything."""

    def __init__(self, schema: GraphQLSchema, *, reference: bool = False, size: int = 500) -> None:
        self._schema = schema
        self._reference = reference
        self._size = size
        self._kept: OrderedDict[tuple[object, ...], Selections] = OrderedDict()
        self._traits: OrderedDict[tuple[str, int], tuple[bool, tuple[str, ...]]] = OrderedDict()

    async def run(
        self,
        text_hash: str,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
        context: Any,
    ) -> ExecutionResult:
        """One execution; variables have been checked."""
        covered, switches = self._trait(text_hash, document, operation)
        if self._reference or not covered:
            return await self._core(document, operation, variables, context)
        values = get_variable_values(self._schema, operation.variable_definitions or (), dict(variables))
        if isinstance(values, list):
            return ExecutionResult(None, values)
        selections = self._selections(text_hash, document, operation, values, switches)
        context.plans = selections.plans
        return await Shaping(selections, context, values).execute()

    async def _core(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
        context: Any,
    ) -> ExecutionResult:
        result = execute(
            self._schema,
            document,
            context_value=context,
            variable_values=dict(variables),
            operation_name=operation.name.value if operation.name else None,
            hide_suggestions=True,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _trait(
        self, text_hash: str, document: DocumentNode, operation: OperationDefinitionNode
    ) -> tuple[bool, tuple[str, ...]]:
        """Whether we cover an operation, and the variables by which its directives choose fields."""
        key = (text_hash, id(operation))
        found = self._traits.get(key)
        if found is None:
            looked = _Look()
            visit(document, looked)
            found = (looked.covered and operation.operation is OperationType.QUERY, tuple(sorted(looked.switches)))
            _keep(self._traits, key, found, self._size)
        return found

    def _selections(
        self,
        text_hash: str,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
        switches: tuple[str, ...],
    ) -> Selections:
        chosen = tuple(variables.coerced.get(name) for name in switches)
        key = (text_hash, id(operation), chosen)
        found = self._kept.get(key)
        if found is None:
            fragments = {
                node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
            }
            found = Selections(self._schema, operation, fragments, variables)
            _keep(self._kept, key, found, self._size)
        return found


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, size: int) -> None:
    kept[key] = value
    if len(kept) > size:
        kept.popitem(last=False)


class _Look(Visitor):
    """Looks for what only graphql-core does."""

    def __init__(self) -> None:
        super().__init__()
        self.covered = True
        self.switches: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        if node.name.value in {"__schema", "__type"}:
            self.covered = False

    def enter_directive(self, node: Any, *_: Any) -> None:
        if node.name.value not in _DIRECTIVES:
            self.covered = False
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.switches.add(argument.value.name.value)
