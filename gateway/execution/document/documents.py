"""The cache of documents: a text is read, limited and validated once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from gateway.errors import LimitExceeded
from gateway.execution.document.cost import Costs
from gateway.execution.document.measure import Limits, exceeded, measure
from gateway.execution.document.refusals import OperationRefused, SyntaxRefused, ValidationRefused
from gateway.execution.document.variables import Signature

MOST_CHARACTERS: Final = 500_000  # of all kept texts together; a tree takes some hundred bytes per character
_NESTED: Final = "The document is nested deeper than can be read; the limit is {}. Ask for the deeper part by its id."


@dataclass(frozen=True, slots=True)
class Document:
    """A document that may run."""

    text_hash: str
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    signatures: Mapping[str, Signature] = field(compare=False, repr=False)
    """The variables of each operation."""
    costs: Costs = field(compare=False, repr=False)
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What the executor worked out for it; goes when the document goes."""

    def signature(self, operation: OperationDefinitionNode) -> Signature:
        """The variables that one of its operations declares."""
        return self.signatures[operation.name.value if operation.name else ""]


class Documents:
    """The documents, by text; bounded, the least recently used goes first."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        size: int = 500,
        *,
        introspection: bool = True,
        sources: Mapping[str, int] | None = None,
    ) -> None:
        """`sources` says how many sources hold each entity, for the estimate of an operation's cost."""
        self._schema = schema
        self._rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._limits = limits or Limits()
        self._size = size
        self._sources = sources or {}
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def get(self, text: str) -> Document:
        """The document of a text; raises the refusal that says what is wrong, where, and the fix."""
        kept = self._kept.get(text)
        if kept is None:
            kept = self._kept[text] = self._read(text)
            self._characters += len(text)
            while len(self._kept) > self._size or self._characters > MOST_CHARACTERS:
                gone, _ = self._kept.popitem(last=False)
                self._characters -= len(gone)
        else:
            self._kept.move_to_end(text)
        return kept

    def _read(self, text: str) -> Document:
        if len(text) > self._limits.characters:
            raise exceeded("characters", len(text), self._limits.characters, "Send values as variables.")
        try:
            node = self._parse(text)
            measure(node, self._limits)
            errors = validate(self._schema, node, self._rules, max_errors=20, hide_suggestions=True)
        except RecursionError:
            raise LimitExceeded(_NESTED.format(self._limits.depth)) from None
        if errors:
            said = "; ".join(dict.fromkeys(f"{_plain(error.message)}{_place(error)}" for error in errors))
            raise ValidationRefused(f"The document does not fit the schema: {said}. Compare it with the schema.")
        operations = {
            definition.name.value if definition.name else "": definition
            for definition in node.definitions
            if isinstance(definition, OperationDefinitionNode)
        }
        signatures = {name: Signature(self._schema, operation) for name, operation in operations.items()}
        costs = Costs(self._schema, node, self._limits, self._sources)
        return Document(hashlib.sha256(text.encode()).hexdigest(), node, operations, signatures, costs)

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_lexical_tokens=self._limits.tokens)
        except GraphQLError as err:
            # The parser tells its own limits by their words alone; a test holds us to these.
            if "tokens. Parsing aborted" in err.message:
                limit = self._limits.tokens
                raise LimitExceeded(
                    f"The document has more than {limit} tokens; that is the limit. Ask for less."
                ) from err
            if "nested too deeply" in err.message:
                raise LimitExceeded(_NESTED.format(self._limits.depth)) from err
            raise SyntaxRefused(f"The document is not GraphQL{_place(err)}. Correct its syntax there.") from err


def choose(document: Document, name: str | None) -> OperationDefinitionNode:
    """The operation to run."""
    if name is None and len(document.operations) == 1:
        (only,) = document.operations.values()
    else:
        found = document.operations.get(name or "")
        if found is None:
            raise OperationRefused("The document holds no operation of that name. Name one that it holds.")
        only = found
    if only.operation is OperationType.SUBSCRIPTION:
        raise OperationRefused("Only queries and mutations are answered here.")
    return only


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
