"""Entities that an adapter reads together: one call, and each entity's fate is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.contract import AdapterError, Call, Key, Malformed, Record, Refused, Throttled, Unavailable
from gateway.sources.backends import memory_backend
from gateway.sources.cache import Lifetime, RecordCache
from gateway.sources.fetch import FederatedSources
from gateway.sources.reading import Brought
from tests.gateway.sources.memory import MemoryAdapter, Rows, a_call, a_manifest, opened

ENTITIES: dict[str, Any] = {
    "PersonRecord": {"name": {"path": "XM"}},
    "Measure": {"startsOn": {"path": "KSRQ", "type": "date"}},
    "Visit": {"visitedOn": {"path": "FSRQ", "type": "date"}},
}
ROWS: Rows = {
    "PersonRecord": {"A": [{"name": "张三"}], "B": [{"name": "李四"}]},
    "Measure": {"A": [{"startsOn": date(2025, 1, 2)}, {"startsOn": date(2026, 1, 2)}]},
    "Visit": {"B": [{"visitedOn": date(2026, 2, 2)}]},
}
NEEDS = {"PersonRecord": frozenset({"name"}), "Measure": frozenset({"startsOn"}), "Visit": frozenset({"visitedOn"})}
HOLDERS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "t1": {"jiangsu-police": ("A",)},
    "t2": {"jiangsu-police": ("B",)},
}
POLICE = "jiangsu-police"


class Together(MemoryAdapter):
    """Reads each entity in turn; `failing` fails an entity as often as it holds errors for it."""

    reads_together = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked_together: list[tuple[tuple[str, ...], tuple[Key, ...]]] = []
        self.failing: dict[str, list[AdapterError]] = {}
        self.whole: Any = None

    async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        raise AssertionError("asked one by one")

    async def related(self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        raise AssertionError("asked one by one")

    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> Mapping[str, Any]:
        self.asked_together.append((tuple(wanted), tuple(people)))
        if self.whole is not None:
            return self.whole  # type: ignore[no-any-return] # a garbled answer is the point
        return {entity: await self._one(entity, people, fields, call) for entity, fields in wanted.items()}

    async def _one(self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        if self.failing.get(entity):
            return self.failing[entity].pop(0)
        read = super().fetch if entity == "PersonRecord" else super().related
        try:
            async with asyncio.timeout_at(call.deadline.at):
                return await read(entity, people, fields, call)
        except TimeoutError:
            return Unavailable("past the deadline")


class Desk:
    def __init__(self, cache: RecordCache | None = None, *, timeout: float = 30) -> None:
        manifest = a_manifest(POLICE, entities=ENTITIES, timeout=timeout)
        self.police = Together(manifest, ROWS)
        self.sources = FederatedSources(opened((manifest, self.police)), cache=cache, pause=0)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


def counts(records: Mapping[str, Mapping[str, Sequence[Record]]]) -> dict[str, dict[str, int]]:
    """entity -> token -> how many records, where there are any."""
    return {entity: {token: len(rows) for token, rows in of.items() if rows} for entity, of in records.items()}


ALL = {"PersonRecord": {"t1": 1, "t2": 1}, "Measure": {"t1": 2}, "Visit": {"t2": 1}}


def but(entity: str) -> dict[str, dict[str, int]]:
    return {name: of for name, of in ALL.items() if name != entity}


async def test_all_entities_take_one_call(desk: Desk) -> None:
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert desk.police.asked_together == [(("PersonRecord", "Measure", "Visit"), ("A", "B"))]
    assert counts(reading.records) == ALL
    assert (reading.problems, [outcome.outcome for outcome in reading.outcomes]) == ((), ["ok"])


@pytest.mark.parametrize("error", [Refused("no"), Malformed("bad")], ids=lambda error: error.code)
async def test_an_entity_that_failed_costs_itself_alone_and_is_not_asked_again(
    desk: Desk, error: AdapterError
) -> None:
    desk.police.failing = {"Measure": [error]}
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert counts(reading.records) == but("Measure")
    assert [(problem.code, problem.entities) for problem in reading.problems] == [(error.code, ("Measure",))]
    assert len(desk.police.asked_together) == 1


async def test_only_what_failed_for_now_is_asked_again(desk: Desk) -> None:
    desk.police.failing = {"Measure": [Unavailable("reset")], "PersonRecord": [Refused("no")]}
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert [entities for entities, _ in desk.police.asked_together] == [tuple(NEEDS), ("Measure",)]
    assert [(problem.code, problem.entities) for problem in reading.problems] == [("REFUSED", ("PersonRecord",))]


async def test_what_fails_twice_is_told(desk: Desk) -> None:
    desk.police.failing = {"Measure": [Unavailable("reset"), Throttled("busy")]}
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert [(problem.code, problem.entities) for problem in reading.problems] == [("THROTTLED", ("Measure",))]
    assert len(desk.police.asked_together) == 2


async def test_a_source_that_says_when_to_come_again_is_taken_at_its_word(desk: Desk) -> None:
    desk.police.failing = {"Measure": [Throttled("busy", retry_after=timedelta(minutes=5))]}
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert len(desk.police.asked_together) == 1
    assert [problem.code for problem in reading.problems] == ["THROTTLED"]


async def test_a_source_of_which_something_is_there_is_not_left_alone(desk: Desk) -> None:
    for _ in range(6):
        desk.police.failing = {"Measure": [Unavailable("down"), Unavailable("down")]}
        reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert [problem.entities for problem in reading.problems] == [("Measure",)]
    assert (await desk.sources.health())[POLICE].ok


async def test_a_source_of_which_nothing_is_there_is_left_alone(desk: Desk) -> None:
    for _ in range(5):
        desk.police.failing = {entity: [Unavailable("down")] * 2 for entity in NEEDS}
        await desk.sources.read(HOLDERS, NEEDS, a_call())
    tried = len(desk.police.asked_together)
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert len(desk.police.asked_together) == tried
    assert [problem.entities for problem in reading.problems] == [tuple(sorted(NEEDS))]
    assert not (await desk.sources.health())[POLICE].ok


async def test_what_came_in_before_the_deadline_is_kept() -> None:
    desk = Desk(timeout=0.1)

    async def held(entity: str, people: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        if entity == "Visit":
            desk.police.gate.clear()
        return await Together._one(desk.police, entity, people, fields, call)

    desk.police._one = held  # type: ignore[method-assign]
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert counts(reading.records) == but("Visit")
    assert [(problem.code, problem.entities) for problem in reading.problems] == [("UNAVAILABLE", ("Visit",))]


async def test_who_has_more_time_asks_again_for_what_ran_out_of_it(desk: Desk) -> None:
    desk.police.gate.clear()
    hurried = asyncio.create_task(desk.sources.read(HOLDERS, NEEDS, a_call(0.05)))
    await asyncio.sleep(0)
    patient = asyncio.create_task(desk.sources.read(HOLDERS, NEEDS, a_call()))
    assert [problem.code for problem in (await hurried).problems] == ["UNAVAILABLE"]
    desk.police.gate.set()
    assert (await patient).problems == ()
    assert len(desk.police.asked_together) == 2


async def test_an_adapter_that_outlives_the_deadline_is_not_waited_for() -> None:
    desk = Desk(timeout=0.05)

    async def for_ever(*given: object) -> Any:
        await asyncio.Event().wait()

    desk.police.read_together = for_ever  # type: ignore[method-assign]
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert [(problem.code, problem.entities) for problem in reading.problems] == [
        ("UNAVAILABLE", tuple(sorted(NEEDS)))
    ]


async def test_a_deadline_in_the_past_calls_nobody(desk: Desk) -> None:
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call(-1))
    assert desk.police.asked_together == []
    assert [(problem.code, problem.entities) for problem in reading.problems] == [
        ("UNAVAILABLE", tuple(sorted(NEEDS)))
    ]


@pytest.mark.parametrize("garbage", [7, [], {}, {"PersonRecord": None, "Measure": 3, "Visit": ()}], ids=repr)
async def test_garbage_is_contained(desk: Desk, garbage: object) -> None:
    desk.police.whole = garbage
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert [(problem.code, problem.entities) for problem in reading.problems] == [("MALFORMED", tuple(sorted(NEEDS)))]
    assert counts(reading.records) == {}


async def test_of_whom_a_search_said_all_that_is_needed_only_the_others_are_asked(desk: Desk) -> None:
    origin = MemoryAdapter._records(desk.police, "PersonRecord", "A", ["name"])
    known = {POLICE: Brought(frozenset({"name"}), {"A": tuple(origin)})}
    reading = await desk.sources.read(HOLDERS, NEEDS, a_call(), known=known)
    assert sorted(desk.police.asked_together) == [(("Measure", "Visit"), ("A", "B")), (("PersonRecord",), ("B",))]
    assert counts(reading.records) == ALL


async def test_with_a_cache_each_entity_is_kept_by_itself() -> None:
    desk = Desk(RecordCache(Lifetime(timedelta(minutes=1)), memory_backend()))
    first = await desk.sources.read(HOLDERS, {"PersonRecord": frozenset({"name"})}, a_call())
    again = await desk.sources.read(HOLDERS, NEEDS, a_call())
    assert [entities for entities, _ in desk.police.asked_together] == [("PersonRecord",), ("Measure",), ("Visit",)]
    assert again.records["PersonRecord"]["t1"] == first.records["PersonRecord"]["t1"]


async def test_cancelling_a_read_cancels_its_call(desk: Desk) -> None:
    desk.police.gate.clear()
    task = asyncio.create_task(desk.sources.read(HOLDERS, NEEDS, a_call()))
    await desk.police.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert desk.police.cancelled == 1
