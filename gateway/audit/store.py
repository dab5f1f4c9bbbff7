"""The log in SQLite as its writer sees it: opened and checked, then one commit after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.audit.batch import Batch
from gateway.audit.file import VERSION, LogDamaged, make_tables, open_writing, version_of
from gateway.audit.merkle import EMPTY_ROOT, Frontier
from gateway.audit.opening import check_frontier, check_head
from gateway.audit.signer import LogSigner

_HISTORY_SECONDS: Final = 60.0  # the head is signed with each commit; older checkpoints are kept at this distance
_MOST_KNOWN: Final = 50_000

# One statement writes a batch. Each one lets go of the interpreter and has to get it back from a loop that is busy
# answering: that takes milliseconds, and the loop two switches of context.
_BATCH: Final = """
CREATE TEMP VIEW batch (first, places, leaves, records, shared, nodes, size, frontier, note, kept_at) AS
  SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;
CREATE TEMP TRIGGER batch_is_written INSTEAD OF INSERT ON batch BEGIN
  INSERT OR IGNORE INTO shared SELECT value ->> 0, CAST(value ->> 1 AS BLOB) FROM json_each(NEW.shared);
  INSERT INTO entry
    SELECT NEW.first + key, substr(NEW.leaves, key * 32 + 1, 32), substr(NEW.records, value >> 32, value & 4294967295)
    FROM json_each(NEW.places);  -- in their order, else the entries' own trigger ends it
  INSERT INTO node SELECT value ->> 0, value ->> 1, unhex(value ->> 2) FROM json_each(NEW.nodes);
  UPDATE head SET size = NEW.size, frontier = NEW.frontier, note = NEW.note;
  INSERT INTO checkpoint SELECT NEW.size, NEW.kept_at, NEW.note WHERE NEW.kept_at IS NOT NULL;
END;
"""


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
        self._connection.execute(_BATCH)
        self.known: set[str] = set()  # digests of what is stored once
        self._kept_at = 0.0

    def _open(self) -> Frontier:
        version = version_of(self._connection)
        if version not in (0, VERSION):
            raise LogDamaged(f"it was written by another version: {version}; this one reads {VERSION}")
        # At once for writing: a snapshot that was read first cannot be written once somebody else has.
        with self._transaction("IMMEDIATE"):
            make_tables(self._connection)
            if self._connection.execute("SELECT count(*) FROM head").get == 0:
                self._begin()
        with self._transaction("DEFERRED"):  # one snapshot, whoever else writes
            frontier = check_head(self._connection, self._signer)
        return frontier  # noqa: RET504 - mypy does not know that the transaction raises on

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        self._connection.execute(f"BEGIN {kind}")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _begin(self) -> None:
        if self._connection.execute("SELECT count(*) FROM entry").get:
            raise LogDamaged("it has entries but no head")
        note = str(self._signer.checkpoint(0, EMPTY_ROOT))
        self._connection.execute("INSERT INTO head VALUES (1, 0, x'', ?)", (note,))

    def commit(self, batch: Batch) -> None:
        """Write it; it is on disk when this returns. Raises apsw.Error, and then nothing of it is stored."""
        now = self._clock()
        is_kept = abs(now - self._kept_at) >= _HISTORY_SECONDS
        self._connection.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                batch.first,
                _places(batch.records),
                b"".join(batch.leaves),
                b"".join(batch.records),
                _json([(named.digest, named.content.decode()) for named in batch.shared]),
                _json([(node.level, node.index, node.hash.hex()) for node in batch.nodes]),
                batch.frontier.size,
                batch.frontier.packed(),
                str(batch.note),
                int(now) if is_kept else None,
            ),
        )
        if is_kept:
            self._kept_at = now
        self.frontier = batch.frontier
        if len(self.known) > _MOST_KNOWN:
            self.known.clear()
        self.known.update(named.digest for named in batch.shared)

    def has_moved(self) -> bool:
        """Whether another process appended; then the tree is theirs to go on from. LogDamaged unless it is signed."""
        head: list[Any] = self._connection.execute("SELECT size, frontier, note FROM head").fetchall()
        if len(head) != 1:
            raise LogDamaged("it has lost its head")
        size, packed, note = head[0]
        before, self.frontier = self.frontier.size, check_frontier(size, packed, note, self._signer)
        return self.frontier.size > before

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


def _places(records: Sequence[bytes]) -> str:
    """Where each record begins among all in a row, from 1, and how long it is: two numbers in one."""
    lengths = [len(record) for record in records]
    return _json(
        [start << 32 | length for start, length in zip(accumulate(lengths, initial=1), lengths, strict=False)]
    )


def _json(rows: Sequence[object]) -> str:
    return orjson.dumps(rows).decode()
