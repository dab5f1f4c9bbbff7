from __future__ import annotations

import logging

import pytest

from adapters.contract import Provenance, Record
from schema.enums import Quality
from tests.gateway.sources.memory import FETCHED_AT, a_call
from tests.gateway.sources.two_agencies import HOLDERS, NEEDS, House, names


@pytest.mark.parametrize(
    "garbage",
    [None, 7, [], "text", {"A": None}, {"A": "x"}, {"A": {"name": "张三"}}, {"A": [1]}, {1: 2}],
    ids=repr,
)
async def test_garbage_from_an_adapter_is_contained(house: House, garbage: object) -> None:
    house.police.garble = lambda answer: garbage
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    assert {(problem.source, problem.code) for problem in reading.problems} == {("jiangsu-police", "MALFORMED")}
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]


async def test_a_bug_in_an_adapter_is_malformed_and_logged_without_values(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.police.fault = KeyError("张三 320102")
    with caplog.at_level(logging.DEBUG):
        reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]
    assert "KeyError at memory.py:" in caplog.text
    assert "张三" not in caplog.text
    assert "张三" not in reading.problems[0].message


async def test_a_record_under_another_persons_key_never_gets_in(house: House) -> None:
    house.police.garble = lambda answer: {"A": answer["B"], "B": answer["B"]}
    reading = await house.sources.read(
        {"t1": {"jiangsu-police": ("A",)}, "t2": {"jiangsu-police": ("B",)}}, {"PersonRecord": ("name",)}, a_call()
    )
    assert {entity: list(found) for entity, found in reading.records.items()} == {"PersonRecord": ["t2"]}
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]


async def test_a_record_of_somebody_not_asked_for_never_gets_in(house: House) -> None:
    house.police.garble = lambda answer: {**answer, "C": next(iter(answer.values()))}
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]


async def test_an_answer_about_more_people_than_asked_for_is_said(house: House) -> None:
    stranger = Record("C", "C", {"name": "王五"}, Provenance("jiangsu-police", "T", "C", FETCHED_AT))
    house.police.garble = lambda answer: {**answer, "C": stranger}
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]


async def test_values_of_the_wrong_kind_are_emptied_and_flagged_and_unasked_fields_dropped(house: House) -> None:
    def garble(answer: dict[str, list[Record]]) -> object:
        first, second = answer["A"]
        bad = Record(first.key, "A", {"startsOn": "2025-01-02", "agencyName": "未问"}, first.provenance)
        none = Record(second.key, "A", {}, second.provenance)
        return {"A": [bad, none]}

    house.police.garble = garble
    reading = await house.sources.read({"t1": {"jiangsu-police": ("A",)}}, {"Measure": ("startsOn",)}, a_call())
    rows = reading.records["Measure"]["t1"]
    assert [dict(row.values) for row in rows] == [{"startsOn": None}, {"startsOn": None}]
    assert [row.flags[0].quality for row in rows] == [Quality.MALFORMED, Quality.MISSING]


async def test_an_unknown_member_of_an_enum_is_emptied_and_flagged(house: House) -> None:
    house.police.rows = {"PersonRecord": {"A": [{"sex": "男"}]}}
    reading = await house.sources.read({"t1": {"jiangsu-police": ("A",)}}, {"PersonRecord": ("sex",)}, a_call())
    (row,) = reading.records["PersonRecord"]["t1"]
    assert row.values["sex"] is None
    assert [(flag.field, flag.quality) for flag in row.flags] == [("sex", Quality.MALFORMED)]
