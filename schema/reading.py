"""Reading: how a field is read of many objects at once, beside the resolver that reads it of one.

What a reading gives is what the resolver gives, or what stands for it: something that has all that the resolvers
below read. A field without a reading is read by its resolver, object by object.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

READING: Final = "yiti.reading"  # the key in a field's metadata

Objects = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Many:
    """The field's value of each object; of lists, no item is null."""

    read: Callable[[Objects], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Public:
    """A public thing by a key, None for null: the same key means the same thing to everybody, as long as this gateway
    runs. What is selected of it is shaped once for an answer; once for all answers if it is `lasting`, whose keys are
    codes of public tables and never what a source wrote in words."""

    keys: Callable[[Objects], Sequence[Hashable]]
    make: Callable[[Sequence[Any], Any], Sequence[object]]  # of some keys and info; what stands for each, never null
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Paged:
    """A connection over rows that are at hand: of each object all rows in order, None for null.

    Its resolver takes `first` and `after`, no more.
    """

    rows: Callable[[Objects], Sequence[Sequence[Any] | None]]


@dataclass(frozen=True, slots=True)
class Above:
    """An object that only reads what the object above it holds, under the same names: that one stands for it."""


Reading = Many | Public | Paged | Above


def reading_of(metadata: Any) -> Reading | None:
    """The reading in a strawberry field's metadata, if it carries one."""
    found = metadata.get(READING)
    return found if isinstance(found, Many | Public | Paged | Above) else None
