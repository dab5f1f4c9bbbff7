"""What an adapter hands over is checked before anything believes it: shape, whose it is, and each value's kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, repeat
from operator import attrgetter, eq
from typing import Any, Final

from msgspec import Struct

from adapters.contract import AdapterError, Flag, Key, Malformed, Provenance, Record, Value
from schema.entities import ENTITIES, Column, Kind
from schema.enums import Quality

_RECORD: Final = frozenset({Record})
_SEVERAL: Final = frozenset({list, tuple})
_MAPPING: Final = frozenset({dict})
_PERSON: Final = attrgetter("person")
_VALUES: Final = attrgetter("values")


class Answer(Struct, frozen=True, gc=False):
    """What one call brought: records by key (a key the source does not know is absent) and codes of failures."""

    found: Mapping[Key, tuple[Record, ...]]
    codes: tuple[str, ...] = ()


_NOTHING: Final = Answer({})
_FEW: Final = 8  # keys; of more, each check is made of all rows at once


def admit(
    entity: str, keys: Collection[Key], fields: Collection[str], raw: object, *, keeps_kinds: bool = False
) -> Answer:
    """The answer as far as it can be believed; what cannot is left out and named by MALFORMED.

    A record of somebody who was not asked for, or that stands under another person's key, never gets in; nor
    does a field that was not asked for. A value of the wrong kind is emptied and flagged. `keeps_kinds`: the adapter
    vouches for its values' kinds, see adapters.contract.keeps_kinds.
    """
    if type(raw) is not dict and not isinstance(raw, Mapping):
        return Answer({}, (Malformed.code,))
    if not raw:
        return _NOTHING
    wanted = frozenset(keys)
    if keeps_kinds:
        at_once = _vouched_for_few if len(raw) <= _FEW else _vouched_for_all
        vouched = at_once(wanted, frozenset(fields), raw)
        if vouched is not None:
            return Answer(vouched)
    tests = _TESTS_OF[entity]
    kinds = {name: tests[name] for name in fields}
    found: dict[Key, tuple[Record, ...]] = {}
    codes: dict[str, None] = {}
    for key, item in raw.items():
        if key not in wanted:
            codes[Malformed.code] = None
        elif isinstance(item, AdapterError):
            codes[item.code] = None
        else:
            rows, whole = (keeps_kinds and _vouched(key, item, kinds)) or _rows(key, item, kinds)
            if rows or whole:
                found[key] = rows
            if not whole:
                codes[Malformed.code] = None
    return Answer(found, tuple(codes))


Test = Callable[[Value], bool]


def _vouched_for_few(
    wanted: frozenset[Key], names: frozenset[str], raw: Mapping[Any, Any]
) -> dict[Key, tuple[Record, ...]] | None:
    """`_vouched` for everybody, as long as they are few; None where anything is not as it should be."""
    found: dict[Key, tuple[Record, ...]] = {}
    for key, item in raw.items():
        if key not in wanted:
            return None
        rows = (item,) if type(item) is Record else tuple(item) if type(item) in _SEVERAL else None
        if rows is None:
            return None
        for row in rows:
            if type(row) is not Record or row.person != key:
                return None
            if type(row.values) is not dict or row.values.keys() != names:
                return None
        found[key] = rows
    return found


def _vouched_for_all(
    wanted: frozenset[Key], names: frozenset[str], raw: Mapping[Any, Any]
) -> dict[Key, tuple[Record, ...]] | None:
    """`_vouched` for everybody at once; None where anything is not as it should be."""
    if not wanted.issuperset(raw):
        return None
    items = list(raw.values())
    if _RECORD.issuperset(map(type, items)):
        rows, owners = items, iter(raw)
        found = dict(zip(raw, zip(rows, strict=True), strict=True))
    elif _SEVERAL.issuperset(map(type, items)):
        rows, owners = list(chain.from_iterable(items)), chain.from_iterable(map(repeat, raw, map(len, items)))
        found = dict(zip(raw, map(tuple, items), strict=True))
        if not _RECORD.issuperset(map(type, rows)):
            return None
    else:
        return None
    if not all(map(eq, map(_PERSON, rows), owners)):
        return None
    values = list(map(_VALUES, rows))
    # the order of a mapping's names is of no matter, but the same for all that one driver makes at once
    if not _MAPPING.issuperset(map(type, values)):
        return None
    shapes = set(map(tuple, values))
    return found if all(names == frozenset(shape) for shape in shapes) else None


def _vouched(key: Key, item: object, kinds: Mapping[str, Test]) -> tuple[tuple[Record, ...], bool] | None:
    """The rows of a driver of ours as they are; None where anything of them is not as it should be."""
    rows = (item,) if type(item) is Record else item
    if not isinstance(rows, list | tuple):
        return None
    names = kinds.keys()
    for row in rows:
        if type(row) is not Record or row.person != key or row.values.keys() != names:
            return None
    return tuple(rows), True


def _rows(key: Key, item: object, kinds: Mapping[str, Test]) -> tuple[tuple[Record, ...], bool]:
    items: Sequence[object] = (item,) if isinstance(item, Record) else item if isinstance(item, list | tuple) else ()
    rows = [_row(key, row, kinds) for row in items]
    whole = isinstance(item, Record | list | tuple) and None not in rows
    return tuple(row for row in rows if row is not None), whole


def _row(key: Key, row: object, kinds: Mapping[str, Test]) -> Record | None:
    if not isinstance(row, Record) or row.person != key or not _is_sound(row):
        return None
    if row.values.keys() == kinds.keys() and all(kinds[name](value) for name, value in row.values.items()):
        return row
    values: dict[str, Value] = {}
    flags = [flag for flag in row.flags if flag.field in kinds]
    for name, fits in kinds.items():
        values[name] = row.values.get(name)
        if name not in row.values:
            flags.append(Flag(name, Quality.MISSING))
        elif not fits(values[name]):
            values[name] = None
            flags.append(Flag(name, Quality.MALFORMED))
    return Record(row.key, row.person, values, row.provenance, tuple(flags), row.hidden)


def _is_sound(row: Record) -> bool:
    parts: tuple[tuple[object, type], ...] = (
        (row.key, str),
        (row.values, Mapping),
        (row.provenance, Provenance),
        (row.hidden, frozenset),
        (row.flags, tuple),
    )
    flags: tuple[object, ...] = row.flags
    return all(isinstance(part, kind) for part, kind in parts) and all(isinstance(flag, Flag) for flag in flags)


def _test(column: Column) -> Test:
    if column.enum is not None:
        members = column.enum.__members__
        return lambda value: value is None or (isinstance(value, str) and value in members)
    return _TESTS[column.kind]


def _is_text(value: Value) -> bool:
    return value is None or isinstance(value, str)


def _is_texts(value: Value) -> bool:
    return value is None or (isinstance(value, tuple) and all(isinstance(part, str) for part in value))


_TESTS: Mapping[Kind, Test] = {
    Kind.TEXT: _is_text,
    Kind.CODE: _is_text,
    Kind.ID_NUMBER: _is_text,
    Kind.ENUM: _is_text,
    Kind.TEXTS: _is_texts,
    Kind.INTEGER: lambda value: value is None or type(value) is int,
    Kind.BOOLEAN: lambda value: value is None or isinstance(value, bool),
    Kind.DATE: lambda value: value is None or type(value) is date,
    Kind.DATETIME: lambda value: value is None or isinstance(value, datetime),
}

_TESTS_OF: Mapping[str, Mapping[str, Test]] = {
    name: {column.name: _test(column) for column in entity.columns.values()} for name, entity in ENTITIES.items()
}
