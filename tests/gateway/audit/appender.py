"""A process that writes to a log as fast as it can and says which entries were acknowledged; made to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.audit.log import SqliteAuditLog
from tests.gateway.audit.accesses import access


async def _client(log: SqliteAuditLog, number: int) -> None:
    while True:
        entry = await log.append(access(number, persons=(f"p-{number}",)))
        sys.stdout.write(f"{entry.index} {entry.leaf_hash}\n")
        sys.stdout.flush()


async def _run(path: Path) -> None:
    log = SqliteAuditLog(path)
    await asyncio.gather(*(_client(log, number) for number in range(16)))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))
