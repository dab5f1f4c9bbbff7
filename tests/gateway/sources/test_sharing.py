from __future__ import annotations

import asyncio
from datetime import timedelta

from adapters.contract import Compare, Op, Refused, Slice
from gateway.sources.backends import memory_backend
from gateway.sources.cache import Lifetime, RecordCache
from gateway.sources.fetch import FederatedSources
from tests.gateway.sources.memory import MemoryAdapter, a_call, a_manifest, opened
from tests.gateway.sources.two_agencies import HOLDERS, ROWS, House, names


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
    assert all(names(reading.records["PersonRecord"]["t1"]) == ["张三", "张三"] for reading in readings)


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
    cache = RecordCache(Lifetime(timedelta(minutes=1)), memory_backend())
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
    house = House(RecordCache(Lifetime(timedelta(minutes=1)), memory_backend()))
    needs = {"PersonRecord": ("name",)}
    await house.sources.read({"t1": {"jiangsu-police": ("A", "nobody")}}, needs, a_call())
    reading = await house.sources.read(
        {"t1": {"jiangsu-police": ("A", "nobody")}, "t2": {"jiangsu-police": ("B",)}}, needs, a_call()
    )
    assert [keys for _, _, keys, _, _ in house.police.calls] == [("A", "nobody"), ("B",)]
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]


async def test_errors_and_answers_of_peers_are_never_kept() -> None:
    house = House(RecordCache(Lifetime(timedelta(minutes=1)), memory_backend()))
    holders, needs = {"t1": {"jiangsu-police": ("A",), "zhejiang-gateway": ("t1",)}}, {"PersonRecord": ("name",)}
    house.police.faults = [Refused("no")]
    await house.sources.read(holders, needs, a_call())
    reading = await house.sources.read(holders, needs, a_call())
    assert (len(house.police.calls), len(house.peer.calls)) == (2, 2)
    assert reading.problems == ()


async def test_nothing_is_kept_unless_a_setting_says_so() -> None:
    house = House(RecordCache(Lifetime(), memory_backend()))
    for _ in range(2):
        await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert len(house.police.calls) == 2


NAMED = [Compare("name", Op.EQ, "张三")]


async def test_the_same_search_at_the_same_time_is_asked_once_and_another_one_by_itself(house: House) -> None:
    house.centre.gate.clear()
    other = [Compare("name", Op.EQ, "李四")]
    tasks = [
        asyncio.create_task(house.sources.search(where, a_call(request_id=f"r-{index}"), peers=False, fields=fields))
        for index, (where, fields) in enumerate(
            ((NAMED, {"name"}), (NAMED, {"name"}), (NAMED, ()), (other, {"name"}))
        )
    ]
    await house.centre.arrived(3)
    house.centre.gate.set()
    one, same, plain, different = await asyncio.gather(*tasks)
    assert len(house.centre.calls) == len(house.police.calls) == 3
    assert one.keys == same.keys == plain.keys != different.keys
    assert one.known == same.known
    assert not plain.known


async def test_two_requests_never_share_a_search_of_a_peer(house: House) -> None:
    house.peer.gate.clear()
    tasks = [
        asyncio.create_task(house.sources.search(NAMED, a_call(request_id=request)))
        for request in ("r-1", "r-2", "r-2")
    ]
    await house.peer.arrived(2)
    house.peer.gate.set()
    await asyncio.gather(*tasks)
    assert sorted(call.request_id for *_, call in house.peer.calls) == ["r-1", "r-2"]


async def test_a_search_that_ends_with_the_time_of_another_request_is_begun_again(house: House) -> None:
    house.police.gate.clear()
    hasty = asyncio.create_task(house.sources.search(NAMED, a_call(0.05), peers=False))
    await house.police.arrived(1)
    patient = asyncio.create_task(house.sources.search(NAMED, a_call(30), peers=False))
    late = await hasty
    assert [problem.code for problem in late.problems] == ["UNAVAILABLE"]
    await house.police.arrived(1)
    house.police.gate.set()
    found = await patient
    assert (found.keys["jiangsu-police"], found.problems) == (("A",), ())


async def test_what_a_search_had_found_by_the_deadline_is_kept(house: House) -> None:
    house.police.rows = {"PersonRecord": {key: [{"name": "张三"}] for key in "ABCDE"}}
    pages: list[Slice] = []

    def second_page_waits(page: Slice) -> Slice:
        pages.append(page)
        house.police.gate.clear()
        return page

    house.police.garble = second_page_waits
    found = await house.sources.search(NAMED, a_call(0.1), peers=False)
    assert found.keys["jiangsu-police"] == tuple(record.person for record in pages[0].records)
    assert [problem.code for problem in found.problems] == ["UNAVAILABLE"]
