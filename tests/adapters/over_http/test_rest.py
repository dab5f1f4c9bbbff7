"""The rest driver against a real server: fetching, related records, batches."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from urllib.parse import parse_qs

import pytest
from starlette.responses import JSONResponse, Response

from adapters.contract import (
    Adapter,
    Compare,
    Op,
    Refused,
    Search,
    Unavailable,
)
from adapters.manifest import ManifestError
from schema.enums import Quality
from tests.adapters.over_http.conftest import OpenRest
from tests.adapters.over_http.loopback import Desk, Seen, a_call
from tests.adapters.over_http.rest_cases import PERSON, VISIT, answers, record


async def test_a_record_is_fetched_with_its_provenance(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers(
        {"persons/7": {"data": {"id": 7, "xm": "李四", "xb": "1", "changed": "2026-01-02 03:04:05"}}}
    )
    adapter = opened({"PersonRecord": PERSON})
    assert isinstance(adapter, Adapter)
    found = record(await adapter.fetch("PersonRecord", ["7"], ["name", "sex"], a_call()), "7")
    assert found.values == {"name": "李四", "sex": "MALE"}
    assert (found.key, found.person) == ("7", "7")
    assert (found.provenance.source, found.provenance.record) == ("js-test", "7")
    assert found.provenance.as_of == datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC)


async def test_an_unknown_key_is_absent(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({"error": "no"}, 404)
    adapter = opened({"PersonRecord": PERSON}, [{"status": 404, "means": "absent"}])
    assert await adapter.fetch("PersonRecord", ["7"], ["name"], a_call()) == {}


async def test_one_failed_key_leaves_the_others(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda seen: (
        JSONResponse({}, 500) if seen.path.endswith("/8") else JSONResponse({"data": [{"id": "7", "xm": "李四"}]})
    )
    found = await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["7", "8"], ["name"], a_call())
    assert record(found, "7").values == {"name": "李四"}
    assert isinstance(found["8"], Unavailable)


async def test_a_wholly_failed_call_raises(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({}, 403)
    with pytest.raises(Refused):
        await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["7", "8"], ["name"], a_call())


async def test_the_first_of_two_rows_for_one_key_is_kept(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers({"persons/7": {"data": [{"id": "7", "xm": "先"}, {"id": "7", "xm": "后"}]}})
    found = await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["7"], ["name"], a_call())
    assert record(found, "7").values["name"] == "先"


async def test_a_row_of_somebody_else_is_dropped(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers({"persons/7": {"data": [{"id": "8", "xm": "别人"}]}})
    adapter = opened({"PersonRecord": PERSON})
    assert await adapter.fetch("PersonRecord", ["7"], ["name"], a_call()) == {}
    assert adapter.dropped["persons"] == 1


async def test_rows_that_are_no_objects_are_skipped_and_counted(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers({"persons/7": {"data": [None, "x", 3, {"id": "7", "xm": "李四"}]}})
    adapter = opened({"PersonRecord": PERSON})
    assert record(await adapter.fetch("PersonRecord", ["7"], ["name"], a_call()), "7").values["name"] == "李四"
    assert adapter.dropped["persons"] == 3


async def test_a_bad_value_flags_its_field(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers({"persons/7": {"data": {"id": "7", "xm": "李四", "xb": "9"}}})
    found = record(
        await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["7"], ["name", "sex"], a_call()), "7"
    )
    assert found.values == {"name": "李四", "sex": None}
    assert [(flag.field, flag.quality) for flag in found.flags] == [("sex", Quality.UNMAPPED_CODE)]


async def test_a_numeric_key_of_23_digits_stays_exact(desk: Desk, opened: OpenRest) -> None:
    key = "32990112345678901234567"
    desk.reply = lambda _: Response(f'{{"data": {{"id": {key}, "xm": "李四"}}}}', media_type="application/json")
    found = await opened({"PersonRecord": PERSON}).fetch("PersonRecord", [key], ["name"], a_call())
    assert record(found, key).provenance.record == key


async def test_softly_deleted_rows_and_rows_outside_where_are_not_there(desk: Desk, opened: OpenRest) -> None:
    rows = [
        {"id": "7", "xm": "甲", "del": 1, "kind": "A"},
        {"id": "8", "xm": "乙", "del": 0, "kind": "B"},
        {"id": "9", "xm": "丙", "del": 0, "kind": "A"},
    ]
    desk.reply = answers({"persons": rows})
    endpoint = {"path": "persons", "query": {"ids": "{keys}"}, "batch": 10}
    person = {**PERSON, "fetch": endpoint, "deleted": {"path": "del", "values": ["1"]}, "where": {"kind": "A"}}
    found = await opened({"PersonRecord": person}).fetch("PersonRecord", ["7", "8", "9"], ["name"], a_call())
    assert set(found) == {"9"}
    assert parse_qs(desk.seen[0].query) == {"ids": ["7,8,9"]}


async def test_related_rows_are_batched_and_grouped_by_owner(desk: Desk, opened: OpenRest) -> None:
    def visits(seen: Seen) -> Response:
        ids = json.loads(seen.body)["ids"]
        return JSONResponse(
            {"list": [{"no": f"{who}-{n}", "who": who, "on": "20250102"} for who in ids for n in (1, 2)]}
        )

    desk.reply = visits
    found = await opened({"Visit": VISIT}).related("Visit", ["a", "b", "c", "a"], ["visitedOn"], a_call())
    assert {who: [one.key for one in found[who]] for who in found} == {
        "a": ["a-1", "a-2"],
        "b": ["b-1", "b-2"],
        "c": ["c-1", "c-2"],
    }
    assert found["c"][0].person == "c"
    assert found["c"][0].values == {"visitedOn": date(2025, 1, 2)}
    assert sorted(len(json.loads(seen.body)["ids"]) for seen in desk.seen) == [1, 2]


async def test_datasets_of_one_entity_are_read_together(desk: Desk, opened: OpenRest) -> None:
    one = {**VISIT, "person": None, "related": {"path": "one/{key}"}}
    two = {**VISIT, "person": None, "related": {"path": "two/{key}"}}
    desk.reply = answers({"one/a": [{"no": "1"}], "two/a": [{"no": "2"}]})
    found = await opened({"Visit": [one, two]}).related("Visit", ["a"], ["visitedOn"], a_call())
    assert [visit.key for visit in found["a"]] == ["1", "2"]


async def test_a_batch_without_an_owner_stops_the_start(opened: OpenRest) -> None:
    with pytest.raises(ManifestError, match="owner"):
        opened({"Visit": {**VISIT, "person": None}})


# ---- several datasets about one person -------------------------------------------------------------------------

LISTED = {**PERSON, "keys": {"path": "list"}, "fetch": {"path": "persons", "query": {"ids": "{keys}"}, "batch": 9}}
FURTHER = {
    "dataset": "phones",
    "key": "who",
    "fetch": {"path": "phones", "query": {"ids": "{keys}"}, "batch": 9},
    "fields": {"phones": {"path": "tel"}, "name": {"path": "xm"}},
}


async def test_a_further_dataset_completes_the_persons_and_adds_nobody(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers(
        {
            "persons": [{"id": "7", "xm": "李四"}],
            "phones": [{"who": "7", "tel": "13900000001", "xm": "旧名"}, {"who": "8", "tel": "13900000002"}],
        }
    )
    adapter = opened({"PersonRecord": [LISTED, FURTHER]})
    found = await adapter.fetch("PersonRecord", ["7", "8"], ["name", "phones"], a_call())
    assert set(found) == {"7"}
    one = record(found, "7")
    assert one.values == {"name": "李四", "phones": ("13900000001",)}
    assert one.flags == ()
    assert one.provenance.dataset == "persons+phones"


async def test_a_further_dataset_is_not_asked_for_what_it_does_not_have(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers({"persons": [{"id": "7", "xb": "1"}]})
    found = await opened({"PersonRecord": [LISTED, FURTHER]}).fetch("PersonRecord", ["7"], ["sex"], a_call())
    assert record(found, "7").values == {"sex": "MALE"}
    assert [seen.path for seen in desk.seen] == ["/api/persons"]


async def test_a_search_completes_what_it_found(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers(
        {
            "search": [{"id": "7", "xm": "李四"}],
            "persons": [{"id": "7", "xm": "李四"}],
            "phones": [{"who": "7", "tel": "13900000001"}],
        }
    )
    fields = {**PERSON["fields"], "name": {"path": "xm", "filter": {"eq": "xm"}}}
    listed = {**LISTED, "search": {"path": "search"}, "fields": fields}
    query = Search([Compare("name", Op.EQ, "李四")], ["phones"], 5)
    found = await opened({"PersonRecord": [listed, FURTHER]}).search("PersonRecord", query, a_call())
    assert [one.values for one in found.records] == [{"phones": ("13900000001",)}]
