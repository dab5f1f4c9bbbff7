"""The rest driver's lists: pages, envelopes, key lists and searches, read to their end and no further."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.responses import JSONResponse, Response

from adapters.contract import (
    Compare,
    Invalid,
    Malformed,
    Op,
    Refused,
    Search,
    Unsupported,
)
from tests.adapters.over_http.conftest import OpenRest
from tests.adapters.over_http.loopback import Desk, Seen, a_call
from tests.adapters.over_http.rest_cases import PERSON, VISIT

ARCHIVES = {
    "dataset": "archives",
    "key": "ArchivesNo",
    "keys": {
        "path": "AllArchivesInfo",
        "query": {"pageIndex": "{page}", "pageSize": "{size}"},
        "envelope": {"data": "Data", "encoding": "base64-json"},
        "pages": {"kind": "number", "size": 500},
    },
    "fetch": {"path": "archive/{key}"},
    "fields": {
        "idNumber": {"path": "IDNumber"},
        "otherIdNumbers": {"path": "Old"},
        "documentNumber": {"path": "Paper"},
        "documentKind": {"constant": "PASSPORT"},
    },
}
END = [
    {"path": "Msg", "equals": ["未查询到数据"], "means": "end"},
    {"path": "Success", "equals": ["false"], "means": "refused"},
]


def encoded(rows: object) -> str:
    return base64.b64encode(json.dumps(rows, ensure_ascii=False).encode()).decode()


async def test_a_key_list_whose_end_is_an_error_is_read_to_the_end(desk: Desk, opened: OpenRest) -> None:
    pages = {
        "1": [{"ArchivesNo": "A1", "IDNumber": "329901199001010015"}, {"ArchivesNo": "A2", "Paper": "E1"}],
        "2": [{"ArchivesNo": "A3", "IDNumber": None, "Old": ["329901199001010023"]}, {"ArchivesNo": None}],
    }

    def page(seen: Seen) -> Response:
        rows = pages.get(parse_qs(seen.query)["pageIndex"][0])
        if rows is None:
            return JSONResponse({"Success": False, "Msg": "未查询到数据", "Data": None})
        return JSONResponse({"Success": True, "Msg": "", "Data": encoded(rows)})

    desk.reply = page
    adapter = opened({"PersonRecord": ARCHIVES}, END)
    entries, after = [], None
    while True:
        piece = await adapter.keys(a_call(), after)
        entries += piece.entries
        after = piece.after
        if after is None:
            break
    assert [entry.key for entry in entries] == ["A1", "A2", "A3"]
    assert entries[0].id_numbers == ("329901199001010015",)
    assert entries[1].documents == (("PASSPORT", "E1"),)
    assert entries[2].id_numbers == ("329901199001010023",)
    assert len(desk.seen) == 3


async def test_a_business_code_in_a_200_is_an_error(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({"Success": False, "Msg": "无权限", "Data": None})
    with pytest.raises(Refused):
        await opened({"PersonRecord": ARCHIVES}, END).keys(a_call())


@pytest.mark.parametrize("cursor", ["x", "0.0", "", "\u4e00", "A" * 80])
async def test_a_foreign_cursor_is_invalid(desk: Desk, opened: OpenRest, cursor: str) -> None:
    with pytest.raises(Invalid):
        await opened({"PersonRecord": ARCHIVES}).keys(a_call(), cursor)
    assert desk.seen == []


@pytest.mark.parametrize("data", ["%%%", encoded("x")[:-2] + "*", base64.b64encode(b"\xff{").decode()])
async def test_a_broken_envelope_is_malformed(desk: Desk, opened: OpenRest, data: str) -> None:
    desk.reply = lambda _: JSONResponse({"Success": True, "Data": data})
    with pytest.raises(Malformed):
        await opened({"PersonRecord": ARCHIVES}).keys(a_call())


def paged(pages: Mapping[str, Any], query: Mapping[str, str], **more: Any) -> dict[str, Any]:
    return {
        **VISIT,
        "person": None,
        "related": {"path": "v/{key}", "query": query, "pages": pages, "rows": "rows", **more},
    }


async def test_offsets_follow_the_rows_that_came_from_a_capped_page(desk: Desk, opened: OpenRest) -> None:
    rows = [{"no": str(number)} for number in range(7)]

    def page(seen: Seen) -> Response:
        start = int(parse_qs(seen.query)["from"][0])
        return JSONResponse({"rows": rows[start : start + 3], "total": 7})

    desk.reply = page
    visit = paged({"kind": "offset", "size": 50, "total": "total"}, {"from": "{offset}", "n": "{size}"})
    found = await opened({"Visit": visit}).related("Visit", ["a"], ["visitedOn"], a_call())
    assert [one.key for one in found["a"]] == [str(number) for number in range(7)]
    assert len(desk.seen) == 3


async def test_a_cursor_is_followed_to_its_end(desk: Desk, opened: OpenRest) -> None:
    following = {"": "c 1&x", "c 1&x": "c2", "c2": None}

    def page(seen: Seen) -> Response:
        here = parse_qs(seen.query).get("cursor", [""])[0]
        return JSONResponse({"rows": [{"no": here or "c0"}], "next": following[here]})

    desk.reply = page
    visit = paged({"kind": "cursor", "next": "next"}, {"cursor": "{cursor}", "n": "{size}"})
    found = await opened({"Visit": visit}).related("Visit", ["a"], ["visitedOn"], a_call())
    assert [one.key for one in found["a"]] == ["c0", "c 1&x", "c2"]
    assert "cursor" not in desk.seen[0].query


async def test_a_cursor_that_stands_still_is_malformed(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({"rows": [{"no": "1"}], "next": "same"})
    visit = paged({"kind": "cursor", "next": "next"}, {"cursor": "{cursor}"})
    with pytest.raises(Malformed):
        await opened({"Visit": visit}).related("Visit", ["a"], ["visitedOn"], a_call())


@pytest.mark.parametrize("kind", ["number", "offset"])
async def test_a_source_that_ignores_the_page_is_malformed(desk: Desk, opened: OpenRest, kind: str) -> None:
    desk.reply = lambda _: JSONResponse({"rows": [{"no": "1"}, {"no": "2"}], "total": 90})
    visit = paged({"kind": kind, "total": "total"}, {"p": "{page}", "o": "{offset}"})
    adapter = opened(
        {"Visit": visit, "PersonRecord": {**PERSON, "key": "no", "keys": {**visit["related"], "path": "v"}}}
    )
    with pytest.raises(Malformed):
        await adapter.related("Visit", ["a"], ["visitedOn"], a_call())
    first = await adapter.keys(a_call())
    with pytest.raises(Malformed):
        await adapter.keys(a_call(), first.after)
    assert len(desk.seen) == 4


async def test_pages_by_number_end_at_an_empty_one(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda seen: JSONResponse(
        {"rows": [{"no": parse_qs(seen.query)["p"][0]}] if parse_qs(seen.query)["p"][0] < "2" else []}
    )
    visit = paged({"kind": "number", "first": 0}, {"p": "{page}"})
    found = await opened({"Visit": visit}).related("Visit", ["a"], ["visitedOn"], a_call())
    assert [one.key for one in found["a"]] == ["0", "1"]


SEARCHED = {
    **PERSON,
    "search": {
        "path": "search",
        "query": {"area": "{value:area}", "o": "{offset}", "n": "{size}"},
        "rows": "rows",
        "pages": {"kind": "offset", "size": 3, "total": "total"},
    },
    "fields": {
        **PERSON["fields"],
        "name": {"path": "xm", "filter": {"eq": "xm", "prefix": "xm_like"}},
        "sex": {
            "path": "xb",
            "values": {"1": "MALE", "2": "FEMALE", "F": "FEMALE"},
            "filter": {"eq": "xb", "in": "xbs"},
        },
        "domicileCode": {"path": "hj", "filter": {"under": "area"}},
        "birthDate": {"path": "csrq", "formats": ["%Y%m%d"], "filter": {"gt": "after"}},
    },
}


def registry(rows: list[dict[str, str]]) -> Callable[[Seen], Response]:
    def reply(seen: Seen) -> Response:
        start = int(parse_qs(seen.query)["o"][0])
        return JSONResponse({"rows": rows[start : start + 3], "total": len(rows)})

    return reply


async def test_a_search_is_resumed_in_the_middle_of_an_upstream_page(desk: Desk, opened: OpenRest) -> None:
    desk.reply = registry([{"id": str(number), "xm": "李"} for number in range(8)])
    adapter = opened({"PersonRecord": SEARCHED})
    keys: list[str] = []
    after, sizes = None, []
    while True:
        where = [Compare("name", Op.PREFIX, "李")]
        found = await adapter.search("PersonRecord", Search(where, ["name"], 2, after), a_call())
        keys += [one.key for one in found.records]
        sizes.append(len(found.records))
        after = found.after
        if after is None:
            break
    assert keys == [str(number) for number in range(8)]
    assert sizes == [2, 2, 2, 2]


async def test_conditions_become_the_declared_parameters(desk: Desk, opened: OpenRest) -> None:
    desk.reply = registry([])
    where = [
        Compare("name", Op.EQ, "a&b=c/李"),
        Compare("domicileCode", Op.UNDER, "320000"),
        Compare("birthDate", Op.GT, date(2000, 1, 2)),
        Compare("sex", Op.IN, ("MALE", "FEMALE")),
    ]
    await opened({"PersonRecord": SEARCHED}).search("PersonRecord", Search(where, ["name"], 5), a_call())
    asked = parse_qs(desk.seen[0].query)
    assert asked["xm"] == ["a&b=c/李"]
    assert (asked["area"], asked["after"], asked["xbs"]) == (["32"], ["20000102"], ["1,2,F"])


async def test_each_raw_form_of_a_value_is_searched_for(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda seen: JSONResponse({"rows": [{"id": parse_qs(seen.query)["xb"][0], "xb": "2"}], "total": 1})
    where = [Compare("sex", Op.EQ, "FEMALE")]
    found = await opened({"PersonRecord": SEARCHED}).search("PersonRecord", Search(where, ["sex"], 5), a_call())
    assert [one.key for one in found.records] == ["2", "F"]
    assert found.after is None


async def test_what_is_not_declared_is_unsupported_and_nothing_is_sent(desk: Desk, opened: OpenRest) -> None:
    adapter = opened({"PersonRecord": SEARCHED, "Visit": VISIT})
    call = a_call()
    for undeclared in (
        adapter.keys(call),
        adapter.fetch("Measure", ["1"], ["kind"], call),
        adapter.fetch("Visit", ["1"], ["visitedOn"], call),
        adapter.fetch("PersonRecord", ["1"], ["phones"], call),
        adapter.related("PersonRecord", ["1"], ["name"], call),
        adapter.search("Visit", Search([], ["visitedOn"], 5), call),
        adapter.search("PersonRecord", Search([], ["name"], 5), call),
        adapter.search("PersonRecord", Search([Compare("birthDate", Op.LT, date(2000, 1, 1))], ["name"], 5), call),
    ):
        with pytest.raises(Unsupported):
            await undeclared
    assert desk.seen == []


def test_capabilities_say_what_the_manifest_declares(opened: OpenRest) -> None:
    capability = opened({"PersonRecord": SEARCHED}).capabilities["PersonRecord"]
    assert capability.fields == {"name", "sex", "domicileCode", "birthDate"}
    assert capability.filters == {
        "name": {Op.EQ, Op.PREFIX},
        "sex": {Op.EQ, Op.IN},
        "domicileCode": {Op.UNDER},
        "birthDate": {Op.GT},
    }
