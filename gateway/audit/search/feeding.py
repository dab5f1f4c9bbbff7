"""Writing the index: entries of the log in their order, from where it stopped; a part is in it whole or not at all.

It is written by one thread, beside the requests and after their answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import apsw
import orjson

from gateway.audit.record import StoredEntry
from gateway.audit.search.file import BLOCK, IndexerLock, clear, insert_together, open_index
from gateway.audit.search.persons import AuditTokens
from gateway.audit.search.words import Found, Part, WordKind, shape_name, words_of

UNREADABLE: Final = "unreadable"
_MOST_ROWS: Final = 50_000
_BEAR: Final = """
UPDATE word SET entries = entries + more.number
FROM (SELECT value ->> 0 AS id, value ->> 1 AS number FROM json_each(?)) AS more WHERE word.id = more.id
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index has come: entries before `position` are in it."""

    position: int
    leaf: bytes | None
    through: int | None  # microseconds since 1970
    contradicted_at: int | None


def read_progress(connection: apsw.Connection) -> Progress:
    """As of now."""
    row = connection.execute("SELECT position, leaf, through, contradicted_at FROM progress").fetchall()[0]
    return Progress(*cast("tuple[int, bytes | None, int | None, int | None]", row))


class Feeder:
    """Owns the writing connection. To be used from one thread at a time."""

    def __init__(self, path: Path, tokens: AuditTokens) -> None:
        """Opens or begins the index; raises BlockingIOError, apsw.Error or OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = IndexerLock(path)
        try:
            self._connection = open_index(path, tokens.fingerprint)
        except BaseException:
            self._lock.release()
            raise
        self._tokens = tokens
        self._forget()

    def _forget(self) -> None:
        self._words: dict[Part, int] = {}
        self._wholes: dict[tuple[WordKind, frozenset[Part]], int] = {}
        self._rows: dict[tuple[str | frozenset[Part], ...], tuple[int, ...]] = {}
        self._next_word = 0

    def progress(self) -> Progress:
        """How far the index has come."""
        return read_progress(self._connection)

    def feed(self, part: Sequence[StoredEntry]) -> Progress:
        """Take in the entries that follow, and say how far that is; ValueError where they do not follow."""
        if not part:
            return self.progress()
        with self._transaction() as connection:
            position = self.progress().position
            if [entry.index for entry in part] != list(range(position, position + len(part))):
                raise ValueError(f"the index goes on at {position}")
            self._load(connection)
            self._write(connection, part)
            return self.progress()

    def contradict(self, place: int) -> None:
        """Note where the log holds something else than was indexed."""
        with self._transaction() as connection:
            connection.execute("UPDATE progress SET contradicted_at = ?", (place,))

    def clear(self) -> None:
        """Forget everything, to be fed from the log's first entry again."""
        self._forget()
        clear(self._connection, self._tokens.fingerprint)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._lock.release()

    @contextmanager
    def _transaction(self) -> Iterator[apsw.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            self._forget()  # it may remember words that were never stored
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _load(self, connection: apsw.Connection) -> None:
        """Words already known; most entries bring none that are new."""
        if self._words:
            return
        for number, kind, text in connection.execute("SELECT id, kind, text FROM word"):
            self._words[WordKind(kind), text] = number
            self._next_word = max(self._next_word, number)

    def _write(self, connection: apsw.Connection, part: Sequence[StoredEntry]) -> None:
        entries: list[tuple[object, ...]] = []
        persons: list[tuple[bytes, int]] = []
        references: list[tuple[str, int]] = []
        moments: list[tuple[int, int]] = []
        alike: Counter[tuple[int, ...]] = Counter()
        digest = self._tokens.digest
        for stored in part:
            found = _found(stored)
            row = self._row(connection, found)
            alike[row] += 1
            moments.append((found.place, found.at))
            entries.append((found.place, found.at, stored.leaf, *row, found.request))
            persons += [(digest(person), found.place) for person in found.persons]
            references += [(reference, found.place) for reference in found.references]
        insert_together(connection, "INSERT INTO entry VALUES", entries)
        insert_together(connection, "INSERT OR IGNORE INTO person VALUES", sorted(persons))
        insert_together(connection, "INSERT OR IGNORE INTO reference VALUES", references)
        borne: Counter[int] = Counter()
        for row, number in alike.items():
            borne.update(dict.fromkeys(row, number))
        connection.execute(_BEAR, (orjson.dumps(list(borne.items())).decode(),))
        _widen_blocks(connection, moments)
        connection.execute(
            "UPDATE progress SET position = ?, leaf = ?, through = ?",
            (part[-1].index + 1, part[-1].leaf, moments[-1][1]),
        )

    def _row(self, connection: apsw.Connection, found: Found) -> tuple[int, ...]:
        """The words of an entry in the order of its columns; most entries are worded as one before."""
        worded = (found.kind, found.subject, found.agency, found.purpose, found.outcome, found.shape, found.route)
        row = self._rows.get(worded)
        if row is None:
            if len(self._rows) >= _MOST_ROWS:
                self._rows.clear()
            row = self._rows[worded] = (
                self._word(connection, WordKind.KIND, found.kind),
                self._word(connection, WordKind.SUBJECT, found.subject),
                self._word(connection, WordKind.AGENCY, found.agency),
                self._word(connection, WordKind.PURPOSE, found.purpose),
                self._word(connection, WordKind.OUTCOME, found.outcome),
                self._whole_of(connection, WordKind.SHAPE, found.shape),
                self._whole_of(connection, WordKind.ROUTE, found.route),
            )
        return row

    def _word(self, connection: apsw.Connection, kind: WordKind, text: str) -> int:
        known = self._words.get((kind, text))
        if known is not None:
            return known
        self._next_word += 1
        connection.execute("INSERT INTO word VALUES (?,?,?,0)", (self._next_word, int(kind), text))
        self._words[kind, text] = self._next_word
        return self._next_word

    def _whole_of(self, connection: apsw.Connection, kind: WordKind, parts: frozenset[Part]) -> int:
        known = self._wholes.get((kind, parts))
        if known is not None:
            return known
        name = shape_name(parts)
        is_new = (kind, name) not in self._words
        number = self._word(connection, kind, name)
        if is_new:
            rows = [(self._word(connection, *part), number) for part in parts]
            connection.executemany("INSERT INTO part VALUES (?,?)", rows)
        self._wholes[kind, parts] = number
        return number


def _found(stored: StoredEntry) -> Found:
    try:
        return words_of(stored)
    except ValueError:  # it has its place in the log, so it has one here
        nothing: frozenset[Part] = frozenset()
        return Found(stored.index, 0, UNREADABLE, "", "", "", "", None, nothing, nothing, (), ())


def _widen_blocks(connection: apsw.Connection, moments: Sequence[tuple[int, int]]) -> None:
    blocks: dict[int, tuple[int, int]] = {}
    for index, at in moments:
        earliest, latest = blocks.get(index // BLOCK, (at, at))
        blocks[index // BLOCK] = (min(earliest, at), max(latest, at))
    connection.executemany(
        "INSERT INTO block VALUES (?,?,?) ON CONFLICT (number) DO UPDATE SET "
        "earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)",
        [(number, *moments) for number, moments in blocks.items()],
    )
