"""Used statements in a file, so that a restart within their minute forgets none."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from gateway.errors import ReplayUnknown
from gateway.federation.replay.store import name_of

log = logging.getLogger("yiti.federation")

_BUSY_MS: Final = 2_000
_SWEEP_SECONDS: Final = 10.0
_TABLE: Final = "CREATE TABLE IF NOT EXISTS used (name BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID"
_USE: Final = "INSERT INTO used (name, until) VALUES (?, ?) ON CONFLICT DO NOTHING"
_SWEEP: Final = "DELETE FROM used WHERE until <= ?"


class SqliteReplay:
    """A ReplayStore. Several processes on one machine may share the file."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Opens the file or makes it; raises ReplayUnknown where that cannot be done."""
        self._clock = clock
        self._turn = threading.Lock()
        self._swept_at = float("-inf")
        try:
            self._connection = apsw.Connection(str(path))
            self._connection.set_busy_timeout(_BUSY_MS)
            self._connection.pragma("journal_mode", "wal")
            # Survives the death of the process. Only a machine that fails and is back within a minute could forget.
            self._connection.pragma("synchronous", "normal")
            self._connection.execute(_TABLE)
        except apsw.Error as err:
            raise ReplayUnknown(
                f"{path}: cannot be used ({type(err).__name__}). Remove the file or its lock."
            ) from err

    async def first(self, issuer: str, ident: str, until: float) -> bool:
        """Whether this is its first use; raises ReplayUnknown."""
        return await asyncio.to_thread(self._first, name_of(issuer, ident), until)

    async def aclose(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    def _first(self, name: bytes, until: float) -> bool:
        now = self._clock()
        try:
            with self._turn, self._connection:
                if now - self._swept_at >= _SWEEP_SECONDS:
                    self._connection.execute(_SWEEP, (now,))
                    self._swept_at = now
                self._connection.execute(_USE, (name, until))
                is_new = self._connection.changes() == 1
        except apsw.Error as err:
            log.warning("used statements: the file cannot be written: %s", type(err).__name__)
            raise ReplayUnknown(
                "Whether the statement was used before cannot be told, so it is not taken. Ask again later; an "
                "operator must look at the file of used statements."
            ) from None
        return is_new

    def _close(self) -> None:
        with self._turn:
            self._connection.close()
