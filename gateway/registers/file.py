"""The registers' file: SQLite, what is written is on disk when the call returns, and nothing is ever removed.

A consent changes once, when it is revoked; an emergency access once, when it is reviewed. Free text is sealed with a
key of its own. Other processes on this machine may write the same file: `version` tells whether anybody has.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import apsw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = 1
_BUSY_MILLISECONDS: Final = 5_000
_NONCE: Final = 12

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS consent (
  id TEXT PRIMARY KEY,
  change INTEGER NOT NULL,       -- counts the changes of this table
  person TEXT NOT NULL,
  recipient_kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  recipient_name TEXT NOT NULL,
  purpose TEXT NOT NULL,
  labels TEXT NOT NULL,
  signed_by TEXT NOT NULL,
  document_number BLOB,          -- sealed
  recorded_at INTEGER NOT NULL,  -- microseconds since 1970, as all times here
  expires_at INTEGER NOT NULL,
  recorded_by TEXT NOT NULL, recorded_agency TEXT NOT NULL, recorded_agency_name TEXT NOT NULL,
  revoked_at INTEGER,
  revoked_by TEXT, revoked_agency TEXT, revoked_agency_name TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS consent_change ON consent (change);
CREATE TABLE IF NOT EXISTS break_glass (
  id TEXT PRIMARY KEY,
  change INTEGER NOT NULL,
  person TEXT NOT NULL,
  issuer TEXT NOT NULL, subject TEXT NOT NULL, agency TEXT NOT NULL, agency_name TEXT NOT NULL,
  roles TEXT NOT NULL,
  purpose TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  labels TEXT NOT NULL,
  reason TEXT NOT NULL,
  explanation BLOB NOT NULL,     -- sealed
  granted_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  review_due_at INTEGER NOT NULL,
  reviewed_at INTEGER,
  reviewed_by TEXT, reviewed_agency TEXT, reviewed_agency_name TEXT,
  verdict TEXT,
  remark BLOB                    -- sealed
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS break_glass_change ON break_glass (change);

CREATE TRIGGER IF NOT EXISTS consent_stays BEFORE DELETE ON consent
  BEGIN SELECT RAISE(ABORT, 'a consent is revoked, not removed'); END;
CREATE TRIGGER IF NOT EXISTS consent_is_revoked_once BEFORE UPDATE ON consent
  WHEN OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR (NEW.person, NEW.recipient, NEW.purpose, NEW.labels,
    NEW.recorded_at, NEW.expires_at) IS NOT (OLD.person, OLD.recipient, OLD.purpose, OLD.labels, OLD.recorded_at,
    OLD.expires_at)
  BEGIN SELECT RAISE(ABORT, 'a consent changes once, when it is revoked'); END;
CREATE TRIGGER IF NOT EXISTS break_glass_stays BEFORE DELETE ON break_glass
  BEGIN SELECT RAISE(ABORT, 'an emergency access stays on record'); END;
CREATE TRIGGER IF NOT EXISTS break_glass_is_reviewed_once BEFORE UPDATE ON break_glass
  WHEN OLD.reviewed_at IS NOT NULL OR NEW.reviewed_at IS NULL OR (NEW.person, NEW.subject, NEW.agency, NEW.labels,
    NEW.reason, NEW.explanation, NEW.granted_at, NEW.expires_at, NEW.review_due_at) IS NOT (OLD.person, OLD.subject,
    OLD.agency, OLD.labels, OLD.reason, OLD.explanation, OLD.granted_at, OLD.expires_at, OLD.review_due_at)
  BEGIN SELECT RAISE(ABORT, 'an emergency access changes once, when it is reviewed'); END;
"""

Value = str | int | bytes | None


class RegistersDamaged(Exception):
    """The file is none of ours, of another version, or sealed under another key: says which and the fix."""

    code = "REGISTERS_DAMAGED"


class RegisterFile:
    """The file by a writing and a reading connection. Writing may wait for another process; reading never does."""

    def __init__(self, path: Path, key: bytes) -> None:
        """Opens or makes the file; RegistersDamaged where it cannot be used. `key` seals free text."""
        self._seal = AESGCM(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600, exist_ok=True)
            self._writing = apsw.Connection(str(path))
            self._writing.set_busy_timeout(_BUSY_MILLISECONDS)
            _prepare(self._writing, path)
            self._reading = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            self._reading.set_busy_timeout(_BUSY_MILLISECONDS)
        except (apsw.Error, OSError) as err:
            raise RegistersDamaged(f"{path.name}: cannot be opened as registers. See its folder and disk.") from err

    def version(self) -> int:
        """Changes whenever anybody has committed to the file."""
        found = self._reading.execute("PRAGMA data_version").get
        return int(found) if isinstance(found, int) else 0

    def insert(self, table: str, values: dict[str, Value]) -> None:
        """A new row, on disk when this returns."""
        names = ", ".join(values)
        places = ", ".join("?" for _ in values)
        with self._writing as writing:
            writing.execute(
                f"INSERT INTO {table} (change, {names}) VALUES ({_NEXT.format(table)}, {places})",  # noqa: S608
                tuple(values.values()),
            )

    def settle(self, table: str, entry: str, values: dict[str, Value], *, unless: str) -> bool:
        """The one change of a row, on disk when this returns; False where somebody was quicker."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self._writing as writing:
            writing.execute(
                f"UPDATE {table} SET change = {_NEXT.format(table)}, {names} WHERE id = ? AND {unless} IS NULL",  # noqa: S608
                (*values.values(), entry),
            )
            changed = writing.changes()
        return changed == 1

    def changed(self, table: str, after: int) -> list[dict[str, Value]]:
        """The rows that have changed since, in the order of their changes."""
        cursor = self._reading.execute(f"SELECT * FROM {table} WHERE change > ? ORDER BY change", (after,))  # noqa: S608
        rows: list[dict[str, Value]] = []
        for row in cursor:
            names = [name for name, _ in cursor.get_description()]
            rows.append(dict(zip(names, row, strict=True)))
        return rows

    def seal(self, text: str) -> bytes:
        """Text that only this gateway can read."""
        nonce = os.urandom(_NONCE)
        return nonce + self._seal.encrypt(nonce, text.encode(), None)

    def unseal(self, sealed: Value) -> str:
        """The inverse of `seal`; RegistersDamaged under another key."""
        content = sealed if isinstance(sealed, bytes) else b""
        try:
            return self._seal.decrypt(content[:_NONCE], content[_NONCE:], None).decode()
        except (InvalidTag, ValueError) as err:
            raise RegistersDamaged(
                "The registers were written under another index key. Give the gateway that key again."
            ) from err

    def close(self) -> None:
        """Close both connections."""
        self._reading.close()
        self._writing.close()


_NEXT: Final = "(SELECT coalesce(max(change), 0) + 1 FROM {})"


def _prepare(connection: apsw.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    version = connection.execute("PRAGMA user_version").get
    if version not in (0, VERSION):
        raise RegistersDamaged(f"{path.name}: written by version {version}, this one reads {VERSION}. Upgrade.")
    with connection:
        connection.execute(_TABLES)
        connection.execute(f"PRAGMA user_version={VERSION}")
