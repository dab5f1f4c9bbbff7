"""What is particular to a log in PostgreSQL: several gateways write it, and its server may go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from gateway.audit.keeping import KeptLog
from gateway.audit.postgresql import PostgresAuditLog, plain_url
from gateway.errors import AuditUnavailable
from tests.gateway.audit.accesses import ACCESS, access
from tests.gateway.audit.kept import SIGNER, Place, place

pytestmark = pytest.mark.postgresql


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Place]:
    with place("postgresql", tmp_path) as found:
        yield found


@pytest.fixture
async def connection(kept: Place) -> AsyncIterator[asyncpg.Connection]:
    """As an operator with another tool would open it."""
    found = await asyncpg.connect(plain_url(str(kept.where)))
    yield found
    await found.close()


async def test_several_gateways_share_one_gapless_log(kept: Place) -> None:
    logs = [await kept.open() for _ in range(3)]

    async def write(log: KeptLog) -> list[int]:
        return [(await log.append(access(number))).index for number in range(100)]

    found = await asyncio.gather(*(write(log) for log in logs for _ in range(4)))
    for log in logs:
        await log.aclose()
    assert sorted(index for indexes in found for index in indexes) == list(range(1_200))
    report = await kept.verify()
    assert (report.intact, report.entries) == (True, 1_200)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET record = ''",
        "DELETE FROM audit_entry WHERE idx = 1",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_node",
        "UPDATE audit_shared SET content = ''",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET size = 1",
        "UPDATE audit_head SET size = 9",
    ],
)
async def test_the_database_refuses_to_change_what_it_holds(
    kept: Place, connection: asyncpg.Connection, statement: str
) -> None:
    async with kept.opened() as log:
        for number in range(2):
            await log.append(access(number))
    with pytest.raises(asyncpg.RaiseError, match="access log"):
        await connection.execute(statement)
    assert (await kept.verify()).intact


async def test_a_gateway_starts_beside_one_that_writes(kept: Place) -> None:
    async with kept.opened() as log:

        async def write() -> None:
            while True:
                await log.append(ACCESS)

        writing = [asyncio.create_task(write()) for _ in range(8)]
        for _ in range(5):
            async with kept.opened() as other:
                await other.append(ACCESS)
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
    assert (await kept.verify()).intact


async def _cut_off(connection: asyncpg.Connection) -> None:
    """End everybody else's connections, as a server that is restarted does."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"
    await connection.execute(query, connection.get_server_pid())


async def test_a_connection_that_breaks_refuses_and_later_works_again(
    kept: Place, connection: asyncpg.Connection
) -> None:
    async with kept.opened() as log:
        await log.append(ACCESS)
        await _cut_off(connection)
        with pytest.raises(AuditUnavailable):
            await log.append(ACCESS)
        assert (await log.append(ACCESS)).index >= 1
    assert (await kept.verify()).intact


async def test_a_head_that_somebody_else_holds_refuses_in_the_end(
    kept: Place, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.audit.postgresql.SERVER_SETTINGS", {"lock_timeout": "100ms"})
    async with kept.opened() as log:
        async with connection.transaction():
            await connection.execute("SELECT * FROM audit_head FOR UPDATE")
            with pytest.raises(AuditUnavailable):
                await log.append(ACCESS)
        assert (await log.append(ACCESS)).index == 0


async def test_a_database_that_may_not_be_written_refuses(kept: Place, connection: asyncpg.Connection) -> None:
    async with kept.opened() as log:
        await log.append(ACCESS)
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        await _cut_off(connection)
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                await log.append(ACCESS)


async def test_a_server_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(AuditUnavailable, match="YITI_AUDIT_URL"):
        await PostgresAuditLog.open("postgresql://nobody@127.0.0.1:1/none", SIGNER)


@pytest.mark.parametrize(
    ("statement", "checks"),
    [
        ("UPDATE audit_entry SET record = record || ' '::bytea WHERE idx = 7", {"leaf"}),
        ("DELETE FROM audit_entry WHERE idx = 7", {"gap"}),
        ("DELETE FROM audit_entry WHERE idx >= 290", {"head"}),
        ("DELETE FROM audit_shared", {"shared", "record"}),
        ("UPDATE audit_node SET hash = leaf FROM audit_entry WHERE audit_entry.idx = 0", {"node"}),
        ("UPDATE audit_head SET note = ''", {"head"}),
    ],
)
async def test_whoever_changes_the_tables_is_found(
    kept: Place, connection: asyncpg.Connection, statement: str, checks: set[str]
) -> None:
    async with kept.opened() as log:
        await asyncio.gather(*(log.append(access(number)) for number in range(300)))
    await connection.execute("SET session_replication_role = replica")  # no trigger runs
    await connection.execute(statement)
    assert checks <= (await kept.verify()).checks()


async def test_a_log_whose_end_was_changed_stops_the_start(kept: Place, connection: asyncpg.Connection) -> None:
    async with kept.opened() as log:
        await asyncio.gather(*(log.append(access(number)) for number in range(10)))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("DELETE FROM audit_entry WHERE idx = 9")
    with pytest.raises(AuditUnavailable, match="holds 9 entries"):
        await kept.open()
