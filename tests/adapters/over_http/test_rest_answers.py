"""What the rest driver makes of answers: broken ones, wrong labels, and the manifest's own rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from adapters.contract import (
    Malformed,
    Throttled,
    Unavailable,
)
from adapters.manifest import ManifestError
from tests.adapters.over_http.conftest import OpenRest
from tests.adapters.over_http.loopback import Desk, a_call
from tests.adapters.over_http.rest_cases import PERSON, answers, record


@pytest.mark.parametrize(
    "reply",
    [
        HTMLResponse("<html>登录</html>"),
        Response(b'{"data": [', media_type="application/json"),
        Response(b"", media_type="application/json"),
        Response(b'"text"', media_type="application/json"),
        Response(b"null", media_type="application/json"),
        Response(b'{"data": "text"}', media_type="application/json"),
        Response(b'{"data": NaN}', media_type="application/json"),
        Response(b"\xff\xfe\x00{", media_type="application/json"),
        Response(b"[" * 100_000, media_type="application/json"),
        PlainTextResponse("OK"),
    ],
)
async def test_a_broken_answer_is_malformed(desk: Desk, opened: OpenRest, reply: Response) -> None:
    desk.reply = lambda _: reply
    with pytest.raises(Malformed):
        await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["7"], ["name"], a_call())


async def test_an_error_page_is_judged_by_its_status(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: HTMLResponse("<html>502</html>", 502)
    with pytest.raises(Unavailable):
        await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["7"], ["name"], a_call())


async def test_throttling_by_a_rule_keeps_the_time_to_wait(desk: Desk, opened: OpenRest) -> None:
    desk.reply = lambda _: JSONResponse({"code": 4290}, headers={"retry-after": "3"})
    adapter = opened({"PersonRecord": PERSON}, [{"path": "code", "equals": ["4290"], "means": "throttled"}])
    with pytest.raises(Throttled) as raised:
        await adapter.fetch("PersonRecord", ["7"], ["name"], a_call())
    assert raised.value.retry_after is not None


@pytest.mark.parametrize(("label", "override"), [("gb2312", None), ("utf-8", "gb18030")])
async def test_gbk_text_under_a_wrong_label_is_read(
    desk: Desk, opened: OpenRest, label: str, override: str | None
) -> None:
    content = json.dumps({"data": {"id": "7", "xm": "𬭊镕"}}, ensure_ascii=False).encode("gb18030")
    desk.reply = lambda _: Response(content, headers={"content-type": f"application/json; charset={label}"})
    adapter = opened({"PersonRecord": PERSON}, encoding=override)
    assert record(await adapter.fetch("PersonRecord", ["7"], ["name"], a_call()), "7").values["name"] == "𬭊镕"


async def test_chinese_names_need_no_quotes_in_a_path(desk: Desk, opened: OpenRest) -> None:
    desk.reply = answers({"persons/7": {"数据": {"人员": [{"编号": "7", "基本": {"姓名": "李四"}}]}}})
    person = {
        **PERSON,
        "key": "编号",
        "fetch": {"path": "persons/{key}", "rows": "数据.人员"},
        "fields": {"name": {"path": "基本.姓名"}},
    }
    found = await opened({"PersonRecord": person}).fetch("PersonRecord", ["7"], ["name"], a_call())
    assert record(found, "7").values["name"] == "李四"


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"fetch": {"path": "persons/{kee}"}}, "kee"),
        ({"fetch": {"path": "persons?id={key}"}}, "query"),
        ({"fetch": {"path": "p/{key}", "key_pattern": "("}}, "key_pattern"),
        ({"fetch": {"path": "p/{key}", "rows": "data[["}}, "rows"),
        ({"key": "nope(@)"}, "nope"),
        ({"fields": {"name": {"path": "a b"}}}, "a b"),
        ({"fetch": {"method": "POST", "body": ["{keys}"]}}, "body"),
    ],
)
def test_a_manifest_that_cannot_work_stops_the_start(opened: OpenRest, change: dict[str, Any], names: str) -> None:
    with pytest.raises(ManifestError, match=r"js-test: entities\.PersonRecord") as raised:
        opened({"PersonRecord": {**PERSON, **change}})
    assert names in str(raised.value)


def test_a_rule_that_matches_everything_stops_the_start(opened: OpenRest) -> None:
    with pytest.raises(ManifestError, match=r"errors\.0"):
        opened({"PersonRecord": PERSON}, [{"means": "absent"}])


@pytest.mark.parametrize(("status", "ok"), [(200, True), (503, False), (404, False)])
async def test_health_asks_the_declared_path(desk: Desk, opened: OpenRest, status: int, ok: bool) -> None:
    desk.reply = lambda _: JSONResponse({}, status)
    assert (await opened({"PersonRecord": PERSON}, health="ping?x=1").health()).ok is ok
    assert (desk.seen[0].path, desk.seen[0].query) == ("/api/ping", "x=1")


async def test_the_secret_and_fixed_headers_are_sent(
    desk: Desk, opened: OpenRest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JS_KEY", "k-1")
    desk.reply = lambda _: JSONResponse({"data": []})
    auth = {"kind": "header", "name": "X-Key", "secret_env": "JS_KEY"}
    adapter = opened({"PersonRecord": PERSON}, auth=auth, headers={"X-System": "yiti"})
    await adapter.fetch("PersonRecord", ["7"], ["name"], a_call())
    assert (desk.seen[0].headers["x-key"], desk.seen[0].headers["x-system"]) == ("k-1", "yiti")
