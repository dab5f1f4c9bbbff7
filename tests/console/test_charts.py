"""Charts: drawn to scale, described in words, with their figures as a table."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.search import Step
from gateway.console.charts import Series, columns, steps_between
from gateway.console.language import CHINA, languages

ENGLISH = languages()["en"]
SVG = "{http://www.w3.org/2000/svg}"


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=CHINA)


def test_a_chart_says_in_words_what_it_shows() -> None:
    chart = columns(
        [Series("A & B", {day(1): 3, day(3): 7})], [day(1), day(2), day(3)], ENGLISH, title="Entries <all>"
    )
    assert chart is not None
    drawn = ElementTree.fromstring(chart.svg)
    assert drawn.get("role") == "img"
    assert drawn.findtext(f"{SVG}title") == "Entries <all>"
    assert drawn.findtext(f"{SVG}desc") == "10 in all, from 1 Nov 2026 to 3 Nov 2026; at most 7 at once."
    assert chart.rows == (("1 Nov 2026", (3,)), ("3 Nov 2026", (7,)))


def test_heights_are_to_scale_and_stacked() -> None:
    chart = columns(
        [Series("a", {day(1): 4, day(2): 8}), Series("b", {day(2): 4})], [day(1), day(2)], ENGLISH, title="t"
    )
    assert chart is not None
    first, second, third = ElementTree.fromstring(chart.svg).findall(f"{SVG}rect")
    assert float(second.attrib["height"]) == pytest.approx(2 * float(first.attrib["height"]), abs=0.02)
    assert float(third.attrib["y"]) + float(third.attrib["height"]) == pytest.approx(
        float(second.attrib["y"]), abs=0.02
    )


def test_nothing_draws_nothing() -> None:
    assert columns([Series("a", {})], [], ENGLISH, title="t") is None


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_no_column_leaves_the_drawing(numbers: list[int]) -> None:
    steps = steps_between([day(1), datetime(2027, 1, 1, tzinfo=CHINA)], Step.DAY)[: len(numbers)]
    chart = columns([Series("a", dict(zip(steps, numbers, strict=True)))], steps, ENGLISH, title="t")
    assert chart is not None
    for column in ElementTree.fromstring(chart.svg).findall(f"{SVG}rect"):
        x, y = float(column.attrib["x"]), float(column.attrib["y"])
        assert x >= 0
        assert x + float(column.attrib["width"]) <= 960
        assert y >= 0
        assert y + float(column.attrib["height"]) <= 240


@pytest.mark.parametrize(
    ("step", "first", "last", "number"),
    [
        (Step.DAY, day(1), day(30), 30),
        (Step.WEEK, day(2), day(30), 5),
        (Step.MONTH, datetime(2026, 11, 1, tzinfo=CHINA), datetime(2027, 2, 1, tzinfo=CHINA), 4),
        (Step.HOUR, day(1), day(2), 25),
    ],
)
def test_steps_without_entries_stand_between(step: Step, first: datetime, last: datetime, number: int) -> None:
    steps = steps_between([last, first], step)
    assert (steps[0], steps[-1], len(steps)) == (first, last, number)
