"""kill -9 while sixteen clients write: whatever was acknowledged is there afterwards."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from gateway.audit.log import SqliteAuditLog
from gateway.audit.stored import encode, leaf_hash
from tests.gateway.audit.accesses import accesses_in

ROOT = Path(__file__).parents[3]


def _killed(path: Path, after: int) -> dict[int, str]:
    """The entries that the process acknowledged before it was killed: index to leaf hash."""
    command = [sys.executable, "-m", "tests.gateway.audit.appender", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(islice(process.stdout, after))
        process.kill()
        lines += process.stdout.readlines()  # what it had said before it died
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {int(index): leaf for index, leaf in whole if len(leaf) == 64}


@pytest.mark.parametrize("rounds", [(40, 700, 150)])
async def test_no_acknowledged_entry_is_lost(tmp_path: Path, rounds: tuple[int, ...]) -> None:
    acknowledged: dict[int, str] = {}
    for after in rounds:
        fresh = _killed(tmp_path / "audit.sqlite", after)
        assert fresh.keys().isdisjoint(acknowledged)
        acknowledged |= fresh
    log = SqliteAuditLog(tmp_path / "audit.sqlite")
    entries = await accesses_in(log)
    await log.aclose()
    stored = {entry.index: entry.leaf_hash for entry in entries}
    assert len(acknowledged) >= sum(rounds)
    assert acknowledged.items() <= stored.items()
    assert sorted(stored) == list(range(len(stored)))
    assert all(leaf_hash(encode(entry.record).content).hex() == entry.leaf_hash for entry in entries)
