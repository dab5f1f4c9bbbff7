"""A peer's answer as rows: where a dataset's rows stand, how one is read, and what its holder kept back of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from adapters.contract import AdapterError, Flag, Key, Value
from adapters.drivers.declared import paths_of
from adapters.drivers.peer_answer import Failure, Withheld
from adapters.drivers.selection import Keys, Selection, overlaps, rows, value
from adapters.forms.dates import moment
from adapters.manifest import Dataset, FieldMap
from schema.entities import ENTITIES, Kind
from schema.enums import Quality

_PROVENANCE: Final = ("recordId", "asOf", "fetchedAt", "source.id", "source.jurisdiction.code")
_QUALITY: Final = ("quality.field", "quality.quality")
_TEXTUAL: Final = frozenset({Kind.TEXT, Kind.CODE, Kind.ID_NUMBER})
_KINDS_AND_LABELS: Final = {
    (entity, name): (column.kind, column.label.value)
    for entity, declared in ENTITIES.items()
    for name, column in declared.columns.items()
}
_moment: Final = lru_cache(maxsize=1_024)(moment)  # all rows of one source came at the same moment


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Where one dataset's rows and their values stand in the answer."""

    dataset: Dataset
    at: Keys
    paths: Mapping[str, Keys]
    record: Mapping[str, Keys]  # provenance; empty where the key says nothing but itself


@dataclass(frozen=True, slots=True)
class Found:
    """One person of an answer: the federated object, or why there is none."""

    node: object
    place: int
    failures: tuple[Failure, ...]
    withheld: Withheld
    fetched_at: datetime


def select(person: Selection, dataset: Dataset, fields: Collection[str]) -> RowsOf:
    """Select of a person what some fields of a dataset need."""
    at, row = person.at(dataset.rows)
    # in a fixed order: the peer keeps parsed documents by their text
    paths = {path: row.add(path) for path in sorted(paths_of(dataset, fields))}
    holder, _, last = dataset.key.rpartition(".")
    prefix = f"{holder}." if holder else ""
    record = {name: row.add(prefix + name) for name in (*_PROVENANCE, *_QUALITY) if last == "recordId"}
    return RowsOf(dataset, at, paths, record)


def reader(where: RowsOf, row: Mapping[str, object], nameless: Key) -> Callable[[str], object]:
    """Gives the raw value at a path of one row; `nameless` is its key where the holder keeps that to itself."""

    def read(path: str) -> object:
        found = value(row, where.paths[path])
        # a row whose id the holder keeps to itself is a row all the same
        return nameless if found is None and path == where.dataset.key else found

    return read


def shown_of(
    entity: str, name: str, decoded: Value, dataset: Dataset, read: Callable[[str], object], found: Found
) -> tuple[Value, bool]:
    """A value as its holder shows it, and whether its holder kept it back, wholly or but for what a mask left."""
    kind, label = _KINDS_AND_LABELS[entity, name]
    if found.withheld.masks(label, found.place):
        rest = _as_masked(kind, dataset.fields.get(name), read)
        return (decoded if rest is None else rest), True
    return decoded, decoded is None and found.withheld.denies(label, found.place)


def _as_masked(kind: Kind, spec: FieldMap | None, read: Callable[[str], object]) -> Value:
    """What a mask left of a text, which need not have the form of its column any more."""
    path = spec.path if spec is not None else None
    raw = next((one for each in (path,) if isinstance(each, str) and (one := read(each)) is not None), None)
    if kind is Kind.TEXTS and isinstance(raw, list):
        return tuple(one for one in raw if isinstance(one, str)) or None
    return raw if kind in _TEXTUAL and isinstance(raw, str) else None


def quality_of(where: RowsOf, row: Mapping[str, object], fields: Collection[str]) -> Iterator[Flag]:
    """The flags that the holder itself set."""
    keys = where.record.get("quality.field")
    for flag in rows(row, keys[:-1]) if keys else ():
        name, quality = flag.get("field"), flag.get("quality")
        if name in fields and isinstance(name, str) and quality in Quality.__members__:
            yield Flag(name, Quality[str(quality)])


def failure_of(where: Sequence[RowsOf], found: Found) -> AdapterError | None:
    """Why a person has no rows, where an error stands on the way to them."""
    for failure in found.failures:
        if failure.entity is not None and any(overlaps(failure.path, one.at) for one in where):
            return failure.error
    return None


def moment_of(raw: object) -> datetime | None:
    """A moment as the peer writes it."""
    return _moment(raw) if isinstance(raw, str) else None


def by_name(flag: Flag) -> tuple[str, str]:
    """A stable order among flags."""
    return flag.field, flag.quality.name
