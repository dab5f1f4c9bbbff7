"""The index's file. Derived from the log and worth nothing without it: it may be thrown away at any time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import apsw

VERSION: Final = 2
BLOCK: Final = 4_096  # entries whose earliest and latest moment are kept together
_BUSY_MILLISECONDS: Final = 5_000
_KEPT_KB = 4_096  # of pages, by each connection; the system keeps the file in memory as far as there is room
_TOGETHER: Final = 256  # rows of one statement at most

_TABLES: Final = """
CREATE TABLE progress (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  position INTEGER NOT NULL,   -- entries before it are indexed
  leaf BLOB,                   -- leaf hash of the last of them
  through INTEGER,             -- when that one was made, microseconds since 1970
  contradicted_at INTEGER,     -- where the log was found to hold something else than was indexed
  key BLOB NOT NULL            -- tells apart the keys under which persons stand here; reveals none
);
CREATE TABLE word (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,       -- words.WordKind
  text TEXT NOT NULL,
  entries INTEGER NOT NULL,    -- how many bear it; a word of a shape has none of its own
  UNIQUE (kind, text)
);
CREATE TABLE entry (           -- words by their id
  idx INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  leaf BLOB NOT NULL,          -- leaf hash of what was indexed
  kind INTEGER NOT NULL,
  subject INTEGER NOT NULL,
  agency INTEGER NOT NULL,
  purpose INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  shape INTEGER NOT NULL,
  route INTEGER NOT NULL,
  request INTEGER              -- words.request_number
);
CREATE INDEX entry_kind ON entry (kind);
CREATE INDEX entry_subject ON entry (subject);
CREATE INDEX entry_agency ON entry (agency);
CREATE INDEX entry_purpose ON entry (purpose);
CREATE INDEX entry_outcome ON entry (outcome);
CREATE INDEX entry_shape ON entry (shape);
CREATE INDEX entry_route ON entry (route);
CREATE INDEX entry_request ON entry (request);
CREATE TABLE part (            -- the words of a shape or route, both ids of words
  word INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  PRIMARY KEY (word, whole)
) WITHOUT ROWID;
CREATE INDEX part_whole ON part (whole);
CREATE TABLE person (
  token BLOB NOT NULL,         -- persons.AuditTokens
  idx INTEGER NOT NULL,
  PRIMARY KEY (token, idx)
) WITHOUT ROWID;
CREATE TABLE reference (
  text TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (text, idx)
) WITHOUT ROWID;
CREATE TABLE block (           -- of BLOCK entries each
  number INTEGER PRIMARY KEY,
  earliest INTEGER NOT NULL,
  latest INTEGER NOT NULL
);
"""
_NAMES: Final = ("block", "reference", "person", "part", "entry", "word", "progress")


class IndexerLock:
    """One indexer per file; the operating system lets go of it when the process dies."""

    def __init__(self, path: Path) -> None:
        """Raises BlockingIOError while another process, or another object, feeds this index."""
        self._file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Let another one in."""
        os.close(self._file)


def open_index(path: Path, key: bytes) -> apsw.Connection:
    """A writing connection; an index of another version or another key, or a broken file, is begun anew."""
    try:
        return _opened(path, key)
    except (apsw.NotADBError, apsw.CorruptError):
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        return _opened(path, key)


def open_for_reading(path: Path) -> apsw.Connection:
    """A connection that cannot write."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    connection.execute(f"PRAGMA cache_size=-{_KEPT_KB}")
    return connection


def clear(connection: apsw.Connection, key: bytes) -> None:
    """Forget everything, in one transaction: whoever searches meanwhile finds little and is told so."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _create(connection, key)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def insert_together(connection: apsw.Connection, into: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Rows of one width by few statements. `into` is fixed text, such as "INSERT INTO entry VALUES".

    Each statement lets go of the interpreter and has to get it back from a loop that is busy answering, which takes
    milliseconds. Their lengths are powers of two, so that few kinds stay prepared.
    """
    start, count = 0, _TOGETHER
    while start < len(rows):
        while len(rows) - start < count:
            count //= 2
        part = rows[start : start + count]
        marks = ", ".join([f"({', '.join('?' * len(part[0]))})"] * count)
        connection.execute(f"{into} {marks}", [value for row in part for value in row])
        start += count


def _opened(path: Path, key: bytes) -> apsw.Connection:
    path.touch(mode=0o600, exist_ok=True)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        connection.execute("PRAGMA journal_mode=WAL")
        # Whatever a crash of the machine takes from an index is read from the log again.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA cache_size=-{_KEPT_KB}")
        held = connection.execute("PRAGMA user_version").get == VERSION
        if not held or connection.execute("SELECT key FROM progress").get != key:
            clear(connection, key)
    except BaseException:
        connection.close(force=True)
        raise
    return connection


def _create(connection: apsw.Connection, key: bytes) -> None:
    for name in _held(connection):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    connection.execute(_TABLES)
    connection.execute("INSERT INTO progress VALUES (1, 0, NULL, NULL, NULL, ?)", (key,))
    connection.execute(f"PRAGMA user_version={VERSION}")


def _held(connection: apsw.Connection) -> Iterable[str]:
    held = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return [name for name in _NAMES if name in held]
