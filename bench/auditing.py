"""What the access log costs: an append while it grows, a look at all of it, a proof, the gateway with and without."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from bench import people, queries
from bench.contenders.house import OFFICER
from bench.gateways import gateway
from bench.inside import upstream
from bench.load import Task, press
from bench.loop import run
from bench.people import Agencies
from gateway.audit.checking import Trust
from gateway.audit.file import open_reading
from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.shown import shown
from gateway.audit.verify import verify

_ROUNDS: Final = 5
_AT_ONCE: Final = 64
_PROOFS: Final = 500
_ANSWER: Final = b"." * 3_000  # as long as ONE's


@dataclass(frozen=True, slots=True)
class _Whole:
    """The log at its longest."""

    entries: int
    bytes_each: float
    verified_per_cpu_second: float
    hashed_per_cpu_second: float  # SHA-256 of the same records alone: what verifying cannot do without
    proof_ms: float


def audit(directory: Path, scale: float) -> list[str]:
    """What an append costs while the log grows, and what looking at it costs; each append waits for the disk."""
    lengths = [int(length * scale) for length in (1_000, 10_000, 100_000, 1_000_000, 10_000_000)]
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        path = Path(folder) / "audit.sqlite"
        found = run(_appended(path, lengths), contender=True)
        whole = run(_looked_at(path), contender=True)
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
    lines += [
        "",
        f"With {whole.entries:,} records: {whole.bytes_each:.0f} bytes each in the file, tree and hashes included; "
        f"`yiti audit verify` looks at {whole.verified_per_cpu_second:,.0f} a second of one core, where hashlib "
        f"alone hashes {whole.hashed_per_cpu_second:,.0f} "
        f"({whole.verified_per_cpu_second / whole.hashed_per_cpu_second:.2f} of it); a proof that one is in takes "
        f"{whole.proof_ms:.2f} ms to make.",
        "",
        *_with_and_without(directory, scale),
    ]
    return lines


def _with_and_without(directory: Path, scale: float) -> list[str]:
    """ONE at 64 at once, with the log and without it in turn, so that both meet the same disturbances."""
    rates: dict[str, list[float]] = {"ours": [], "ours-unrecorded": []}
    with (
        upstream(directory, people.THOUSAND),
        gateway(directory / "audit-on") as on,
        gateway(directory / "audit-off", "ours-unrecorded") as off,
    ):
        agencies = Agencies()
        bodies = [queries.one(agencies.token(number)).decode() for number in range(200)]
        sides = {"ours": on, "ours-unrecorded": off}
        for running, headers, _ in sides.values():
            press(Task(running.port, headers, bodies, _AT_ONCE, 3 * scale))
        for name in itertools.islice(itertools.cycle(sides), 2 * _ROUNDS):
            running, headers, _ = sides[name]
            rates[name].append(press(Task(running.port, headers, bodies, _AT_ONCE, 4 * scale)).rate)
    recorded, without = (median(found) for found in rates.values())
    shares = sorted(one / other for one, other in zip(*rates.values(), strict=True))
    return [
        f"ONE at {_AT_ONCE} at once, {_ROUNDS} times each in turn:",
        "",
        "| | rate | to without |",
        "|---|---:|---:|",
        f"| with the log | {recorded:,.0f} | {median(shares):.2f} ({shares[0]:.2f} to {shares[-1]:.2f}) |",
        f"| without it | {without:,.0f} | 1.00 |",
    ]


async def _looked_at(path: Path) -> _Whole:
    log = SqliteAuditLog(path)
    size, key = await log.size(), log.signer.key
    chance = random.Random(7)  # noqa: S311 - which entries are proved is no secret
    began = time.perf_counter()
    for _ in range(_PROOFS):
        await log.inclusion(chance.randrange(size), size)
    proof = (time.perf_counter() - began) / _PROOFS * 1000
    await log.aclose()
    rates, hashed = [], []
    for _ in range(3):  # in turn, so that both meet the same disturbances
        hashed.append(_hashing(path))
        cpu = time.process_time()
        report = verify(path, Trust([key]))
        rates.append(report.entries / (time.process_time() - cpu))
        if not report.intact:
            raise RuntimeError(f"the log that was measured is damaged: {report.findings[0]}")
    length = await asyncio.to_thread(path.stat)
    return _Whole(size, length.st_size / size, max(rates), max(hashed), proof)


def _hashing(path: Path) -> float:
    """Records hashed per second of CPU, in memory already."""
    connection = open_reading(path)
    records = [record for (record,) in connection.execute("SELECT record FROM entry LIMIT 65536")]
    connection.close()
    cpu = time.process_time()
    for record in records:
        hashlib.sha256(record).digest()
    return len(records) / (time.process_time() - cpu)


async def _appended(path: Path, lengths: Sequence[int]) -> list[tuple[int, float, float, float, float]]:
    log, found, length = SqliteAuditLog(path), [], 0
    try:
        for wanted in lengths:
            while length < wanted:
                batch = min(1_024, wanted - length)
                await asyncio.gather(*(log.append(_record(length + turn), _ANSWER) for turn in range(batch)))
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
        await log.append(_record(first + turn), _ANSWER)
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
