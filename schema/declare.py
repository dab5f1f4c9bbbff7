"""How a field of the graph says what it is, once: the columns it shows, its label, its Chinese term.

The reference executor resolves by the generated readers; every executor plans, authorizes and documents by the
Declaration that a field carries. A field without one is ordinary (no personal value behind it).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import ModuleType
from typing import Any

import strawberry
from strawberry.schema_directive import Location

from schema import enums
from schema.advice import Confidence
from schema.derived import DERIVATIONS
from schema.entities import ENTITIES, Column, Entity
from schema.file import Row
from schema.label import Label
from schema.reading import READING, Many, Objects, Reading

METADATA = "yiti"

LabelEnum = strawberry.enum(Label, description="What kind of information a field holds. Policy speaks in labels.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="label",
    description="The one label of a sourced field.",
)
class Labelled:
    """`@label(name: ...)` in the SDL."""

    name: LabelEnum  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one field of the graph is made of."""

    label: Label
    term: str
    needs: tuple[Column, ...] = ()  # columns that must be fetched for it
    rows: str | None = None  # the entity whose rows it lists
    derived: str | None = None  # the derivation that computes it
    column: Column | None = None  # the one column that it shows as it is


class DeclarationError(Exception):
    """A field of the graph that does not say what it is; stops the start."""

    code = "DECLARATION"


def _field(
    declaration: Declaration,
    read: Callable[..., object],
    describe: str,
    reading: Reading | None = None,
    **options: Any,
) -> Any:
    return strawberry.field(
        resolver=read,
        description=f"{describe} [{declaration.label}]",
        directives=[Labelled(name=declaration.label)],
        metadata={METADATA: declaration, READING: reading},
        **options,
    )


def member(enum: type[Enum], name: object) -> Enum | None:
    """The enum member of a canonical value, None for an empty one."""
    return enum[name] if isinstance(name, str) else None


def _reader(column: Column) -> Callable[..., object]:
    name, enum = column.name, column.enum
    if enum is None:
        return lambda root: root.values.get(name)
    return lambda root: member(enum, root.values.get(name))


def sourced(
    *columns: Column,
    read: Callable[..., object] | None = None,
    reading: Reading | None = None,
    term: str | None = None,
    **options: Any,
) -> Any:
    """A field that shows one column, or several of the same label put together by `read`."""
    first = columns[0]
    if {column.label for column in columns} != {first.label}:
        raise DeclarationError(
            f"{[column.name for column in columns]}: one field, several labels. Split it, or derive it."
        )
    term = term or first.term
    describe = options.pop("description", None)
    return _field(
        Declaration(first.label, term, needs=columns, column=None if read else first),
        read or _reader(first),
        f"{term}. {describe}" if describe else term,
        reading,
        **options,
    )


def rows_of(
    entity: Entity,
    read: Callable[..., object],
    *,
    columns: Iterable[Column] = (),
    label: Label | None = None,
    term: str | None = None,
    description: str | None = None,
    reading: Reading | None = None,
) -> Any:
    """A field that lists an entity's rows, guarded by the entity's label."""
    term = term or entity.term
    return _field(
        Declaration(label or entity.label, term, needs=tuple(columns), rows=entity.name),
        read,
        f"{term}. {description}" if description else term,
        reading,
    )


def shown_rows(
    entity: Entity,
    listed: Callable[[Objects], Sequence[Sequence[Row] | None]],
    shape: Callable[..., object],
    *,
    columns: Iterable[Column] = (),
) -> Any:
    """A field that lists an entity's rows, each as an object that shows nothing but its row (schema/shown.py).

    `listed` gives the rows of many objects; a row stands for its object.
    """

    def read(root: Any) -> list[object] | None:
        (rows,) = listed((root,))
        return None if rows is None else [shape(row=row, values=row.values) for row in rows]

    return rows_of(entity, read, columns=columns, reading=Many(listed))


def grouped(
    label: Label, term: str, read: Callable[..., object], *, rows: str | None = None, reading: Reading | None = None
) -> Any:
    """A field that opens a group of other fields under a label of its own."""
    return _field(Declaration(label, term, rows=rows), read, term, reading)


def derived_field(
    name: str,
    read: Callable[..., object] | None = None,
    description: str | None = None,
    reading: Reading | None = None,
) -> Any:
    """A field that a derivation computes (schema/derived.py); bears that derivation's label."""
    derivation = DERIVATIONS[name]
    declaration = Declaration(derivation.label, derivation.term, needs=derivation.needs, derived=name)
    if read is None:
        reading = Many(lambda roots: [root.derived.get(name) for root in roots])
    return _field(
        declaration,
        read or (lambda root: root.derived.get(name)),
        f"{derivation.term}. {description}" if description else derivation.term,
        reading,
    )


def declaration_of(metadata: Any) -> Declaration | None:
    """The declaration in a strawberry field's metadata, if it carries one."""
    found = metadata.get(METADATA)
    return found if isinstance(found, Declaration) else None


def describe_enums(enums: Iterable[type[Enum]]) -> None:
    """Register enums with Strawberry; each member's Chinese term becomes its description in the SDL."""
    for enum in enums:
        strawberry.enum(enum, description=enum.__doc__)
        definition = enum.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry.enum
        for value in definition.values:
            value.description = value.value


def enums_in(module: ModuleType) -> list[type[Enum]]:
    """The enums that a module or a package defines."""
    return [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Enum) and f"{member.__module__}.".startswith(f"{module.__name__}.")
    ]


# Strawberry registers an enum when a type first names it, so this stands before every type.
describe_enums([*enums_in(enums), Confidence])


def newest_first(entity: str, column: str) -> Callable[[Objects], list[Sequence[Row] | None]]:
    """What lists an entity's rows of files by a date, those without one last, in a stable order."""
    return partial(_rows, entity, column, True)


def oldest_first(entity: str, column: str) -> Callable[[Objects], list[Sequence[Row] | None]]:
    """What lists an entity's rows of files by a date, those without one last, in a stable order."""
    return partial(_rows, entity, column, False)


def _rows(entity: str, column: str, newest: bool, roots: Objects) -> list[Sequence[Row] | None]:
    found: list[Any] = [root.file.rows.get(entity) for root in roots]
    for place, rows in enumerate(found):
        if rows is None or len(rows) < 2:
            continue
        if len(rows) == 2:  # the days alone decide, as they mostly do
            one, other = rows[0].values.get(column), rows[1].values.get(column)
            if one is not None and other is not None and one != other:
                if (one > other) is not newest:
                    found[place] = rows[::-1]
                continue
        found[place] = _in_order(rows, column, newest=newest)
    return found


def _in_order(rows: Sequence[Row], column: str, *, newest: bool) -> Sequence[Row]:
    days: list[Any] = [row.values.get(column) for row in rows]
    if None not in days and len(set(days)) == len(days):
        return [row for _, row in sorted(zip(days, rows, strict=True), key=_day, reverse=newest)]
    without = "" if newest else "9999"
    return sorted(rows, key=lambda row: (str(row.values.get(column) or without), row.order), reverse=newest)


def _day(pair: tuple[Any, Row]) -> Any:
    return pair[0]


def columns_of(entity: str, *names: str) -> tuple[Column, ...]:
    """Several declared columns of one entity."""
    return tuple(ENTITIES[entity].columns[name] for name in names)
