"""Merge: the sources' records of one person side by side, put together: chosen value, provenance, conflicts.

Order among sources: a value that its adapter flagged as broken stands back; then the manifest's precedence; then the
newest as-of. A value that a peer refused or masked by its own policy is neither an absence nor a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date
from itertools import accumulate, chain, compress, count, pairwise, repeat
from operator import attrgetter, gt
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from adapters.contract import Provenance, Record
from gateway.execution.handles import Handles
from schema.entities import ENTITIES, PERSON_RECORD, Kind
from schema.enums import Quality
from schema.file import Disagreement, Frame, Row

_BROKEN = frozenset({Quality.CHECKSUM_FAILED, Quality.TRUNCATED, Quality.MALFORMED, Quality.UNMAPPED_CODE})
_SEVERAL = frozenset(name for name, column in PERSON_RECORD.columns.items() if column.kind is Kind.TEXTS)
_PROVENANCE: Final = attrgetter("provenance")
_VALUES: Final = attrgetter("values")
_WHENCE: Final = (attrgetter("source"), attrgetter("dataset"), attrgetter("peer"))
_RECORD: Final = attrgetter("record")
_KEY: Final = attrgetter("found.provenance.record")
_NEAR_DAYS = 31  # two sources' dates of one measure differ by days: decided, served, admitted


class Merged(Struct, frozen=True, gc=False):
    """What all sources say of one person, put together and not yet authorized."""

    values: Mapping[str, object]
    records: tuple[Row, ...]
    disagreements: tuple[Disagreement, ...]


_NOTHING = Merged({}, (), ())
Ranked = Sequence[tuple[Record, Row]]  # the best source first


class Merger:
    """Puts records together; knows each source's precedence."""

    def __init__(self, precedence: Mapping[str, int], handles: Handles) -> None:
        self._frame = Frame(handles, precedence)

    def person(self, records: Sequence[Record], compared: Collection[str]) -> Merged:
        """One person's own records; `compared` are the columns whose conflicts are wanted."""
        if not records:
            return _NOTHING
        frame = self._frame
        people = [(record, Row("PersonRecord", record.values, record, frame)) for record in records]
        people.sort(key=lambda pair: _rank(pair[1]))
        return Merged(_values(people), tuple(row for _, row in people), tuple(_disagreements(people, compared)))

    def people(self, lists: Sequence[Sequence[Record]], compared: Collection[str]) -> list[Merged]:
        """`person` of each of some people."""
        frame = self._frame
        return [
            Merged(records[0].values, (Row("PersonRecord", records[0].values, records[0], frame),), ())
            if len(records) == 1  # as most people are known: nothing to choose, nothing to compare
            else self.person(records, compared)
            for records in lists
        ]

    def rows_of_all(self, entity: str, lists: Sequence[Sequence[Record]]) -> list[tuple[Row, ...]]:
        """`rows` of each of some people; where one source says it all, they are laid out in one go."""
        records = list(chain.from_iterable(lists))
        origins = list(map(_PROVENANCE, records))
        ends = list(accumulate(map(len, lists), initial=0))
        if any(len(set(map(part, origins))) > 1 for part in _WHENCE):
            return [self.rows(entity, each) if each else () for each in lists]
        rows = tuple(map(Row, repeat(entity), map(_VALUES, records), records, repeat(self._frame)))
        laid = [rows[start:end] for start, end in pairwise(ends)]
        return laid if _in_order(origins, ends) else [tuple(sorted(each, key=_KEY)) for each in laid]

    def rows(self, entity: str, records: Sequence[Record]) -> tuple[Row, ...]:
        """An entity's rows of one person, what several sources report joined to one row."""
        frame = self._frame
        if len(records) == 1:
            record = records[0]
            return (Row(entity, record.values, record, frame),)
        rows = [Row(entity, record.values, record, frame) for record in records]
        first = records[0].provenance
        for record in records:
            own = record.provenance
            if own.dataset != first.dataset or own.source != first.source or own.peer != first.peer:
                break
        else:
            rows.sort(key=_KEY)
            return tuple(rows)  # one source does not report the same thing twice
        rows.sort(key=lambda row: (frame.rank(row.found.provenance), row.order))
        joined: list[Row] = []
        for row in rows:
            for position, other in enumerate(joined):
                if _is_same(entity, other, row):
                    joined[position] = _joined(other, row)
                    break
            else:
                joined.append(row)
        return tuple(joined)


def _in_order(origins: Sequence[Provenance], ends: Collection[int]) -> bool:
    """Whether each person's records stand in the order of their own keys; the next person's may begin anew."""
    keys = list(map(_RECORD, origins))
    falls = compress(count(1), map(gt, keys, keys[1:]))
    return set(falls).issubset(ends)


def _precedence(row: Row) -> int:
    return row.frame.rank(row.found.provenance)


def _rank(row: Row) -> tuple[int, float, tuple[str, str, str]]:
    """The order among sources: precedence, then the newest as-of, then anything stable."""
    as_of = row.found.provenance.as_of
    if as_of is None:
        return (_precedence(row), 0.0, row.order)
    known = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    return (_precedence(row), -known.timestamp(), row.order)


def _values(people: Ranked) -> dict[str, object]:
    """The chosen value of every column that some record was asked for."""
    values: dict[str, object] = {}
    for record, _ in people:
        for name, value in record.values.items():
            if value is None:
                values.setdefault(name, None)
            elif name in _SEVERAL:
                values[name] = _united(values.get(name), value)
            elif values.get(name) is None:
                values[name] = value
    doubtful = [record for record, _ in people if record.flags or record.hidden]
    for name in {name for record in doubtful for name in _doubtful(record)} - _SEVERAL:
        if found := _candidates(name, people):
            values[name] = found[0][0]
    return values


def _united(kept: object, added: object) -> tuple[object, ...]:
    """All texts of several sources, each once."""
    first = kept if isinstance(kept, tuple) else ()
    return tuple(dict.fromkeys((*first, *(added if isinstance(added, tuple) else (added,)))))


def _doubtful(record: Record) -> Iterator[str]:
    """Columns whose value may have to stand back: flagged as broken, or withheld in part by a peer."""
    for flag in record.flags:
        if flag.quality in _BROKEN and flag.field in record.values:
            yield flag.field
    for name in record.hidden:
        if name in record.values:
            yield name


def _candidates(name: str, people: Ranked) -> list[tuple[object, Row, bool, bool]]:
    """(value, origin, broken, withheld) of every source that has one, the one to choose first."""
    found = []
    for record, row in people:
        value = record.values.get(name)
        if value is not None:
            broken = any(flag.field == name and flag.quality in _BROKEN for flag in record.flags)
            found.append((value, row, broken, name in record.hidden))
    found.sort(key=lambda one: (one[3], one[2]))  # stable: the sources' own order stands otherwise
    return found


def _disagreements(people: Ranked, compared: Collection[str]) -> Iterator[Disagreement]:
    for name in compared:
        column = PERSON_RECORD.columns[name]
        shown = [one for one in _candidates(name, people) if not one[3]]
        best = shown[0] if shown else None
        second = next((one for one in shown if best and one[0] != best[0]), None)
        if best is None or second is None or name in _SEVERAL:
            continue
        values = tuple((value, row.origin) for value, row, _, _ in shown)
        yield Disagreement(name, column.label, values, best[0], _because(best, second))


def _because(best: tuple[object, Row, bool, bool], second: tuple[object, Row, bool, bool]) -> str:
    source = best[1].found.provenance.source
    if best[2] != second[2]:
        return f"QUALITY: {source} holds a sound value"
    if _precedence(best[1]) != _precedence(second[1]):
        return f"PRECEDENCE: {source} is the register nearest to this fact"
    return f"NEWEST: {source} was updated last"


def _same_source(one: Row, other: Row) -> bool:
    return one.order[:2] == other.order[:2]


def _is_same(entity: str, one: Row, other: Row) -> bool:
    """Whether two rows of different sources report the same thing."""
    if _same_source(one, other) or one.values.get("kind") != other.values.get("kind"):
        return False
    if entity == "Measure":
        return _equal(one, other, "decisionNumber") or _near(one, other, "startsOn") or _near(one, other, "orderedOn")
    if entity == "Decision":
        return _equal(one, other, "number") or _equal(one, other, "decidedOn")
    if entity == "Assessment":
        return _equal(one, other, "assessedOn") and one.values.get("stage") == other.values.get("stage")
    if entity == "Agreement":
        return _equal(one, other, "signedOn")
    if entity == "DrugTest":
        return _equal(one, other, "testedOn")
    if entity == "FamilyMember":
        return _equal(one, other, "name")
    return False


def _equal(one: Row, other: Row, name: str) -> bool:
    value = one.values.get(name)
    return value is not None and value == other.values.get(name)


def _near(one: Row, other: Row, name: str) -> bool:
    first, second = one.values.get(name), other.values.get(name)
    return isinstance(first, date) and isinstance(second, date) and abs((first - second).days) <= _NEAR_DAYS


def _joined(kept: Row, added: Row) -> Row:
    """The better source's row, its gaps filled from the other."""
    values = dict(kept.values)
    for name in ENTITIES[kept.entity].columns:
        if values.get(name) is None and added.values.get(name) is not None:
            values[name] = added.values[name]
    return replace(kept, values=values)
