"""kill -9 while the log is indexed: afterwards the index goes on and finds each entry once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing
from itertools import islice
from pathlib import Path

from gateway.audit.log import SqliteAuditLog
from gateway.audit.search import Conditions, Facet
from tests.gateway.audit.accesses import access
from tests.gateway.audit.search.test_find import opened

ROOT = Path(__file__).parents[4]
ENTRIES = 600


def _killed(folder: Path, after: int) -> int:
    """How far it said it had come before it was killed."""
    command = [sys.executable, "-m", "tests.gateway.audit.search.feeder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = list(islice(process.stdout, after))
        process.kill()
        said += process.stdout.readlines()
    return int([line for line in said if line.endswith("\n")][-1])


async def test_what_was_indexed_stays_and_nothing_is_indexed_twice(tmp_path: Path) -> None:
    async with aclosing(SqliteAuditLog(tmp_path / "audit.sqlite")) as log:
        await asyncio.gather(*(log.append(access(number, persons=("p-1", "p-2"))) for number in range(ENTRIES)))
        reached = [await asyncio.to_thread(_killed, tmp_path, parts) for parts in (1, 5, 12)]
        assert reached == sorted(set(reached))
        async with aclosing(opened(tmp_path, log)) as search:
            assert (await search.coverage()).indexed >= reached[-1]
            assert (await search.catch_up()).is_complete
            for conditions in (Conditions(), Conditions(persons=("p-1",)), Conditions(labels=("IDENTITY",))):
                assert (await search.count(conditions)).count == ENTRIES
            (subject,) = (await search.facets(Conditions(), [Facet.SUBJECT]))[Facet.SUBJECT].counts
            assert subject.entries == ENTRIES
