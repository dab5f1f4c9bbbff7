"""The canonical words a manifest may use, the nearest one to a typo, and what each field is when it does not say."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from adapters.forms.numbers import LARGEST
from schema.entities import ENTITIES, Column, Kind

CodeMap = Mapping[str, str | int | bool]
_TARGETS: Mapping[Kind, type] = {Kind.BOOLEAN: bool, Kind.INTEGER: int}


class Problems(ValueError):
    """Several things wrong in one manifest: pairs of path and sentence."""

    def __init__(self, found: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {sentence}" for path, sentence in found))
        self.found = tuple(found)


def suggest(word: str, known: Collection[str]) -> str:
    """The end of an error message: the nearest known word, or all of them when few, or where they stand."""
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    if near:
        return f"Did you mean {lower[near[0]]}?"
    if len(known) <= 20:
        return f"Known here: {', '.join(sorted(known))}."
    return "The words are listed in schema/entities.py."


def column_of(entity: str, field: str) -> Column:
    """The canonical column; ValueError with the nearest word."""
    columns = ENTITIES[entity].columns
    if field not in columns:
        raise ValueError(f"{entity} has no field {field}. {suggest(field, columns)}")
    return columns[field]


def check_type(column: Column, declared: str | None) -> str:
    """The field's type: the column's kind, which a declared type may only repeat."""
    if declared is not None and declared != column.kind.value:
        raise ValueError(
            f"type is {declared}, but {column.entity}.{column.name} is {column.kind.value}. Leave type out."
        )
    return column.kind.value


def check_values(column: Column, values: CodeMap) -> CodeMap:
    """The code map, each target of which the column can hold; an enum without one gets its own names and terms."""
    if column.enum is not None:
        if not values:
            return {word: member.name for member in column.enum for word in (member.name, member.value)}
        names = [member.name for member in column.enum]
        for target in values.values():
            if target not in names:
                raise ValueError(f"values: {column.enum.__name__} has no {target}. {suggest(str(target), names)}")
        return values
    wanted = _TARGETS.get(column.kind, str)
    for target in values.values():
        if type(target) is not wanted:
            raise ValueError(
                f"values: {column.name} is {column.kind.value}, so {target!r} must be a {wanted.__name__}."
            )
        if not _fits(target):
            raise ValueError(f"values: {column.name}: {target!r} is beyond {LARGEST}. Write a smaller number.")
    return values


def check_constant(column: Column, constant: str | int | bool) -> None:
    """A constant that the column can hold."""
    if column.enum is not None:
        names = [member.name for member in column.enum]
        if constant not in names:
            raise ValueError(f"constant: {column.enum.__name__} has no {constant}. {suggest(str(constant), names)}")
    elif type(constant) is not _TARGETS.get(column.kind, str):
        raise ValueError(f"constant: {constant!r} is no {column.kind.value}. Write one that is.")
    elif not _fits(constant):
        raise ValueError(f"constant: {constant!r} is beyond {LARGEST}. Write a smaller number.")


def _fits(value: str | int | bool) -> bool:
    """Whether the graph can carry it: its Int has 32 bits."""
    return not isinstance(value, int) or abs(value) <= LARGEST


def check_entity(entity: str) -> None:
    """A canonical entity; ValueError with the nearest word."""
    if entity not in ENTITIES:
        raise ValueError(f"no entity {entity}. {suggest(entity, ENTITIES)}")
