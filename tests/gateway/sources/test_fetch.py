from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.contract import (
    Compare,
    Malformed,
    Op,
    Provenance,
    Record,
    Refused,
    Slice,
    Throttled,
    Unavailable,
)
from gateway.sources.cache import Lifetime, RecordCache
from gateway.sources.fetch import FederatedSources
from gateway.sources.reading import Brought, Matches
from gateway.sources.upstream import MOST_BROUGHT
from schema.enums import Quality
from tests.gateway.sources.memory import FETCHED_AT, MemoryAdapter, Rows, a_call, a_manifest, opened

Holders = Mapping[str, Mapping[str, Sequence[str]]]

POLICE: dict[str, Any] = {
    "PersonRecord": {"name": {"path": "XM"}, "sex": {"path": "XB", "type": "enum"}},
    "Measure": {"startsOn": {"path": "KSRQ", "type": "date"}},
}
CENTRE: dict[str, Any] = {"PersonRecord": {"name": {"path": "name"}}}
ROWS: Rows = {
    "PersonRecord": {"A": [{"name": "张三", "sex": "MALE"}], "B": [{"name": "李四", "sex": "FEMALE"}]},
    "Measure": {"A": [{"startsOn": date(2025, 1, 2)}, {"startsOn": date(2026, 1, 2)}], "B": []},
}
HOLDERS: Holders = {"t1": {"jiangsu-police": ("A",), "jiangsu-centre": ("9",)}, "t2": {"jiangsu-police": ("B",)}}
NEEDS = {"PersonRecord": ("name", "phones"), "Measure": ("startsOn",), "Visit": ("visitedOn",)}


class House:
    """Two agencies and a peer."""

    def __init__(self, cache: RecordCache | None = None, *, police_timeout: float = 30) -> None:
        police = a_manifest("jiangsu-police", entities=POLICE, timeout=police_timeout)
        centre = a_manifest("jiangsu-centre", entities=CENTRE)
        peer = a_manifest("zhejiang-gateway", kind="subgraph", entities=POLICE)
        self.police = MemoryAdapter(police, ROWS)
        self.centre = MemoryAdapter(centre, {"PersonRecord": {"9": [{"name": "张三"}]}})
        two: list[Mapping[str, object]] = [{"name": "张三", "sex": "MALE"}, {"name": "章三", "sex": None}]
        self.peer = MemoryAdapter(peer, {"PersonRecord": {"t1": two}})
        pairs = opened((police, self.police), (centre, self.centre), (peer, self.peer))
        self.sources = FederatedSources(pairs, cache=cache, pause=0)


@pytest.fixture
async def house() -> House:
    return House()


def names(records: object) -> list[object]:
    assert isinstance(records, tuple)
    return [record.values["name"] for record in records]


async def test_one_batched_call_per_source_and_entity_with_only_declared_fields(house: House) -> None:
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    asked = {(method, entity, keys, fields) for method, entity, keys, fields, _ in house.police.calls}
    assert asked == {
        ("fetch", "PersonRecord", ("A", "B"), frozenset({"name"})),
        ("related", "Measure", ("A", "B"), frozenset({"startsOn"})),
    }
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三", "张三"]
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]
    assert [row.values["startsOn"] for row in reading.records["t1"]["Measure"]] == [
        date(2025, 1, 2),
        date(2026, 1, 2),
    ]
    assert reading.problems == ()
    assert [(outcome.source, outcome.outcome) for outcome in reading.outcomes] == [
        ("jiangsu-police", "ok"),
        ("jiangsu-centre", "ok"),
    ]


async def test_a_source_that_declares_none_of_the_needed_fields_is_not_called(house: House) -> None:
    await house.sources.read(HOLDERS, {"PersonRecord": ("sex",)}, a_call())
    assert house.centre.calls == []


async def test_nothing_needed_of_an_entity_reads_its_records_as_such(house: House) -> None:
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ()}, a_call())
    assert [dict(row.values) for row in reading.records["t1"]["PersonRecord"]] == [{}, {}]


async def test_several_keys_of_one_token_are_merged_and_shared_keys_go_to_every_token(house: House) -> None:
    holders: Holders = {"t1": {"jiangsu-police": ("A", "B", "A")}, "t2": {"jiangsu-police": ("B",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call())
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三", "李四"]
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]
    assert house.police.calls[0][2] == ("A", "B")


async def test_a_peer_answers_person_records_by_related_and_may_hold_several(house: House) -> None:
    holders = {"t1": {"zhejiang-gateway": ("t1",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call())
    assert house.peer.calls[0][:2] == ("related", "PersonRecord")
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三", "章三"]


async def test_a_peer_asked_for_both_tokens_of_a_person_counts_once(house: House) -> None:
    house.peer.record = "the same row"
    house.peer.rows = {"PersonRecord": {"t1": [{"name": "张三"}, {"name": "张三"}], "t2": [{"name": "张三"}]}}
    holders = {"t1": {"zhejiang-gateway": ("t1", "t2")}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call())
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三", "张三"]


async def test_entities_of_one_peer_are_read_concurrently(house: House) -> None:
    house.peer.gate.clear()
    holders = {"t1": {"zhejiang-gateway": ("t1",)}}
    task = asyncio.create_task(
        house.sources.read(holders, {"PersonRecord": ("name",), "Measure": ("startsOn",)}, a_call())
    )
    await house.peer.arrived(2)
    house.peer.gate.set()
    assert len((await task).records["t1"]["PersonRecord"]) == 2


async def test_all_reads_of_one_source_are_one_call_to_its_driver(house: House) -> None:
    await house.sources.read(HOLDERS, NEEDS, a_call())
    first, second = (call for *_, call in house.police.calls)
    assert first is second


async def test_a_forwarded_query_reaches_no_peer(house: House) -> None:
    holders = {"t1": {"zhejiang-gateway": ("t1",), "jiangsu-police": ("A",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call(), peers=False)
    assert house.peer.calls == []
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]


async def test_a_source_that_left_the_registry_is_passed_over(house: House) -> None:
    reading = await house.sources.read({"t1": {"closed-down": ("A",)}}, NEEDS, a_call())
    assert (dict(reading.records), reading.problems) == ({"t1": {}}, ())


async def test_a_failing_source_costs_its_own_fields_and_one_problem_per_code(house: House) -> None:
    house.police.fault = Refused("no")
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    (problem,) = reading.problems
    assert (problem.source, problem.code, problem.entities) == (
        "jiangsu-police",
        "REFUSED",
        ("Measure", "PersonRecord"),
    )
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]
    assert reading.records["t2"] == {}
    assert [outcome.outcome for outcome in reading.outcomes] == ["REFUSED", "ok"]


async def test_a_failing_key_costs_only_that_person(house: House) -> None:
    house.police.key_faults = {"A": Malformed("bad row")}
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]  # the centre's


async def test_a_source_that_does_not_answer_costs_its_own_fields_within_the_deadline() -> None:
    house = House(police_timeout=0.05)
    house.police.gate.clear()
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    assert [(problem.source, problem.code) for problem in reading.problems] == [("jiangsu-police", "UNAVAILABLE")]
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]
    assert house.police.cancelled == len(house.police.calls)


async def test_a_deadline_in_the_past_calls_nobody(house: House) -> None:
    reading = await house.sources.read(HOLDERS, NEEDS, a_call(-1))
    assert house.police.calls == house.centre.calls == []
    assert {problem.code for problem in reading.problems} == {"UNAVAILABLE"}


async def test_each_source_is_capped_by_its_own_timeout() -> None:
    manifest = a_manifest(entities=POLICE, timeout=5)
    adapter = MemoryAdapter(manifest, ROWS)
    sources = FederatedSources(opened((manifest, adapter)))
    call = a_call(30)
    await sources.read(HOLDERS, {"PersonRecord": ("name",)}, call)
    assert adapter.calls[0][4].deadline.at <= call.deadline.at - 24


async def test_an_adapter_that_swallows_its_cancellation_does_not_hold_up_the_answer() -> None:
    house = House(police_timeout=0.05)
    release = asyncio.Event()

    async def stubborn(*args: object) -> object:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return {}

    house.police.fetch = stubborn  # type: ignore[method-assign, assignment]
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert [problem.code for problem in reading.problems] == ["UNAVAILABLE"]
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]
    release.set()
    await house.sources.aclose()


async def test_cancelling_a_read_cancels_its_calls(house: House) -> None:
    house.police.gate.clear()
    task = asyncio.create_task(house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call()))
    await house.police.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert house.police.cancelled == 1


@pytest.mark.parametrize(
    "garbage",
    [None, 7, [], "text", {"A": None}, {"A": "x"}, {"A": {"name": "张三"}}, {"A": [1]}, {1: 2}],
    ids=repr,
)
async def test_garbage_from_an_adapter_is_contained(house: House, garbage: object) -> None:
    house.police.garble = lambda answer: garbage
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    assert {(problem.source, problem.code) for problem in reading.problems} == {("jiangsu-police", "MALFORMED")}
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]


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
    assert reading.records["t1"] == {}
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]


async def test_a_record_of_somebody_not_asked_for_never_gets_in(house: House) -> None:
    house.police.garble = lambda answer: {**answer, "C": next(iter(answer.values()))}
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]


async def test_an_answer_about_more_people_than_asked_for_is_said(house: House) -> None:
    stranger = Record("C", "C", {"name": "王五"}, Provenance("jiangsu-police", "T", "C", FETCHED_AT))
    house.police.garble = lambda answer: {**answer, "C": stranger}
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]


async def test_values_of_the_wrong_kind_are_emptied_and_flagged_and_unasked_fields_dropped(house: House) -> None:
    def garble(answer: dict[str, list[Record]]) -> object:
        first, second = answer["A"]
        bad = Record(first.key, "A", {"startsOn": "2025-01-02", "agencyName": "未问"}, first.provenance)
        none = Record(second.key, "A", {}, second.provenance)
        return {"A": [bad, none]}

    house.police.garble = garble
    reading = await house.sources.read({"t1": {"jiangsu-police": ("A",)}}, {"Measure": ("startsOn",)}, a_call())
    rows = reading.records["t1"]["Measure"]
    assert [dict(row.values) for row in rows] == [{"startsOn": None}, {"startsOn": None}]
    assert [row.flags[0].quality for row in rows] == [Quality.MALFORMED, Quality.MISSING]


async def test_an_unknown_member_of_an_enum_is_emptied_and_flagged(house: House) -> None:
    house.police.rows = {"PersonRecord": {"A": [{"sex": "男"}]}}
    reading = await house.sources.read({"t1": {"jiangsu-police": ("A",)}}, {"PersonRecord": ("sex",)}, a_call())
    (row,) = reading.records["t1"]["PersonRecord"]
    assert row.values["sex"] is None
    assert [(flag.field, flag.quality) for flag in row.flags] == [("sex", Quality.MALFORMED)]


async def test_a_retryable_error_is_tried_once_more(house: House) -> None:
    house.centre.faults = [Unavailable("reset")]
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert (len(house.centre.calls), reading.problems) == (2, ())


async def test_a_refusal_is_not_tried_again(house: House) -> None:
    house.centre.faults = [Refused("no")]
    await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert len(house.centre.calls) == 1


async def test_no_second_try_where_the_source_says_to_come_later_than_the_deadline_allows(house: House) -> None:
    house.centre.faults = [Throttled("busy", retry_after=timedelta(minutes=5))]
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert len(house.centre.calls) == 1
    assert [problem.code for problem in reading.problems] == ["THROTTLED"]


async def test_a_dead_source_is_left_alone_and_its_health_says_so(house: House) -> None:
    house.centre.fault = Unavailable("down")
    for _ in range(5):
        await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    tried = len(house.centre.calls)
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert len(house.centre.calls) == tried
    assert [(problem.source, problem.code) for problem in reading.problems] == [("jiangsu-centre", "UNAVAILABLE")]
    health = await house.sources.health()
    assert not health["jiangsu-centre"].ok
    assert "circuit open after 5 failures" in health["jiangsu-centre"].detail
    assert health["jiangsu-police"].ok


async def test_a_probe_that_its_caller_gave_up_leaves_the_next_caller_to_find_out() -> None:
    now = 0.0
    manifest = a_manifest(entities=POLICE)
    adapter = MemoryAdapter(manifest, ROWS)
    sources = FederatedSources(opened((manifest, adapter)), clock=lambda: now, pause=0)
    needs, holders = {"PersonRecord": ("name",)}, {"t1": {"jiangsu-police": ("A",)}}
    adapter.fault = Unavailable("down")
    for _ in range(5):
        await sources.read(holders, needs, a_call())
    adapter.fault, now = None, 60.0
    adapter.gate.clear()
    adapter.asked.clear()
    probe = asyncio.create_task(sources.read(holders, needs, a_call()))
    await adapter.asked.wait()
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    await asyncio.sleep(0)
    adapter.gate.set()
    assert (await sources.read(holders, needs, a_call())).problems == ()


async def test_callers_in_too_great_a_hurry_do_not_shut_a_source_off_for_others(house: House) -> None:
    house.centre.gate.clear()
    for _ in range(6):
        await house.sources.read({"t1": {"jiangsu-centre": ("9",)}}, {"PersonRecord": ("name",)}, a_call(0.001))
    house.centre.gate.set()
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert reading.problems == ()


async def test_concurrent_identical_reads_share_one_call_whoever_asks(house: House) -> None:
    house.centre.gate.clear()
    needs = {"PersonRecord": ("name",)}
    tasks = [
        asyncio.create_task(house.sources.read(HOLDERS, needs, a_call(request_id=f"r-{index}", actor=f"a-{index}")))
        for index in range(4)
    ]
    await house.centre.asked.wait()
    await asyncio.sleep(0)
    house.centre.gate.set()
    readings = await asyncio.gather(*tasks)
    assert len(house.centre.calls) == 1
    assert all(names(reading.records["t1"]["PersonRecord"]) == ["张三", "张三"] for reading in readings)


async def test_two_requests_never_share_the_answer_of_a_peer(house: House) -> None:
    house.peer.gate.clear()
    holders, needs = {"t1": {"zhejiang-gateway": ("t1",)}}, {"PersonRecord": ("name",)}
    tasks = [
        asyncio.create_task(house.sources.read(holders, needs, a_call(request_id=request)))
        for request in ("r-1", "r-2", "r-2")
    ]
    await house.peer.arrived(2)
    house.peer.gate.set()
    await asyncio.gather(*tasks)
    assert sorted(call.request_id for *_, call in house.peer.calls) == ["r-1", "r-2"]


async def test_a_source_that_is_told_the_purpose_answers_each_purpose_apart() -> None:
    fetch = {"path": "/p/{key}", "headers": {"X-Reason": "{request.purpose}"}}
    entities = {"PersonRecord": {"dataset": "T", "key": "ID", "fields": {"name": {"path": "XM"}}, "fetch": fetch}}
    told = a_manifest(kind="rest", entities={}).model_dump() | {"entities": entities}
    manifest = type(a_manifest()).model_validate(told)
    adapter = MemoryAdapter(manifest, ROWS)
    adapter.gate.clear()
    cache = RecordCache(Lifetime(timedelta(minutes=1)))
    sources = FederatedSources(opened((manifest, adapter)), cache=cache)
    holders, needs = {"t1": {"jiangsu-police": ("A",)}}, {"PersonRecord": ("name",)}
    tasks = [
        asyncio.create_task(sources.read(holders, needs, a_call(purpose=purpose)))
        for purpose in ("AFTERCARE", "HANDOFF", "HANDOFF")
    ]
    await adapter.arrived(2)
    adapter.gate.set()
    await asyncio.gather(*tasks)
    assert len(adapter.calls) == 2
    await sources.read(holders, needs, a_call())
    assert len(adapter.calls) == 3, "an owner who counts the questions is asked each time"


async def test_kept_records_are_not_asked_for_again_and_only_missing_keys_are() -> None:
    house = House(RecordCache(Lifetime(timedelta(minutes=1))))
    needs = {"PersonRecord": ("name",)}
    await house.sources.read({"t1": {"jiangsu-police": ("A", "nobody")}}, needs, a_call())
    reading = await house.sources.read(
        {"t1": {"jiangsu-police": ("A", "nobody")}, "t2": {"jiangsu-police": ("B",)}}, needs, a_call()
    )
    assert [keys for _, _, keys, _, _ in house.police.calls] == [("A", "nobody"), ("B",)]
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三"]
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]


async def test_errors_and_answers_of_peers_are_never_kept() -> None:
    house = House(RecordCache(Lifetime(timedelta(minutes=1))))
    holders, needs = {"t1": {"jiangsu-police": ("A",), "zhejiang-gateway": ("t1",)}}, {"PersonRecord": ("name",)}
    house.police.faults = [Refused("no")]
    await house.sources.read(holders, needs, a_call())
    reading = await house.sources.read(holders, needs, a_call())
    assert (len(house.police.calls), len(house.peer.calls)) == (2, 2)
    assert reading.problems == ()


async def test_nothing_is_kept_unless_a_setting_says_so() -> None:
    house = House(RecordCache(Lifetime()))
    for _ in range(2):
        await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert len(house.police.calls) == 2


async def test_search_asks_those_who_declare_every_filter_and_follows_pages(house: House) -> None:
    house.police.rows = {"PersonRecord": {key: [{"name": "张三"}] for key in "ABCDE"}}
    found = await house.sources.search([Compare("name", Op.EQ, "张三")], a_call())
    assert found.keys == {"jiangsu-police": tuple("ABCDE"), "jiangsu-centre": ("9",), "zhejiang-gateway": ("t1",)}
    assert (found.problems, found.known) == ((), {})
    assert [outcome.outcome for outcome in found.outcomes] == ["ok", "ok", "ok"]


async def test_search_leaves_out_peers_sources_without_the_filter_and_empty_conditions(house: House) -> None:
    found = await house.sources.search([Compare("name", Op.EQ, "张三")], a_call(), peers=False)
    assert set(found.keys) == {"jiangsu-police", "jiangsu-centre"}
    assert (await house.sources.search([Compare("name", Op.PREFIX, "张")], a_call())).keys == {}
    assert (await house.sources.search([], a_call())).keys == {}


async def test_nobody_is_looked_for_by_a_retired_code_where_codes_are_current(house: House) -> None:
    able = replace(
        house.police.capabilities["PersonRecord"],
        filters={"residenceCode": frozenset({Op.UNDER})},
        current=frozenset({"residenceCode"}),
    )
    house.police.capabilities = {"PersonRecord": able}
    today, retired = (Compare("residenceCode", Op.UNDER, code) for code in ("320500", "329003"))
    assert set((await house.sources.search([today], a_call())).keys) == {"jiangsu-police"}
    assert (await house.sources.search([retired], a_call())).keys == {}
    house.police.capabilities = {"PersonRecord": replace(able, current=frozenset())}
    assert set((await house.sources.search([retired], a_call())).keys) == {"jiangsu-police"}


async def test_search_reports_what_fails_and_keeps_the_rest(house: House) -> None:
    house.police.fault = Unavailable("down")
    house.peer.garble = lambda page: Slice(page.records, "0")
    found = await house.sources.search([Compare("name", Op.EQ, "张三")], a_call())
    assert found.keys["jiangsu-centre"] == ("9",)
    assert {(problem.source, problem.code) for problem in found.problems} == {
        ("jiangsu-police", "UNAVAILABLE"),
        ("zhejiang-gateway", "MALFORMED"),
    }


async def test_search_past_the_limit_is_cut_and_said(house: House) -> None:
    rows = {"PersonRecord": {str(number): [{"name": "张三"}] for number in range(9)}}
    manifest = a_manifest(entities=POLICE)
    sources = FederatedSources(opened((manifest, MemoryAdapter(manifest, rows))), search_limit=3)
    found = await sources.search([Compare("name", Op.EQ, "张三")], a_call())
    assert found.keys == {"jiangsu-police": ("0", "1", "2")}
    assert [problem.code for problem in found.problems] == ["UNSUPPORTED"]


async def test_search_past_the_deadline_is_unavailable() -> None:
    house = House(police_timeout=0.05)
    house.police.gate.clear()
    found = await house.sources.search([Compare("name", Op.EQ, "张三")], a_call())
    assert found.keys["jiangsu-police"] == ()
    assert [(problem.source, problem.code) for problem in found.problems] == [("jiangsu-police", "UNAVAILABLE")]


ZHANG = [Compare("name", Op.EQ, "张三")]


async def test_what_a_search_brought_is_not_read_again_and_what_it_did_not_bring_is(house: House) -> None:
    known = (await house.sources.search(ZHANG, a_call(), peers=False, fields={"name", "phones"})).known
    assert {source: (brought.fields, set(brought.records)) for source, brought in known.items()} == {
        "jiangsu-police": ({"name"}, {"A"}),
        "jiangsu-centre": ({"name"}, {"9"}),
    }
    needs = {"PersonRecord": ("name", "phones"), "Measure": ("startsOn",)}
    expected = await House().sources.read(HOLDERS, needs, a_call())
    for adapter in (house.police, house.centre):
        adapter.calls.clear()
    reading = await house.sources.read(HOLDERS, needs, a_call(), known=known)
    assert (reading.records, reading.problems) == (expected.records, ())
    assert [(entity, keys) for _, entity, keys, _, _ in house.police.calls] == [
        ("PersonRecord", ("B",)),
        ("Measure", ("A", "B")),
    ]
    assert house.centre.calls == []
    assert {outcome.source: outcome.outcome for outcome in reading.outcomes} == {
        "jiangsu-police": "ok",
        "jiangsu-centre": "ok",
    }


async def test_what_was_brought_of_other_columns_is_read_as_ever(house: House) -> None:
    known = (await house.sources.search(ZHANG, a_call(), peers=False, fields={"name", "sex"})).known
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call(), known=known)
    assert [method for method, *_ in house.police.calls] == ["search", "fetch"]
    assert names(reading.records["t1"]["PersonRecord"]) == ["张三", "张三"]


async def test_what_was_brought_of_somebody_who_is_not_asked_for_stays_out(house: House) -> None:
    known = (await house.sources.search(ZHANG, a_call(), peers=False, fields={"name"})).known
    holders = {"t2": {"jiangsu-police": ("B",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call(), known=known)
    assert names(reading.records["t2"]["PersonRecord"]) == ["李四"]


async def test_of_many_people_a_search_brings_their_keys_alone() -> None:
    rows = {"PersonRecord": {str(number): [{"name": "张三"}] for number in range(MOST_BROUGHT + 1)}}
    manifest = a_manifest(entities=POLICE)
    adapter = MemoryAdapter(manifest, rows)
    found = await FederatedSources(opened((manifest, adapter))).search(ZHANG, a_call(), fields={"name"})
    assert (len(found.keys["jiangsu-police"]), found.known) == (MOST_BROUGHT + 1, {})


@pytest.mark.parametrize("spoilt", [{"name": 7}, {}])
async def test_what_a_search_brought_in_doubt_is_read_as_ever(house: House, spoilt: dict[str, object]) -> None:
    house.police.garble = lambda page: Slice([Record("A", "A", spoilt, page.records[0].provenance)])
    found = await house.sources.search(ZHANG, a_call(), peers=False, fields={"name"})
    assert found.keys["jiangsu-police"] == ("A",)
    assert spoilt or "jiangsu-police" not in found.known


def test_searches_are_joined_by_whom_any_of_them_names() -> None:
    origin = Provenance("jiangsu-police", "T", "A", FETCHED_AT)

    def brought(key: str, *fields: str) -> Brought:
        return Brought(frozenset(fields), {key: (Record(key, key, dict.fromkeys(fields), origin),)})

    first = Matches({"a": ("1", "2"), "b": ()}, known={"a": brought("1", "name")})
    second = Matches({"a": ("2", "3"), "c": ("4",)}, known={"a": brought("3", "name"), "c": brought("4", "sex")})
    both = first.joined(second)
    assert both.keys == {"a": ("1", "2", "3"), "b": (), "c": ("4",)}
    assert {source: set(one.records) for source, one in both.known.items()} == {"a": {"1", "3"}, "c": {"4"}}
    other = first.joined(Matches({"a": ("3",)}, known={"a": brought("3", "sex")}))
    assert set(other.known["a"].records) == {"3"}, "columns that differ cannot be kept together"


async def test_health_contains_what_adapters_raise(house: House) -> None:
    house.police.fault = Unavailable("down")
    house.centre.fault = ValueError("张三")
    health = await house.sources.health()
    assert not health["jiangsu-police"].ok
    assert health["jiangsu-centre"].detail.startswith("the adapter failed with ValueError at memory.py:")
    assert health["zhejiang-gateway"].ok


async def test_closing_closes_every_adapter(house: House) -> None:
    await house.sources.aclose()
    assert (house.police.closed, house.centre.closed, house.peer.closed) == (1, 1, 1)
