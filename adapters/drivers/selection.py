"""Dotted GraphQL paths merged into one minimal selection, and the way back from the answer.

A path is `domicile.jurisdiction.code`. A segment may carry literal arguments, `cases(first: 50)`, and a type
condition before it, `CommunityRecovery:reportedOn`. Lists on the way are flattened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_SEGMENT: Final = re.compile(
    r"(?:(?P<type>[_A-Za-z]\w*):)?(?P<name>[_A-Za-z]\w*)(?P<arguments>\([^()]+\))?", re.ASCII
)
_DOT: Final = re.compile(r"\.(?![^()]*\))")  # none inside arguments

Keys = tuple[str, ...]
"""Response keys from one object down to a value."""


@dataclass(slots=True)
class _Field:
    """One selected field: the key it answers under, and what is selected below it."""

    key: str
    below: Selection


@dataclass(slots=True)
class Selection:
    """What is selected of one object, by type condition, name and arguments."""

    fields: dict[tuple[str, str, str], _Field] = field(default_factory=dict)

    def add(self, path: str) -> Keys:
        """Select a path and say under which keys its value will stand; ValueError for a path that is none."""
        return self._walk(path)[0]

    def at(self, path: str | None) -> tuple[Keys, Selection]:
        """Select a path as an object; its keys and the selection below it. No path is this object itself."""
        return self._walk(path) if path else ((), self)

    def _walk(self, path: str) -> tuple[Keys, Selection]:
        here, keys = self, []
        for segment in _DOT.split(path):
            match = _SEGMENT.fullmatch(segment.strip())
            if match is None:
                raise ValueError(f"{path}: {segment} is no field, `field(argument: 1)` or `Type:field`")
            chosen = here._field(match["type"] or "", match["name"], match["arguments"] or "")
            keys.append(chosen.key)
            here = chosen.below
        return tuple(keys), here

    def _field(self, condition: str, name: str, arguments: str) -> _Field:
        found = self.fields.get((condition, name, arguments))
        if found is None:
            taken = {chosen.key for chosen in self.fields.values()}
            key = next(key for key in _aliases(name) if key not in taken)
            found = self.fields[condition, name, arguments] = _Field(key, Selection())
        return found

    def __str__(self) -> str:
        by_type: dict[str, list[str]] = {}
        for (condition, name, arguments), chosen in self.fields.items():
            alias = "" if chosen.key == name else f"{chosen.key}: "
            below = f" {chosen.below}" if chosen.below.fields else ""
            by_type.setdefault(condition, []).append(f"{alias}{name}{arguments}{below}")
        parts = [
            f"... on {condition} {{ {' '.join(texts)} }}" if condition else " ".join(texts)
            for condition, texts in by_type.items()
        ]
        return f"{{ {' '.join(parts)} }}"


def rows(node: object, keys: Keys) -> Iterator[Mapping[str, object]]:
    """Every object at these keys, lists flattened, nulls left out."""
    for found in _flattened(node, keys):
        if isinstance(found, dict):
            yield found


def value(node: object, keys: Keys) -> object:
    """The value at these keys; a list where a list stood on the way."""
    for index, key in enumerate(keys):
        if isinstance(node, list):
            return [found for item in node for found in _flattened(item, keys[index:])]
        if not isinstance(node, dict):  # as JSON is read: to ask for a Mapping takes ten times as long
            return None
        node = node.get(key)
    return node


def overlaps(path: Sequence[str], keys: Keys) -> bool:
    """Whether one of the two lies on the way to the other."""
    return all(one == other for one, other in zip(path, keys, strict=False))


def _flattened(node: object, keys: Keys) -> Iterator[object]:
    if isinstance(node, list):
        for item in node:
            yield from _flattened(item, keys)
    elif not keys:
        if node is not None:
            yield node
    elif isinstance(node, dict):
        yield from _flattened(node.get(keys[0]), keys[1:])


def _aliases(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
