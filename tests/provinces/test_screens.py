"""Each screen that front-end teams build first, for the viewers whom it is meant for, by one request."""

from __future__ import annotations

from typing import Any

from mocks.stage import Stage
from tests.provinces.asking import screen


def person(stage: Stage, story: str) -> str:
    return stage.person_id(stage.world.story(story))


def effects(answer: dict[str, Any]) -> dict[str, str]:
    return {one["path"]: one["effect"] for one in answer.get("extensions", {}).get("authorization", ())}


def test_an_aftercare_officer_sees_a_persons_card(stage: Stage) -> None:
    life = stage.world.story("conflict")
    answer = screen(stage, "aftercare-officer", "PersonCard", {"id": person(stage, "conflict")})
    assert "errors" not in answer
    card = answer["data"]["person"]
    assert (card["name"], card["sex"], card["birthDate"]) == (life.name, life.sex, life.birth_date.isoformat())
    assert card["idNumber"] not in (None, life.id_number)
    assert card["status"] == "IN_COMMUNITY_RECOVERY"
    assert card["currentMeasure"]["kind"] == "COMMUNITY_RECOVERY"
    assert card["residence"]["jurisdiction"]["code"] == life.residence
    (case,) = (edge["node"] for edge in card["cases"]["edges"])
    assert case["communityRecoveryAdvice"]["outcome"] == "MUST"
    assert {mark["stage"] for mark in case["assessments"]} >= {"BEFORE_EXPIRY"}
    assert effects(answer)["person.idNumber"] == "MASK"


def test_a_conflict_shows_every_value_with_its_source(stage: Stage) -> None:
    answer = screen(stage, "aftercare-officer", "PersonCard", {"id": person(stage, "conflict")})
    conflicts = {one["field"]: one for one in answer["data"]["person"]["conflicts"]}
    name = conflicts["name"]
    said = {one["record"]["source"]["id"]: one["value"] for one in name["values"]}
    assert len(set(said.values())) >= 2
    assert name["chosen"] in said.values()
    assert name["because"].split(":")[0] in {"PRECEDENCE", "QUALITY", "NEWEST"}


def test_a_township_worker_sees_who_has_not_reported(stage: Stage) -> None:
    answer = screen(stage, "township-worker", "TownshipRoster", {"jurisdiction": "321183901"})
    assert "errors" not in answer
    roster = answer["data"]["persons"]
    overdue = {edge["node"]["id"]: edge["node"] for edge in roster["edges"]}[person(stage, "ordered_not_reported")]
    assert overdue["status"] == "ORDERED_NOT_REPORTED"
    assert roster["totalCount"] == len(roster["edges"])
    assert {edge["node"]["status"] for edge in roster["edges"]} <= {"ORDERED_NOT_REPORTED", "IN_COMMUNITY_RECOVERY"}


def test_a_township_worker_sees_nobody_of_another_township(stage: Stage) -> None:
    answer = screen(stage, "township-worker", "TownshipRoster", {"jurisdiction": "320506901"})
    assert answer["data"]["persons"]["totalCount"] == 0


def test_a_release_officer_sees_a_case_in_order(stage: Stage) -> None:
    card = screen(stage, "aftercare-officer", "PersonCard", {"id": person(stage, "never_ordered")})
    case_id = card["data"]["person"]["cases"]["edges"][0]["node"]["id"]
    life = stage.world.story("never_ordered")
    (isolation,) = (term for term in life.terms if term.kind == "COMPULSORY_ISOLATION")
    profile = "release-officer" if isolation.agency_code == "321183301" else "police-officer"
    answer = screen(stage, profile, "CaseTimeline", {"id": case_id})
    assert "errors" not in answer
    case = answer["data"]["case"]
    assert case["stage"] == "RELEASED"
    assert [one["__typename"] for one in case["measures"]] == ["CompulsoryIsolation"]
    assert {one["kind"] for one in case["decisions"]} >= {"COMPULSORY_ISOLATION_ORDER"}
    days = [edge["node"]["on"] for edge in case["timeline"]["edges"]]
    assert days == sorted(days)
    assert {edge["node"]["kind"] for edge in case["timeline"]["edges"]} >= {"DECIDED", "ADMITTED", "RELEASED"}


def test_a_clerk_learns_whether_but_not_why(stage: Stage) -> None:
    life = stage.world.story("relief_applicant")
    answer = screen(stage, "clerk", "Eligible", {"doc": {"number": life.id_number}})
    found = answer["data"]["lookup"]
    assert found["eligibility"]["eligible"] is True
    assert found["eligibility"]["until"] is not None
    assert found["status"] is None
    assert found["drugUse"] is None or found["drugUse"] == {"firstUsedOn": None}
    assert effects(answer)["lookup.status"] == "DENY"


def test_an_auditor_sees_who_saw_a_person(stage: Stage) -> None:
    asked = person(stage, "hiv")
    screen(stage, "aftercare-officer", "PersonCard", {"id": asked})
    answer = screen(stage, "auditor", "WhoSaw", {"id": asked})
    assert "errors" not in answer
    seen = [edge["node"] for edge in answer["data"]["person"]["accesses"]["edges"]]
    card = next(one for one in seen if one["subject"] == "staff-aftercare-officer")
    shown = {field["path"]: field for field in card["fields"]}
    assert shown["person.name"]["effect"] == "ALLOW"
    assert shown["person.name"]["policies"]
    assert shown["person.idNumber"]["effect"] == "MASK"


def test_anyone_sees_who_they_are_and_why_not(stage: Stage) -> None:
    answer = screen(stage, "clerk", "Me")
    viewer = answer["data"]["viewer"]
    grants = {one["label"]: one for one in viewer["labels"]}
    assert viewer["purpose"] == "SUPPORT"
    assert grants["ELIGIBILITY"]["effect"] == "ALLOW"
    assert grants["CUSTODY"]["effect"] == "DENY"
    assert grants["CUSTODY"]["because"]
    assert len(answer["data"]["sources"]) == 11
    assert all(one["health"]["ok"] for one in answer["data"]["sources"])


def test_a_person_sees_their_own_record_and_nobody_elses(stage: Stage) -> None:
    own = screen(stage, "self-1", "PersonCard", {"id": person(stage, "conflict")})
    assert own["data"]["person"]["idNumber"] == stage.world.story("conflict").id_number
    assert screen(stage, "self-1", "PersonCard", {"id": person(stage, "minor")})["data"]["person"] is None
