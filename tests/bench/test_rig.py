"""The bench's rig runs and its contenders answer alike. Nothing here measures time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import people, queries, report
from bench.compare import Comparing, Comparison, Measured, Result, Rig
from bench.curves import CURVES
from bench.inside import house, upstream
from bench.load import Task, press
from bench.machine import Machine
from bench.people import Agencies


def leaves(node: object) -> int:
    if isinstance(node, dict):
        return sum(map(leaves, node.values()))
    if isinstance(node, list):
        return sum(map(leaves, node)) if node and isinstance(node[0], dict) else 1
    return 1


def test_the_python_contenders_answer_alike(tmp_path: Path) -> None:
    said: list[str] = []
    rig = Rig(
        tmp_path, seconds=0.5, rounds=2, warm=0, concurrencies=(2,), asked=5, npm=False, wrk=None, say=said.append
    )
    found = Comparing(rig).run()
    assert [one.contender for one in found.results] == ["ours", "ours-unguarded", "strawberry", "bff"]
    assert {one.same for one in found.results} == {"bytes"}
    assert set(found.skipped) == {"npm peers"}
    bff = found.results[-1]
    assert bff.calls == {"ONE": 3.0, "LIST": 3.0}
    for result in found.results:
        assert [one.question for one in result.measured] == ["ONE", "ONE", "LIST", "LIST"]
        assert all(one.bad == 0 and one.resident_mb > 1 for one in result.measured)
        for question in (
            "ONE",
            "LIST",
        ):  # on a busy machine a turn may end before the first answer; the next is longer
            assert any(one.rate > 0 for one in result.rounds(question, 2))


async def test_the_questions_are_as_large_as_they_say(tmp_path: Path) -> None:
    with upstream(tmp_path) as running:
        async with house(tmp_path / "ours") as asked:
            headers = asked.headers()
            one = json.loads(await asked.ask(queries.one(Agencies().token(7)), headers))["data"]["person"]
            listed = json.loads(await asked.ask(queries.listed(people.REGION), headers))["data"]["persons"]["edges"]
        assert running.cpu_seconds >= 0
    assert one["name"]
    assert leaves(one) >= 40
    assert len(listed) == 100
    assert {person["node"]["residence"]["jurisdiction"]["code"][:4] for person in listed} == {"3201"}
    assert leaves(listed[0]) >= 20


def test_the_sources_may_grow_without_the_list_changing() -> None:
    small, large = Agencies(people.THOUSAND), Agencies(3_000)
    assert set(small.under(people.REGION)) == set(large.under(people.REGION))
    assert len(large.under("320000")) == 3_000
    assert len(set(large.tokens)) == 3_000


def test_our_own_load_counts_refusals_apart(tmp_path: Path) -> None:
    with upstream(tmp_path) as running:
        refused = press(Task(running.port, {}, ["{}"], 2, 0.1), wrk=None)
    assert refused.requests == 0
    assert refused.bad > 0


@pytest.mark.parametrize("skipped", [{}, {"npm peers": "node is not installed here"}])
def test_the_page_keeps_its_other_part(tmp_path: Path, skipped: dict[str, str]) -> None:
    page = tmp_path / "performance.md"
    ours = Result("ours", "Yiti", {"ONE": 6, "LIST": 5}, "bytes")
    other = Result("bff", "by hand", {"ONE": 3, "LIST": 3}, "but for the order of keys")
    for result, rate in ((ours, 100.0), (other, 250.0)):
        result.measured += [
            Measured(question, 16, rate, 1, 2, 3, 90, 3, 0, 0.9, 0.25) for question in ("ONE", "LIST")
        ]
    report.write("leaves", ["a curve"], page)
    lines = report.comparison(Comparison([ours, other], skipped), Machine.seen(), "python -m bench")
    report.write("compare", lines, page)
    report.write("compare", lines, page)
    text = page.read_text(encoding="utf-8")
    assert text.count("### ONE") == 1
    assert "a curve" in text
    assert "| by hand | 250 | 2.50 |" in text
    assert "nearly full" in text
    assert "took 0.25 cores" in text
    assert all(reason in text for reason in skipped.values())


def test_a_part_that_the_page_has_no_place_for_is_not_lost_in_silence(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Performance\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for leaves"):
        report.write("leaves", ["a curve"], page)


def test_every_curve_has_a_place_on_the_page() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    assert [name for name in CURVES if f"<!-- {name} -->" not in page] == []
