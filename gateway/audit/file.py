"""The log's file: its tables, and the triggers by which it only grows."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

import apsw

from gateway.audit.stored import leaf_hash

VERSION: Final = 1
_BUSY_MILLISECONDS: Final = 5_000

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS entry (
  idx INTEGER PRIMARY KEY,  -- from 0, gapless
  at INTEGER NOT NULL,      -- microseconds since 1970, UTC
  subject TEXT NOT NULL,
  agency TEXT NOT NULL,
  purpose TEXT NOT NULL,
  leaf BLOB NOT NULL,       -- RFC 9162 leaf hash of record
  record BLOB NOT NULL      -- canonical JSON
);
CREATE INDEX IF NOT EXISTS entry_at ON entry (at);
CREATE INDEX IF NOT EXISTS entry_subject ON entry (subject);
CREATE INDEX IF NOT EXISTS entry_agency ON entry (agency);
CREATE TABLE IF NOT EXISTS entry_person (
  person TEXT NOT NULL,     -- pseudonym
  idx INTEGER NOT NULL,
  PRIMARY KEY (person, idx)
) WITHOUT ROWID;

CREATE TRIGGER IF NOT EXISTS entry_grows_by_one BEFORE INSERT ON entry
  WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry)
  BEGIN SELECT RAISE(ABORT, 'the access log grows by one entry at its end'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_not_changed BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_not_removed BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS person_is_of_the_last_entry BEFORE INSERT ON entry_person
  WHEN NEW.idx IS NOT (SELECT max(idx) FROM entry)
  BEGIN SELECT RAISE(ABORT, 'persons are recorded with their entry'); END;
CREATE TRIGGER IF NOT EXISTS person_is_not_changed BEFORE UPDATE ON entry_person
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS person_is_not_removed BEFORE DELETE ON entry_person
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
"""


class LogDamaged(Exception):
    """The file is no access log of this version, or its end was changed."""


class WriterLock:
    """One writing process per log. The operating system lets go of it when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Raises BlockingIOError while another process, or another log object, holds it."""
        self._file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise

    def release(self) -> None:
        """Let another writer in."""
        os.close(self._file)


def open_writing(path: Path) -> apsw.Connection:
    """The one writing connection: WAL, and a commit is on disk when it returns."""
    path.touch(mode=0o600, exist_ok=True)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        _check_version(connection)
        with connection:
            connection.execute(_TABLES)
            connection.execute(f"PRAGMA user_version={VERSION}")
        _check_end(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reading(path: Path) -> apsw.Connection:
    """A connection that cannot write."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    return connection


def next_index(connection: apsw.Connection) -> int:
    """The place of the next entry."""
    return int(connection.execute("SELECT coalesce(max(idx) + 1, 0) FROM entry").get)


def _check_version(connection: apsw.Connection) -> None:
    version = connection.execute("PRAGMA user_version").get
    if version not in (0, VERSION):
        raise LogDamaged(f"written by another version: {version}, this one reads {VERSION}")


def _check_end(connection: apsw.Connection) -> None:
    for leaf, record in connection.execute("SELECT leaf, record FROM entry ORDER BY idx DESC LIMIT 1"):
        if leaf_hash(record) != leaf:
            raise LogDamaged("the last entry does not match its hash")
