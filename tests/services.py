"""The one place that knows where the test databases are; each test gets a fresh database that is dropped again."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mocks.serving import free_port

POSTGRESQL = "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
MARIADB = "mysql+aiomysql://root@127.0.0.1:3306/test?charset=utf8mb4"


@contextmanager
def postgresql_url() -> Iterator[str]:
    """A fresh PostgreSQL database's async SQLAlchemy URL; skips without a server, fails where one is required."""
    yield from _fresh(
        make_url(os.environ.get("YITI_TEST_POSTGRESQL") or POSTGRESQL),
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
        "DROP DATABASE IF EXISTS {} WITH (FORCE)",
    )


@contextmanager
def mariadb_url() -> Iterator[str]:
    """A fresh MariaDB database's async SQLAlchemy URL; skips without a server, fails where one is required."""
    yield from _fresh(
        make_url(os.environ.get("YITI_TEST_MARIADB") or MARIADB),
        "CREATE DATABASE {} CHARACTER SET utf8mb4",
        "DROP DATABASE IF EXISTS {}",
    )


@contextmanager
def redis_server(directory: Path) -> Iterator[str]:
    """A Redis of one's own and its URL; skips where none is installed, fails where one is required."""
    program = shutil.which("redis-server")
    if program is None:
        if services_required():
            pytest.fail("no redis-server on this machine, and YITI_REQUIRE_SERVICES=1. Install it.")
        pytest.skip("no redis-server on this machine")
    for _ in range(5):  # between looking for a free port and taking it, another test may take it
        port = free_port()
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
        with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            if any(b"Ready to accept connections" in line for line in server.stdout):
                try:
                    yield f"redis://127.0.0.1:{port}/0"
                finally:
                    server.terminate()
                return
    pytest.fail("redis-server did not start in five tries; see what it prints")


def services_required() -> bool:
    """Whether a missing server is a failure: so in CI."""
    return os.environ.get("YITI_REQUIRE_SERVICES") == "1"


def _fresh(server: URL, create: str, drop: str) -> Iterator[str]:
    name = f"yiti_{uuid.uuid4().hex[:12]}"
    try:
        _execute(server, create.format(name))
    except (OSError, SQLAlchemyError) as err:
        reason = (
            f"no {server.get_backend_name()} server answers at {server.host}:{server.port} ({type(err).__name__})"
        )
        if services_required():
            pytest.fail(f"{reason}, and YITI_REQUIRE_SERVICES=1. Start it or set the address.")
        pytest.skip(reason)
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, drop.format(name))


def _execute(server: URL, statement: str) -> None:
    async def run() -> None:
        engine = create_async_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        finally:
            await engine.dispose()

    # a fixture may run while pytest-asyncio's loop is the current one, so this takes a thread of its own
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()
