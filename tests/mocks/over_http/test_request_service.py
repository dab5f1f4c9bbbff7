"""The police request service as an agency's own client meets it: an envelope with a reason, a parsed Condition."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks import wire
from mocks.jiangsu.request_service import SERVICE
from tests.mocks.over_http.conftest import Plain, Running

ENVELOPE: dict[str, object] = {
    "SenderId": "C10-00000032",
    "ServiceId": SERVICE,
    "AuthorizeInfo": "x",
    "EndUser": {"UserCardId": "u", "UserName": "u", "UserDept": "d", "CallReason": "HANDOFF"},
    "Method": "Query",
    "Params": {"Condition": "GMSFHM='329901199001010010'", "RequiredItems": "GMSFHM,XM", "InfoCodeMode": "0"},
}


def post(client: httpx.Client, path: str = "/rbsp/service", **changes: object) -> dict[str, object]:
    body = deepcopy(ENVELOPE)
    for name, value in changes.items():
        part = body[name]
        body[name] = {**part, **value} if isinstance(part, dict) and isinstance(value, dict) else value
    response = client.post(path, json=body)
    assert response.status_code == 200
    payload = response.json()["PayLoad"]
    assert isinstance(payload, dict)
    return payload


def result(payload: dict[str, object]) -> list[dict[str, str]]:
    assert payload["Code"] == wire.DONE
    data = payload["Data"]
    assert isinstance(data, dict)
    return list(data["Result"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"EndUser": {"CallReason": ""}}, wire.NO_CALL_REASON),
        ({"EndUser": {"CallReason": "  "}}, wire.NO_CALL_REASON),
        ({"EndUser": {"UserCardId": ""}}, wire.NOT_AUTHORISED),
        ({"AuthorizeInfo": ""}, wire.NOT_AUTHORISED),
        ({"SenderId": ""}, wire.BAD_ENVELOPE),
        ({"Method": "Delete"}, wire.UNKNOWN_METHOD),
        ({"ServiceId": "S10-99999999"}, wire.UNKNOWN_METHOD),
        ({"Params": {"RequiredItems": "GMSFHM,XP"}}, wire.BAD_ITEMS),
        ({"Params": {"RequiredItems": ""}}, wire.BAD_ITEMS),
        ({"Params": {"Condition": "XM='x'"}}, wire.BAD_CONDITION),
    ],
)
def test_a_refusal_is_a_code_in_a_200(client: Plain, changes: dict[str, object], code: str) -> None:
    payload = post(client("jiangsu-request-service"), **changes)
    assert payload["Code"] == code
    assert payload["Data"] == {"Total": 0, "Result": []}


@pytest.mark.parametrize(
    "injected",
    [
        "GMSFHM='1' OR '1'='1'",
        "GMSFHM='1'; DROP TABLE HJXX_CZRKJBXXB",
        "GMSFHM='1' --",
        "GMSFHM IN (SELECT GMSFHM FROM HJXX_CZRKJBXXB)",
        "GMSFHM IN ('1') UNION SELECT 1",
        "GMSFHM LIKE '%'",
        "GMSFHM='%'",
        "1=1",
        "",
    ],
)
def test_a_condition_beyond_the_grammar_is_refused(client: Plain, injected: str) -> None:
    payload = post(client("jiangsu-request-service"), Params={"Condition": injected})
    assert payload["Code"] == wire.BAD_CONDITION


@given(st.text(alphabet="GMSFHM='(), INORx1;-%*", max_size=60))
def test_a_condition_is_parsed_or_refused(text: str) -> None:
    with suppress(wire.Refusal):
        condition = wire.parse(text)
        assert condition.values
        assert not any(set(value) & set("'();%* ") for value in condition.values)


def test_several_people_are_found_at_once_and_only_the_wanted_items_answered(client: Plain, running: Running) -> None:
    numbers = [running.world.story(name).id_number for name in ("conflict", "relief_applicant")]
    condition = f"GMSFHM IN ('{numbers[0]}', '{numbers[1]}')"
    rows = result(post(client("jiangsu-request-service"), Params={"Condition": condition}))
    assert {row["GMSFHM"] for row in rows} == set(numbers)
    assert all(row.keys() == {"GMSFHM", "XM"} for row in rows)


def test_info_code_mode_one_answers_in_words(client: Plain, running: Running) -> None:
    number = running.world.story("relief_applicant").id_number
    asked = {"Condition": f"GMSFHM='{number}'", "RequiredItems": "XB,SSXQ"}
    plain = client("jiangsu-request-service")
    assert result(post(plain, Params=asked)) == [{"XB": "2", "SSXQ": "320506"}]
    assert result(post(plain, Params={**asked, "InfoCodeMode": "1"})) == [{"XB": "女", "SSXQ": "苏州市吴中区"}]


def test_the_register_keeps_former_names_and_cancelled_numbers_as_rows_not_in_force(
    client: Plain, running: Running
) -> None:
    life = running.world.story("two_numbers")
    asked = {"Condition": f"GMSFHM='{life.second_id_number}'", "RequiredItems": "CXBZ"}
    assert result(post(client("jiangsu-request-service"), Params=asked)) == [{"CXBZ": "1"}]
    renamed = running.world.story("conflict")
    asked = {"Condition": f"GMSFHM='{renamed.id_number}'", "RequiredItems": "XM,JLBZ"}
    rows = result(post(client("jiangsu-request-service"), Params=asked))
    assert {(row["XM"], row["JLBZ"]) for row in rows} == {(renamed.name, "1"), (renamed.former_name, "0")}


def test_the_list_is_paged_by_number(client: Plain) -> None:
    plain = client("jiangsu-request-service")
    seen: list[str] = []
    for page in range(1, 100):
        asked = {"RequiredItems": "RYNBID", "PageNo": page, "PageSize": 40}
        rows = result(post(plain, Method="QueryList", Params=asked))
        seen += [row["RYNBID"] for row in rows]
        if not rows:
            break
    assert len(seen) == len(set(seen)) > 80


def test_without_the_secret_nobody_is_served(running: Running) -> None:
    with httpx.Client(base_url=running.url("jiangsu-request-service"), trust_env=False) as stranger:
        assert stranger.get("/healthz").status_code == 200
        assert post(stranger)["Code"] == wire.NOT_AUTHORISED


def test_zhejiang_serves_the_same_wire_over_its_own_columns(client: Plain, running: Running) -> None:
    number = running.world.story("cross_province").id_number
    payload = post(
        client("zhejiang-police"),
        "/zdry/request",
        ServiceId="S10-00003301",
        Params={"Condition": f"zjhm='{number}'", "RequiredItems": "zdryid,xm,xt_zxbz"},
    )
    assert [row["xm"] for row in result(payload)] == ["沈浩然"]


@pytest.mark.parametrize("filters", [{}, {"xt_zxbz": "0"}, {"xm' OR '1'='1": "x"}, {"xzdxzqh": "%", "xm": "x"}])
def test_a_search_takes_only_its_own_filters_and_no_wildcards(client: Plain, filters: dict[str, str]) -> None:
    asked = {"Filters": filters, "RequiredItems": "zdryid"}
    plain = client("zhejiang-police")
    payload = post(plain, "/zdry/request", ServiceId="S10-00003301", Method="Search", Params=asked)
    assert payload["Code"] == wire.BAD_CONDITION or payload["Data"] == {"Total": 0, "Result": []}
