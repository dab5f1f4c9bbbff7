"""A few rounds of `make chaos-audit`: a real gateway is killed under 64 clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.audit.chaos import Rig, run
from tests.gateway.audit.kept import place


@pytest.mark.parametrize(
    ("kind", "rounds"), [("sqlite", 2), pytest.param("postgresql", 1, marks=pytest.mark.postgresql)]
)
async def test_no_answer_that_was_read_is_missing_from_the_log(tmp_path: Path, kind: str, rounds: int) -> None:
    with place(kind, tmp_path) as kept:
        rig = Rig(tmp_path, kind, kept.where if isinstance(kept.where, str) else None)
        outcome = await run(rig, rounds)
    assert len(outcome.acknowledged) > 64
    assert (outcome.lost, outcome.report.findings) == (0, [])
    assert outcome.stored >= len(outcome.acknowledged)
    assert len(outcome.kept) == rounds


async def test_answering_before_the_commit_is_found_out(tmp_path: Path) -> None:
    outcome = await run(Rig(tmp_path, "sqlite", None, early=True), 2)
    assert outcome.lost > 0
