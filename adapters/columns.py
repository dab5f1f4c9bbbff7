"""Raw values of many rows, decoded column by column: what decoding them one by one gives, at less cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import NoneType
from typing import Final, TypeGuard

from adapters.cells import Cell
from adapters.contract import Flag, Key, Value
from adapters.decode import key_of

_PLAIN_KEYS: Final = re.compile(r"[!-~]+(?:\n[!-~]+)*")
_TEXT_OR_NOTHING: Final = frozenset({str, NoneType})


def keys_of(column: Sequence[object]) -> Sequence[Key | None]:
    """`key_of` of each raw value."""
    return column if _is_plain(column) else [key_of(raw) for raw in column]


def _is_plain(column: Sequence[object]) -> TypeGuard[Sequence[Key]]:
    """Whether each is surely a key as it is: visible ASCII without padding, and no `null`."""
    try:
        text = "\n".join(column)  # type: ignore[arg-type]
    except TypeError:
        return False
    return _PLAIN_KEYS.fullmatch(text) is not None and "null" not in text.lower()


def decoded_column(
    cell: Cell, column: Sequence[object], noticed: list[Flag], flags: dict[int, tuple[Flag, ...]]
) -> Sequence[Value]:
    """The canonical values. What was noticed is added to `flags`, by the row's place; cells note it in `noticed`."""
    noticed.clear()
    values = _quickly(cell, column)
    if values is None or noticed:
        return _one_by_one(cell, column, noticed, flags)
    return values


def value_of_all(cell: Cell, count: int, noticed: list[Flag], flags: dict[int, tuple[Flag, ...]]) -> Sequence[Value]:
    """The same for a field that no raw value is read for: a constant, or nothing."""
    noticed.clear()
    value = cell[()]
    if noticed:
        for place in range(count):
            flags[place] = (*flags.get(place, ()), *noticed)
    return [value] * count


def _quickly(cell: Cell, column: Sequence[object]) -> Sequence[Value] | None:
    """All at a glance, equal texts once; None where something cannot be looked up."""
    try:
        if not isinstance(cell, dict) and _TEXT_OR_NOTHING.issuperset(map(type, column)):
            distinct = dict.fromkeys(column)
            if len(distinct) * 2 <= len(column):
                for raw in distinct:
                    distinct[raw] = cell[raw]
                return list(map(distinct.__getitem__, column))
        values = cell.at_once(column)
        return list(map(cell.__getitem__, column)) if values is None else values
    except TypeError:  # a list or an object where one value was expected
        return None


def _one_by_one(
    cell: Cell, column: Sequence[object], noticed: list[Flag], flags: dict[int, tuple[Flag, ...]]
) -> Sequence[Value]:
    values: list[Value] = []
    for place, raw in enumerate(column):
        noticed.clear()
        values.append(_looked_up(cell, raw, noticed))
        if noticed:
            flags[place] = (*flags.get(place, ()), *noticed)
    return values


def _looked_up(cell: Cell, raw: object, noticed: list[Flag]) -> Value:
    try:
        return cell[raw]
    except TypeError:
        noticed.clear()
        return cell.decoded(raw)
