"""Completing: what values of many objects are by their type: nulls, leaves, lists; else the careful way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from itertools import accumulate, chain, pairwise
from typing import Any

from graphql import GraphQLNonNull

from gateway.execution.selection import Field, Shape

Column = Callable[[Sequence[Any], Any], Sequence[Any]]
"""Of objects of one type a value for each, within one execution (gateway/execution/columns.py)."""


class Irregular(Exception):  # not an error of anybody's: the careful way takes over
    """Something that only the careful way can answer."""


# ---- nulls ---------------------------------------------------------------------------------------------------------


def nullable(kind: Any) -> Any:
    """A type without its non-null."""
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


_LISTS = frozenset({list, tuple})
_LISTS_OR_NONE = _LISTS | {type(None)}


def has_null(values: Sequence[Any]) -> bool:
    """Whether any of them is null."""
    return type(None) in set(map(type, values))


def checked(one: Field, values: Sequence[Any]) -> Sequence[Any]:
    """The values; Irregular for a null where none may stand."""
    if not one.optional and has_null(values):
        raise Irregular
    return values


# ---- leaves --------------------------------------------------------------------------------------------------------


def leaves_of(one: Field, read: Column) -> Column:
    """A field of leaves, serialized where they are not as they should be."""
    sound, serialize = one.sound, one.serialize
    allowed = {sound, type(None)} if one.optional else {sound}
    named = sound is not None and issubclass(sound, Enum)

    def leaves(sources: Sequence[Any], run: Any) -> Sequence[Any]:
        values = read(sources, run)
        if sound is not None and set(map(type, values)) <= allowed:
            return [None if value is None else value._name_ for value in values] if named else values
        return [None if value is None else serialize(value) for value in checked(one, values)]  # type: ignore[misc]

    return leaves


def leaf_lists(values: Sequence[Any], inner: Any, *, optional: bool) -> list[Any]:
    """Lists of leaves of a type; `optional`: an item may be null."""
    serialize = inner.serialize
    shaped: list[Any] = []
    for value in values:
        if value is None:
            shaped.append(None)
        elif type(value) is not list and type(value) is not tuple:
            raise Irregular
        else:
            items = [None if item is None else serialize(item) for item in value]
            if not optional and None in items:
                raise Irregular
            shaped.append(items)
    return shaped


# ---- objects that may be null, and lists of them -------------------------------------------------------------------


def or_null(whole: Shape) -> Shape:
    """What shapes objects, for objects or nulls."""

    def shape(values: Sequence[Any], run: Any) -> list[Any]:
        if not has_null(values):
            return whole(values, run)
        shaped = iter(whole([value for value in values if value is not None], run))
        return [None if value is None else next(shaped) for value in values]

    return shape


def never_null(whole: Shape) -> Shape:
    """What shapes objects, where a null is Irregular."""

    def shape(values: Sequence[Any], run: Any) -> list[Any]:
        if has_null(values):
            raise Irregular
        return whole(values, run)

    return shape


def lists_of(one: Field, read: Column, whole: Shape) -> Column:
    """A field that holds a list of objects: all lists' objects are shaped together and parted again."""
    optional = one.optional

    def lists(sources: Sequence[Any], run: Any) -> Sequence[Any]:
        values = read(sources, run)
        kinds = set(map(type, values))
        if kinds <= _LISTS:
            return parted(values, whole(list(chain.from_iterable(values)), run))
        if not optional or not kinds <= _LISTS_OR_NONE:
            raise Irregular
        there = [value or () for value in values]
        shaped = parted(there, whole(list(chain.from_iterable(there)), run))
        return [None if value is None else part for value, part in zip(values, shaped, strict=True)]

    return lists


def parted(lists: Sequence[Sequence[Any]], shaped: list[Any]) -> list[list[Any]]:
    """What was shaped of all lists together, as the lists are."""
    if len(lists) == 1:
        return [shaped]
    return [shaped[start:end] for start, end in pairwise(accumulate(map(len, lists), initial=0))]
