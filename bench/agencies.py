"""How an answer's cost grows with the sources that hold something of a person: the same support system many times."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.contenders.house import MANIFESTS
from bench.inside import upstream
from bench.turns import TURNS, each_more, growth, table

_COPIES: Final = (1, 4, 16)


def agencies(directory: Path, scale: float) -> list[str]:
    """ONE while more and more sources hold something of each person."""
    turns = max(5, round(TURNS * scale))
    asked = {copies + 2: {"manifests": (_manifests(directory, copies),)} for copies in _COPIES}
    with upstream(directory):
        found = growth(directory, asked, turns)
    return [
        "### Sources of a person",
        "",
        "In process, real sources, one request at a time: register, custody and the same support system again and",
        "again, each a source of its own with records of everybody, so that the answer grows, too. Gateways with few",
        f"and many sources are asked turn by turn; the median of the fastest fifth of {turns} turns. One more source",
        f"takes {each_more(found):,.0f} µs of CPU.",
        "",
        *table("sources", found),
    ]


def _manifests(directory: Path, copies: int) -> Path:
    """A folder of manifests with that many support systems."""
    folder = directory / f"manifests-{copies}"
    folder.mkdir(parents=True, exist_ok=True)
    for path in MANIFESTS.glob("*.yaml"):
        manifest = path.read_text(encoding="utf-8")
        for number in range(copies if path.stem == "support" else 1):
            copy = manifest.replace("id: bench-support", f"id: bench-support-{number}")
            (folder / f"{path.stem}-{number}.yaml").write_text(copy, encoding="utf-8")
    return folder
