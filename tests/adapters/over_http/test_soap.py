"""The soap driver against a real server: GB18030 under wrong labels, Chinese elements, faults and hostile XML."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from typing import Any

import pytest
from lxml import etree
from starlette.responses import HTMLResponse, Response

from adapters.contract import (
    Adapter,
    AdapterError,
    Compare,
    Invalid,
    Malformed,
    Op,
    Record,
    Refused,
    Search,
    Unavailable,
    Unsupported,
)
from adapters.drivers.soap import SoapAdapter
from adapters.manifest import ManifestError
from tests.adapters.over_http.loopback import Desk, a_call, a_manifest

NAMESPACE = "http://mzj.example/service"
NAMES = {"s": "http://schemas.xmlsoap.org/soap/envelope/", "t": NAMESPACE}
PERSON = {
    "dataset": "BASEINFO_FAMILY",
    "key": "身份证号",
    "fetch": {
        "operation": "QueryFamily",
        "action": "urn:QueryFamily",
        "body": {"身份证号": "{key}", "reason": "{request.purpose}"},
        "rows": "人员",
    },
    "fields": {
        "name": {"path": "姓名"},
        "birthDate": {"path": "基本信息/出生日期"},
        "phones": {"path": "联系电话"},
        "sex": {"path": "@xb", "values": {"1": "MALE"}},
    },
}
GRANT = {
    "dataset": "SAM",
    "key": "编号",
    "person": "身份证号",
    "related": {
        "operation": "Grants",
        "body": {"tns:ids": {"tns:id": "{keys}"}},
        "rows": "救助",
        "batch": 10,
    },
    "fields": {"startedOn": {"path": "BEGIN_DATE", "formats": ["%Y-%m"]}},
}

Open = Callable[..., SoapAdapter]


@pytest.fixture
async def opened(desk: Desk) -> AsyncIterator[Open]:
    """Opens soap adapters on the desk and closes them again."""
    adapters: list[SoapAdapter] = []

    def open_one(entities: Mapping[str, Any], errors: list[Any] | None = None, **source: Any) -> SoapAdapter:
        given = {"kind": "soap", "base_url": f"{desk.url}/ws", "namespace": NAMESPACE, **source}
        adapters.append(SoapAdapter(a_manifest(given, entities, errors)))
        return adapters[-1]

    yield open_one
    for adapter in adapters:
        await adapter.aclose()


def xml(text: str, *, label: str = "GB2312", encoding: str = "gb18030", status: int = 200) -> Response:
    content = f'<?xml version="1.0" encoding="{label}"?>\n{text}'.encode(encoding)
    return Response(content, status, media_type="text/xml")


def enveloped(text: str, **changes: Any) -> Response:
    body = f'<soap:Envelope xmlns:soap="{NAMES["s"]}"><soap:Body>{text}</soap:Body></soap:Envelope>'
    return xml(body, **changes)


def fault(code: str) -> Response:
    said = "<soap:Fault><faultcode>{}</faultcode><faultstring>李四 329901199001010015</faultstring></soap:Fault>"
    return enveloped(said.format(code), status=500)


PERSON_ROW = (
    '<r:QueryFamilyResponse xmlns:r="http://mzj.example/service"><人员 xb="1">'
    "<身份证号>k1</身份证号><姓名>𬭊镕</姓名><基本信息><出生日期>19900304</出生日期></基本信息><联系电话>13900000001</联系电话><联系电话>13900000002</联系电话>"
    "</人员></r:QueryFamilyResponse>"
)


async def fetch(adapter: SoapAdapter, *keys: str) -> Mapping[str, Record | AdapterError]:
    return await adapter.fetch("PersonRecord", keys, ["name", "birthDate", "phones", "sex"], a_call())


@pytest.mark.parametrize("label", ["GB2312", "GBK", "UTF-8", "ISO-8859-1"])
async def test_gb18030_is_read_whatever_the_declaration_says(desk: Desk, opened: Open, label: str) -> None:
    desk.reply = lambda _: enveloped(PERSON_ROW, label=label)
    adapter = opened({"PersonRecord": PERSON})
    assert isinstance(adapter, Adapter)
    found = (await fetch(adapter, "k1"))["k1"]
    assert isinstance(found, Record)
    assert found.values == {
        "name": "𬭊镕",
        "birthDate": date(1990, 3, 4),
        "phones": ("13900000001", "13900000002"),
        "sex": "MALE",
    }


async def test_the_request_is_in_the_agencys_encoding_under_its_label(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: enveloped(PERSON_ROW)
    await fetch(opened({"PersonRecord": PERSON}), "李<四>&𬭊")
    seen = desk.seen[0]
    assert seen.headers["content-type"] == "text/xml; charset=GB2312"
    assert seen.headers["soapaction"] == '"urn:QueryFamily"'
    assert seen.body.startswith(b'<?xml version="1.0" encoding="GB2312"?>')
    text = seen.body.decode("gb18030").partition("?>")[2]
    sent = etree.fromstring(text)
    assert sent.findtext("s:Body/t:QueryFamily/身份证号", namespaces=NAMES) == "李<四>&𬭊"
    assert sent.findtext("s:Body/t:QueryFamily/reason", namespaces=NAMES) == "AFTERCARE"


async def test_an_encoding_without_a_character_sends_its_reference(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: enveloped(PERSON_ROW)
    await fetch(opened({"PersonRecord": PERSON}, encoding="gb2312"), "𬭊")
    sent = desk.seen[0].body.decode("gb2312").partition("?>")[2]
    assert etree.fromstring(sent).findtext(".//{*}身份证号") == "𬭊"


async def test_keys_of_a_batch_repeat_their_element(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: enveloped(
        "<R><救助><编号>g1</编号><身份证号>k2</身份证号><BEGIN_DATE>2024-05</BEGIN_DATE></救助>"
        "<救助><编号>g2</编号><身份证号>k9</身份证号></救助><救助/></R>"
    )
    adapter = opened({"SupportGrant": GRANT})
    found = await adapter.related("SupportGrant", ["k1", "k2"], ["startedOn"], a_call())
    assert {who: [one.key for one in found[who]] for who in found} == {"k2": ["g1"]}
    assert found["k2"][0].values == {"startedOn": date(2024, 5, 1)}
    sent = etree.fromstring(desk.seen[0].body.decode("gb18030").partition("?>")[2])
    assert [one.text for one in sent.findall(".//t:ids/t:id", NAMES)] == ["k1", "k2"]
    assert adapter.dropped["SAM"] == 2


async def test_bare_xml_has_no_envelope(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: xml("<返回><ERR>OK</ERR><人员><身份证号>k1</身份证号><姓名>李四</姓名></人员></返回>")
    person = {**PERSON, "fetch": {"operation": "查询", "body": {"身份证号": "{key}"}, "rows": "人员"}}
    rules = [{"path": "ERR", "equals": ["NOAUTH"], "means": "refused"}]
    adapter = opened({"PersonRecord": person}, rules, envelope="none", namespace="")
    found = (await fetch(adapter, "k1"))["k1"]
    assert isinstance(found, Record)
    assert found.values["name"] == "李四"
    assert desk.seen[0].body.decode("gb18030").endswith("<查询><身份证号>k1</身份证号></查询>")
    desk.reply = lambda _: xml("<返回><ERR>NOAUTH</ERR></返回>")
    with pytest.raises(Refused):
        await fetch(adapter, "k1")


async def test_xml_held_as_text_is_opened(desk: Desk, opened: Open) -> None:
    inner = "<?xml version='1.0' encoding='GBK'?><R><人员><身份证号>k1</身份证号></人员></R>"
    held = inner.replace("<", "&lt;")
    desk.reply = lambda _: enveloped(f"<Response><return>{held}</return></Response>")
    person = {**PERSON, "fetch": {**PERSON["fetch"], "envelope": {"data": "return"}}}
    assert set(await fetch(opened({"PersonRecord": person}), "k1")) == {"k1"}


async def test_a_row_path_may_be_xpath_with_prefixes(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: enveloped(
        f'<R xmlns="{NAMESPACE}"><人员 状态="0"><身份证号>k1</身份证号></人员>'
        '<人员 状态="9"><身份证号>k2</身份证号></人员></R>'
    )
    person = {
        **PERSON,
        "fetch": {**PERSON["fetch"], "body": {"ids": "{keys}"}, "batch": 5, "rows": "tns:人员[@状态='0']"},
    }
    assert set(await fetch(opened({"PersonRecord": person}), "k1", "k2")) == {"k1"}


async def test_an_element_that_is_nil_or_missing_is_null(desk: Desk, opened: Open) -> None:
    nil = 'xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true"'
    desk.reply = lambda _: enveloped(f"<R><人员><身份证号>k1</身份证号><姓名 {nil}>?</姓名></人员></R>")
    found = (await fetch(opened({"PersonRecord": PERSON}), "k1"))["k1"]
    assert isinstance(found, Record)
    assert set(found.values.values()) == {None}
    assert found.flags == ()


async def test_pages_go_on_until_the_total(desk: Desk, opened: Open) -> None:
    def page(seen: Any) -> Response:
        number = int(etree.fromstring(seen.body.decode("gb18030").partition("?>")[2]).findtext(".//page"))
        return enveloped(f"<R><total>3</total><人员><身份证号>k{number}</身份证号></人员></R>")

    desk.reply = page
    listed = {
        "operation": "List",
        "body": {"page": "{page}", "size": "{size}"},
        "rows": "人员",
        "pages": {"kind": "number", "size": 1, "total": "total"},
    }
    adapter = opened({"PersonRecord": {**PERSON, "keys": listed}})
    found, after = [], None
    for _ in range(3):
        piece = await adapter.keys(a_call(), after)
        found += [entry.key for entry in piece.entries]
        after = piece.after
    assert (found, after) == (["k1", "k2", "k3"], None)


async def test_a_search_puts_its_parameters_into_the_body(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: enveloped(PERSON_ROW)
    person = {
        **PERSON,
        "search": {"operation": "Search", "body": {"type": "1"}, "rows": "人员"},
        "fields": {"name": {"path": "姓名", "filter": {"eq": "姓名"}}},
    }
    adapter = opened({"PersonRecord": person})
    found = await adapter.search("PersonRecord", Search([Compare("name", Op.EQ, "𬭊镕")], ["name"], 5), a_call())
    assert [one.key for one in found.records] == ["k1"]
    assert "<type>1</type><姓名>𬭊镕</姓名>" in desk.seen[0].body.decode("gb18030")
    assert desk.seen[0].query == ""


# ---- failures ------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("soap:Client", Invalid),
        ("soap:Client.Arguments", Invalid),
        ("soap:Server", Unavailable),
        ("soap:VersionMismatch", Malformed),
    ],
)
async def test_a_fault_is_a_closed_error_without_its_words(
    desk: Desk, opened: Open, code: str, expected: type[AdapterError]
) -> None:
    desk.reply = lambda _: fault(code)
    with pytest.raises(expected) as raised:
        await fetch(opened({"PersonRecord": PERSON}), "k1")
    assert "李四" not in str(raised.value)
    assert "3299" not in str(raised.value)


async def test_a_rule_explains_a_fault(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: fault("ns:E1003")
    rule = {"path": "faultcode", "equals": ["ns:E1003"], "means": "absent"}
    assert await fetch(opened({"PersonRecord": PERSON}, [rule]), "k1") == {}


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    f'<soap:Envelope xmlns:soap="{NAMES["s"]}"><soap:Body><R>&b;</R></soap:Body></soap:Envelope>'
)


@pytest.mark.parametrize(
    "reply",
    [
        xml(BOMB),
        xml('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'),
        xml("<R>"),
        xml("<R></S>"),
        xml("<other/>"),
        enveloped(""),
        enveloped("<R>&nbsp;</R>"),
        enveloped("<R>\x01</R>"),
        enveloped("<a>" * 400 + "</a>" * 400),
        Response(b"", media_type="text/xml"),
        HTMLResponse("<html/>"),
        Response(b"{}", media_type="application/json"),
    ],
)
async def test_hostile_or_broken_xml_is_malformed(desk: Desk, opened: Open, reply: Response) -> None:
    desk.reply = lambda _: reply
    with pytest.raises(Malformed):
        await fetch(opened({"PersonRecord": PERSON}), "k1")


async def test_a_value_that_xml_cannot_carry_is_not_sent(desk: Desk, opened: Open) -> None:
    with pytest.raises(Invalid):
        await opened({"PersonRecord": PERSON}).fetch("PersonRecord", ["k1"], ["name"], a_call(purpose="a\x01b"))
    assert desk.seen == []


async def test_what_is_not_declared_is_unsupported(desk: Desk, opened: Open) -> None:
    with pytest.raises(Unsupported):
        await opened({"PersonRecord": PERSON}).keys(a_call())
    assert desk.seen == []


@pytest.mark.parametrize(
    "change",
    [
        {"fields": {"name": {"path": "姓名["}}},
        {"fetch": {**PERSON["fetch"], "rows": "none:人员"}},
        {"fetch": {**PERSON["fetch"], "envelope": {"data": "return", "encoding": "base64-json"}}},
        {"fetch": {**PERSON["fetch"], "body": {"id": "{kee}"}}},
    ],
)
def test_a_manifest_that_cannot_work_stops_the_start(opened: Open, change: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match=r"js-test: entities\.PersonRecord"):
        opened({"PersonRecord": {**PERSON, **change}})


async def test_health_asks_for_the_description(desk: Desk, opened: Open) -> None:
    desk.reply = lambda _: xml("<definitions/>")
    assert (await opened({"PersonRecord": PERSON}, health="?wsdl").health()).ok
    assert (desk.seen[0].path, desk.seen[0].query) == ("/ws", "wsdl")
