"""Databases for the SQL driver: the same tables in SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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


def empty_database(system: str, directory: Path, stack: ExitStack) -> str:
    if system == "sqlite":
        return f"sqlite+aiosqlite:///{directory / 'police.db'}"
    return stack.enter_context(postgresql_url() if system == "postgresql" else mariadb_url())


def filled_database(system: str, directory: Path, stack: ExitStack) -> str:
    url = empty_database(system, directory, stack)
    with ThreadPoolExecutor(1) as pool:  # not on the tests' own event loop
        pool.submit(asyncio.run, fill(url)).result()
    return url


@pytest.fixture(params=SYSTEMS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a police database that the test may change."""
    with ExitStack() as stack:
        yield filled_database(request.param, tmp_path, stack)


@pytest.fixture(scope="module", params=SYSTEMS)
def police_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a police database that tests only read."""
    with ExitStack() as stack:
        yield filled_database(request.param, tmp_path_factory.mktemp("police"), stack)


@pytest.fixture
async def police(police_url: str) -> AsyncIterator[SqlAdapter]:
    """The dirty police database behind its manifest."""
    adapter = SqlAdapter(manifest(police_url), key_page=2)
    yield adapter
    await adapter.aclose()


@pytest.fixture
async def lite_police(tmp_path: Path) -> AsyncIterator[SqlAdapter]:
    """The same in SQLite alone, for tests that are not about databases."""
    with ExitStack() as stack:
        adapter = SqlAdapter(manifest(filled_database("sqlite", tmp_path, stack)), key_page=2)
        yield adapter
        await adapter.aclose()


@pytest.fixture
async def call() -> Call:
    """An ordinary call with time enough for a slow machine."""
    return Call("r-1", "officer", "320000000000", "STATUTORY_QUERY", Deadline.after(60))
