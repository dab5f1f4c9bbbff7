"""Field lists: which paths had which effect by which policies, kept once and named by their hash.

A list follows from what was asked (the plan) and what was decided (the decision's labels), so that few exist however
many accesses there are. An access names the lists that applied and to whom; reading it back spells them out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, overload

import orjson

from gateway.audit.record import AccessedField

_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class FieldList:
    """Accessed fields with the bytes that are stored of them and their digest. Equal where the digest is."""

    fields: tuple[AccessedField, ...]
    content: bytes  # canonical JSON
    digest: str  # SHA-256 of the content, base64url without padding

    @classmethod
    def of(cls, fields: Sequence[AccessedField]) -> FieldList:
        """The list of these fields; ValueError where a text cannot be stored."""
        content = orjson.dumps([[field.path, field.label, field.effect, field.policies] for field in fields])
        return cls(tuple(fields), content, digest_of(content))

    @classmethod
    def read(cls, content: bytes) -> FieldList:
        """The inverse of `content`; ValueError for anything else."""
        spelled: Any = orjson.loads(content)
        try:
            fields = tuple(AccessedField(path, label, effect, tuple(by)) for path, label, effect, by in spelled)
        except TypeError as error:
            raise ValueError("not a list of accessed fields") from error
        return cls(fields, content, digest_of(content))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldList) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class Shown:
    """One list and the persons to whose files it applied; None: all of the access, or nobody in particular."""

    list: FieldList
    persons: tuple[str, ...] | None = None


class ShownFields(Sequence[AccessedField]):
    """An access's fields by list and person. As a sequence it is all fields, each once, in the order of the lists."""

    __slots__ = ("_fields", "groups")

    def __init__(self, groups: Sequence[Shown]) -> None:
        self.groups = tuple(groups)
        self._fields: tuple[AccessedField, ...] | None = None

    def of_person(self, person: str) -> tuple[AccessedField, ...]:
        """The fields of one person of the access."""
        groups = (group.list for group in self.groups if group.persons is None or person in group.persons)
        return tuple(dict.fromkeys(field for fields in groups for field in fields.fields))

    @overload
    def __getitem__(self, place: int) -> AccessedField: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[AccessedField, ...]: ...
    def __getitem__(self, place: int | slice) -> AccessedField | tuple[AccessedField, ...]:
        return self._all()[place]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[AccessedField]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ShownFields):
            return self.groups == other.groups
        return isinstance(other, tuple) and self._all() == other

    def __hash__(self) -> int:
        return hash(self.groups)

    def __repr__(self) -> str:
        return f"ShownFields({self.groups!r})"

    def _all(self) -> tuple[AccessedField, ...]:
        if self._fields is None:
            self._fields = tuple(dict.fromkeys(field for group in self.groups for field in group.list.fields))
        return self._fields


def shown(fields: Sequence[AccessedField]) -> ShownFields:
    """An access's fields as they are stored; of a plain sequence, one list of nobody in particular."""
    if isinstance(fields, ShownFields):
        return fields
    kept = tuple(fields)
    return ShownFields((Shown(_list_of(kept)),)) if kept else _NOTHING


def read_fields(groups: Sequence[Any], persons: Sequence[str], shared: Mapping[str, object]) -> ShownFields:
    """The fields of a stored access; LookupError where a list is missing, TypeError where it is no list."""
    return ShownFields(
        [
            Shown(named_list(shared, digest), None if places is None else tuple(persons[place] for place in places))
            for digest, places in groups
        ]
    )


def named_list(shared: Mapping[str, object], digest: str) -> FieldList:
    """The list of this digest; LookupError where there is none, TypeError where it is something else."""
    found = shared[digest]
    if not isinstance(found, FieldList):
        raise TypeError("what an access names as a list of fields is none")
    return found


def digest_of(content: bytes) -> str:
    """The name of a stored list."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


_NOTHING: Final = ShownFields(())


@lru_cache(_KEPT)
def _list_of(fields: tuple[AccessedField, ...]) -> FieldList:
    return FieldList.of(fields)
