from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.contract import Compare, Op, Provenance, Record, Slice, Unavailable
from gateway.sources.fetch import FederatedSources
from gateway.sources.reading import Brought, Matches
from gateway.sources.upstream import MOST_BROUGHT
from tests.gateway.sources.memory import FETCHED_AT, MemoryAdapter, a_call, a_manifest, opened
from tests.gateway.sources.two_agencies import HOLDERS, POLICE, House, names

ZHANG = [Compare("name", Op.EQ, "张三")]


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
    assert names(reading.records["PersonRecord"]["t1"]) == ["张三", "张三"]


async def test_what_was_brought_of_somebody_who_is_not_asked_for_stays_out(house: House) -> None:
    known = (await house.sources.search(ZHANG, a_call(), peers=False, fields={"name"})).known
    holders = {"t2": {"jiangsu-police": ("B",)}}
    reading = await house.sources.read(holders, {"PersonRecord": ("name",)}, a_call(), known=known)
    assert names(reading.records["PersonRecord"]["t2"]) == ["李四"]


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
