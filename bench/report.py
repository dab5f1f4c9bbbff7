"""docs/performance.md: written by the bench itself, one marked part per kind of run; the rest of the page is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Final

from bench.compare import QUESTIONS, Comparison, Measured, Result
from bench.curves import CURVES
from bench.machine import Machine
from bench.rivals import OURS, ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
_EMPTY: Final = """# Performance

Written by the bench: `make bench` for the comparison, `.venv/bin/python -m bench curves` for how cost grows. Figures
hold for the machine that they name; ratios travel better. No test depends on them.

## The comparison

<!-- compare -->
<!-- /compare -->

What is compared: contenders that take turns on one core; upstream and load share the other. Figures are medians of
the rounds; a ratio is the median of those within each round, with the least and the most. All ask the same upstream
process, which plays three agencies (register, custody, support) of 1,000 synthetic people, for the same data; answers
are checked equal before anything is measured. ONE asks for one person, 42 fields of three sources, another person
each time. LIST asks for 100 people, 20 fields of three sources, another of ten cities each time, because some
gateways share identical calls. Yiti verifies the viewer's token, decides by policy and puts each access durably on
record before it answers; nobody else here does any of it. It knows of datasets, not of files: those of an agency
whose requests come out the same take one call. Its cache is off.

Node and the Rust gateways come as optimized builds, and so should the interpreter: Debian's is one, and python.org's.
One that was compiled without profile-guided optimization, as pyenv does it unless told otherwise, took 1.22 times the
CPU for LIST and 1.10 times for ONE in a run of five rounds ([ADR 22](adr/0022-turns-and-optimized-interpreters.md)).
`make bench` takes the distribution's where there is one (`BENCH_PYTHON=`), and the other one beside it (`--other`).

Rates are requests per second, times are milliseconds, CPU is the contender's own per request, memory is resident.
Calls are upstream calls per request: asked alone, and at 16 at once.

## How cost grows

{curves}

## Trails in the access log

`.venv/bin/python -m bench.trails`: pages of fifty entries, found by the index and read from the log, beside reading
the whole log for one trail.

<!-- trails -->
<!-- /trails -->
""".format(  # each curve has a part to itself, so that one can be measured anew
    curves="\n\n".join(f"<!-- {name} -->\n<!-- /{name} -->" for name in CURVES)
)


def write(part: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put a part of the page in place of the one that stood there; ValueError where the page has none."""
    text = page.read_text(encoding="utf-8") if page.exists() else _EMPTY
    part_of_page = re.compile(rf"<!-- {part} -->\n.*?<!-- /{part} -->", re.DOTALL)
    body = "\n".join(lines)
    written, count = part_of_page.subn(lambda _: f"<!-- {part} -->\n{body}\n<!-- /{part} -->", text)
    if count != 1:
        raise ValueError(f"{page.name}: no place for {part}. Put the line '<!-- {part} -->' and its end into it.")
    page.write_text(written, encoding="utf-8")


def comparison(found: Comparison, machine: Machine, command: str) -> list[str]:
    """The comparison as Markdown."""
    lines = [*machine.lines(), f"- `{command}`", ""]
    for question in QUESTIONS:
        lines += [f"### {question}", "", *_table(found.results, question), ""]
    strangers = [each.strangers for one in found.results for each in one.measured]
    if strangers:
        lines += [
            f"All else, contenders that wait for their turn among it, took {mean(strangers):.2f} cores on average "
            f"while one was measured, {max(strangers):.2f} at most.",
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
    concurrencies = sorted({one.concurrency for result in results for one in result.measured})
    if not concurrencies:
        return []
    chosen = 16 if 16 in concurrencies else concurrencies[-1]
    ours = next((one.rounds(question, chosen) for one in results if one.contender == OURS), [])
    heads = [f"rate at {concurrency}" for concurrency in concurrencies]
    lines = [
        f"| contender | {' | '.join(heads)} | rate to ours | p50 at {chosen} | p99"
        " | CPU | CPU to ours | memory MB | calls |",
        "|---|" + "---:|" * (len(heads) + 7),
    ]
    for one in results:
        at = one.rounds(question, chosen)
        if not at:
            continue
        rates = " | ".join(_rate(one.rounds(question, concurrency)) for concurrency in concurrencies)
        lines.append(
            f"| {one.title} | {rates} | {_ratio([each.rate for each in at], [each.rate for each in ours])}"
            f" | {median(each.p50 for each in at):.2f} | {median(each.p99 for each in at):.2f}"
            f" | {median(each.cpu_ms for each in at):.2f}"
            f" | {_ratio([each.cpu_ms for each in at], [each.cpu_ms for each in ours])}"
            f" | {max(each.resident_mb for each in at):.0f}"
            f" | {one.calls[question]:.1f}, {median(each.calls for each in at):.1f} |"
        )
    return lines


def _rate(rounds: Sequence[Measured]) -> str:
    if not rounds:
        return ""
    rate, failed = median(one.rate for one in rounds), sum(one.bad for one in rounds)
    bad = f" ({failed} bad)" if failed else ""
    return f"{rate:,.0f}{bad}" if rate >= 100 else f"{rate:.1f}{bad}"


def _ratio(theirs: Sequence[float], ours: Sequence[float]) -> str:
    """The median of the rounds' ratios, with the least and the most where they are not the same."""
    ratios = [their / our for their, our in zip(theirs, ours, strict=False) if our]
    if not ratios:
        return ""
    least, most = f"{min(ratios):.2f}", f"{max(ratios):.2f}"
    return f"{median(ratios):.2f}" if least == most else f"{median(ratios):.2f} ({least} to {most})"
