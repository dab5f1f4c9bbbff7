"""How cost grows: each curve varies one thing in one run, so that it is a ratio whatever the machine."""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression, mean
from typing import Final

from bench import people, queries
from bench.contenders.house import OFFICER, settings_for, token_for
from bench.inside import House, house, upstream
from bench.load import Task, press
from bench.loop import run
from bench.people import Agencies
from bench.processes import GATEWAY_CORE, Running, free_port, start
from bench.rivals import ROOT
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.shown import shown
from gateway.tokens import Profile
from schema.enums import AgencyKind

_FIELDS: Final = (
    "name",
    "idNumber",  # masked for the officer: the first and last digits are left
    "sex",
    "birthDate",
    "education",
    "maritalStatus",
    "phones",
    "residence { address }",
    "domicile { address }",
)


def measured(name: str, directory: Path, *, small: bool = False) -> list[str]:
    """One curve as Markdown."""
    lines = CURVES[name](directory, 0.1 if small else 1.0)
    sys.stdout.write("\n".join([*lines, ""]) + "\n")
    return lines


# ---- leaves -------------------------------------------------------------------------------------------------------


def leaves(directory: Path, scale: float) -> list[str]:
    """What one more field of one more person costs, and one more person."""
    with upstream(directory):
        guarded = run(_leaf_costs(directory, scale, guarded=True), contender=True)
        free = run(_leaf_costs(directory, scale, guarded=False), contender=True)
    lines = [
        "### Leaves",
        "",
        "In process, sources answered from memory; a list of people, fields of one source, one of them masked.",
        "A leaf's cost is the slope over fields, a person's is what is left per person; both in µs of CPU.",
        "",
        "| authorization | per leaf | per person | 100 people, 2 fields | 100 people, 9 fields |",
        "|---|---:|---:|---:|---:|",
    ]
    for title, costs in (("on, with masks", guarded), ("off", free)):
        leaf, person = _slopes(costs)
        most = max(count for count, _ in costs)
        ends = " | ".join(f"{costs[most, fields]:,.0f}" for fields in (2, len(_FIELDS)))
        lines.append(f"| {title} | {leaf:.2f} | {person:.1f} | {ends} |")
    return lines


async def _leaf_costs(directory: Path, scale: float, *, guarded: bool) -> dict[tuple[int, int], float]:
    name = "guarded" if guarded else "free"
    async with house(directory / f"curve-{name}", guarded=guarded) as asked:
        headers = [asked.headers()]
        return {
            (count, fields): await asked.cost([_list_of(count, fields)], headers, 3 * scale)
            for count, fields in itertools.product((20, 60, 100), (2, 4, 6, len(_FIELDS)))
        }


def _list_of(count: int, fields: int) -> bytes:
    chosen = " ".join(_FIELDS[:fields])
    query = queries.LIST[: queries.LIST.index("{", queries.LIST.index("node"))]
    return queries.body(f"{query}{{ {chosen} }} }} }} }}", "List", {"region": people.REGION, "first": count})


def _slopes(costs: Mapping[tuple[int, int], float]) -> tuple[float, float]:
    """µs per leaf and per person."""
    counts = sorted({count for count, _ in costs})
    lines = [
        linear_regression(*zip(*((fields, cost) for (n, fields), cost in costs.items() if n == count), strict=True))
        for count in counts
    ]
    leaf = mean(line.slope / count for line, count in zip(lines, counts, strict=True))
    return leaf, linear_regression(counts, [line.intercept for line in lines]).slope


# ---- people in the sources ----------------------------------------------------------------------------------------


def sources(directory: Path, scale: float) -> list[str]:
    """ONE and LIST while the sources hold more and more people."""
    lines = [
        "### People in the sources",
        "",
        "The gateway as a process; both questions at 16 at once. LIST finds the same 100 people each time.",
        "",
        "| people | ready after s | ONE per s | to the first | LIST per s | to the first | memory MB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    first: dict[str, float] = {}
    for count in (people.THOUSAND, int(100_000 * scale)):
        with upstream(directory, count), _gateway(directory / f"curve-{count}") as (running, headers, ready):
            agencies = Agencies()
            asked = {
                "ONE": [queries.one(agencies.token(number)).decode() for number in range(200)],
                "LIST": [queries.listed(people.REGION).decode()],
            }
            cells = []
            for question, bodies in asked.items():
                press(Task(running.port, headers, bodies, 16, 3 * scale))
                rate = press(Task(running.port, headers, bodies, 16, 6 * scale)).rate
                cells += [f"{rate:.1f}", f"{rate / first.setdefault(question, rate):.2f}"]
            lines.append(f"| {count:,} | {ready:.1f} | {' | '.join(cells)} | {running.resident_mb:.0f} |")
    return lines


class _gateway:  # noqa: N801 - used as a function is
    """This gateway as a process of its own, with the officer's headers and how long its start took."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._running: Running | None = None

    def __enter__(self) -> tuple[Running, dict[str, str], float]:
        port, began = free_port(), time.perf_counter()
        token = token_for(settings_for(self._state))
        command = [sys.executable, "-m", "bench.serve", "ours", str(port), str(self._state)]
        self._running = start("curve", command, port, self._state, core=GATEWAY_CORE, cwd=ROOT)
        try:
            self._running.wait_until_listening(600)
        except BaseException:
            self._running.end()
            raise
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        return self._running, headers, time.perf_counter() - began

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.end()


# ---- audit --------------------------------------------------------------------------------------------------------


def audit(directory: Path, scale: float) -> list[str]:
    """What an append costs while the log grows; each waits for the disk."""
    lengths = [int(length * scale) for length in (1_000, 10_000, 100_000, 1_000_000)]
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        found = run(_appended(Path(folder) / "audit.sqlite", lengths), contender=True)
    lines = [
        "### Audit",
        "",
        "Appends of ONE's record to a log of some length, 64 waiting at a time, each durable before it returns.",
        "",
        "| records | µs CPU per append | to the first | appends per s | p50 ms | p99 ms |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {length:,} | {cpu:.1f} | {cpu / found[0][1]:.2f} | {rate:,.0f} | {p50:.2f} | {p99:.2f} |"
        for length, cpu, rate, p50, p99 in found
    ]
    return lines


async def _appended(path: Path, lengths: Sequence[int]) -> list[tuple[int, float, float, float, float]]:
    log, found, length = SqliteAuditLog(path), [], 0
    try:
        for wanted in lengths:
            while length < wanted:
                batch = min(1_024, wanted - length)
                await asyncio.gather(*(log.append(_record(length + turn)) for turn in range(batch)))
                length += batch
            latencies: list[float] = []
            began, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(_append(log, length + first, 32, latencies) for first in range(0, 64 * 32, 32)))
            length += len(latencies)
            spent, used = time.perf_counter() - began, time.process_time() - cpu
            latencies.sort()
            p50, p99 = (latencies[len(latencies) * share // 100] for share in (50, 99))
            found.append((wanted, used / len(latencies) * 1e6, len(latencies) / spent, p50, p99))
    finally:
        await log.aclose()
    return found


async def _append(log: SqliteAuditLog, first: int, count: int, latencies: list[float]) -> None:
    for turn in range(count):
        began = time.perf_counter()
        await log.append(_record(first + turn))
        latencies.append((time.perf_counter() - began) * 1000)


_ACCESSED: Final = shown(
    [AccessedField(f"person.field{number}", "IDENTITY", "ALLOW", ("A01-aftercare-card",)) for number in range(40)]
)


def _record(number: int) -> AccessRecord:
    return AccessRecord(
        at=datetime.now(UTC),
        request_id=f"{number:032x}",
        subject=OFFICER.subject,
        agency=OFFICER.agency,
        agency_name=OFFICER.agency_name,
        roles=("AFTERCARE_OFFICER",),
        purpose="AFTERCARE",
        case_number=None,
        via=(),
        key_id="bench",
        operation="One",
        operation_hash="0" * 64,
        persons=(f"p1_{number % 100_000:026d}",),
        fields=_ACCESSED,
        sources=tuple(SourceOutcome(name, "ok", 1.0) for name in ("register", "custody", "support")),
        outcome="OK",
        policy_version="bench",
        milliseconds=1.0,
        jurisdiction="320000",
    )


# ---- viewers ------------------------------------------------------------------------------------------------------


def viewers(directory: Path, scale: float) -> list[str]:
    """ONE asked by one viewer, and in turn by many whose decisions all differ."""
    with upstream(directory):
        found, fresh = run(_viewed(directory, scale), contender=True)
    first = next(iter(found.values()))
    lines = [
        "### Viewers",
        "",
        "In process, sources answered from memory; ONE, asked in turn by viewers of different decision signatures. A",
        f"signature met for the first time costs {fresh:,.0f} µs once.",
        "",
        "| signatures | µs CPU per request | to the first |",
        "|---:|---:|---:|",
    ]
    return lines + [f"| {count} | {cost:,.0f} | {cost / first:.2f} |" for count, cost in found.items()]


async def _viewed(directory: Path, scale: float) -> tuple[dict[int, float], float]:
    async with house(directory / "curve-viewers") as asked:
        body = queries.one(Agencies().token(7))
        headers = [asked.headers(profile) for profile in itertools.islice(_profiles(), 96)]
        costs: dict[int, float] = {}
        for count in (1, 8, 32):
            await _each(asked, body, headers[:count])
            costs[count] = await asked.cost([body], headers[:count], 3 * scale)
        fresh = await _each(asked, body, headers[32:])
        costs[96] = await asked.cost([body], headers, 3 * scale)
        return costs, max(0.0, fresh - costs[32])


async def _each(asked: House, body: bytes, headers: Sequence[Mapping[str, str]]) -> float:
    began = time.process_time()
    for one in headers:
        await asked.ask(body, one)
    return (time.process_time() - began) / len(headers) * 1e6


def _profiles() -> Iterator[Profile]:
    """Officers who also hold other roles, in agencies of every kind: each combination is decided by itself."""
    others = ("TOWNSHIP_WORKER", "POLICE_CASE_OFFICER", "FACILITY_ASSESSOR", "FACILITY_RELEASE_OFFICER")
    for size in range(len(others) + 1):
        for roles, kind in itertools.product(itertools.combinations(others, size), AgencyKind.__members__):
            named = f"staff-{kind}-{'-'.join(roles) or 'alone'}".lower()
            yield replace(OFFICER, subject=named, agency_kind=kind, roles=OFFICER.roles | set(roles))


CURVES: Final[Mapping[str, Callable[[Path, float], list[str]]]] = {
    "leaves": leaves,
    "sources": sources,
    "audit": audit,
    "viewers": viewers,
}
