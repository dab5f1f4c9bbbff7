"""Charts as SVG made here: columns over time with a title, a description and the same figures as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from markupsafe import Markup, escape

from gateway.audit.search import Step
from gateway.console.language import CHINA, Language

_WIDTH: Final = 960
_HEIGHT: Final = 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 12, 28
_MOST_COLUMNS: Final = 400
_MOST_TICKS: Final = 8
_NICE: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of thing counted: when each step began -> how many."""

    name: str
    counts: Mapping[datetime, int]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and its figures."""

    svg: Markup
    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]  # step, one number per series; steps without any are left out
    total: int


def columns(
    series: Sequence[Series], steps: Sequence[datetime], language: Language, *, title: str, step: Step = Step.DAY
) -> Chart | None:
    """Stacked columns, one per step; None where there is nothing to draw. Of too many the newest."""
    steps = steps[-_MOST_COLUMNS:]
    if not steps:
        return None
    table = [(at, tuple(one.counts.get(at, 0) for one in series)) for at in steps]
    rows = tuple((step_name(at, step, language), numbers) for at, numbers in table if any(numbers))
    total = sum(sum(numbers) for _, numbers in rows)
    highest = max(sum(numbers) for _, numbers in table)
    described = language.text("{total} in all, from {first} to {last}; at most {highest} at once.").format(
        total=language.number(total),
        first=step_name(steps[0], step, language),
        last=step_name(steps[-1], step, language),
        highest=language.number(highest),
    )
    top, ticks = _scale(highest)
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(title)}</title><desc>{escape(described)}</desc>",
        *(_grid(tick, top, language) for tick in ticks),
        *_stacks(table, top, [one.name for one in series], step, language),
        *_dates(steps, step, language),
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{_y(0, top)}" y2="{_y(0, top)}"/>',
        "</svg>",
    ]
    return Chart(Markup("".join(parts)), title, tuple(one.name for one in series), rows, total)  # noqa: S704 - escaped above


def steps_between(moments: Sequence[datetime], step: Step) -> list[datetime]:
    """Every step from the first to the last of these, also those in which nothing was."""
    if not moments:
        return []
    known = {moment.astimezone(CHINA) for moment in moments}
    at, last, steps = min(known), max(known), []
    while at <= last:
        steps.append(at)
        at = _next(at, step)
    return steps


def step_name(at: datetime, step: Step, language: Language) -> str:
    """A step, as people say it."""
    local = at.astimezone(CHINA)
    if step is Step.HOUR:
        return local.strftime("%Y-%m-%d %H:00")
    if step is Step.MONTH:
        return local.strftime("%Y-%m")
    return language.day(local) if step is Step.DAY else local.strftime("%Y-%m-%d")


def _next(at: datetime, step: Step) -> datetime:
    if step is Step.MONTH:
        return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    return at + {Step.HOUR: timedelta(hours=1), Step.DAY: timedelta(days=1), Step.WEEK: timedelta(weeks=1)}[step]


def _scale(highest: int) -> tuple[int, list[int]]:
    """The top of the scale and its lines: round numbers, four or so."""
    for power in count():
        for nice in _NICE:
            pace: int = nice * 10**power
            if pace * 4 >= highest:
                lines = -(-max(highest, 1) // pace)
                return pace * lines, [pace * line for line in range(lines + 1)]
    raise AssertionError("unreachable")


def _y(value: float, top: int) -> float:
    return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top), 2)


def _grid(tick: int, top: int, language: Language) -> str:
    y = _y(tick, top)
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text class="tick" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{escape(language.number(tick))}</text>'
    )


def _stacks(
    table: Sequence[tuple[datetime, tuple[int, ...]]],
    top: int,
    names: Sequence[str],
    step: Step,
    language: Language,
) -> list[str]:
    pace = (_WIDTH - _LEFT - _RIGHT) / len(table)
    width = max(0.6, min(pace * 0.72, 44))
    drawn = []
    for place, (at, numbers) in enumerate(table):
        x, below = round(_LEFT + pace * (place + 0.5) - width / 2, 2), 0
        for number, (name, value) in enumerate(zip(names, numbers, strict=True), 1):
            if value:
                y = _y(below + value, top)
                height = max(0.8, round(_y(below, top) - y, 2))
                text = escape(f"{step_name(at, step, language)} · {name}: {language.number(value)}")
                drawn.append(
                    f'<rect class="s{number}" x="{x}" y="{y}" width="{width:.2f}" height="{height}">'
                    f"<title>{text}</title></rect>"
                )
                below += value
    return drawn


def _dates(steps: Sequence[datetime], step: Step, language: Language) -> list[str]:
    pace = (_WIDTH - _LEFT - _RIGHT) / len(steps)
    apart = -(-len(steps) // _MOST_TICKS)
    drawn = []
    for place in range(0, len(steps), apart):
        x = round(_LEFT + pace * (place + 0.5), 2)
        anchor = "end" if x > _WIDTH - 60 else "middle"
        text = escape(step_name(steps[place], step, language))
        drawn.append(f'<text class="tick" x="{x}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{text}</text>')
    return drawn
