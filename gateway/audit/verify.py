"""Verifying a log in SQLite as it stands, beside a gateway that goes on writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import apsw

from gateway.audit.checking import BLOCK, Checker, Progress, Report, Stated, Trust, blocks
from gateway.audit.file import VERSION, LogDamaged, open_reading, version_of

_ROWS: Final = BLOCK * 1  # read at a time


def verify(path: Path, trust: Trust, progress: Progress | None = None) -> Report:
    """Everything that is wrong with the log; raises LogDamaged where it is none, apsw.Error where it cannot be read.

    One snapshot: what is appended meanwhile is not looked at.
    """
    connection = open_reading(path)
    try:
        if version_of(connection) != VERSION:
            raise LogDamaged(f"it is no access log of version {VERSION}")
        connection.execute("BEGIN")
        checker = Checker(_stated(connection), trust)
        first, last = _extent(connection)
        if first < 0:
            checker.outside(first)
        query = (
            "SELECT idx, CAST(leaf AS BLOB), CAST(record AS BLOB) FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
        )
        for start in range(0, last + 1, _ROWS):
            rows: list[Any] = connection.execute(query, (start, start + _ROWS)).fetchall()
            for block, part in blocks(rows, start, min(start + _ROWS, last + 1)):
                checker.feed(part, last=block + BLOCK > last)
            if progress is not None:
                progress(min(start + _ROWS, last + 1), last + 1)
        return checker.finish()
    finally:
        connection.close()


def _extent(connection: apsw.Connection) -> tuple[int, int]:
    """The first and the last index, each looked up by itself: asked for together they are read from all entries."""
    query = "SELECT (SELECT min(idx) FROM entry), (SELECT max(idx) FROM entry)"
    found: list[Any] = connection.execute(query).fetchall()
    first, last = found[0]
    return (0, -1) if first is None else (first, last)


def _stated(connection: apsw.Connection) -> Stated:
    """Whoever changes a file may change types too, so that all is read as bytes."""
    head = _bytes(connection, "SELECT size, CAST(frontier AS BLOB), CAST(note AS BLOB) FROM head")
    size, frontier, note = head[0] if head else (0, b"", b"")
    nodes = _bytes(connection, "SELECT level, idx, CAST(hash AS BLOB) FROM node")
    checkpoints = _bytes(connection, "SELECT size, CAST(note AS BLOB) FROM checkpoint")
    shared = _bytes(connection, "SELECT CAST(digest AS BLOB), CAST(content AS BLOB) FROM shared")
    return Stated(
        size=size,
        frontier=frontier,
        note=_text(note),
        nodes={(level, index): node for level, index, node in nodes},
        checkpoints={size: _text(note) for size, note in checkpoints},
        shared={_text(digest): content for digest, content in shared},
    )


def _bytes(connection: apsw.Connection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
