"""One agency's database behind one seam: read-only connections, limits from the deadline, the contract's errors.

A database's own error text can repeat a value, so none of it is passed on and no cause is chained.
"""

from __future__ import annotations

import asyncio
import logging
import math
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from sqlalchemy import URL, Executable, Row, event, inspect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SAWarning, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.types import TypeEngine

from adapters.connections import Connections
from adapters.contract import AdapterError, Deadline, Malformed, Unavailable
from adapters.drivers.database_errors import translated
from adapters.manifest import SqlSource

Result = TypeVar("Result")
Rows = Sequence[Row[Any]]
Columns = Mapping[str, TypeEngine[Any]]
_PROGRESS_STEPS = 2_000  # SQLite instructions between two looks at the clock: well under a millisecond
_RECYCLE_SECONDS = 1_800  # below the usual idle limits of servers and firewalls

# at DEBUG these print values and whole rows, whatever the application's own logging says
for _name in ("aiosqlite", "sqlalchemy.engine.Engine"):
    logging.getLogger(_name).addFilter(lambda record: record.levelno > logging.DEBUG)


class Database:
    """Runs reads and nothing else; each within the deadline and the source's own timeout."""

    def __init__(self, name: str, source: SqlSource) -> None:
        self._name = name
        self._schema = source.schema_name
        self._timeout = source.timeout.total_seconds()
        self._engine = _engine(source, self._timeout)
        self._columns: dict[str, Columns] = {}

    @property
    def dialect(self) -> str:
        """sqlite, postgresql, mysql or mariadb."""
        return self._engine.dialect.name

    async def rows(self, statements: Sequence[Executable], dataset: str, deadline: Deadline) -> list[Rows]:
        """The rows of each statement, all read on one connection."""

        async def read(connection: AsyncConnection) -> list[Rows]:
            return [(await connection.execute(statement)).all() for statement in statements]

        return await self._run(read, dataset, deadline.remaining())

    async def columns(self, table: str, deadline: Deadline) -> Columns:
        """The table's columns with their types, asked for once; Malformed where there is no such table."""
        if table not in self._columns:

            async def read(connection: AsyncConnection) -> Columns:
                return await connection.run_sync(lambda sync: _reflected(inspect(sync), table, self._schema))

            self._columns[table] = await self._run(read, table, deadline.remaining())
        return self._columns[table]

    async def ping(self, statement: Executable) -> None:
        """Run a statement that touches no table; raises what the contract names."""

        async def read(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._run(read, "its health", self._timeout)

    def connections(self) -> Connections | None:
        """How many there are; None where the dialect's pool does not count."""
        pool = self._engine.pool
        return Connections(pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _run(
        self, read: Callable[[AsyncConnection], Awaitable[Result]], dataset: str, remaining: float
    ) -> Result:
        limit = min(remaining, self._timeout)
        where = f"{self._name}: {dataset}"
        if limit <= 0:
            raise Unavailable(f"{where}: the deadline had passed before anything was sent.")
        try:
            async with asyncio.timeout(limit):
                return await self._read_twice(read, limit)
        except TimeoutError:
            raise Unavailable(f"{where}: no answer within the deadline.") from None
        except NoSuchTableError:
            message = f"{where}: the database has no such table or view. Correct `dataset` in the manifest."
            raise Malformed(message) from None
        except (SQLAlchemyError, OSError) as err:
            raise self._failure(err, where) from None

    async def _read_twice(self, read: Callable[[AsyncConnection], Awaitable[Result]], limit: float) -> Result:
        """A connection that the server had closed meanwhile is replaced once; reads may be repeated."""
        try:
            return await self._read(read, limit)
        except DBAPIError as err:
            if not err.connection_invalidated:
                raise
        return await self._read(read, limit)

    async def _read(self, read: Callable[[AsyncConnection], Awaitable[Result]], limit: float) -> Result:
        async with self._engine.connect() as connection:
            await self._bound(connection, limit)
            return await read(connection)

    async def _bound(self, connection: AsyncConnection, limit: float) -> None:
        """Let the database itself give up when the deadline has passed."""
        if self.dialect == "sqlite":
            (await connection.get_raw_connection()).info["until"] = asyncio.get_running_loop().time() + limit
        elif self.dialect == "postgresql":
            if limit < self._timeout:  # else the connection's own setting holds
                await connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_milliseconds(limit)}")
        elif self.dialect in {"mysql", "mariadb"}:
            await _bound_mariadb(connection, min(limit, self._timeout))

    def _failure(self, err: SQLAlchemyError | OSError, where: str) -> AdapterError:
        failure = translated(err, where)
        if isinstance(failure, Malformed):
            self._columns.clear()  # the table may have changed under us
        return failure


def _engine(source: SqlSource, timeout: float) -> AsyncEngine:
    url = make_url(source.url)
    dialect = url.get_backend_name()
    options: dict[str, Any] = {}  # what create_async_engine takes
    if dialect == "sqlite":
        url = _read_only_file(url)
    elif dialect == "postgresql":
        settings = {"statement_timeout": str(_milliseconds(timeout)), "application_name": "yiti"}
        options["connect_args"] = {"server_settings": settings, "timeout": timeout}
        options["execution_options"] = {"postgresql_readonly": True}
    elif dialect in {"mysql", "mariadb"}:
        url = url if "charset" in url.query else url.update_query_dict({"charset": "utf8mb4"})
        options["connect_args"] = {"connect_timeout": max(1, math.ceil(timeout))}
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=source.pool,
        max_overflow=0,
        pool_timeout=timeout,
        pool_recycle=_RECYCLE_SECONDS,
        **options,
    )
    if dialect == "sqlite":
        event.listen(engine.sync_engine, "do_connect", _require_file)
    prepare = {"sqlite": _prepare_sqlite, "mysql": _prepare_mariadb, "mariadb": _prepare_mariadb}.get(dialect)
    if prepare is not None:
        event.listen(engine.sync_engine, "connect", prepare)
    return engine


def _read_only_file(url: URL) -> URL:
    """A missing file is an error, not a new database."""
    if not url.database or url.database == ":memory:" or url.query.get("mode") == "memory":
        return url
    name = url.database if url.database.startswith("file:") else f"file:{quote(url.database)}"
    return url.set(database=name).update_query_dict({"mode": "ro", "uri": "true"})


def _require_file(_dialect: object, _entry: object, arguments: tuple[Any, ...], _options: object) -> None:
    """Fail before the driver starts the thread that it would leave behind after a failed open."""
    name = unquote(str(arguments[0]).removeprefix("file:").partition("?")[0])
    if name not in {"", ":memory:"} and "mode=memory" not in str(arguments[0]) and not Path(name).is_file():
        raise FileNotFoundError("the database file does not exist")


def _prepare_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    async def prepare(driver: Any) -> None:  # aiosqlite's connection
        clock = asyncio.get_running_loop().time
        driver.text_factory = _text
        try:
            await driver.execute("PRAGMA query_only = ON")
            await driver.set_progress_handler(lambda: clock() > entry.info.get("until", math.inf), _PROGRESS_STEPS)
        except BaseException:
            await driver.close()  # or its thread would outlive the loop
            raise

    connection.run_async(prepare)


def _text(raw: bytes) -> str | bytes:
    """SQLite promises no encoding: what is no UTF-8 is left to decode.text_of."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _prepare_mariadb(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.execute("SET SESSION max_error_count = 0")  # the driver would print warnings, and those repeat values
    cursor.close()


async def _bound_mariadb(connection: AsyncConnection, wanted: float) -> None:
    known = (await connection.get_raw_connection()).info
    if known.get("limit") == wanted:
        return
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]  # of the MySQL dialects only
        await connection.exec_driver_sql(f"SET SESSION max_statement_time = {wanted:.3f}")
    else:
        await connection.exec_driver_sql(f"SET SESSION max_execution_time = {_milliseconds(wanted)}")
    known["limit"] = wanted


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))


def _reflected(inspector: Any, table: str, schema: str | None) -> Columns:  # inspect() is typed by its argument
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # types of other makers: such a column is read as it comes
        found = inspector.get_columns(table, schema=schema)
    if not found:
        raise NoSuchTableError(table)
    return {str(column["name"]): column["type"] for column in found}
