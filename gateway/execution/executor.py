"""The seam between two executors: ours shapes what it covers, graphql-core is the reference and takes the rest.

Not covered: subscriptions, mutations, @defer, @stream, introspection and directives of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from graphql.execution.values import VariableValues

from gateway.execution.document import Document
from gateway.execution.selection import Selections
from gateway.execution.shape import Shaping

_DIRECTIVES = frozenset({"skip", "include"})
_MOST_KEPT = 32  # combinations of @skip and @include, of one document


class Executor:
    """Runs operations of one schema. `reference=True` takes graphql-core for everything."""

    def __init__(self, schema: GraphQLSchema, *, reference: bool = False) -> None:
        self._schema = schema
        self._reference = reference

    async def run(
        self, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, object], context: Any
    ) -> ExecutionResult:
        """One execution; variables have been checked."""
        trait = _trait(document, operation)
        if self._reference or not trait.covered:
            return await self._core(document.node, operation, variables, context)
        values = document.signature(operation).values(variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        selections = self._selections(document, operation, values, trait)
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

    def _selections(
        self, document: Document, operation: OperationDefinitionNode, variables: VariableValues, trait: _Trait
    ) -> Selections:
        chosen = tuple(variables.coerced.get(name) for name in trait.switches)
        key = (id(operation), chosen)
        found: Selections | None = document.kept.get(key)
        if found is None:
            fragments = {
                node.name.value: node
                for node in document.node.definitions
                if isinstance(node, FragmentDefinitionNode)
            }
            if len(document.kept) >= _MOST_KEPT:
                document.kept.clear()
            found = document.kept[key] = Selections(self._schema, operation, fragments, variables)
        return found


@dataclass(frozen=True, slots=True)
class _Trait:
    """Whether we cover an operation, and the variables by which its directives choose fields."""

    covered: bool
    switches: tuple[str, ...]


def _trait(document: Document, operation: OperationDefinitionNode) -> _Trait:
    found: _Trait | None = document.kept.get(id(operation))
    if found is None:
        looked = _Look()
        visit(document.node, looked)
        covered = looked.covered and operation.operation is OperationType.QUERY
        found = document.kept[id(operation)] = _Trait(covered, tuple(sorted(looked.switches)))
    return found


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
