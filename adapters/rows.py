"""One dataset's rows as Records: what reading some fields takes is worked out once and not again for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from adapters.cells import Cell, cell_of
from adapters.contract import Flag, Key, Provenance, Record, Value
from adapters.decode import as_of_decoder, key_of, text_of
from adapters.manifest import Dataset, FieldMap

Row = Any  # as a driver gives it; opaque here
Extract = Callable[[Row], Sequence[object]]
"""Gives a row's raw values, one for each path in order; None for an absent one. JSON lists may stay lists."""
Extracting = Callable[[Sequence[str]], Extract]
"""A driver's part: works out how the values at some paths are read from a row."""

_MOST_DECODERS: Final = 200


def by_call(paths: Sequence[str]) -> Extract:
    """For rows that are functions, giving the raw value at a path."""
    return lambda read: tuple(map(read, paths))


class Rows:
    """Decodes the rows of one dataset. A row without a readable key or person is counted in `dropped`."""

    def __init__(
        self,
        source: str,
        jurisdiction: str,
        dataset: Dataset,
        extracting: Extracting,
        dropped: Counter[str] | None = None,
    ) -> None:
        self.source = source
        self.jurisdiction = jurisdiction
        self.dataset = dataset
        self.extracting = extracting
        self.dropped: Counter[str] = Counter() if dropped is None else dropped
        self.noticed: list[Flag] = []  # of the row at hand
        self.as_of = None if dataset.as_of is None else as_of_decoder(dataset.as_of)
        self._cells: dict[str, Cell] = {}
        self._decoders: dict[tuple[str, ...], RowDecoder] = {}

    def decoder(self, fields: Collection[str]) -> RowDecoder:
        """What decodes exactly these fields."""
        wanted = tuple(fields)
        found = self._decoders.get(wanted)
        if found is None:
            if len(self._decoders) >= _MOST_DECODERS:
                self._decoders.clear()
            found = self._decoders[wanted] = RowDecoder(self, wanted)
        return found

    def cell(self, field: str) -> Cell:
        """What decodes one field; shared by all decoders, so that each value is decoded once for all of them.

        A field that this dataset does not map is null and flagged MISSING: another dataset of the entity may have it.
        """
        found = self._cells.get(field)
        if found is None:
            spec = self.dataset.fields.get(field, _UNMAPPED)
            found = self._cells[field] = cell_of(field, spec, self.noticed)
        return found


class RowDecoder:
    """Decodes some fields of rows. A value that cannot be read costs its own field; nothing here raises for one."""

    def __init__(self, rows: Rows, fields: Sequence[str]) -> None:
        dataset = rows.dataset
        places = _Places(dataset, fields)
        self._dropped = rows.dropped
        self._noticed = rows.noticed
        self.paths = places.paths  # what an extract is made for; the key's path first
        self._extract = rows.extracting(places.paths)
        self._person = places.person
        self._conditions = places.conditions(dataset)
        self._as_of = None if rows.as_of is None else (places.as_of, rows.as_of)
        self.cells = {field: rows.cell(field) for field in places.fields}
        self._columns = [(field, place, self.cells[field]) for field, place in places.fields.items()]
        self._constant = (rows.source, dataset.dataset, rows.jurisdiction)

    def values(self, row: Row) -> tuple[dict[str, Value], tuple[Flag, ...]]:
        """Exactly the fields asked for, and what was noticed."""
        return self._decoded(self._extract(row))

    def record(self, row: Row, fetched_at: datetime, person: Key | None = None) -> Record | None:
        """One row as a Record, or None: softly deleted, outside `where`, or without a readable key.

        `person` is whom the row was asked for, where the row itself does not say.
        """
        raws = self._extract(row)
        if self._conditions and not self._is_there(raws):
            return None
        key = key_of(raws[0])
        owner = person or (key if self._person is None else key_of(raws[self._person]))
        source, dataset, jurisdiction = self._constant
        if key is None or owner is None:
            self._dropped[dataset] += 1
            return None
        values, flags = self._decoded(raws)
        as_of = None if self._as_of is None else self._as_of[1](raws[self._as_of[0]])
        provenance = Provenance(source, dataset, key, fetched_at, as_of, None, jurisdiction)
        return Record(key, owner, values, provenance, flags)

    def _decoded(self, raws: Sequence[object]) -> tuple[dict[str, Value], tuple[Flag, ...]]:
        noticed = self._noticed
        if noticed:
            noticed.clear()
        try:
            values = {field: cell[raws[place]] for field, place, cell in self._columns}
        except TypeError:  # a list or an object where one value was expected cannot be looked up
            noticed.clear()
            values = {field: cell.decoded(raws[place]) for field, place, cell in self._columns}
        return values, tuple(noticed) if noticed else ()

    def _is_there(self, raws: Sequence[object]) -> bool:
        """Neither softly deleted nor outside the dataset's constant conditions."""
        return all((text_of(raws[place]) in texts) is wanted for place, texts, wanted in self._conditions)


@dataclass(slots=True, init=False)
class _Places:
    """Which paths a row is read at, and where among their values each thing stands; several paths are a slice."""

    paths: tuple[str, ...]
    person: int | None
    as_of: slice
    fields: Mapping[str, int | slice]

    def __init__(self, dataset: Dataset, fields: Sequence[str]) -> None:
        paths = [dataset.key]
        self.person = None if dataset.person is None else _put(paths, dataset.person)
        self.as_of = _put_all(paths, paths_of(dataset.as_of) if dataset.as_of else ())
        placed: dict[str, int | slice] = {}
        for field in fields:
            path = dataset.fields.get(field, _UNMAPPED).path
            placed[field] = _put(paths, path) if isinstance(path, str) else _put_all(paths, path or ())
        self.fields = placed
        asked = chain([dataset.deleted.path] if dataset.deleted else (), dataset.where)
        self.paths = (*paths, *asked)

    def conditions(self, dataset: Dataset) -> list[tuple[int, Collection[str], bool]]:
        """Where a condition's text stands, the texts it is about, and whether it has to be one of them."""
        texts: list[tuple[Collection[str], bool]] = [(dataset.deleted.values, False)] if dataset.deleted else []
        texts += [((value,), True) for value in dataset.where.values()]
        first = len(self.paths) - len(texts)
        return [(first + index, among, wanted) for index, (among, wanted) in enumerate(texts)]


_UNMAPPED: Final = FieldMap()


def paths_of(spec: FieldMap) -> tuple[str, ...]:
    """The paths that a field is read from."""
    return () if spec.path is None else (spec.path,) if isinstance(spec.path, str) else spec.path


def _put(paths: list[str], path: str) -> int:
    if path not in paths:
        paths.append(path)
    return paths.index(path)


def _put_all(paths: list[str], several: Sequence[str]) -> slice:
    first = len(paths)
    paths += several
    return slice(first, len(paths))
