"""Questions to the index's file: places of a page, counts, counts by word and over time. They block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, cast

import apsw

from gateway.audit.search.feeding import Progress, read_progress
from gateway.audit.search.persons import AuditTokens
from gateway.audit.search.planning import Plan, plan
from gateway.audit.search.question import Conditions, Counted, Facet, FacetCounts, Step, Total
from gateway.audit.search.words import WordKind

CHINA: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = 3_600_000_000
_OFFSET: Final = 8 * _HOUR  # China is eight hours ahead, all year

_COLUMNS: Final = {
    Facet.KIND: "kind",
    Facet.SUBJECT: "subject",
    Facet.AGENCY: "agency",
    Facet.PURPOSE: "purpose",
    Facet.OUTCOME: "outcome",
}
_PARTS: Final = {
    Facet.ROLE: ("shape", WordKind.ROLE),
    Facet.FIELD: ("shape", WordKind.FIELD),
    Facet.LABEL: ("shape", WordKind.LABEL),
    Facet.EFFECT: ("shape", WordKind.EFFECT),
    Facet.POLICY: ("shape", WordKind.POLICY),
    Facet.ACTION: ("shape", WordKind.ACTION),
    Facet.SOURCE: ("route", WordKind.SOURCE),
    Facet.VIA: ("route", WordKind.VIA),
}


@dataclass(frozen=True, slots=True)
class Places:
    """Places of one page, with the leaf hash of what was indexed there."""

    places: tuple[tuple[int, bytes], ...]
    has_next: bool
    total: Total
    progress: Progress


def find_places(
    connection: apsw.Connection,
    tokens: AuditTokens,
    conditions: Conditions,
    *,
    first: int,
    beyond: int | None,
    oldest_first: bool,
    count_up_to: int,
) -> Places:
    """One page as of one moment."""
    with _one_moment(connection):
        progress = read_progress(connection)
        made = plan(connection, conditions, tokens, progress.position)
        if made is None:
            return Places((), has_next=False, total=Total(0, is_exact=True), progress=progress)
        found = _ordered(connection, made, oldest_first=oldest_first, beyond=beyond, limit=first + 1)
        return Places(
            tuple(_leaves(connection, found[:first])),
            has_next=len(found) > first,
            total=_total(connection, made, count_up_to),
            progress=progress,
        )


def next_places(
    connection: apsw.Connection,
    tokens: AuditTokens,
    conditions: Conditions,
    *,
    before: int,
    beyond: int | None,
    oldest_first: bool,
    limit: int,
) -> list[tuple[int, bytes]]:
    """The next places among those before `before`: what a stream takes at a time."""
    with _one_moment(connection):
        made = plan(connection, conditions, tokens, min(before, read_progress(connection).position))
        if made is None:
            return []
        return _leaves(connection, _ordered(connection, made, oldest_first=oldest_first, beyond=beyond, limit=limit))


def count(connection: apsw.Connection, tokens: AuditTokens, conditions: Conditions, up_to: int) -> Total:
    """How many meet the conditions."""
    with _one_moment(connection):
        made = plan(connection, conditions, tokens, read_progress(connection).position)
        return Total(0, is_exact=True) if made is None else _total(connection, made, up_to)


def count_by(
    connection: apsw.Connection,
    tokens: AuditTokens,
    conditions: Conditions,
    facets: Sequence[Facet],
    *,
    top: int,
    among: int,
) -> dict[Facet, FacetCounts]:
    """The most frequent words of the newest `among` that meet the conditions."""
    with _one_moment(connection):
        made = plan(connection, conditions, tokens, read_progress(connection).position)
        if made is None:
            return {facet: FacetCounts((), 0, is_exact=True) for facet in facets}
        inner, values = made.ordered(oldest_first=False, beyond=None, limit=among)
        number = len(_ordered(connection, made, oldest_first=False, beyond=None, limit=among + 1))
        return {
            facet: FacetCounts(
                tuple(
                    Counted(word, entries)
                    for word, entries in connection.execute(_by_facet(facet, inner), [*values, top])
                ),
                min(number, among),
                is_exact=number <= among,
            )
            for facet in facets
        }


def count_over_time(
    connection: apsw.Connection, tokens: AuditTokens, conditions: Conditions, step: Step
) -> list[tuple[datetime, int]]:
    """All that meet the conditions, by when they were made."""
    with _one_moment(connection):
        made = plan(connection, conditions, tokens, read_progress(connection).position)
        if made is None:
            return []
        inner, values = made.ordered(oldest_first=True, beyond=None, limit=-1)
        width = _HOUR if step is Step.HOUR else 24 * _HOUR
        found = connection.execute(
            f"SELECT (o.at + {_OFFSET}) / {width}, count(*) FROM ({inner}) AS f "  # noqa: S608
            "CROSS JOIN entry AS o ON o.idx = f.idx GROUP BY 1 ORDER BY 1",
            values,
        ).fetchall()
    columns: dict[datetime, int] = {}
    for number, entries in cast("list[tuple[int, int]]", found):
        begin = _begin(_EPOCH + timedelta(microseconds=number * width - _OFFSET), step)
        columns[begin] = columns.get(begin, 0) + entries
    return list(columns.items())


def _begin(moment: datetime, step: Step) -> datetime:
    local = moment.astimezone(CHINA)
    if step is Step.WEEK:
        return local - timedelta(days=local.weekday())
    return local.replace(day=1) if step is Step.MONTH else local


def _by_facet(facet: Facet, inner: str) -> str:
    column = _COLUMNS.get(facet)
    if column is not None:
        source = f"SELECT o.{column} AS word, count(*) AS n FROM ({inner}) AS f CROSS JOIN entry AS o ON o.idx = f.idx GROUP BY 1"  # noqa: E501, S608
    else:
        whole, kind = _PARTS[facet]
        source = (
            f"SELECT p.word AS word, sum(s.n) AS n FROM (SELECT o.{whole} AS whole, count(*) AS n "  # noqa: S608
            f"FROM ({inner}) AS f "
            "CROSS JOIN entry AS o ON o.idx = f.idx GROUP BY 1) AS s CROSS JOIN part AS p ON p.whole = s.whole "
            f"JOIN word AS k ON k.id = p.word AND k.kind = {int(kind)} GROUP BY 1"
        )
    return (
        f"SELECT w.text, g.n FROM ({source}) AS g JOIN word AS w ON w.id = g.word "  # noqa: S608
        "WHERE w.text <> '' ORDER BY g.n DESC, w.text LIMIT ?"
    )


def _ordered(
    connection: apsw.Connection, made: Plan, *, oldest_first: bool, beyond: int | None, limit: int
) -> list[int]:
    statement, values = made.ordered(oldest_first=oldest_first, beyond=beyond, limit=limit)
    return [place for (place,) in connection.execute(statement, values)]


def _leaves(connection: apsw.Connection, places: Sequence[int]) -> list[tuple[int, bytes]]:
    marks = ",".join("?" for _ in places)
    held = dict(connection.execute(f"SELECT idx, leaf FROM entry WHERE idx IN ({marks})", list(places)))  # noqa: S608
    return [(place, held[place]) for place in places]


def _total(connection: apsw.Connection, made: Plan, up_to: int) -> Total:
    if made.exact is not None:
        return Total(made.exact, is_exact=True)
    found = connection.execute(*made.counted(up_to)).get
    return Total(min(found, up_to), is_exact=found <= up_to)


@contextmanager
def _one_moment(connection: apsw.Connection) -> Iterator[None]:
    """What is read inside was so at one moment, however the index grows meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")
