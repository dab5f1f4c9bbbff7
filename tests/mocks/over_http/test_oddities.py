"""What is odd about each agency behind HTTP, met with plain requests over real connections."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from lxml import etree

from mocks.jiangsu.aftercare import NO_DATA
from mocks.jiangsu.centre import BAD_CURSOR, TOO_MANY
from mocks.jiangsu.civil_affairs import NAMESPACE
from mocks.systems import SYSTEMS
from tests.mocks.over_http.conftest import RARE, Plain, Running

HTTP = sorted(system.id for system in SYSTEMS.values() if system.kind == "http")
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.mark.parametrize("system", HTTP)
def test_health_is_open_and_the_rest_is_not(running: Running, system: str) -> None:
    paths = {
        "jiangsu-centre": "/api/v1/residents",
        "jiangsu-community-events": "/push/users",
        "jiangsu-aftercare": "/api/AllArchivesInfo",
        "jiangsu-hospital": "/fhir/Patient",
        "zhejiang-aftercare": "/prod-api/hxzg/dx/list",
    }
    with httpx.Client(base_url=running.url(system), trust_env=False, headers={"X-Api-Key": "guessed"}) as stranger:
        assert stranger.get("/healthz").json() == {"status": "UP"}
        answer = stranger.get(paths.get(system, "/"))
        refused = answer.content.decode("gb18030" if b"GB" in answer.content[:60] else "utf-8")
    assert not any(life.id_number in refused for life in running.world.lives if life.id_number)
    assert answer.status_code in (401, 403) or any(word in refused for word in ("未授权", "无效", "认证失败"))


def test_the_centre_hands_out_everybody_once_by_cursor(client: Plain) -> None:
    plain = client("jiangsu-centre")
    seen: list[str] = []
    cursor = None
    while True:
        page = plain.get("/api/v1/residents", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["residentNo"] for item in page["data"]["items"]]
        cursor = page["data"]["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 2


def test_the_centre_refuses_a_forged_cursor_and_too_many_with_codes_in_a_200(client: Plain) -> None:
    plain = client("jiangsu-centre")
    forged = plain.get("/api/v1/residents", params={"cursor": "\u00e9\u00e9"})
    assert (forged.status_code, forged.json()["code"]) == (200, BAD_CURSOR)
    many = plain.get("/api/v1/stays", params={"residentNos": ",".join(str(number) for number in range(51))})
    assert (many.status_code, many.json()["code"]) == (200, TOO_MANY)


def test_the_centre_writes_dates_as_milliseconds_and_a_flag_upside_down(client: Plain) -> None:
    plain = client("jiangsu-centre")
    people = [item["residentNo"] for item in plain.get("/api/v1/residents").json()["data"]["items"]]
    stays = plain.get("/api/v1/stays", params={"residentNos": ",".join(people)}).json()["data"]["items"]
    assert all(stay["inDdate"].isdecimal() and len(stay["inDdate"]) == 13 for stay in stays)
    assert {stay["seamlessJoint"] for stay in stays} <= {"0", "1", None}


def test_the_event_feed_pages_by_offset_and_sends_withdrawn_rows_too(client: Plain) -> None:
    plain = client("jiangsu-community-events")
    users = plain.get("/push/users", params={"limit": 500}).json()["users"]
    everybody = ",".join(user["userId"] for user in users)
    first = plain.get("/push/events", params={"userId": everybody, "limit": 500}).json()
    rest = plain.get("/push/events", params={"userId": everybody, "offset": 500, "limit": 500}).json()
    events = first["events"] + rest["events"]
    assert len(events) == first["count"] == rest["count"]
    assert {event["isDel"] for event in events} == {"0", "1"}
    assert "199999" in {event["notificationType"] for event in events}
    assert plain.get("/push/events").json()["errCode"] == "E1002"


def test_the_end_of_the_archives_is_a_failure(client: Plain) -> None:
    plain = client("jiangsu-aftercare")
    first = plain.get("/api/AllArchivesInfo", params={"pageIndex": 1, "pageSize": 500}).json()
    archives = json.loads(base64.b64decode(first["Data"]))
    assert first["Success"] is True
    assert archives[0]["ArchivesNo"].startswith("HXZG")
    end = plain.get("/api/AllArchivesInfo", params={"pageIndex": 2, "pageSize": 500})
    assert end.status_code == 200
    assert end.json() == {"Success": False, "Msg": NO_DATA, "Data": None}
    many = ",".join(f"HXZG{number:07d}" for number in range(51))
    assert plain.get("/api/VisitRecord", params={"ArchivesNo": many}).json()["Success"] is False


def test_an_archive_is_verified_by_number(client: Plain, running: Running) -> None:
    life = running.world.story("relief_applicant")
    plain = client("jiangsu-aftercare")
    held = plain.post("/api/ArchivesVerify", json={"IDNumber": life.id_number}).json()
    assert plain.post("/api/ArchivesVerify", json={}).json()["Success"] is False
    assert plain.post("/api/ArchivesVerify", content=b"{").json()["Success"] is False
    if any(term.kind == "AFTERCARE" for term in life.terms):
        assert json.loads(base64.b64decode(held["Data"]))[0]["Name"] == life.name
    else:
        assert held["Msg"] == NO_DATA


def test_aftercare_holds_other_provinces_households_only_when_entrusted(client: Plain) -> None:
    answer = client("jiangsu-aftercare").get("/api/AllArchivesInfo").json()
    archives = json.loads(base64.b64decode(answer["Data"]))
    outside = [archive for archive in archives if archive["IsOutProvince"] == "1"]
    assert all(archive["Custodian"] for archive in outside)
    assert len(outside) < len(archives) / 10


def ask_civil_affairs(plain: httpx.Client, operation: str, **parameters: str) -> httpx.Response:
    values = "".join(f"<{name}>{value}</{name}>" for name, value in parameters.items())
    operation_element = f'<m:{operation} xmlns:m="{NAMESPACE}">{values}</m:{operation}>'
    body = f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{operation_element}</e:Body></e:Envelope>'
    content = f'<?xml version="1.0" encoding="GB2312"?>{body}'
    return plain.post("/services/SamService", content=content.encode("gb18030"))


def test_civil_affairs_labels_gb18030_as_gb2312(client: Plain, running: Running) -> None:
    number = running.world.story("relief_applicant").id_number or ""
    answer = ask_civil_affairs(client("jiangsu-civil-affairs"), "QueryMember", CARD_NO=number)
    assert answer.content.startswith(b'<?xml version="1.0" encoding="GB2312"?>')
    assert "GB2312" in answer.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("gb2312")
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)
    text = answer.content.decode("gb18030")
    assert f"{RARE}<" in text
    assert "ACCOUNT_NUMBER" not in text


def test_civil_affairs_speaks_of_households(client: Plain, running: Running) -> None:
    life = running.world.story("relief_applicant")
    plain = client("jiangsu-civil-affairs")
    found = ask_civil_affairs(plain, "QueryMember", CARD_NO=life.id_number or "").content.decode("gb18030")
    member = found.partition("MEMBER_ID>")[2].partition("<")[0]
    kin = ask_civil_affairs(plain, "QueryRelation", MEMBER_ID=member).content.decode("gb18030")
    assert all(f">{relative.name}<" in kin for relative in life.family)
    assert f">{life.name}<" not in kin


def test_civil_affairs_faults_where_soap_says_so(client: Plain) -> None:
    plain = client("jiangsu-civil-affairs")
    unknown = ask_civil_affairs(plain, "DropEverything")
    assert unknown.status_code == 500
    assert b"Fault" in unknown.content
    assert plain.post("/services/SamService", content=b"<no").status_code == 500
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    assert b"root:" not in plain.post("/services/SamService", content=entity).content
    assert "<sam:CODE>0<" in ask_civil_affairs(plain, "QueryMember").content.decode("gb18030")


def ask_employment(plain: httpx.Client, **parameters: str) -> etree._Element:
    values = "".join(f"<{name}>{value}</{name}>" for name, value in parameters.items())
    answer = plain.post("/jy/interface", content=f"<请求>{values}</请求>".encode("gb18030"))
    assert answer.status_code == 200
    text = answer.content.decode("gb18030")
    return etree.fromstring(text.partition("?>")[2])


def test_employment_answers_in_chinese_elements(client: Plain) -> None:
    plain = client("jiangsu-employment")
    listed = ask_employment(plain, 服务="人员清单", 页码="1", 页大小="3")
    assert listed.findtext("ERR") == "OK"
    assert listed.findtext("时间") == "20140308095644"
    people = [row.findtext("AAC001") or "" for row in listed.iterfind("记录集/记录")]
    assert len(people) == 3
    assert int(listed.findtext("总数") or 0) > 3


def test_employment_says_nothing_is_there_in_words(client: Plain) -> None:
    plain = client("jiangsu-employment")
    assert ask_employment(plain, 服务="人员查询", AAC001="0").findtext("ERR") == "无数据"
    assert ask_employment(plain, 服务="没有").findtext("ERR") == "无数据"
    broken = plain.post("/jy/interface", content=b"<").content.decode("gb18030")
    assert "<ERR>1002 请求报文错误</ERR>" in broken


def test_the_hospital_links_its_pages(client: Plain) -> None:
    plain = client("jiangsu-hospital")
    bundle = plain.get("/fhir/Patient", params={"_count": 1}).json()
    seen = []
    while True:
        assert bundle["resourceType"] == "Bundle"
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            break
        bundle = plain.get(following[0]).json()
    assert len(seen) == len(set(seen)) == bundle["total"] > 1


def test_the_hospital_reads_searches_and_refuses_as_fhir_does(client: Plain, running: Running) -> None:
    plain = client("jiangsu-hospital")
    number = running.world.story("hiv").id_number
    found = plain.get("/fhir/Patient", params={"identifier": f"urn:oid:2.16.156.10011.1.3|{number}"}).json()
    patient = found["entry"][0]["resource"]["id"]
    assert plain.get(f"/fhir/Patient/{patient}").headers["content-type"] == "application/fhir+json"
    tests = plain.get("/fhir/Observation", params={"patient": f"Patient/{patient}", "code": "hiv-antibody"}).json()
    assert tests["entry"][0]["resource"]["valueCodeableConcept"]["coding"][0]["code"] == "POS"
    gone = plain.get("/fhir/Patient/nobody")
    assert (gone.status_code, gone.json()["resourceType"]) == (404, "OperationOutcome")
    assert plain.get("/fhir/Patient", params={"wallet": "x"}).status_code == 400
    empty = plain.get("/fhir/Patient", params={"identifier": "none"}).json()
    assert empty["total"] == 0
    assert "entry" not in empty


def test_zhejiang_repeats_its_last_page_for_ever(client: Plain) -> None:
    plain = client("zhejiang-aftercare")
    last = plain.get("/prod-api/hxzg/zf/list", params={"pageNum": 1, "pageSize": 100}).json()
    beyond = plain.get("/prod-api/hxzg/zf/list", params={"pageNum": 99, "pageSize": 100}).json()
    assert beyond["code"] == 200
    assert beyond["rows"][-1]["zfbh"] == max(row["zfbh"] for row in beyond["rows"])
    assert len(beyond["rows"]) == (last["total"] - 1) % 100 + 1
