"""Consents, emergencies and counts at running gateways, over the imitation agencies."""

from __future__ import annotations

from typing import Any

from mocks.stage import Stage
from tests.provinces.asking import ask

HEALTH = "query H($id: ID!) { person(id: $id) { name health { hivPositive treatments { kind } } } }"
OPEN = "mutation B($in: BreakGlassInput!) { breakGlass(input: $in) { breakGlass { id } person { family { name } } } }"
RECORD = "mutation K($in: RecordConsentInput!) { recordConsent(input: $in) { consent { id recipient { code } } } }"
REVOKE = "mutation R($id: ID!) { revokeConsent(input: { consent: $id }) { consent { inForce } } }"


def emergency(person: str) -> dict[str, Any]:
    return {
        "in": {
            "person": person,
            "labels": ["FAMILY", "CONTACT"],
            "reason": "LIFE_IN_DANGER",
            "explanation": "昏迷送医, 需联系家属",
        }
    }


def test_hiv_status_is_shown_to_a_doctor_by_consent_and_no_longer_than_that(stage: Stage) -> None:
    person = stage.person_id(stage.world.story("hiv"))
    own = next(one["profile"] for one in stage._viewers("jiangsu") if one["person"] == person)
    doctor = ask(stage, "doctor", "{ viewer { agency { code } } }")["data"]["viewer"]["agency"]["code"]

    def status() -> object:
        found = ask(stage, "doctor", HEALTH, {"id": person})["data"]["person"]
        return found and found["health"]["hivPositive"]

    before = status()
    given = {
        "person": person,
        "recipient": {"agency": doctor},
        "purpose": "TREATMENT",
        "labels": ["HEALTH", "HEALTH_HIV"],
        "expiresOn": "2026-12-31",
    }
    kept = ask(stage, str(own), RECORD, {"in": given})["data"]["recordConsent"]["consent"]
    during = status()
    ask(stage, str(own), REVOKE, {"id": kept["id"]})
    assert (before, during, status()) == (None, True, None)
    assert kept["recipient"] == {"code": doctor}


def test_an_emergency_is_opened_used_alerted_and_reviewed(stage: Stage) -> None:
    person = stage.person_id(stage.world.story("out_of_province"))
    assert ask(stage, "doctor", HEALTH, {"id": person})["data"]["person"] is None
    opened = ask(stage, "doctor", OPEN, emergency(person))["data"]["breakGlass"]
    assert opened["person"] is not None
    listed = ask(stage, "supervisor", "{ breakGlasses(state: IN_FORCE) { edges { node { id person reason } } } }")
    (entry,) = (
        edge["node"]
        for edge in listed["data"]["breakGlasses"]["edges"]
        if edge["node"]["id"] == opened["breakGlass"]["id"]
    )
    assert (entry["person"], entry["reason"]) == (person, "LIFE_IN_DANGER")
    review = "mutation W($in: ReviewBreakGlassInput!) { reviewBreakGlass(input: $in) { breakGlass { state } } }"
    given = {"in": {"breakGlass": entry["id"], "verdict": "JUSTIFIED", "remark": "与急诊记录相符"}}
    assert ask(stage, "supervisor", review, given)["data"]["reviewBreakGlass"]["breakGlass"]["state"] == "REVIEWED"
    assert ask(stage, "doctor", HEALTH, {"id": person})["data"]["person"] is None


def test_a_clerk_of_any_office_gets_an_answer_without_its_reason(stage: Stage) -> None:
    person = stage.person_id(stage.world.story("out_of_province"))
    query = """query E($id: ID!) { person(id: $id) { name status cases { totalCount }
      eligibility(for: TRAINING) { eligible } } }"""
    found = ask(stage, "employment-clerk", query, {"id": person})["data"]["person"]
    assert {name: found[name] for name in ("name", "status", "cases")} == dict.fromkeys(("name", "status", "cases"))
    assert found["eligibility"] is not None


def test_a_statistician_counts_a_county_and_sees_nobody(stage: Stage) -> None:
    query = "query C($code: String!) { peopleCounts(jurisdiction: $code) { total complete byStatus { people } } }"
    found = ask(stage, "statistician", query, {"code": "321100"})["data"]["peopleCounts"]
    assert found["total"] is not None
    assert found["total"] % 5 == 0
    assert all(cell["people"] % 5 == 0 and cell["people"] >= 5 for cell in found["byStatus"])
    person = stage.person_id(stage.world.story("out_of_province"))
    assert ask(stage, "statistician", HEALTH, {"id": person})["data"]["person"] is None
    assert ask(stage, "statistician", query, {"code": "330000"})["data"]["peopleCounts"] is None
