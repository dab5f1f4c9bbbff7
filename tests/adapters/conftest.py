"""Databases for the SQL driver: the same tables in SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.contract import Call, Deadline
from adapters.drivers.sql import SqlAdapter
from tests.adapters.police_tables import fill, manifest
from tests.services import mariadb_url, postgresql_url

SYSTEMS = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]


@pytest.fixture(params=SYSTEMS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'police.db'}"
    else:
        with (postgresql_url if request.param == "postgresql" else mariadb_url)() as url:
            yield url


@pytest.fixture
async def police(database: str) -> AsyncIterator[SqlAdapter]:
    """The dirty police database behind its manifest."""
    await fill(database)
    adapter = SqlAdapter(manifest(database), key_page=2)
    yield adapter
    await adapter.aclose()


@pytest.fixture
async def call() -> Call:
    """An ordinary call with time enough for a slow machine."""
    return Call("r-1", "officer", "320000000000", "STATUTORY_QUERY", Deadline.after(60))
