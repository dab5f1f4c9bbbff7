"""From conditions to SQL: the rarest condition leads through its index, the others are looked up for each entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw

from gateway.audit.search.file import BLOCK
from gateway.audit.search.persons import AuditTokens
from gateway.audit.search.question import Conditions
from gateway.audit.search.words import Part, WordKind, request_number, with_effect
from gateway.audit.stored import microseconds

Bound = str | int | bytes

# What leads to no more than so many entries may be collected and sorted, which takes some ten milliseconds.
_FEW: Final = 20_000
_MANY: Final = 2**62  # of a condition that leads nowhere
_ALL: Final = "entry AS e NOT INDEXED"  # along idx


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to look: places from `low` to before `high` that meet `where`."""

    tables: str
    where: str
    values: tuple[Bound, ...]
    place: str  # the column of `tables` that is the entry's index
    low: int
    high: int
    exact: int | None = None  # how many there are, where that is known without looking

    def ordered(self, *, oldest_first: bool, beyond: int | None, limit: int) -> tuple[str, list[Bound]]:
        """A statement for the next places, and what is bound to it."""
        low, high = self.low, self.high
        if beyond is not None:
            low, high = (max(low, beyond + 1), high) if oldest_first else (low, min(high, beyond))
        order = "ASC" if oldest_first else "DESC"
        return f"{self._select(f'{self.place} AS idx')} ORDER BY 1 {order} LIMIT ?", [*self.values, low, high, limit]

    def counted(self, up_to: int) -> tuple[str, list[Bound]]:
        """A statement for how many there are, at most one more than `up_to`."""
        inner = f"{self._select('1')} LIMIT ?"
        return f"SELECT count(*) FROM ({inner})", [*self.values, self.low, self.high, up_to + 1]  # noqa: S608

    def _select(self, columns: str) -> str:
        return f"SELECT {columns} FROM {self.tables} WHERE {self.where} AND {self.place} >= ? AND {self.place} < ?"  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Condition:
    """`test` holds for an entry `e`. `tables` lead to the entries for which `lead` holds, which is the same."""

    estimate: int
    test: str
    values: tuple[Bound, ...]
    tables: str
    lead: str
    is_ordered: bool  # by place, without sorting
    place: str = "e.idx"
    alone: str = ""  # the tables that do where there is no other condition
    is_exact: bool = False  # the estimate is the count


def plan(connection: apsw.Connection, conditions: Conditions, tokens: AuditTokens, position: int) -> Plan | None:
    """How to find the entries that meet the conditions; None where there can be none."""
    bounds = _bounds(connection, conditions, position)
    if bounds is None:
        return None
    found = list(_conditions(connection, conditions, tokens))
    if any(one.estimate == 0 for one in found):
        return None
    lead = _leading(found)
    tests = [one for one in found if one is not lead]
    times, moments = _times(conditions)
    where = [*([lead.lead] if lead else []), *(one.test for one in tests), *times]
    values = (*(lead.values if lead else ()), *(value for one in tests for value in one.values), *moments)
    tables, place = (lead.tables, lead.place) if lead else (_ALL, "e.idx")
    made = Plan(tables, " AND ".join(where) or "TRUE", values, place, *bounds)
    if tests or times:
        return made
    if lead is None:
        return replace(made, exact=made.high - made.low)
    return replace(made, tables=lead.alone or lead.tables, exact=lead.estimate if lead.is_exact else None)


def _leading(found: Sequence[_Condition]) -> _Condition | None:
    usable = [one for one in found if one.is_ordered or one.estimate <= _FEW]
    return min(usable, key=lambda one: one.estimate, default=None)


def _times(conditions: Conditions) -> tuple[list[str], list[Bound]]:
    asked = {"e.at >= ?": conditions.since, "e.at < ?": conditions.until}
    held = {test: microseconds(moment) for test, moment in asked.items() if moment is not None}
    return list(held), list(held.values())


def _bounds(connection: apsw.Connection, conditions: Conditions, position: int) -> tuple[int, int] | None:
    """Between which places entries of these moments lie; records are appended about, not exactly, in their order."""
    if conditions.since is None and conditions.until is None:
        return 0, position
    since = -(2**62) if conditions.since is None else microseconds(conditions.since)
    until = 2**62 if conditions.until is None else microseconds(conditions.until)
    found = connection.execute("SELECT number FROM block WHERE latest >= ? AND earliest < ?", (since, until))
    numbers = [int(number) for (number,) in found]
    return (min(numbers) * BLOCK, min(position, (max(numbers) + 1) * BLOCK)) if numbers else None


def _conditions(connection: apsw.Connection, asked: Conditions, tokens: AuditTokens) -> Iterator[_Condition]:
    columns = {
        ("kind", WordKind.KIND): tuple(kind.value for kind in asked.kinds),
        ("subject", WordKind.SUBJECT): asked.subjects,
        ("agency", WordKind.AGENCY): asked.agencies,
        ("purpose", WordKind.PURPOSE): asked.purposes,
        ("outcome", WordKind.OUTCOME): asked.outcomes,
    }
    for (column, kind), words in columns.items():
        if words:
            yield _of_column(connection, column, [(kind, word) for word in words])
    if asked.without_purposes:
        other = _ids(connection, [(WordKind.PURPOSE, word) for word in asked.without_purposes])
        yield _Condition(_MANY, f"e.purpose NOT IN ({_marks(other)})", tuple(other), _ALL, "TRUE", is_ordered=False)
    for column, parts in _wholes(asked):
        yield _of_whole(connection, column, parts)
    if asked.persons:
        yield _of_table(connection, "person", "token", [tokens.digest(person) for person in asked.persons])
    if asked.references:
        yield _of_table(connection, "reference", "text", asked.references)
    if asked.request_id is not None:
        number = request_number(asked.request_id)
        test = "e.request = ?"
        yield _Condition(1, test, (number,), "entry AS e INDEXED BY entry_request", test, is_ordered=True)


def _wholes(asked: Conditions) -> Iterator[tuple[str, list[Part]]]:
    """Conditions on shapes and routes, each as the words of which one must be a part."""
    described = (
        (WordKind.FIELD, WordKind.FIELD_EFFECT, asked.fields),
        (WordKind.LABEL, WordKind.LABEL_EFFECT, asked.labels),
    )
    for plain, joined, words in described:
        if words and asked.effects:
            yield "shape", [(joined, with_effect(word, effect)) for word in words for effect in asked.effects]
        elif words:
            yield "shape", [(plain, word) for word in words]
    if asked.effects and not asked.fields and not asked.labels:
        yield "shape", [(WordKind.EFFECT, effect) for effect in asked.effects]
    for kind, words in (
        (WordKind.ROLE, asked.roles),
        (WordKind.POLICY, asked.policies),
        (WordKind.ACTION, asked.actions),
    ):
        if words:
            yield "shape", [(kind, word) for word in words]
    if asked.sources:
        yield "route", [(WordKind.SOURCE, source) for source in asked.sources]
    if asked.peers:
        yield "route", [(kind, peer) for peer in asked.peers for kind in (WordKind.SOURCE, WordKind.VIA)]


def _of_column(connection: apsw.Connection, column: str, parts: Iterable[Part]) -> _Condition:
    words = _ids(connection, parts)
    test = f"e.{column} IN ({_marks(words)})"
    estimate = sum(words.values())
    return _Condition(
        estimate,
        test,
        tuple(words),
        f"entry AS e INDEXED BY entry_{column}",
        test,
        is_ordered=len(words) == 1,
        is_exact=True,
    )


def _of_whole(connection: apsw.Connection, column: str, parts: Iterable[Part]) -> _Condition:
    words = _ids(connection, parts)
    wholes = f"SELECT whole FROM part WHERE word IN ({_marks(words)})"  # noqa: S608
    estimate = connection.execute(f"SELECT sum(entries) FROM word WHERE id IN ({wholes})", tuple(words)).get  # noqa: S608
    test = f"e.{column} IN ({wholes})"  # made a table once, which is cheaper than to look for each entry
    return _Condition(
        estimate or 0,
        test,
        tuple(words),
        f"entry AS e INDEXED BY entry_{column}",
        test,
        is_ordered=False,
        is_exact=True,
    )


def _of_table(connection: apsw.Connection, table: str, column: str, keys: Sequence[str | bytes]) -> _Condition:
    marks = _marks(keys)
    estimate = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {column} IN ({marks}) LIMIT {_FEW + 1})",  # noqa: S608
        tuple(keys),
    ).get
    test = f"EXISTS (SELECT 1 FROM {table} WHERE {column} IN ({marks}) AND idx = e.idx)"  # noqa: S608
    if len(keys) > 1:  # an entry about two of them is one entry
        lead = f"e.idx IN (SELECT idx FROM {table} WHERE {column} IN ({marks}))"  # noqa: S608
        return _Condition(estimate, test, tuple(keys), _ALL, lead, is_ordered=False)
    tables = f"{table} AS t CROSS JOIN entry AS e ON e.idx = t.idx"  # CROSS: by the person first
    return _Condition(
        estimate, test, tuple(keys), tables, f"t.{column} = ?", is_ordered=True, place="t.idx", alone=f"{table} AS t"
    )


def _ids(connection: apsw.Connection, parts: Iterable[Part]) -> dict[int, int]:
    """Words that the index knows, with how many entries bear them."""
    found: dict[int, int] = {}
    for kind, text in parts:
        found.update(
            connection.execute("SELECT id, entries FROM word WHERE kind = ? AND text = ?", (int(kind), text))
        )
    return found


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)
