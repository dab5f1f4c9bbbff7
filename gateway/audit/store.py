"""The log in SQLite as its writer sees it: opened and checked, then one commit after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.audit.batch import Batch
from gateway.audit.file import VERSION, LogDamaged, insert_together, make_tables, open_writing, version_of
from gateway.audit.merkle import EMPTY_ROOT, Frontier
from gateway.audit.opening import adopt, check_head
from gateway.audit.signer import LogSigner

_HISTORY_SECONDS: Final = 60.0  # the head is signed with each commit; older checkpoints are kept at this distance
_MOST_LISTS: Final = 50_000


class SqliteStore:
    """Owns the writing connection. Used by one thread at a time."""

    def __init__(self, path: Path, signer: LogSigner, *, clock: Callable[[], float] = time.time) -> None:
        """Opens the log or makes it; raises apsw.Error, OSError or LogDamaged when that cannot be done."""
        self._signer = signer
        self._clock = clock
        self._connection = open_writing(path)
        try:
            self.frontier = self._open()
        except BaseException:
            self.close()
            raise
        self.known: set[str] = set()  # digests of lists that are stored
        self._kept_at = 0.0

    def _open(self) -> Frontier:
        version = version_of(self._connection)
        with self._connection:
            if version == 1:
                adopt(self._connection, self._signer)
            elif version in (0, VERSION):
                make_tables(self._connection)
            else:
                raise LogDamaged(f"it was written by another version: {version}; this one reads {VERSION}")
            if self._connection.execute("SELECT count(*) FROM head").get == 0:
                self._begin()
        return check_head(self._connection, self._signer)

    def _begin(self) -> None:
        if self._connection.execute("SELECT count(*) FROM entry").get:
            raise LogDamaged("it has entries but no head")
        note = str(self._signer.checkpoint(0, EMPTY_ROOT))
        self._connection.execute("INSERT INTO head VALUES (1, 0, x'', ?)", (note,))

    def commit(self, batch: Batch) -> None:
        """Write it; it is on disk when this returns. Raises apsw.Error, and then nothing of it is stored."""
        now, note = self._clock(), str(batch.note)
        with self._connection as connection:
            if batch.lists:
                lists = [(fields.digest, fields.content) for fields in batch.lists]
                connection.executemany("INSERT OR IGNORE INTO field_list VALUES (?, ?)", lists)
            insert_together(connection, "INSERT INTO entry VALUES", batch.entries)
            if batch.nodes:
                nodes = [(node.level, node.index, node.hash) for node in batch.nodes]
                connection.executemany("INSERT INTO node VALUES (?, ?, ?)", nodes)
            head = (batch.frontier.size, batch.frontier.packed(), note)
            connection.execute("UPDATE head SET size = ?, frontier = ?, note = ?", head)
            if abs(now - self._kept_at) >= _HISTORY_SECONDS:
                connection.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", (batch.frontier.size, int(now), note))
        if abs(now - self._kept_at) >= _HISTORY_SECONDS:
            self._kept_at = now
        self.frontier = batch.frontier
        if len(self.known) > _MOST_LISTS:
            self.known.clear()
        self.known.update(fields.digest for fields in batch.lists)

    def keep_cosignature(self, witness: str, size: int, note: str) -> None:
        """Keep a witness's signature under a checkpoint."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO cosignature VALUES (?, ?, ?)", (size, witness, note))

    def resign(self, signer: LogSigner) -> None:
        """Sign the head with another key."""
        note = str(signer.checkpoint(self.frontier.size, self.frontier.root()))
        with self._connection:
            self._connection.execute("UPDATE head SET note = ?", (note,))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close(force=True)
