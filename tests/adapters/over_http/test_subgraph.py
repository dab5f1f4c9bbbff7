"""The subgraph driver against a real Strawberry subgraph on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from graphql import parse

from adapters.contract import Adapter, Call, Flag, Malformed, Record, Refused, Search, Unavailable, Unsupported
from adapters.drivers.subgraph import SubgraphAdapter
from adapters.manifest import ManifestError
from schema.enums import Quality
from tests.adapters.over_http.loopback import a_call, a_manifest, serving
from tests.adapters.over_http.peer_schema import Peer, Withholding

ENTITIES: dict[str, Any] = {
    "PersonRecord": {
        "dataset": "Person.records",
        "rows": "records",
        "key": "recordId",
        "fields": {
            "name": {"path": "person.name"},
            "idNumber": {"path": "person.idNumber"},
            "sex": {"path": "person.sex"},
            "birthDate": {"path": "person.birthDate"},
            "phones": {"path": "person.phones"},
            "domicileCode": {"path": "person.domicile.jurisdiction.code"},
        },
        "max_batch": 2,
    },
    "Measure": {
        "dataset": "Case.measures",
        "rows": "cases(first: 50).edges.node.measures",
        "key": "record.recordId",
        "fields": {
            "startsOn": {"path": "startsOn"},
            "reportedOn": {"path": "CommunityRecovery:reportedOn"},
            "phase": {"path": "CompulsoryIsolation:phase"},
        },
        "max_batch": 2,
    },
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Peer, str]]:
    peer = Peer()
    with serving(peer) as url:
        yield peer, url


@pytest.fixture
def peer(served: tuple[Peer, str], monkeypatch: pytest.MonkeyPatch) -> Peer:
    served[0].asked.clear()
    served[0].tokens.clear()
    monkeypatch.setattr(Withholding, "told", [])
    return served[0]


def opened(url: str, entities: dict[str, Any] = ENTITIES, **source: Any) -> SubgraphAdapter:
    given = {"kind": "subgraph", "url": f"{url}/", "audience": "zhejiang", **source}
    return SubgraphAdapter(a_manifest(given, entities))


@pytest.fixture
async def adapter(served: tuple[Peer, str], peer: Peer) -> AsyncIterator[SubgraphAdapter]:
    one = opened(served[1], locator="/locator")
    yield one
    await one.aclose()


def signed(**changes: Any) -> Call:
    return a_call(assertion=lambda request: f"signed-for-{request.audience}", **changes)


def listed(found: object) -> Sequence[Record]:
    assert isinstance(found, tuple), found
    return found


async def test_each_source_of_the_peer_gives_a_person_record(adapter: SubgraphAdapter, peer: Peer) -> None:
    assert isinstance(adapter, Adapter)
    fields = ["name", "sex", "birthDate", "phones", "domicileCode"]
    found = await adapter.related("PersonRecord", ["t1"], fields, signed())
    first, second = listed(found["t1"])
    assert first.values == {
        "name": "李四",
        "sex": "MALE",
        "birthDate": date(1990, 3, 4),
        "phones": ("13900000001", "13900000002"),
        "domicileCode": "330100",
    }
    assert second.values == {"name": "王五", "sex": None, "birthDate": None, "phones": None, "domicileCode": None}
    assert peer.tokens == ["Bearer signed-for-zhejiang"]


async def test_provenance_names_the_peers_own_source(adapter: SubgraphAdapter) -> None:
    found = await adapter.related("PersonRecord", ["t1"], ["name"], signed())
    first, second = listed(found["t1"])
    origin = first.provenance
    assert (first.key, first.person) == ("ZJ-1", "t1")
    assert (origin.source, origin.peer, origin.jurisdiction) == ("zhejiang-police", "js-test", "330000")
    assert (origin.record, origin.dataset) == ("ZJ-1", "Person.records")
    assert origin.as_of == datetime(2025, 5, 1, tzinfo=UTC)
    assert origin.fetched_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert second.provenance.as_of is None
    assert Flag("name", Quality.NORMALISED) in first.flags


async def test_rows_below_connections_and_type_conditions_are_read(adapter: SubgraphAdapter) -> None:
    found = await adapter.related("Measure", ["t1"], ["startsOn", "reportedOn", "phase"], signed())
    recovery, isolation = listed(found["t1"])
    assert recovery.values == {"startsOn": date(2024, 1, 1), "reportedOn": date(2024, 1, 9), "phase": None}
    assert isolation.values == {"startsOn": date(2022, 1, 1), "reportedOn": None, "phase": "REORIENTATION"}
    assert recovery.provenance.source == "zhejiang-community"
    assert (recovery.key, recovery.person) == ("M-1", "t1")


async def test_only_what_is_asked_for_is_selected(adapter: SubgraphAdapter, peer: Peer) -> None:
    await adapter.related("Measure", ["t1"], ["startsOn"], signed())
    query = peer.asked[0]["query"]
    parse(query)
    assert "startsOn" in query
    assert "reportedOn" not in query
    assert "records" not in query


async def test_entities_read_together_share_one_query(adapter: SubgraphAdapter, peer: Peer) -> None:
    call = signed()
    people, measures, names = await asyncio.gather(
        adapter.related("PersonRecord", ["t1"], ["name", "sex"], call),
        adapter.related("Measure", ["t1"], ["startsOn"], call),
        adapter.related("PersonRecord", ["t1"], ["name"], call),
    )
    assert len(peer.asked) == 1
    assert set(listed(people["t1"])[0].values) == {"name", "sex"}
    assert set(listed(names["t1"])[0].values) == {"name"}
    assert set(listed(measures["t1"])[0].values) == {"startsOn"}


async def test_reads_of_different_viewers_are_never_laid_together(adapter: SubgraphAdapter, peer: Peer) -> None:
    other = a_call(actor="other", assertion=lambda _: "signed-for-other")
    await asyncio.gather(
        adapter.related("PersonRecord", ["t1"], ["name"], signed()),
        adapter.related("PersonRecord", ["t1"], ["name"], other),
    )
    assert sorted(peer.tokens) == ["Bearer signed-for-other", "Bearer signed-for-zhejiang"]


async def test_one_reader_that_gives_up_leaves_the_others_their_answer(adapter: SubgraphAdapter) -> None:
    call = signed()
    leaving = asyncio.create_task(adapter.related("Measure", ["t1"], ["startsOn"], call))
    staying = asyncio.create_task(adapter.related("PersonRecord", ["t1"], ["name"], call))
    await asyncio.sleep(0)
    leaving.cancel()
    assert set(await staying) == {"t1"}
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_people_are_asked_for_in_batches(adapter: SubgraphAdapter, peer: Peer) -> None:
    found = await adapter.related("PersonRecord", ["t1", "t2", "t3", "t1"], ["name"], signed())
    assert set(found) == {"t1", "t2", "t3"}
    sizes = sorted(len(asked["variables"]["representations"]) for asked in peer.asked)
    assert sizes == [1, 2]
    assert {"__typename": "Person", "id": "t3"} in [
        one for asked in peer.asked for one in asked["variables"]["representations"]
    ]


async def test_fetch_gives_the_first_record(adapter: SubgraphAdapter) -> None:
    found = await adapter.fetch("PersonRecord", ["t1", "unknown"], ["name"], signed())
    assert {key: one.key for key, one in found.items() if isinstance(one, Record)} == {"t1": "ZJ-1"}
    with pytest.raises(Unsupported):
        await adapter.fetch("Measure", ["M-1"], ["startsOn"], signed())


async def test_somebody_whom_the_peer_does_not_know_is_absent(adapter: SubgraphAdapter) -> None:
    assert set(await adapter.related("PersonRecord", ["t1", "unknown"], ["name"], signed())) == {"t1"}


async def test_somebody_without_rows_is_absent(adapter: SubgraphAdapter) -> None:
    assert await adapter.related("PersonRecord", ["t-empty"], ["name"], signed()) == {}


# ---- what the holder does not tell -----------------------------------------------------------------------------


async def test_a_denied_label_hides_its_empty_fields(
    adapter: SubgraphAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Withholding, "told", [{"label": "CONTACT", "effect": "DENY", "reason": "not_permitted"}])
    found = await adapter.related("PersonRecord", ["t1"], ["name", "phones"], signed())
    first, second = listed(found["t1"])
    assert first.hidden == frozenset()
    assert second.hidden == {"phones"}


async def test_a_masked_value_is_kept_as_such(adapter: SubgraphAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Withholding, "told", [{"label": "ID_NUMBER", "effect": "MASK", "reason": "masked"}])
    found = await adapter.related("PersonRecord", ["t1"], ["name", "idNumber"], signed())
    first = listed(found["t1"])[0]
    assert first.values["idNumber"] == "329***********15"
    assert first.hidden == {"idNumber"}
    assert [flag.field for flag in first.flags] == ["name"]


@pytest.mark.parametrize("path", [["_entities", 1, "records"], "_entities.1.records"])
async def test_what_is_withheld_of_one_person_is_not_of_another(
    adapter: SubgraphAdapter, monkeypatch: pytest.MonkeyPatch, path: object
) -> None:
    monkeypatch.setattr(Withholding, "told", [{"path": path, "label": "CONTACT", "effect": "DENY"}])
    found = await adapter.related("PersonRecord", ["t1", "t2"], ["phones"], signed())
    assert [record.hidden for record in listed(found["t1"])] == [frozenset(), frozenset()]
    assert [record.hidden for record in listed(found["t2"])] == [frozenset(), {"phones"}]


# ---- failures --------------------------------------------------------------------------------------------------


async def test_without_a_signed_statement_nothing_is_sent(adapter: SubgraphAdapter, peer: Peer) -> None:
    with pytest.raises(Refused):
        await adapter.related("PersonRecord", ["t1"], ["name"], a_call())
    with pytest.raises(Refused):
        await adapter.keys(a_call())
    assert peer.asked == []


async def test_a_statement_that_the_peer_does_not_accept_is_refused(adapter: SubgraphAdapter) -> None:
    with pytest.raises(Refused, match="UNAUTHENTICATED"):
        await adapter.related("PersonRecord", ["t1"], ["name"], a_call(assertion=lambda _: "forged"))


async def test_a_statement_cannot_add_a_header(adapter: SubgraphAdapter, peer: Peer) -> None:
    call = a_call(assertion=lambda _: "signed-for-x\r\nX-Role: chief")
    with pytest.raises(Refused):
        await adapter.related("PersonRecord", ["t1"], ["name"], call)
    assert peer.asked == []


async def test_one_broken_person_leaves_the_others(adapter: SubgraphAdapter) -> None:
    found = await adapter.related("PersonRecord", ["broken", "t1"], ["name"], signed())
    assert isinstance(found["broken"], Unavailable)
    assert "李四" not in str(found["broken"])
    assert len(listed(found["t1"])) == 2


async def test_an_error_on_the_way_to_the_rows_is_no_absence(adapter: SubgraphAdapter) -> None:
    call = signed()
    measures, people = await asyncio.gather(
        adapter.related("Measure", ["t-late"], ["startsOn"], call),
        adapter.related("PersonRecord", ["t-late"], ["name"], call),
    )
    assert isinstance(measures["t-late"], Unavailable)
    assert len(listed(people["t-late"])) == 2


async def test_a_schema_of_another_shape_is_malformed(served: tuple[Peer, str], peer: Peer) -> None:
    measure = {**ENTITIES["Measure"], "fields": {"startsOn": {"path": "noSuchField"}}}
    one = opened(served[1], {"Measure": measure})
    with pytest.raises(Malformed):
        await one.related("Measure", ["t1"], ["startsOn"], signed())
    await one.aclose()


async def test_what_is_not_declared_is_unsupported(adapter: SubgraphAdapter, peer: Peer) -> None:
    for undeclared in (
        adapter.related("Visit", ["t1"], ["visitedOn"], signed()),
        adapter.related("Measure", ["t1"], ["custodian"], signed()),
        adapter.search("PersonRecord", Search([], ["name"], 5), signed()),
    ):
        with pytest.raises(Unsupported):
            await undeclared
    assert peer.asked == []


# ---- the locator, health, the start ----------------------------------------------------------------------------


async def test_the_locator_lists_pseudonyms(adapter: SubgraphAdapter) -> None:
    first = await adapter.keys(signed())
    second = await adapter.keys(signed(), first.after)
    assert [(entry.key, entry.tokens) for entry in (*first.entries, *second.entries)] == [
        ("t1", ("t1",)),
        ("t2", ("t2",)),
        ("t3", ("t3",)),
    ]
    assert second.after is None
    assert adapter.dropped["locator"] == 2


async def test_without_a_locator_there_is_no_key_list(served: tuple[Peer, str], peer: Peer) -> None:
    one = opened(served[1])
    with pytest.raises(Unsupported):
        await one.keys(signed())
    await one.aclose()


async def test_a_peer_that_demands_a_statement_is_alive(adapter: SubgraphAdapter) -> None:
    assert (await adapter.health()).ok


async def test_a_peer_that_is_gone_is_not_alive() -> None:
    one = opened("http://127.0.0.1:1")
    assert not (await one.health()).ok
    await one.aclose()


@pytest.mark.parametrize("path", ["person name", "a..b", "cases(first: 50", "x { y }", "a.b(c: )", "1a"])
def test_a_path_that_is_none_stops_the_start(path: str) -> None:
    measure = {**ENTITIES["Measure"], "fields": {"startsOn": {"path": path}}}
    with pytest.raises(ManifestError, match=r"js-test: entities\.Measure"):
        opened("http://127.0.0.1:1", {"Measure": measure})
