from __future__ import annotations

import asyncio
from datetime import timedelta

from adapters.contract import Refused
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
