"""Several datasets in one nested answer: identical reads of one request that are under way together are sent once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import jmespath
import pytest

from adapters.contract import AdapterError, Call, Deadline, Malformed, Record, Unavailable, Unsupported
from adapters.drivers.rest import RestAdapter, _compiled
from tests.adapters.over_http.loopback import a_call, a_manifest, hostile

FILE = {
    "no": "C7",
    "name": "李四",
    "measures": [{"no": "C7-1", "person": "C7", "status": "ACTIVE"}],
    "assessments": [{"no": "C7-A1", "person": "C7", "advised": True}, {"no": "C7-A2", "person": "C7"}],
    "agreements": [{"no": "C7-5", "person": "C7", "agencyName": "江宁社区康复工作站（模拟）"}],
}


def endpoint(**changes: object) -> dict[str, Any]:
    return {"path": "files", "query": {"ids": "{keys}"}, "batch": 100, "key_pattern": "C[0-9]+", **changes}


def nested(part: str, field: str, **changes: object) -> dict[str, Any]:
    related = endpoint(rows=f"[].{part}[]", **changes)
    return {"dataset": part, "key": "no", "person": "person", "related": related, "fields": {field: {"path": field}}}


ENTITIES = {
    "PersonRecord": {"dataset": "files", "key": "no", "fetch": endpoint(), "fields": {"name": {"path": "name"}}},
    "Measure": nested("measures", "status"),
    "Assessment": nested("assessments", "advised"),
    "Agreement": nested("agreements", "agencyName"),
}


class Counting:
    """An upstream that holds every answer back until it is let go."""

    def __init__(self, body: object = None, *, status: bytes = b"200 OK", held: bool = True) -> None:
        self.heads: list[bytes] = []
        self.asked = asyncio.Event()
        self.ended = asyncio.Event()
        self.let_go = asyncio.Event()
        if not held:
            self.let_go.set()
        content = json.dumps([FILE] if body is None else body).encode()
        self._answer = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
            status,
            len(content),
            content,
        )

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            except asyncio.IncompleteReadError:
                self.ended.set()
                return
            self.asked.set()
            await self.let_go.wait()
            writer.write(self._answer)


@asynccontextmanager
async def reading(peer: Counting, entities: Mapping[str, Any] = ENTITIES) -> AsyncIterator[RestAdapter]:
    async with hostile(peer) as url:
        adapter = RestAdapter(a_manifest({"kind": "rest", "base_url": url, "timeout": "PT10S"}, entities))
        try:
            yield adapter
        finally:
            await adapter.aclose()


def related(adapter: RestAdapter, entity: str, call: Call) -> asyncio.Task[Any]:
    (field,) = adapter.manifest.datasets(entity)[0].fields
    return asyncio.create_task(adapter.related(entity, ["C7"], [field], call))


def keys_of(found: Mapping[str, Sequence[Record] | AdapterError]) -> list[str]:
    records = found["C7"]
    assert not isinstance(records, AdapterError), records
    return [record.key for record in records]


async def reads(adapter: RestAdapter, *calls: Call) -> list[asyncio.Task[Any]]:
    """Measure, Assessment, Agreement by these calls, all under way."""
    tasks = [
        related(adapter, entity, call)
        for entity, call in zip(("Measure", "Assessment", "Agreement"), calls, strict=False)
    ]
    await asyncio.sleep(0.02)  # let each of them come as far as it can without an answer
    return tasks


async def test_four_entities_of_one_answer_take_one_call() -> None:
    peer = Counting(held=False)
    async with reading(peer) as adapter:
        call = a_call()
        people, measures, assessments, agreements = await asyncio.gather(
            adapter.fetch("PersonRecord", ["C7"], ["name"], call),
            adapter.related("Measure", ["C7"], ["status"], call),
            adapter.related("Assessment", ["C7"], ["advised"], call),
            adapter.related("Agreement", ["C7"], ["agencyName"], call),
        )
        assert [head.split()[1] for head in peer.heads] == [b"/files?ids=C7"]
        person = people["C7"]
        assert isinstance(person, Record)
        assert person.values == {"name": "李四"}
        assert [keys_of(found) for found in (measures, assessments, agreements)] == [
            ["C7-1"],
            ["C7-A1", "C7-A2"],
            ["C7-5"],
        ]
        assert adapter.dropped == {}


WANTED = {"PersonRecord": ["name"], "Measure": ["status"], "Assessment": ["advised"], "Agreement": ["agencyName"]}


async def singly(adapter: RestAdapter, wanted: Mapping[str, Sequence[str]], call: Call) -> dict[str, Any]:
    """What reading each entity by itself gives."""
    found: dict[str, Any] = {}
    for entity, fields in wanted.items():
        read = adapter.fetch if entity == "PersonRecord" else adapter.related
        try:
            found[entity] = await read(entity, ["C7", "C8", "no key"], fields, call)
        except AdapterError as err:
            found[entity] = err
    return found


def plain(found: Mapping[str, Any]) -> dict[str, object]:
    """All but when it was read."""

    def of(one: Any) -> object:
        if isinstance(one, AdapterError):
            return one.code
        return (one.key, one.person, one.values, one.flags) if isinstance(one, Record) else list(map(of, one))

    return {
        entity: of(answers) if isinstance(answers, AdapterError) else {key: of(one) for key, one in answers.items()}
        for entity, answers in found.items()
    }


async def test_entities_read_together_take_one_call_and_bring_what_each_alone_brings() -> None:
    peer = Counting(held=False)
    async with reading(peer) as adapter:
        call = a_call()
        together = await adapter.read_together(WANTED, ["C7", "C8", "no key"], call)
        assert [head.split()[1] for head in peer.heads] == [b"/files?ids=C7%2CC8"]
        assert adapter.dropped == dict.fromkeys(("files", "measures", "assessments", "agreements"), 1)
        assert plain(together) == plain(await singly(adapter, WANTED, call))
        assert len(plain(together)["Assessment"]["C7"]) == 2  # type: ignore[index] # as `plain` makes it


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": "[0].assessments"},
        {"path": "others"},
        {"pages": {"kind": "cursor", "size": 100, "next": "next"}},
        {"headers": {"x-part": "assessments"}},
        {"batch": 1, "query": {"ids": "{key}"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_what_differs_is_read_apart_and_brings_the_same(changes: Mapping[str, Any]) -> None:
    peer = Counting(held=False)
    entities = {**ENTITIES, "Assessment": nested("assessments", "advised")}
    entities["Assessment"]["related"] |= changes  # type: ignore[index] # as `nested` makes it
    async with reading(peer, entities) as adapter:
        call = a_call()
        together = plain(await adapter.read_together(WANTED, ["C7", "C8", "no key"], call))
        assert together == plain(await singly(adapter, WANTED, call))
        assert len(together["Assessment"]["C7"]) == 2  # type: ignore[index] # as `plain` makes it


async def test_an_entity_that_cannot_be_read_costs_none_of_the_others() -> None:
    peer = Counting(held=False)
    async with reading(peer) as adapter:
        found = dict(await adapter.read_together({**WANTED, "Measure": ["agencyName"]}, ["C7"], a_call()))
    assert isinstance(found.pop("Measure"), Unsupported)
    assert {entity: len(answers) for entity, answers in found.items()} == dict.fromkeys(found, 1)


async def test_rows_that_are_not_there_cost_their_own_entity_alone() -> None:
    peer = Counting({"files": [FILE]}, held=False)
    entities = {name: {**one} for name, one in ENTITIES.items()}
    for name, rows in (
        ("Measure", "files[].measures[]"),
        ("Assessment", "files"),
        ("Agreement", "files[].agreements[]"),
    ):
        entities[name] = {**entities[name], "related": endpoint(rows=rows)}
    entities["PersonRecord"] = {**entities["PersonRecord"], "fetch": endpoint(rows="files[0].name")}
    async with reading(peer, entities) as adapter:
        found = await adapter.read_together(WANTED, ["C7"], a_call())
    assert len(peer.heads) == 1
    assert isinstance(found["PersonRecord"], Malformed)
    assert plain({"Agreement": found["Agreement"]})["Agreement"]["C7"][0][0] == "C7-5"  # type: ignore[index]


@pytest.mark.parametrize(("held", "seconds"), [(False, 10), (True, 0.5)])
async def test_a_call_that_fails_fails_every_entity_it_was_for(held: bool, seconds: float) -> None:
    peer = Counting(status=b"503 Busy", held=held)  # what is held back comes past the deadline
    async with reading(peer) as adapter:
        found = await adapter.read_together(WANTED, ["C7"], a_call(deadline=Deadline.after(seconds)))
    assert [type(answer) for answer in found.values()] == [Unavailable] * 4
    assert len(peer.heads) == 1


async def test_nobody_to_ask_about_is_nobody_asked() -> None:
    peer = Counting(held=False)
    async with reading(peer) as adapter:
        assert await adapter.read_together(WANTED, [], a_call()) == {entity: {} for entity in WANTED}
        assert await adapter.read_together(WANTED, ["no key"], a_call()) == {entity: {} for entity in WANTED}
    assert peer.heads == []


async def test_nothing_is_remembered_once_it_was_answered() -> None:
    peer = Counting(held=False)
    async with reading(peer) as adapter:
        call = a_call()
        await adapter.related("Measure", ["C7"], ["status"], call)
        await adapter.related("Assessment", ["C7"], ["advised"], call)
    assert len(peer.heads) == 2


@pytest.mark.parametrize(
    "other", [{"actor": "officer-8"}, {"request_id": "r-2"}, {"purpose": "STATISTICS"}, {"agency": "320100000001"}]
)
async def test_another_viewer_purpose_or_request_asks_alone(other: Mapping[str, Any]) -> None:
    peer = Counting()
    async with reading(peer) as adapter:
        ours = a_call()
        theirs = a_call(**other, deadline=ours.deadline)
        tasks = await reads(adapter, ours, theirs, ours)
        peer.let_go.set()
        await asyncio.gather(*tasks)
    assert len(peer.heads) == 2


async def test_a_request_that_differs_in_a_header_is_sent_for_itself() -> None:
    peer = Counting(held=False)
    entities = {**ENTITIES, "Assessment": nested("assessments", "advised", headers={"x-part": "assessments"})}
    async with reading(peer, entities) as adapter:
        call = a_call()
        await asyncio.gather(*await reads(adapter, call, call, call))
    assert len(peer.heads) == 2


@pytest.mark.parametrize(
    ("peer_of", "expected"),
    [({"status": b"503 Busy"}, Unavailable), ({"body": "neither an object nor a list"}, Malformed)],
)
async def test_a_failure_is_shared(peer_of: Mapping[str, Any], expected: type[AdapterError]) -> None:
    peer = Counting(**peer_of)
    async with reading(peer) as adapter:
        call = a_call()
        tasks = await reads(adapter, call, call, call)
        peer.let_go.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [expected] * 3
    assert len(peer.heads) == 1


async def test_one_who_gives_up_leaves_the_others_their_answer() -> None:
    peer = Counting()
    async with reading(peer) as adapter:
        call = a_call()
        first, second, third = await reads(adapter, call, call, call)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        peer.let_go.set()
        assert keys_of(await second) == ["C7-A1", "C7-A2"]
        assert keys_of(await third) == ["C7-5"]
    assert len(peer.heads) == 1


async def test_when_all_give_up_the_call_ends_and_the_next_is_a_new_one() -> None:
    peer = Counting()
    async with reading(peer) as adapter:
        call = a_call()
        tasks = await reads(adapter, call, call, call)
        await asyncio.wait_for(peer.asked.wait(), 5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        peer.let_go.set()
        await asyncio.wait_for(peer.ended.wait(), 5)  # a connection whose answer somebody still read would be kept
        assert keys_of(await adapter.related("Measure", ["C7"], ["status"], call)) == ["C7-1"]
    assert len(peer.heads) == 2


@pytest.mark.parametrize(("first", "second"), [(10.0, 0.05), (0.05, 10.0)])
async def test_nobody_gets_another_deadline_than_its_own(first: float, second: float) -> None:
    peer = Counting()
    async with reading(peer) as adapter:
        tasks = await reads(adapter, a_call(deadline=Deadline.after(first)), a_call(deadline=Deadline.after(second)))
        short, long = sorted(tasks, key=lambda task: (first, second)[tasks.index(task)])
        with pytest.raises(Unavailable, match="deadline"):
            await short
        peer.let_go.set()
        assert (await long)["C7"]
    assert len(peer.heads) == 2


@pytest.mark.parametrize("path", ["[]", "[].m[]", "a[].b[]", "a.b[].c.d[].e", "a[]", "a[][]", "[].a.b", "[].m[].no"])
def test_rows_within_rows_are_those_of_jmespath(path: str) -> None:
    documents: list[object] = [
        None,
        {},
        [],
        7,
        "text",
        [FILE],
        {"a": [{"b": [1, None, [2]]}, {"b": None}, [{"b": {"c": 1}}], None, {}]},
        {"a": {"b": [{"c": {"d": [{"e": 1}, {"e": None}, "x"]}}, {"c": {"d": {"e": 2}}}, {"c": 5}]}},
        [{"m": [{"no": 1}, {"no": None}, []]}, {"m": {"no": 2}}, {"m": 3}, [[{"m": [4]}]], {"a": {"b": 0}}],
        {"a": [[1, [2]], None, 3, []]},
    ]
    for document in documents:
        assert _compiled(path)(document) == jmespath.search(path, document)
