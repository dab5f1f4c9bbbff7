from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.contract import Malformed, Refused, Throttled, Unavailable
from gateway.sources.fetch import FederatedSources
from tests.gateway.sources.memory import MemoryAdapter, a_call, a_manifest, opened
from tests.gateway.sources.two_agencies import HOLDERS, NEEDS, POLICE, ROWS, House, names


async def test_a_failing_source_costs_its_own_fields_and_one_problem_per_code(house: House) -> None:
    house.police.fault = Refused("no")
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    (problem,) = reading.problems
    assert (problem.source, problem.code, problem.entities) == (
        "jiangsu-police",
        "REFUSED",
        ("Measure", "PersonRecord"),
    )
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]
    assert not any("t2" in found for found in reading.records.values())
    assert [outcome.outcome for outcome in reading.outcomes] == ["REFUSED", "ok"]


async def test_a_failing_key_costs_only_that_person(house: House) -> None:
    house.police.key_faults = {"A": Malformed("bad row")}
    reading = await house.sources.read(HOLDERS, {"PersonRecord": ("name",)}, a_call())
    assert [problem.code for problem in reading.problems] == ["MALFORMED"]
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]  # the centre's


async def test_a_source_that_does_not_answer_costs_its_own_fields_within_the_deadline() -> None:
    house = House(police_timeout=0.05)
    house.police.gate.clear()
    reading = await house.sources.read(HOLDERS, NEEDS, a_call())
    assert [(problem.source, problem.code) for problem in reading.problems] == [("jiangsu-police", "UNAVAILABLE")]
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]
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
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三"]
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
