"""A journey over two provinces: planned, batched, decided again by the holder, on record on both sides."""

from __future__ import annotations

import json
import urllib.request

from mocks.stage import Stage
from tests.provinces.asking import ask, post

JOURNEY = """query Journey($id: ID!) { person(id: $id) { id name status
  records { source { id jurisdiction { code name } } peer }
  cases { edges { node { measures { kind startsOn record { source { id jurisdiction { code } } peer } }
    decisions { kind record { source { id } } } } } } health { treatments { diagnosis } } } }"""


def test_a_journey_over_two_provinces_is_one_answer(stage: Stage) -> None:
    person = stage.person_id(stage.world.story("cross_province"))
    answer = ask(stage, "aftercare-officer", JOURNEY, {"id": person}, province="zhejiang")
    assert "errors" not in answer
    found = answer["data"]["person"]
    holders = {one["source"]["id"]: one["source"]["jurisdiction"]["code"] for one in found["records"]}
    assert set(holders.values()) == {"320000", "330000"}
    (case,) = (edge["node"] for edge in found["cases"]["edges"])
    places = {one["kind"]: one["record"]["source"]["jurisdiction"]["code"] for one in case["measures"]}
    assert places["COMPULSORY_ISOLATION"] == "320000"
    assert places["COMMUNITY_RECOVERY"] == "330000"
    isolated = next(one for one in case["measures"] if one["kind"] == "COMPULSORY_ISOLATION")
    assert isolated["record"]["peer"] == "jiangsu-gateway"
    outcomes = {one["source"]: one["outcome"] for one in answer["extensions"]["sources"]}
    assert outcomes["jiangsu-gateway"] == "ok"


def test_the_holder_has_the_access_on_its_own_record(stage: Stage) -> None:
    person = stage.person_id(stage.world.story("returned"))
    ask(stage, "aftercare-officer", JOURNEY, {"id": person})
    query = """query($id: ID!) { person(id: $id) { accesses { edges { node {
        requestId subject via purpose agency { code } peers } } } } }"""
    there = ask(stage, "auditor", query, {"id": person}, province="zhejiang")
    forwarded = [edge["node"] for edge in there["data"]["person"]["accesses"]["edges"] if edge["node"]["via"]]
    assert forwarded
    assert {one["subject"] for one in forwarded} == {"staff-aftercare-officer"}
    assert {tuple(one["via"]) for one in forwarded} == {("yiti-jiangsu",)}
    assert all(one["peers"] == [] for one in forwarded), "a forwarded query is never forwarded again"
    here = ask(stage, "auditor", query, {"id": person})["data"]["person"]["accesses"]["edges"]
    asked = {edge["node"]["requestId"] for edge in here if "zhejiang-gateway" in edge["node"]["peers"]}
    assert {one["requestId"] for one in forwarded} <= asked, "both sides know it by one name"


def test_unknown_and_not_yours_are_one_answer_over_http(stage: Stage) -> None:
    theirs = stage.person_id(stage.world.story("ordered_not_reported"))
    nobody = theirs[:-4] + ("aaaa" if theirs[-4:] != "aaaa" else "bbbb")
    query = "query($id: ID!) { person(id: $id) { id name status records { recordId } } }"
    bodies = [ask(stage, "township-worker", query, {"id": one}, province="zhejiang") for one in (theirs, nobody)]
    assert bodies[0] == bodies[1] == {"data": {"person": None}}


def test_a_gateway_is_a_federation_2_subgraph(stage: Stage) -> None:
    person = stage.person_id(stage.world.story("conflict"))
    query = """query($people: [_Any!]!) { _service { sdl }
        _entities(representations: $people) { ... on Person { id name } } }"""
    people = [{"__typename": "Person", "id": person}, {"__typename": "Person", "id": person}]
    answer = ask(stage, "aftercare-officer", query, {"people": people})
    assert 'type Person implements Node @key(fields: "id")' in answer["data"]["_service"]["sdl"]
    assert [one["id"] for one in answer["data"]["_entities"]] == [person, person]


def test_the_locator_answers_gateways_alone(stage: Stage) -> None:
    url = f"{stage.urls['jiangsu']}/federation/locator"
    for token in (None, stage.token("jiangsu", "auditor"), "not.a.token"):
        status, body = post(url, b'{"after": null}', token)
        assert status in {401, 403}
        assert "tokens" not in json.dumps(body)


def test_two_numbers_of_one_person_are_one_person(stage: Stage) -> None:
    life = stage.world.story("two_numbers")
    query = "query($d: DocumentInput!) { lookup(document: $d) { id records { source { id } } } }"
    first, second = (
        ask(stage, "aftercare-officer", query, {"d": {"number": number}})["data"]["lookup"]
        for number in (life.id_number, life.second_id_number)
    )
    assert first == second
    assert {one["source"]["id"] for one in first["records"]} >= {"jiangsu-police", "jiangsu-facility"}


def test_the_editor_and_the_pages_load_nothing_from_elsewhere(stage: Stage) -> None:
    request = urllib.request.Request(f"{stage.urls['jiangsu']}/graphql", headers={"Accept": "text/html"})
    with urllib.request.urlopen(request) as page:
        text = page.read().decode()
        assert "default-src" in page.headers["Content-Security-Policy"]
    assert "https://" not in text.replace("https://github.com", "")
