"""Looks into a built SQLite database as a DBA would."""

from __future__ import annotations

import sqlite3
from contextlib import closing


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(url.removeprefix("sqlite+aiosqlite:///"))) as connection:
        return connection.execute(statement).fetchall()


def column(url: str, table: str, name: str) -> list[str]:
    """Every value that is there, as text."""
    return [str(value) for (value,) in rows(url, f'SELECT "{name}" FROM "{table}"') if value is not None]
