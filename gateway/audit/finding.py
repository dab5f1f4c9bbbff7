"""Questions to the log: a page of entries, one entry by its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import apsw

from gateway.audit.record import AccessPage, AccessQuery, LogEntry, StoredEntry
from gateway.audit.stored import entry_id, entry_of, index_in, leaf_hash, microseconds, read_entry

_OF_PERSON: Final = "p.person = ?"
_PERSONS: Final = "entry_person AS p"
_TABLES: Final = "entry AS e"
_TABLES_WITH_PERSON: Final = f"{_PERSONS} CROSS JOIN entry AS e ON e.idx = p.idx"  # CROSS: by the person first


def find_page(connection: apsw.Connection, query: AccessQuery) -> AccessPage:
    """One page, newest first, and the count of all pages, as of one moment."""
    conditions, values = _conditions(query)
    if query.person is None:  # only accesses are found by person
        conditions.append("json_extract(CAST(e.record AS TEXT), '$.kind') IS NULL")
    where = " AND ".join(conditions) or "TRUE"
    tables = _TABLES if query.person is None else _TABLES_WITH_PERSON
    # A person's trail is counted without touching the entries.
    counted = _PERSONS if conditions == [_OF_PERSON] else tables
    place_column = "e.idx" if query.person is None else "p.idx"  # the one that its table is sorted by
    older = "TRUE" if query.before_index is None else f"{place_column} < ?"
    place = () if query.before_index is None else (query.before_index,)
    limit = max(0, query.limit)
    with connection:
        total = connection.execute(f"SELECT count(*) FROM {counted} WHERE {where}", values).get  # noqa: S608
        found = connection.execute(
            f"SELECT e.idx, e.record FROM {tables} WHERE {where} AND {older} ORDER BY {place_column} DESC LIMIT ?",  # noqa: S608
            (*values, *place, limit + 1),
        ).fetchall()
    rows = cast("list[tuple[int, bytes]]", found)
    entries = tuple(entry_of(index, record) for index, record in rows[:limit])
    return AccessPage(entries, has_next=len(rows) > limit, total=cast("int", total))


def find_entry(connection: apsw.Connection, identifier: str) -> LogEntry | None:
    """The entry that bears this id, or None."""
    index = index_in(identifier)
    for (record,) in connection.execute("SELECT record FROM entry WHERE idx = ?", (index,)):
        if index is not None and entry_id(index, leaf_hash(record)) == identifier:
            found = read_entry(StoredEntry(index, leaf_hash(record), record))
            return found if isinstance(found, LogEntry) else None
    return None


def read_between(connection: apsw.Connection, between: tuple[int, int]) -> list[StoredEntry]:
    """The entries from the first place up to, not including, the second."""
    rows = connection.execute("SELECT idx, leaf, record FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx", between)
    return [StoredEntry(index, leaf, content) for index, leaf, content in rows]


def read_places(connection: apsw.Connection, places: Sequence[int]) -> list[StoredEntry]:
    """The entries at these places, in the order asked for; those that are not there are left out."""
    marks = ",".join("?" * len(places))
    rows = connection.execute(f"SELECT idx, leaf, record FROM entry WHERE idx IN ({marks})", tuple(places))  # noqa: S608
    found = {index: StoredEntry(index, leaf, content) for index, leaf, content in rows}
    return [found[place] for place in places if place in found]


def _conditions(query: AccessQuery) -> tuple[list[str], Sequence[str | int]]:
    """Fixed words, and the values that are bound to them."""
    asked = {
        _OF_PERSON: query.person,
        "e.subject = ?": query.subject,
        "e.agency = ?": query.agency,
        "e.purpose = ?": query.purpose,
        "e.at >= ?": None if query.since is None else microseconds(query.since),
        "e.at < ?": None if query.until is None else microseconds(query.until),
    }
    held = {condition: value for condition, value in asked.items() if value is not None}
    return list(held), tuple(held.values())
