"""What must hold of labels before a gateway starts: each claim is one function, each breach stops the start.

A type shows columns if any of its fields is declared (schema/declare.py). Of such a type every field is: an
undeclared one would be shown to whoever sees the object. Ids are opaque, and where a row came from is not about
the person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import strawberry
from graphql import GraphQLField, GraphQLInterfaceType, GraphQLNonNull, GraphQLObjectType, GraphQLSchema

from schema.declare import Declaration, DeclarationError, Labelled, declaration_of

_OPEN: Mapping[str, frozenset[str]] = {
    "SourceRecord": frozenset({"source", "recordId", "asOf", "fetchedAt", "peer", "quality"}),
}
"""Undeclared on purpose: which source a row came from, when, and what was noticed while reading it."""

Shown = GraphQLObjectType | GraphQLInterfaceType


def check(built: strawberry.federation.Schema) -> None:
    """All claims; DeclarationError names the field and the fix."""
    for kind in _types(built._schema):
        declared = {name: _declared(field) for name, field in kind.fields.items()}
        if any(declared.values()):
            for name, field in kind.fields.items():
                _says_what_it_is(kind, name, declared[name])
                _may_be_null(kind, name, field, declared[name])
                _is_printed(kind, name, field, declared[name])
        _agrees_with_interfaces(kind, declared)


def _says_what_it_is(kind: Shown, name: str, declared: Declaration | None) -> None:
    if declared is None and name != "id" and name not in _OPEN.get(kind.name, ()):
        raise DeclarationError(
            f"{kind.name}.{name}: bears no label, but other fields of {kind.name} do. Declare it by one of the "
            "functions of schema/declare.py."
        )


def _may_be_null(kind: Shown, name: str, field: GraphQLField, declared: Declaration | None) -> None:
    if declared and isinstance(field.type, GraphQLNonNull):
        raise DeclarationError(
            f"{kind.name}.{name}: bears {declared.label} and is not nullable; a denial would null the whole object. "
            "Make its type optional."
        )


def _is_printed(kind: Shown, name: str, field: GraphQLField, declared: Declaration | None) -> None:
    """The label that readers of the SDL and of the description are told is the one that is enforced."""
    if declared is None:
        return
    directives = field.extensions["strawberry-definition"].directives
    printed = [directive.name for directive in directives if isinstance(directive, Labelled)]
    if printed != [declared.label] or not (field.description or "").endswith(f"[{declared.label}]"):
        raise DeclarationError(
            f"{kind.name}.{name}: bears {declared.label}, but its directive or description says otherwise. "
            "Let schema/declare.py write both."
        )


def _agrees_with_interfaces(kind: Shown, declared: Mapping[str, Declaration | None]) -> None:
    for interface in kind.interfaces:
        for name, field in interface.fields.items():
            promised, kept = _declared(field), declared[name]
            if (promised and promised.label) != (kept and kept.label):
                raise DeclarationError(
                    f"{kind.name}.{name}: bears {kept.label if kept else 'no label'}, but "
                    f"{promised.label if promised else 'none'} in {interface.name}: a fragment would go round the "
                    "stricter one. Give both the same label."
                )


def _declared(field: GraphQLField) -> Declaration | None:
    definition = field.extensions.get("strawberry-definition")
    return declaration_of(definition.metadata) if definition else None


def _types(schema: GraphQLSchema) -> Iterator[Shown]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("_"):
            yield kind
