"""One dataset's rows as Records: what reading some fields takes is worked out once and not again for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, compress, repeat
from operator import getitem, itemgetter
from typing import Any, Final

from msgspec import defstruct
from msgspec.structs import asdict

from adapters.cells import Cell, cell_of
from adapters.columns import decoded_column, keys_of, value_of_all
from adapters.contract import Flag, Key, Provenance, Record, Value
from adapters.decode import as_of_decoder, key_of, text_of
from adapters.manifest import Dataset, FieldMap

Row = Any  # as a driver gives it; opaque here
Extract = Callable[[Row], Sequence[object]]
"""Gives a row's raw values, one for each path in order; None for an absent one. JSON lists may stay lists."""
Extracting = Callable[[Sequence[str]], Extract]
"""A driver's part: works out how the values at some paths are read from a row."""

Raws = Sequence[object]
"""One row's raw values, as an Extract gives them; there may be more than a decoder has paths for."""

_MOST_DECODERS: Final = 200
_WORTH_COLUMNS: Final = 4  # rows; fewer are read sooner one by one


def by_call(paths: Sequence[str]) -> Extract:
    """For rows that are functions, giving the raw value at a path."""
    return lambda read: tuple(map(read, paths))


def as_given(paths: Sequence[str]) -> Extract:  # noqa: ARG001 - an Extracting
    """For rows that are their raw values already."""
    return tuple


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
        self._names = tuple(self.cells)
        self._in_order = tuple(self.cells.values())
        self._pick = _picking(list(places.fields.values()))
        self._constant = (rows.source, dataset.dataset, rows.jurisdiction)
        # a mapping is made of a struct in half the time that it takes to make one of pairs
        self._values = defstruct("Values", [(field, Any) for field in places.fields], gc=False)

    def values(self, row: Row) -> tuple[dict[str, Value], tuple[Flag, ...]]:
        """Exactly the fields asked for, and what was noticed."""
        return self._decoded(self._extract(row))

    def record(self, row: Row, fetched_at: datetime, person: Key | None = None) -> Record | None:
        """One row as a Record, or None: softly deleted, outside `where`, or without a readable key.

        `person` is whom the row was asked for, where the row itself does not say.
        """
        return self.recorded(self._extract(row), fetched_at, person)

    def records(
        self, rows: Sequence[Raws], fetched_at: datetime, persons: Sequence[Key] | None = None
    ) -> list[Record | None]:
        """What `recorded` gives of each row's raw values, worked out column by column.

        `persons` holds whom each row was asked for; without it all rows say so themselves.
        """
        if not rows:
            return []
        if len(rows) < _WORTH_COLUMNS:
            whose: Iterable[Key | None] = repeat(None) if persons is None else persons
            return [self.recorded(raws, fetched_at, person) for raws, person in zip(rows, whose, strict=False)]
        if not self._conditions:
            return self._at_once(rows, fetched_at, persons)
        there = [self._is_there(raws) for raws in rows]
        if not any(there):
            return [None] * len(rows)
        whom = None if persons is None else list(compress(persons, there))
        found = iter(self._at_once(list(compress(rows, there)), fetched_at, whom))
        return [next(found) if is_there else None for is_there in there]

    def recorded(self, raws: Raws, fetched_at: datetime, person: Key | None = None) -> Record | None:
        """What `record` gives of a row with these raw values."""
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

    def _at_once(
        self, rows: Sequence[Raws], fetched_at: datetime, persons: Sequence[Key] | None
    ) -> list[Record | None]:
        count, columns = len(rows), list(zip(*rows, strict=False))
        keys = keys_of(columns[0])
        owners = persons or (keys if self._person is None else keys_of(columns[self._person]))
        source, dataset, jurisdiction = self._constant
        moments: Iterable[datetime | None] = repeat(None)
        if self._as_of is not None:
            place, as_of = self._as_of
            moments = map(as_of, zip(*columns[place], strict=True))
        values, flags = self._columned(columns, count)
        # a row without key or person is made, too, and then left out: it is rare
        origins = map(
            Provenance,
            repeat(source),
            repeat(dataset),
            keys,
            repeat(fetched_at),
            moments,
            repeat(None),
            repeat(jurisdiction),
        )
        found: list[Record | None] = list(map(Record, keys, owners, values, origins, flags))  # type: ignore[arg-type]
        if None in keys or None in owners:
            lost = [index for index in range(count) if keys[index] is None or owners[index] is None]
            self._dropped[dataset] += len(lost)
            for index in lost:
                found[index] = None
        return found

    def _columned(
        self, columns: Sequence[Sequence[object]], count: int
    ) -> tuple[Iterable[dict[str, Value]], Iterable[tuple[Flag, ...]]]:
        """Each row's values, and what was noticed of each row."""
        if not self._columns:
            return [{} for _ in range(count)], repeat(())
        decoded: list[Sequence[Value]] = []
        flags: dict[int, tuple[Flag, ...]] = {}
        for _, place, cell in self._columns:
            if isinstance(place, int):
                decoded.append(decoded_column(cell, columns[place], self._noticed, flags))
            elif several := columns[place]:
                raws = list(zip(*several, strict=True))
                decoded.append(decoded_column(cell, raws, self._noticed, flags))
            else:
                decoded.append(value_of_all(cell, count, self._noticed, flags))
        values = map(asdict, map(self._values, *decoded))
        return values, [flags.get(place, ()) for place in range(count)] if flags else repeat(())

    def _decoded(self, raws: Sequence[object]) -> tuple[dict[str, Value], tuple[Flag, ...]]:
        noticed = self._noticed
        if noticed:
            noticed.clear()
        try:
            values: dict[str, Value] = dict(
                zip(self._names, map(getitem, self._in_order, self._pick(raws)), strict=True)
            )
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


def _picking(places: Sequence[int | slice]) -> Callable[[Raws], Sequence[object]]:
    """What takes the raw values of each field from those of a row."""
    if not places:
        return lambda _raws: ()
    at_once = itemgetter(*places)
    return at_once if len(places) > 1 else lambda raws: (at_once(raws),)


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
