"""The log's file: its tables, and the triggers by which it only grows."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

import apsw

VERSION: Final = 3
_BUSY_MILLISECONDS: Final = 5_000
_KEPT_KB: Final = 512  # of pages, by each connection: what is put in and read is nearly always at the end

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS entry (
  idx INTEGER PRIMARY KEY,  -- from 0, gapless
  leaf BLOB NOT NULL,       -- RFC 9162 leaf hash of record
  record BLOB NOT NULL      -- canonical JSON
);
CREATE TABLE IF NOT EXISTS node (
  level INTEGER NOT NULL,   -- the root of a complete subtree of 256 ** level leaves
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shared (
  digest TEXT PRIMARY KEY,  -- SHA-256 of content, base64url
  content BLOB NOT NULL     -- canonical JSON: a list of fields or a context
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (
  size INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,      -- seconds since 1970
  note TEXT NOT NULL        -- C2SP signed note
);
CREATE TABLE IF NOT EXISTS head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL,
  frontier BLOB NOT NULL,   -- roots of the complete subtrees along the right edge
  note TEXT NOT NULL        -- the newest checkpoint
);
CREATE TABLE IF NOT EXISTS cosignature (
  size INTEGER NOT NULL,
  witness TEXT NOT NULL,
  note TEXT NOT NULL,       -- the checkpoint with the witness's signature
  PRIMARY KEY (witness, size)
);

CREATE TRIGGER IF NOT EXISTS entry_grows_by_one BEFORE INSERT ON entry
  WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry)
  BEGIN SELECT RAISE(ABORT, 'the access log grows by one entry at its end'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_not_changed BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_not_removed BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS node_is_not_changed BEFORE UPDATE ON node
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS node_is_not_removed BEFORE DELETE ON node
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS shared_is_not_changed BEFORE UPDATE ON shared
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS shared_is_not_removed BEFORE DELETE ON shared
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_is_not_changed BEFORE UPDATE ON checkpoint
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_is_not_removed BEFORE DELETE ON checkpoint
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS head_only_grows BEFORE UPDATE ON head
  WHEN NEW.size < OLD.size OR NEW.size IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry)
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS head_is_not_removed BEFORE DELETE ON head
  BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END;
"""


class LogDamaged(Exception):
    """The file is no access log of this version, or it was changed. The message says what is wrong."""


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
        connection.execute(f"PRAGMA cache_size=-{_KEPT_KB}")
    except BaseException:
        connection.close()
        raise
    return connection


def make_tables(connection: apsw.Connection) -> None:
    """The tables of this version, in an empty file or one of this version; within the caller's transaction."""
    connection.execute(_TABLES)
    connection.execute(f"PRAGMA user_version={VERSION}")


def open_reading(path: Path) -> apsw.Connection:
    """A connection that cannot write.

    Where the file could be written it is opened so, and then kept from it: a connection that was opened for reading
    alone, and is the last to close, leaves the write-ahead log behind.
    """
    flags = apsw.SQLITE_OPEN_READWRITE if os.access(path, os.W_OK) else apsw.SQLITE_OPEN_READONLY
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MILLISECONDS)
    connection.execute("PRAGMA query_only=ON")
    connection.execute(f"PRAGMA cache_size=-{_KEPT_KB}")
    return connection


def version_of(connection: apsw.Connection) -> int:
    """0 for a new file."""
    return int(connection.execute("PRAGMA user_version").get)
