"""docs/performance.md: written by the bench itself, one marked part per kind of run; the rest of the page is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Final

from bench.compare import QUESTIONS, Comparison, Measured, Result
from bench.machine import Machine
from bench.rivals import OURS, ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
_EMPTY: Final = """# Performance

Written by the bench: `make bench` for the comparison, `.venv/bin/python -m bench curves` for how cost grows. Figures
hold for the machine that they name; ratios travel better. No test depends on them.

## The comparison

<!-- compare -->
<!-- /compare -->

What is compared: each contender alone on one core; upstream and load share the other. All ask the same upstream
process, which plays three agencies (register, custody, support) of 1,000 synthetic people, for the same data; answers
are checked equal before anything is measured. ONE asks for one person, 42 fields of three sources, another person
each time. LIST asks for 100 people, 20 fields of three sources, another of ten cities each time, because some
gateways share identical calls. Yiti verifies the viewer's token, decides by policy and puts each access durably on
record before it answers; nobody else here does any of it. It knows of datasets, not of files: those of an agency
whose requests come out the same take one call. Its cache is off.

Rates are requests per second, times are milliseconds, CPU is the contender's own per request, memory is resident.
Calls are upstream calls per request: asked alone, and at 16 at once.

## How cost grows

<!-- curves -->
<!-- /curves -->

## Trails in the access log

`.venv/bin/python -m bench.trails`: pages of fifty entries, found by the index and read from the log, beside reading
the whole log for one trail.

<!-- trails -->
<!-- /trails -->
"""


def write(part: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put a part of the page in place of the one that stood there."""
    text = page.read_text(encoding="utf-8") if page.exists() else _EMPTY
    body = "\n".join(lines)
    pattern = re.compile(rf"<!-- {part} -->\n.*?<!-- /{part} -->", re.DOTALL)
    page.write_text(
        pattern.sub(lambda _: f"<!-- {part} -->\n{body}\n<!-- /{part} -->", text),
        encoding="utf-8",
    )


def comparison(found: Comparison, machine: Machine, command: str) -> list[str]:
    """The comparison as Markdown."""
    lines = [*machine.lines(), f"- `{command}`", ""]
    for question in QUESTIONS:
        lines += [f"### {question}", "", *_table(found.results, question), ""]
    strangers = [each.strangers for one in found.results for each in one.measured]
    if strangers:
        lines += [
            f"Processes outside the bench took {mean(strangers):.2f} cores on average while it measured, "
            f"{max(strangers):.2f} at most.",
            "",
        ]
    saturated = sorted({one.title for one in found.results if any(each.other_core > 0.7 for each in one.measured)})
    if saturated:
        lines += [f"The other core was nearly full, so that more may be possible: {', '.join(saturated)}.", ""]
    lines += [f"Left out: {name} ({reason})." for name, reason in found.skipped.items()]
    equal = {one.title: one.same for one in found.results if one.same != "bytes"}
    lines += [f"Equal {same}: {title}." for title, same in equal.items()]
    return lines


def _table(results: Sequence[Result], question: str) -> list[str]:
    found = {
        one.contender: {each.concurrency: each for each in one.measured if each.question == question}
        for one in results
    }
    concurrencies = sorted({concurrency for measured in found.values() for concurrency in measured})
    if not concurrencies:
        return []
    chosen = 16 if 16 in concurrencies else concurrencies[-1]
    heads = [f"rate at {concurrency}" for concurrency in concurrencies]
    ours = found.get(OURS, {}).get(chosen)
    lines = [
        f"| contender | {' | '.join(heads)} | rate to ours | p50 at {chosen} | p99"
        " | CPU | CPU to ours | memory MB | calls |",
        "|---|" + "---:|" * (len(heads) + 7),
    ]
    for one in results:
        measured = found[one.contender]
        if chosen not in measured:
            continue
        rates = " | ".join(_rate(measured.get(concurrency)) for concurrency in concurrencies)
        at = measured[chosen]
        ratio = f"{at.rate / ours.rate:.2f}" if ours and ours.rate else ""
        effort = f"{at.cpu_ms / ours.cpu_ms:.2f}" if ours and ours.cpu_ms else ""
        lines.append(
            f"| {one.title} | {rates} | {ratio} | {at.p50:.2f} | {at.p99:.2f} | {at.cpu_ms:.2f}"
            f" | {effort} | {at.resident_mb:.0f} | {one.calls[question]:.1f}, {at.calls:.1f} |"
        )
    return lines


def _rate(measured: Measured | None) -> str:
    if measured is None:
        return ""
    bad = f" ({measured.bad} bad)" if measured.bad else ""
    return f"{measured.rate:,.0f}{bad}" if measured.rate >= 100 else f"{measured.rate:.1f}{bad}"
