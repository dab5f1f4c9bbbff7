"""Verifying a log in PostgreSQL as it stands, beside gateways that go on writing; compare gateway/audit/verify.py."""

from __future__ import annotations

from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from gateway.audit.checking import BLOCK, Checker, Progress, Report, Stated, Trust, blocks
from gateway.audit.file import LogDamaged
from gateway.audit.postgresql import plain_url
from gateway.audit.postgresql_tables import VERSION

_ROWS: Final = BLOCK * 16


async def verify_postgresql(url: str, trust: Trust, progress: Progress | None = None) -> Report:
    """Everything that is wrong with the log; LogDamaged where there is none, asyncpg's errors where it is unreadable.

    One snapshot: what is appended meanwhile is not looked at.
    """
    connection = await asyncpg.connect(plain_url(url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _verify(connection, trust, progress)
    finally:
        await connection.close()


async def _verify(connection: Any, trust: Trust, progress: Progress | None) -> Report:
    if await connection.fetchval("SELECT to_regclass('audit_version')") is None:
        raise LogDamaged("the database holds no access log")
    if await connection.fetchval("SELECT version FROM audit_version") != VERSION:
        raise LogDamaged(f"it is no access log of version {VERSION}")
    checker = Checker(await _stated(connection), trust)
    first, last = await connection.fetchrow("SELECT min(idx), max(idx) FROM audit_entry")
    if first is not None and first < 0:
        checker.outside(first)
    end = 0 if last is None else last + 1
    query = "SELECT idx, leaf, record FROM audit_entry WHERE idx >= $1 AND idx < $2 ORDER BY idx"
    for start in range(0, end, _ROWS):
        found = await connection.fetch(query, start, start + _ROWS)
        rows = [(row[0], row[1], row[2]) for row in found]
        for block, part in blocks(rows, start, min(start + _ROWS, end)):
            checker.feed(part, last=block + BLOCK >= end)
        if progress is not None:
            progress(min(start + _ROWS, end), end)
    return checker.finish()


async def _stated(connection: Any) -> Stated:
    head = await connection.fetchrow("SELECT size, frontier, note FROM audit_head")
    size, frontier, note = head if head is not None else (0, b"", "")
    nodes = await connection.fetch("SELECT level, idx, hash FROM audit_node")
    checkpoints = await connection.fetch("SELECT size, note FROM audit_checkpoint")
    shared = await connection.fetch("SELECT digest, content FROM audit_shared")
    return Stated(
        size=size,
        frontier=frontier,
        note=note,
        nodes={(row[0], row[1]): row[2] for row in nodes},
        checkpoints={row[0]: row[1] for row in checkpoints},
        shared={row[0]: row[1] for row in shared},
    )
