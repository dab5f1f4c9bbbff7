"""What goes wrong with a database, in the contract's words: logins, lost connections, broken bytes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.contract import AdapterError, Call, Record, Refused, Unavailable
from adapters.drivers.sql import SqlAdapter
from schema.enums import Quality
from tests.adapters.conftest import SYSTEMS
from tests.adapters.police_tables import ENTITIES, ID_A, execute, manifest

PERSON = "PersonRecord"
SERVERS = SYSTEMS[1:]  # SQLite has no logins, connections or schemas


async def failure(url: str, call: Call) -> AdapterError:
    adapter = SqlAdapter(manifest(url))
    with pytest.raises(AdapterError) as raised:
        await adapter.fetch(PERSON, [ID_A], ["name"], call)
    await adapter.aclose()
    assert ID_A not in f"{raised.value!s}{raised.value!r}"
    assert raised.value.__cause__ is None
    return raised.value


@pytest.mark.parametrize("database", SERVERS, indirect=True)
async def test_a_refused_login_is_refused(database: str, call: Call) -> None:
    url = make_url(database).set(username="yiti_nobody", password="wrong").render_as_string(hide_password=False)
    assert isinstance(await failure(url, call), Refused)


async def test_a_missing_database_is_unavailable(database: str, call: Call) -> None:
    url = make_url(database)
    missing = url.set(database=f"{url.database}_gone").render_as_string(hide_password=False)
    assert isinstance(await failure(missing, call), Unavailable)


@pytest.mark.parametrize("database", SERVERS, indirect=True)
async def test_a_connection_lost_between_calls_is_replaced(database: str, call: Call) -> None:
    adapter = SqlAdapter(manifest(database, pool=1))
    assert await adapter.fetch(PERSON, ["A1"], ["name"], call)
    name = make_url(database).database
    if database.startswith("postgresql"):
        others = f"datname = '{name}' AND pid <> pg_backend_pid()"
        await execute(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    else:
        await execute(database, _kill(await _connections(database)))
    assert set(await adapter.fetch(PERSON, ["A1"], ["name"], call)) == {"A1"}
    await adapter.aclose()


async def _connections(url: str) -> list[int]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        query = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        found = [int(row[0]) for row in await connection.execute(text(query))]
    await engine.dispose()
    return found


def _kill(connections: list[int]) -> str:
    (only,) = connections
    return f"KILL CONNECTION {only}"


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path, call: Call) -> None:
    path = tmp_path / "police.db"
    path.write_bytes(b"this is no database" * 100)
    assert isinstance(await failure(f"sqlite+aiosqlite:///{path}", call), Unavailable)


async def test_broken_bytes_cost_one_field_of_one_row(tmp_path: Path, call: Call) -> None:
    path = tmp_path / "police.db"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE "T_LXFS" ("RYBH" CHAR(6), "DH" TEXT, "XZZ" TEXT)')
        rows = [
            ("A1    ", b"", "某路".encode()),
            ("A2", b"1", "某某路".encode()[:8]),
            ("A3", b"1", "李䶮".encode("gb18030")),
        ]
        connection.executemany("INSERT INTO T_LXFS VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT))", rows)
    connection.close()
    adapter = SqlAdapter(manifest(f"sqlite+aiosqlite:///{path}", {PERSON: ENTITIES[PERSON][1]}))
    found = await adapter.fetch(PERSON, ["A1", "A2", "A3"], ["residenceAddress"], call)
    records = {key: record for key, record in found.items() if isinstance(record, Record)}
    addresses = {key: record.values["residenceAddress"] for key, record in records.items()}
    assert addresses == {"A1": "某路", "A2": "某某", "A3": "李䶮"}
    assert [flag.quality for flag in records["A2"].flags] == [Quality.TRUNCATED]
    await adapter.aclose()


@pytest.mark.parametrize("database", SERVERS[:1], indirect=True)
async def test_one_schema_of_a_database_is_read(database: str, call: Call) -> None:
    await execute(
        database,
        'CREATE SCHEMA "MEDREC"',
        'CREATE TABLE "MEDREC"."T_LXFS" ("RYBH" varchar(23), "DH" text, "XZZ" text)',
        """INSERT INTO "MEDREC"."T_LXFS" VALUES ('M1', '1', '院内')""",
    )
    adapter = SqlAdapter(manifest(database, {PERSON: ENTITIES[PERSON][1]}, schema_name="MEDREC"))
    assert set(await adapter.fetch(PERSON, ["M1", "A1"], ["residenceAddress"], call)) == {"M1"}
    await adapter.aclose()
