"""What the rest driver sends: every value stays a value where it is put."""

from __future__ import annotations

import json

import pytest
from starlette.responses import JSONResponse

from adapters.contract import (
    Compare,
    Invalid,
    Op,
    Search,
)
from tests.adapters.over_http.conftest import OpenRest
from tests.adapters.over_http.loopback import Desk, a_call
from tests.adapters.over_http.rest_cases import PERSON

POLICE = {
    "dataset": "Q_RY",
    "key": "GMSFHM",
    "fetch": {
        "method": "POST",
        "headers": {"X-Reason": "{request.purpose}"},
        "body": {
            "Method": "Query",
            "EndUser": {"UserDept": "{request.agency}", "CallReason": "{request.purpose}", "Id": "{request.id}"},
            "Params": {"Condition": "GMSFHM IN ('{keys}')", "RequiredItems": "{fields}", "Size": 10},
        },
        "batch": 2,
        "separator": "','",
        "key_pattern": r"\d{17}[\dX]",
        "rows": "PayLoad.Data.Result",
    },
    "fields": {"name": {"path": "XM"}, "sex": {"path": "XB", "values": {"1": "MALE"}}, "birthDate": {"path": "CSRQ"}},
}
KEYS = ("32990119900101001X", "329901199001010023")


async def test_the_police_request_carries_reason_columns_and_condition(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({"PayLoad": {"Data": {"Result": [{"GMSFHM": KEYS[0], "XM": "李四"}]}}})
    found = await opened({"PersonRecord": POLICE}).fetch("PersonRecord", KEYS, ["name", "sex"], a_call())
    assert set(found) == {KEYS[0]}
    sent = json.loads(desk.seen[0].body)
    assert sent["EndUser"] == {"UserDept": "320100000000", "CallReason": "AFTERCARE", "Id": "r-1"}
    assert sent["Params"] == {
        "Condition": f"GMSFHM IN ('{KEYS[0]}','{KEYS[1]}')",
        "RequiredItems": "GMSFHM,XM,XB",
        "Size": 10,
    }
    assert desk.seen[0].headers["x-reason"] == "AFTERCARE"


@pytest.mark.parametrize(
    "attack",
    [
        "' OR '1'='1",
        "32990119900101001X' --",
        "32990119900101001X') OR (1=1",
        "32990119900101001X\n",
        "32990119900101001X','329901199001010023",
        "",
    ],
)
async def test_a_key_that_is_sql_is_never_sent(desk: Desk, opened: OpenRest, attack: str) -> None:
    adapter = opened({"PersonRecord": POLICE})
    assert await adapter.fetch("PersonRecord", [attack], ["name"], a_call()) == {}
    assert desk.seen == []
    assert adapter.dropped["Q_RY"] == 1


async def test_a_searched_value_inside_a_longer_text_must_be_one_word(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({"rows": []})
    person = {
        **PERSON,
        "search": {"method": "POST", "path": "q", "body": {"Condition": "XM='{value:XM}'"}, "rows": "rows"},
        "fields": {"name": {"path": "xm", "filter": {"eq": "XM"}}},
    }
    adapter = opened({"PersonRecord": person})
    await adapter.search("PersonRecord", Search([Compare("name", Op.EQ, "李四")], ["name"], 5), a_call())
    assert json.loads(desk.seen[0].body) == {"Condition": "XM='李四'"}
    for attack in ("x' OR '1'='1", "a--b", "a b", 'a"b', "a\\", "a;b", "a%b", "a,b"):
        with pytest.raises(Invalid):
            await adapter.search("PersonRecord", Search([Compare("name", Op.EQ, attack)], ["name"], 5), a_call())
    assert len(desk.seen) == 1


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("a/b?c#d", "/api/persons/a%2Fb%3Fc%23d"),
        ("../x", "/api/persons/..%2Fx"),
        ("李 %2e", "/api/persons/%E6%9D%8E%20%252e"),
    ],
)
async def test_a_key_stays_one_segment_of_the_path(desk: Desk, opened: OpenRest, key: str, path: str) -> None:
    desk.reply = lambda _: JSONResponse({"data": []})
    await opened({"PersonRecord": PERSON}).fetch("PersonRecord", [key], ["name"], a_call())
    assert desk.seen[0].path == path


@pytest.mark.parametrize("key", [".", ".."])
async def test_a_key_that_would_leave_its_path_is_not_sent(desk: Desk, opened: OpenRest, key: str) -> None:
    with pytest.raises(Invalid):
        await opened({"PersonRecord": PERSON}).fetch("PersonRecord", [key], ["name"], a_call())
    assert desk.seen == []


async def test_a_header_value_cannot_add_a_header(desk: Desk, opened: OpenRest) -> None:
    person = {**PERSON, "fetch": {"path": "persons/{key}", "headers": {"X-Actor": "{request.actor}"}}}
    with pytest.raises(Invalid):
        await opened({"PersonRecord": person}).fetch(
            "PersonRecord", ["7"], ["name"], a_call(actor="a\r\nX-Role: chief")
        )
    assert desk.seen == []


async def test_a_list_is_not_widened_by_a_key_that_holds_its_separator(desk: Desk, opened: OpenRest) -> None:
    person = {**PERSON, "fetch": {"path": "persons", "query": {"ids": "{keys}"}, "batch": 5}}
    with pytest.raises(Invalid):
        await opened({"PersonRecord": person}).fetch("PersonRecord", ["1,2", "3"], ["name"], a_call())
    assert desk.seen == []
