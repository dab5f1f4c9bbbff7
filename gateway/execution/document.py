"""Document: parsed, validated and limited once per text; kept. Errors repeat no literal and no variable."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)
from graphql.execution.values import get_variable_values

from gateway.errors import GatewayError, LimitExceeded


class SyntaxRefused(GatewayError):
    """Not a GraphQL document."""

    code = "GRAPHQL_PARSE_FAILED"
    status = 400


class ValidationRefused(GatewayError):
    """A document that does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"
    status = 400


class OperationRefused(GatewayError):
    """No such operation in the document, or none named where there are several."""

    code = "OPERATION_RESOLUTION_FAILED"
    status = 400


class VariablesRefused(GatewayError):
    """Variables that their types cannot take."""

    code = "BAD_VARIABLES"
    status = 400


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be; a refusal names the limit and the value."""

    tokens: int = 4_000
    depth: int = 20
    fields: int = 1_000  # after fragments are spread
    root_fields: int = 20


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may run."""

    text_hash: str
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]


class Documents:
    """The cache of documents, by text; bounded, the least recently used goes first."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits | None = None, size: int = 500, *, introspection: bool = True
    ) -> None:
        self._schema = schema
        self._rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._limits = limits or Limits()
        self._size = size
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """The document of a text; raises the refusal that says what is wrong, where, and the fix."""
        kept = self._kept.get(text)
        if kept is None:
            kept = self._kept[text] = self._read(text)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(text)
        return kept

    def _read(self, text: str) -> Document:
        try:
            node = parse(text, max_tokens=self._limits.tokens)
        except GraphQLError as err:
            if "token" in err.message and "limit" in err.message.lower():
                raise LimitExceeded(
                    f"The document has more than {self._limits.tokens} tokens. Ask for less at once."
                ) from err
            raise SyntaxRefused(f"The document is not GraphQL{_place(err)}. Correct its syntax there.") from err
        measure(node, self._limits)
        errors = validate(self._schema, node, self._rules, max_errors=20, hide_suggestions=True)
        if errors:
            said = "; ".join(dict.fromkeys(f"{_plain(error.message)}{_place(error)}" for error in errors))
            raise ValidationRefused(f"The document does not fit the schema: {said}. Compare it with the schema.")
        operations = {
            definition.name.value if definition.name else "": definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode)
        }
        return Document(hashlib.sha256(text.encode()).hexdigest(), node, operations)


def choose(document: Document, name: str | None) -> OperationDefinitionNode:
    """The operation to run."""
    if name is None and len(document.operations) == 1:
        (only,) = document.operations.values()
    else:
        found = document.operations.get(name or "")
        if found is None:
            raise OperationRefused("The document holds no operation of that name. Name one that it holds.")
        only = found
    if only.operation is not OperationType.QUERY:
        raise OperationRefused("Only queries are answered here.")
    return only


def check_variables(schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, object]) -> None:
    """Refuse variables that their types cannot take, naming the variable and never its value."""
    found = get_variable_values(
        schema, operation.variable_definitions or (), dict(given), max_errors=5, hide_suggestions=True
    )
    if isinstance(found, list):
        names = sorted({name for error in found for name in _variables_in(error, operation)})
        raise VariablesRefused(
            f"{', '.join(names) or 'A variable'}: missing, or not what its declared type can take. "
            "Compare it with the type in the operation's head."
        )


def _variables_in(error: GraphQLError, operation: OperationDefinitionNode) -> list[str]:
    names = [definition.variable.name.value for definition in operation.variable_definitions or ()]
    return [f"${name}" for name in names if f"'${name}'" in error.message or f'"${name}"' in error.message]


def _place(error: GraphQLError) -> str:
    locations = error.locations or []
    return f" (line {locations[0].line}, column {locations[0].column})" if locations else ""


def _plain(message: str) -> str:
    """A validation message without the literal that it found."""
    for mark in (", found ", " found ", ': "', "; "):
        head, cut, _ = message.partition(mark)
        if cut:
            message = head
    return message.rstrip(".")


def measure(document: DocumentNode, limits: Limits) -> None:
    """Refuse documents that are too deep or too wide, counting what fragments spread to; cycles end by depth."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            roots = sum(1 for node in definition.selection_set.selections if isinstance(node, FieldNode))
            if roots > limits.root_fields:
                raise LimitExceeded(f"{roots} root fields; the limit is {limits.root_fields}. Split the request.")
            _count(definition.selection_set, fragments, limits, 1, 0)


def _count(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    limits: Limits,
    depth: int,
    counted: int,
) -> int:
    if depth > limits.depth:
        raise LimitExceeded(f"Nested deeper than {limits.depth}. Ask for the deeper part by its own id.")
    for node in selections.selections:
        below: SelectionSetNode | None = None
        if isinstance(node, FieldNode):
            counted += 1
            below = node.selection_set
        elif isinstance(node, InlineFragmentNode):
            below = node.selection_set
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            below = fragments[node.name.value].selection_set
        if counted > limits.fields:
            raise LimitExceeded(f"More than {limits.fields} fields after fragments. Ask for less at once.")
        if below is not None:
            counted = _count(below, fragments, limits, depth + 1, counted)
    return counted
