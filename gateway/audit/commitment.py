"""Commitments to answers: an HMAC under a random key per entry, and the keys in a file of their own, to be erased.

With the key, an answer that somebody kept can be proved to be the one that was given. Without it, the HMAC on record
says nothing: it can be neither inverted nor guessed at, even for an answer of a single yes or no.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw
import orjson

KEY_BYTES: Final = 16
_BUSY_MILLISECONDS: Final = 5_000
_KEPT_KB: Final = 512  # of pages: keys are put in at the end
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS response_key (
  idx INTEGER PRIMARY KEY,  -- of the entry
  key BLOB NOT NULL
)
"""


def keys_file(log: Path) -> Path:
    """Where the keys of a log in this file are kept."""
    return log.with_name(f"{log.stem}-keys{log.suffix}")


def new_key() -> bytes:
    """A key for one entry."""
    return secrets.token_bytes(KEY_BYTES)


def commit(key: bytes, response: bytes) -> str:
    """The commitment: HMAC-SHA-256, base64url without padding."""
    return base64.urlsafe_b64encode(hmac.digest(key, response, "sha256")).decode().rstrip("=")


def opens(key: bytes, response: bytes, commitment: str) -> bool:
    """Whether these bytes are the answer that was committed to."""
    return hmac.compare_digest(commit(key, response), commitment)


class ResponseKeys:
    """The keys, by entry. Losing one loses no entry: its commitment can then no longer be opened."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file; raises apsw.Error or OSError."""
        path.touch(mode=0o600, exist_ok=True)
        self._connection = apsw.Connection(str(path))
        try:
            self._connection.set_busy_timeout(_BUSY_MILLISECONDS)
            self._connection.execute("PRAGMA journal_mode=WAL")
            # The log's own commit is what makes an access durable; a key may be lost with the machine.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA secure_delete=ON")
            self._connection.execute(f"PRAGMA cache_size=-{_KEPT_KB}")
            self._connection.execute(_TABLE)
        except BaseException:
            self._connection.close()
            raise

    def keep(self, keys: Sequence[tuple[int, bytes]]) -> None:
        """Keep keys, by the entries' indexes; one left from an append that failed is replaced."""
        indexes = orjson.dumps([index for index, _ in keys]).decode()
        # One statement, as the log's own commit: gateway.audit.store says why.
        self._connection.execute(
            "INSERT OR REPLACE INTO response_key SELECT value, substr(?, key * ? + 1, ?) FROM json_each(?)",
            (b"".join(key for _, key in keys), KEY_BYTES, KEY_BYTES, indexes),
        )

    def find(self, index: int) -> bytes | None:
        """An entry's key; None where it has none, or no longer."""
        for (key,) in self._connection.execute("SELECT key FROM response_key WHERE idx = ?", (index,)):
            return bytes(key)
        return None

    def erase(self, index: int) -> bool:
        """Overwrite and forget a key, also in the write-ahead log; whether there was one."""
        with self._connection:
            self._connection.execute("DELETE FROM response_key WHERE idx = ?", (index,))
            erased = self._connection.changes() > 0
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return erased

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
