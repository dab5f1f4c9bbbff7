"""How large a document is: counted over what its fragments spread to, in time that grows with its text alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from gateway.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be; a refusal names the limit and the value. Settings of the same names set them."""

    characters: int = 100_000
    tokens: int = 4_000
    definitions: int = 50
    depth: int = 20
    fields: int = 1_000  # after fragments are spread, as all that follow
    root_fields: int = 20
    aliases: int = 200
    directives: int = 200
    repeats: int = 30  # of one name on one level: validation compares each with each
    list_items: int = 20_000  # the sizes of nested lists, multiplied
    cost: int = 500_000


@dataclass(frozen=True, slots=True)
class _Size:
    fields: int = 0
    roots: int = 0  # fields on its own level
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    level: Mapping[str, int] = field(default_factory=dict)  # how often each name stands on its own level


_NOTHING: Final = _Size()


def measure(document: DocumentNode, limits: Limits) -> None:
    """Refuse documents that are too deep or too wide; fragments that spread themselves are left to validation."""
    count = len(document.definitions)
    if count > limits.definitions:
        raise exceeded("definitions", count, limits.definitions, "Send each operation with its own fragments only.")
    measurer = _Measurer(document, limits)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = measurer.size(definition.selection_set, len(definition.directives or ()))
            if size.roots > limits.root_fields:
                raise exceeded("root fields", size.roots, limits.root_fields, "Split the request.")
        elif isinstance(definition, FragmentDefinitionNode):
            measurer.fragment(definition.name.value)


def exceeded(what: str, value: int, limit: int, fix: str) -> LimitExceeded:
    """The refusal of one limit; values too long to print are cut to the limit's own order."""
    shown = f"{value}" if value < 10**12 else "more than 10^12"
    return LimitExceeded(f"The document has {shown} {what}; the limit is {limit}. {fix}")


class _Measurer:
    """Each fragment is measured once, however often it is spread: doubling ones would take 2^n steps otherwise."""

    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._limits = limits
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}

    def fragment(self, name: str) -> _Size:
        """The size of one fragment; nothing for one that is not there or that is being measured: a cycle."""
        known = self._known.get(name)
        if known is None and name in self._fragments:
            self._known[name] = _NOTHING
            definition = self._fragments[name]
            known = self._known[name] = self.size(definition.selection_set, len(definition.directives or ()))
        return known or _NOTHING

    def size(self, selections: SelectionSetNode, directives: int = 0) -> _Size:
        """The size of a selection, refused as soon as any part of it is beyond a limit."""
        fields = roots = depth = aliases = 0
        level: Counter[str] = Counter()
        for node in selections.selections:
            directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                below = self.size(node.selection_set) if node.selection_set else _NOTHING
                fields += 1
                roots += 1
                depth = max(depth, below.depth + 1)
                aliases += node.alias is not None
                level[(node.alias or node.name).value] += 1
            else:
                below = self._spread(node)
                roots += below.roots
                depth = max(depth, below.depth)
                level.update(below.level)
            fields += below.fields
            aliases += below.aliases
            directives += below.directives
        size = _Size(fields, roots, depth, aliases, directives, level)
        self._check(size)
        return size

    def _spread(self, node: SelectionNode) -> _Size:
        if isinstance(node, FragmentSpreadNode):
            return self.fragment(node.name.value)
        return self.size(node.selection_set) if isinstance(node, InlineFragmentNode) else _NOTHING

    def _check(self, size: _Size) -> None:
        limits = self._limits
        if size.depth > limits.depth:
            raise exceeded("nested levels", size.depth, limits.depth, "Ask for the deeper part by its own id.")
        if size.fields > limits.fields:
            raise exceeded("fields after fragments", size.fields, limits.fields, "Ask for less at once.")
        if size.aliases > limits.aliases:
            raise exceeded("aliases", size.aliases, limits.aliases, "Ask for many at once by a list, or split it.")
        if size.directives > limits.directives:
            raise exceeded("directives", size.directives, limits.directives, "Put them on whole fragments.")
        repeats = max(size.level.values(), default=0)
        if repeats > limits.repeats:
            raise exceeded("fields of one name on one level", repeats, limits.repeats, "Ask for each once.")
