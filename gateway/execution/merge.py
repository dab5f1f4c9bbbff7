"""Merge: the sources' records of one person side by side, put together: chosen value, provenance, conflicts.

Order among sources: a value that its adapter flagged as broken stands back; then the manifest's precedence; then the
newest as-of. A value that a peer refused or masked by its own policy is neither an absence nor a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from adapters.contract import Record
from gateway.execution.handles import Handles
from schema.entities import ENTITIES, PERSON_RECORD, Column, Kind
from schema.enums import Quality
from schema.file import Disagreement, Origin, Row

_BROKEN = frozenset({Quality.CHECKSUM_FAILED, Quality.TRUNCATED, Quality.MALFORMED, Quality.UNMAPPED_CODE})
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_NEAR_DAYS = 31  # two sources' dates of one measure differ by days: decided, served, admitted


@dataclass(frozen=True, slots=True)
class Merged:
    """One person's records, put together and not yet authorized."""

    values: Mapping[str, object]
    records: tuple[Row, ...]
    disagreements: tuple[Disagreement, ...]
    rows: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class _Candidate:
    value: object
    origin: Origin
    broken: bool
    hidden: bool

    @property
    def rank(self) -> tuple[bool, bool, int, float]:
        as_of = self.origin.as_of or _NEVER
        newest = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
        return (self.hidden, self.broken, self.origin.precedence, -newest.timestamp() if as_of != _NEVER else 0.0)


class Merger:
    """Puts records together; knows each source's precedence."""

    def __init__(self, precedence: Mapping[str, int], handles: Handles) -> None:
        self._precedence = precedence
        self._handles = handles

    def merge(self, records: Mapping[str, Sequence[Record]], compared: Collection[str]) -> Merged:
        """One person's records by entity; `compared` are the PersonRecord columns whose conflicts are wanted."""
        people = list(records.get("PersonRecord", ()))
        rows = {entity: self._rows(entity, found) for entity, found in records.items() if entity != "PersonRecord"}
        own = sorted((self._row(PERSON_RECORD.name, record) for record in people), key=_row_rank)
        values, disagreements = self._values(people, compared)
        return Merged(values, tuple(own), disagreements, rows)

    def _origin(self, record: Record) -> Origin:
        found = record.provenance
        registered = found.peer or found.source
        return Origin(
            source=found.source,
            dataset=found.dataset,
            record_id=found.record if found.peer else self._handles.record(found.source, found.dataset, found.record),
            fetched_at=found.fetched_at,
            as_of=found.as_of,
            jurisdiction=found.jurisdiction,
            peer=found.peer,
            flags=tuple((flag.field, flag.quality) for flag in record.flags),
            precedence=self._precedence.get(registered, 99),
        )

    def _row(self, entity: str, record: Record) -> Row:
        origin = self._origin(record)
        return Row(self._handles.row(entity, origin), entity, record.values, origin)

    def _values(
        self, people: Sequence[Record], compared: Collection[str]
    ) -> tuple[dict[str, object], tuple[Disagreement, ...]]:
        names = dict.fromkeys(name for record in people for name in record.values)
        origins = [(record, self._origin(record)) for record in people]
        values: dict[str, object] = {}
        disagreements: list[Disagreement] = []
        for name in names:
            column = PERSON_RECORD.columns[name]
            candidates = sorted(_candidates(name, origins), key=lambda one: one.rank)
            values[name] = _choose(column, candidates)
            if name in compared and (found := _disagreement(column, candidates)):
                disagreements.append(found)
        return values, tuple(disagreements)

    def _rows(self, entity: str, records: Sequence[Record]) -> tuple[Row, ...]:
        rows = sorted((self._row(entity, record) for record in records), key=_row_rank)
        joined: list[Row] = []
        for row in rows:
            for position, other in enumerate(joined):
                if _is_same(entity, other, row):
                    joined[position] = _joined(other, row)
                    break
            else:
                joined.append(row)
        return tuple(joined)


def _row_rank(row: Row) -> tuple[int, str]:
    return (row.origin.precedence, row.id)


def _candidates(name: str, origins: Sequence[tuple[Record, Origin]]) -> list[_Candidate]:
    found = []
    for record, origin in origins:
        value = record.values.get(name)
        if value is None:
            continue
        qualities = {flag.quality for flag in record.flags if flag.field == name}
        found.append(_Candidate(value, origin, bool(qualities & _BROKEN), name in record.hidden))
    return found


def _choose(column: Column, candidates: Sequence[_Candidate]) -> object:
    if not candidates:
        return None
    if column.kind is Kind.TEXTS:
        seen: dict[object, None] = {}
        for candidate in candidates:
            value = candidate.value
            seen.update(dict.fromkeys(value if isinstance(value, tuple) else (value,)))
        return tuple(seen)
    return candidates[0].value


def _disagreement(column: Column, candidates: Sequence[_Candidate]) -> Disagreement | None:
    shown = [candidate for candidate in candidates if not candidate.hidden]
    if column.kind is Kind.TEXTS or len({candidate.value for candidate in shown}) < 2:
        return None
    best, second = shown[0], next(one for one in shown if one.value != shown[0].value)
    if best.broken != second.broken:
        because = f"QUALITY: {best.origin.source} holds a sound value"
    elif best.origin.precedence != second.origin.precedence:
        because = f"PRECEDENCE: {best.origin.source} is the register nearest to this fact"
    else:
        because = f"NEWEST: {best.origin.source} was updated last"
    values = tuple((candidate.value, candidate.origin) for candidate in shown)
    return Disagreement(column.name, column.label, values, best.value, because)


def _same_source(one: Row, other: Row) -> bool:
    return (one.origin.source, one.origin.dataset) == (other.origin.source, other.origin.dataset)


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
