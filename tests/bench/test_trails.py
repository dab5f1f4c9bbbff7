from __future__ import annotations

from itertools import islice
from pathlib import Path

from bench.trails import measured, records


def test_the_generator_repeats_itself() -> None:
    assert list(islice(records(50), 50)) == list(islice(records(50), 50))


async def test_trails_are_measured(tmp_path: Path) -> None:
    lines = await measured(tmp_path, 300)
    assert lines[0].startswith("300 entries")
    assert len([line for line in lines if line.startswith("| ")]) == 8
