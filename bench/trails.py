"""`python -m bench.trails`: a person's trail in a large access log, by the index and by reading the whole log."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from bench.machine import Machine
from bench.report import write
from bench.rivals import WORK
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.search import Conditions, Facet, SearchIndex, SearchQuery
from gateway.audit.stored import read_entry
from gateway.execution.cursor import Cursors

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_WAITING: Final = 1_024  # appends at a time: one commit
_ASKED: Final = 200
_LABELS: Final = ("IDENTITY", "CUSTODY", "CONTACT", "ASSESSMENT", "DRUG_USE", "HEALTH", "POLICE", "SUPPORT")
_PURPOSES: Final = ("AFTERCARE", "HANDOFF", "ASSESSMENT", "SUPPORT", "STATUTORY_QUERY")
_SOURCES: Final = ("js-police", "js-facility", "js-community", "js-hospital", "yiti-zhejiang")


def records(count: int, seed: int = 1) -> Iterator[AccessRecord]:
    """Accesses as a province makes them: some two hundred screens, few people asked for much, lists now and then."""
    random = Random(seed)  # noqa: S311 - not for secrets
    screens = [_screen(random, number) for number in range(200)]
    people = max(100, count // 20)
    for number in range(count):
        operation, shown = screens[min(int(random.expovariate(0.05)), len(screens) - 1)]
        agency = f"1132{min(int(random.expovariate(0.03)), 299):04d}MB1"
        asked = 25 if number % 50 == 0 else 1
        sources = random.sample(_SOURCES, random.choice((2, 3, 3, 4)))
        yield AccessRecord(
            at=_BEGIN + timedelta(seconds=number * 20),
            request_id=f"r-{number:x}",
            subject=f"staff-{agency}-{random.randrange(8)}",
            agency=agency,
            agency_name=f"街道 {agency[4:8]}",
            roles=("TOWNSHIP_WORKER",),
            purpose=random.choice(_PURPOSES),
            case_number=None,
            via=(),
            key_id="k1",
            operation=operation,
            operation_hash=hashlib.sha256(operation.encode()).hexdigest(),
            persons=tuple(f"p1_{min(int(random.paretovariate(0.6)), people):026d}" for _ in range(asked)),
            fields=shown,
            sources=tuple(SourceOutcome(source, "ok", round(random.uniform(3, 90), 1)) for source in sources),
            outcome=random.choices(("OK", "PARTIAL", "DENIED", "REFUSED"), (90, 6, 3, 1))[0],
            policy_version="0123456789abcdef",
            milliseconds=round(random.uniform(5, 120), 1),
            jurisdiction="320000",
        )


def _screen(random: Random, number: int) -> tuple[str, tuple[AccessedField, ...]]:
    labels = random.sample(_LABELS, random.randrange(2, 7))
    return f"Screen{number}", tuple(
        AccessedField(
            f"person.{label.lower()}.{part}", label, random.choice(("ALLOW", "MASK", "DENY")), (f"C{part}",)
        )
        for label in labels
        for part in range(random.randrange(1, 5))
    )


async def measured(folder: Path, count: int) -> list[str]:
    """Write, index, ask; lines of Markdown."""
    async with (
        aclosing(SqliteAuditLog(folder / "audit.sqlite")) as log,
        aclosing(SearchIndex(folder / "search.sqlite", log, key=b"k" * 32, cursors=Cursors(b"c" * 32))) as search,
    ):
        trails: dict[str, int] = {}
        writing = await _seconds(lambda: _write(log, count, trails))
        indexing = await _seconds(search.catch_up)
        person, entries = _middling(trails)
        scanning = await _seconds(lambda: _scan(log, person, entries))
        asked = {
            f"a person's trail, {entries} entries": Conditions(persons=(person,)),
            f"the longest trail, {max(trails.values()):,} entries": Conditions(
                persons=(max(trails, key=trails.__getitem__),)
            ),
            "one official, refused": Conditions(subjects=("staff-11320003MB1-1",), outcomes=("DENIED",)),
            "a label shown, for one purpose": Conditions(
                labels=("HEALTH",), effects=("ALLOW",), purposes=("HANDOFF",)
            ),
            "one request": Conditions(request_id=f"r-{count // 2:x}"),
            "one day": Conditions(
                since=_BEGIN + timedelta(seconds=count * 10), until=_BEGIN + timedelta(seconds=count * 10 + 86_400)
            ),
        }
        lines = [
            f"{count:,} entries: written in {writing:.0f} s, indexed in {indexing:.0f} s "
            f"({count / indexing:,.0f} a second), log {_megabytes(folder / 'audit.sqlite')}, "
            f"index {_megabytes(folder / 'search.sqlite')}. "
            f"Reading the whole log for one trail takes {scanning:.1f} s.",
            "",
            "| a page of 50, read from the log | p50 ms | p99 ms | the scan takes times as long |",
            "|---|---:|---:|---:|",
        ]
        for name, conditions in asked.items():
            lines.append(_row(name, await _asked(search, conditions), scanning))
        facets = [Facet.SUBJECT, Facet.AGENCY, Facet.LABEL, Facet.OUTCOME]
        took = await _seconds(lambda: search.facets(Conditions(persons=(person,)), facets))
        lines.append(
            f"| counted by official, agency, label and outcome | {took * 1000:.2f} | | {scanning / took:,.0f} |"
        )
    return lines


async def _write(log: SqliteAuditLog, count: int, trails: dict[str, int]) -> None:
    waiting: list[Awaitable[object]] = []
    for record in records(count):
        for person in set(record.persons):
            trails[person] = trails.get(person, 0) + 1
        waiting.append(log.append(record))
        if len(waiting) == _WAITING:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


async def _scan(log: SqliteAuditLog, person: str, entries: int) -> None:
    found = 0
    async for stored in log.records():
        found += person in read_entry(stored).record.persons
    assert found == entries  # noqa: S101 - a bench that counts wrong measures nothing


async def _asked(search: SearchIndex, conditions: Conditions) -> list[float]:
    took = []
    for _ in range(_ASKED):
        took.append(await _seconds(lambda: search.find(SearchQuery(conditions), viewer="bench")) * 1000)
    return sorted(took)


def _row(name: str, took: list[float], scanning: float) -> str:
    middle, slow = statistics.median(took), took[int(len(took) * 0.99)]
    return f"| {name} | {middle:.2f} | {slow:.2f} | {scanning * 1000 / middle:,.0f} |"


def _middling(trails: dict[str, int]) -> tuple[str, int]:
    """Somebody looked at about two hundred times: more often than most."""
    person = min(trails, key=lambda one: (abs(trails[one] - 200), one))
    return person, trails[person]


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1_000_000:,.0f} MB"


async def _seconds(act: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.trails", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--no-write", dest="keep", action="store_false", help="leave docs/performance.md as it is")
    chosen = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK, prefix="trails-") as folder:
        lines = [*Machine.seen().lines(), f"- `python -m bench.trails --records {chosen.records}`", ""]
        lines += asyncio.run(measured(Path(folder), chosen.records))
    sys.stdout.write("\n".join([*lines, ""]))
    if chosen.keep:
        write("trails", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
