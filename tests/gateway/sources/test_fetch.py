from __future__ import annotations

import asyncio
from datetime import date

from adapters.contract import Unavailable
from tests.gateway.sources.memory import a_call
from tests.gateway.sources.two_agencies import HOLDERS, NEEDS, Holders, House, names


async def test_one_batched_call_per_source_and_entity_with_only_declared_fields(house: House) -> None:
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    asked = {(method, entity, keys, fields) for method, entity, keys, fields, _ in house.police.calls}
    assert asked == {
        ("fetch", "PersonRecord", ("A", "B"), frozenset({"name"})),
        ("related", "Measure", ("A", "B"), frozenset({"startsOn"})),
    }
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三", "张三"]
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]
    assert [row.values["startsOn"] for row in reading.records["Measure"]["t1"]] == [
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
    assert [dict(row.values) for row in reading.records["PersonRecord"]["t1"]] == [{}, {}]


async def test_several_keys_of_one_token_are_merged_and_shared_keys_go_to_every_token(house: House) -> None:
    holders: Holders = {"t1": {"jiangsu-police": ("A", "B", "A")}, "t2": {"jiangsu-police": ("B",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call())
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三", "李四"]
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]
    assert house.police.calls[0][2] == ("A", "B")


async def test_a_peer_answers_person_records_by_related_and_may_hold_several(house: House) -> None:
    holders = {"t1": {"zhejiang-gateway": ("t1",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call())
    assert house.peer.calls[0][:2] == ("related", "PersonRecord")
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三", "章三"]


async def test_a_peer_asked_for_both_tokens_of_a_person_counts_once(house: House) -> None:
    house.peer.record = "the same row"
    house.peer.rows = {"PersonRecord": {"t1": [{"name": "张三"}, {"name": "张三"}], "t2": [{"name": "张三"}]}}
    holders = {"t1": {"zhejiang-gateway": ("t1", "t2")}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call())
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三", "张三"]


async def test_entities_of_one_peer_are_read_concurrently(house: House) -> None:
    house.peer.gate.clear()
    holders = {"t1": {"zhejiang-gateway": ("t1",)}}
    task = asyncio.create_task(
        house.sources.read(holders, {"PersonRecord": ("name",), "Measure": ("startsOn",)}, a_call())
    )
    await house.peer.arrived(2)
    house.peer.gate.set()
    assert len((await task).records["PersonRecord"]["t1"]) == 2


async def test_all_reads_of_one_source_are_one_call_to_its_driver(house: House) -> None:
    await house.sources.read(HOLDERS, NEEDS, a_call())
    first, second = (call for *_, call in house.police.calls)
    assert first is second


async def test_a_forwarded_query_reaches_no_peer(house: House) -> None:
    holders = {"t1": {"zhejiang-gateway": ("t1",), "jiangsu-police": ("A",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call(), peers=False)
    assert house.peer.calls == []
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]


async def test_a_source_that_left_the_registry_is_passed_over(house: House) -> None:
    reading = await house.sources.read({"t1": {"closed-down": ("A",)}}, NEEDS, a_call())
    assert (dict(reading.records), reading.problems) == ({}, ())


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
