"""What opens a file for a time opens no more than it says, to nobody else, and ends: consents, ties, emergencies."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings
from tests.gateway.execution.world import TODAY, record
from tests.gateway.http.register import NUMBER
from tests.gateway.http.test_mutations import asking
from tests.gateway.http.test_mutations import doctor as doctor_token
from tests.gateway.registers.counter import (
    ANN_ID,
    BEN_ID,
    HOSPITAL,
    OPEN,
    RECORD,
    REVOKE,
    Counter,
    consent_input,
    counter,
    doctor,
    emergency_input,
    person_themselves,
)
from tests.threats.threats import threat
from tests.threats.town import EVERYTHING, SECRETS, clerk, people, township

NAME = "query($id: ID!) { person(id: $id) { name phones } }"


@pytest.fixture(params=[False, True], ids=["ours", "reference"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Counter:
    return counter(tmp_path, people=people(), reference=request.param)


@threat(17)
async def test_a_consent_is_gone_with_the_next_request(desk: Counter) -> None:
    body = await desk.ask(RECORD, {"input": consent_input(labels=["IDENTITY"])}, **person_themselves())
    entry = body["data"]["recordConsent"]["consent"]["id"]
    assert (await desk.ask(NAME, {"id": ANN_ID}, **doctor()))["data"]["person"] == {"name": "安娜", "phones": None}
    for far in ({**doctor(), "agency": "HOSP0002"}, {**doctor(), "purpose": "AFTERCARE"}):
        assert (await desk.ask(NAME, {"id": ANN_ID}, **far))["data"]["person"] is None
    await desk.ask(REVOKE, {"id": entry}, **person_themselves())
    assert (await desk.ask(NAME, {"id": ANN_ID}, **doctor()))["data"]["person"] is None


@threat(17)
async def test_a_consent_opens_nothing_of_somebody_else_and_ends_by_itself(desk: Counter) -> None:
    await desk.ask(RECORD, {"input": consent_input(labels=["IDENTITY"])}, **person_themselves())
    assert (await desk.ask(NAME, {"id": BEN_ID}, **doctor()))["data"]["person"] is None
    desk.clock.now += timedelta(days=61)
    assert (await desk.ask(NAME, {"id": ANN_ID}, **doctor()))["data"]["person"] is None


@threat(18)
@pytest.mark.parametrize(
    ("measure", "known"),
    [
        ({"orderedOn": TODAY - timedelta(days=10)}, True),
        ({"orderedOn": TODAY - timedelta(days=1099)}, False),
        (
            {
                "orderedOn": TODAY - timedelta(days=10),
                "reportedOn": TODAY - timedelta(days=5),
                "endedOn": TODAY - timedelta(days=1),
            },
            False,
        ),
        ({"orderedOn": TODAY - timedelta(days=10), "endedOn": TODAY - timedelta(days=1)}, False),
    ],
    ids=["awaited", "ordered too long ago", "over", "called off"],
)
async def test_a_handoff_opens_for_as_long_as_it_is_awaited(
    tmp_path: Path, measure: dict[str, Any], known: bool
) -> None:
    rows: dict[str, Any] = {
        "police": {
            ANN_ID: {
                "PersonRecord": [record("police", "1", name="安娜", residenceCode="330106")],
                "Measure": [record("police", "m", "1", kind="COMMUNITY_RECOVERY", agencyCode="TOWN1", **measure)],
            }
        }
    }
    desk = counter(tmp_path, people=rows)
    body = await desk.ask(NAME, {"id": ANN_ID}, **township(purpose="HANDOFF"))
    assert (body["data"]["person"] is not None) is known


@threat(18)
@pytest.mark.parametrize(("ends", "known"), [(TODAY + timedelta(days=1), True), (TODAY, False)])
async def test_an_agreement_binds_until_its_end(tmp_path: Path, ends: date, known: bool) -> None:
    signed = record(
        "police", "a", "1", kind="COMMUNITY_RECOVERY", agencyCode="SW1", signedOn=date(2026, 1, 1), endsOn=ends
    )
    rows: dict[str, Any] = {
        "police": {
            ANN_ID: {
                "PersonRecord": [record("police", "1", name="安娜", residenceCode="330106")],
                "Agreement": [signed],
            }
        }
    }
    who = {"role": "SOCIAL_WORKER", "purpose": "AFTERCARE", "agency": "SW1", "jurisdiction": "320102"}
    body = await counter(tmp_path, people=rows).ask(NAME, {"id": ANN_ID}, **who)
    assert (body["data"]["person"] is not None) is known


@threat(19)
async def test_another_purpose_is_another_answer_and_comes_from_the_token_alone(settings: Settings) -> None:
    query = '{ lookup(document: {number: "' + NUMBER + '"}) { name } viewer { purpose } }'
    async with asking(settings) as client:
        headers = {**doctor_token(settings), "purpose": "AFTERCARE", "x-purpose": "AFTERCARE", "x-roles": "AUDITOR"}
        body = {"query": query, "purpose": "AFTERCARE", "extensions": {"purpose": "AFTERCARE", "roles": ["SUBJECT"]}}
        spoofed = (await client.post("/graphql?purpose=AFTERCARE", json=body, headers=headers)).json()
    assert spoofed.get("data") in (None, {"lookup": None, "viewer": {"purpose": "TREATMENT"}})


@threat(20)
async def test_an_emergency_opens_one_person_some_labels_and_half_an_hour(desk: Counter) -> None:
    await desk.ask(OPEN, {"input": emergency_input(labels=["IDENTITY"])}, **doctor())
    query = f"query($id: ID!) {{ person(id: $id) {{ {EVERYTHING} }} }}"
    seen = await desk.ask(query, {"id": ANN_ID}, **doctor())
    assert seen["data"]["person"]["name"] == "安娜"
    assert not [secret for secret in SECRETS if secret != "安娜" and secret in repr(seen)]
    assert (await desk.ask(NAME, {"id": BEN_ID}, **doctor()))["data"]["person"] is None
    for other in ({"subject": "doctor-2"}, {"agency": "HOSP0002"}, {"issuer": "another"}, {"via": ("peer",)}):
        assert (await desk.ask(NAME, {"id": ANN_ID}, **{**doctor(), **other}))["data"]["person"] is None
    desk.clock.pass_by(minutes=30)
    assert (await desk.ask(NAME, {"id": ANN_ID}, **doctor()))["data"]["person"] is None


@threat(20)
async def test_an_emergency_never_opens_hiv_police_or_a_clerk(desk: Counter) -> None:
    for labels in (["HEALTH_HIV"], ["POLICE"], ["ID_NUMBER"]):
        body = await desk.ask(OPEN, {"input": emergency_input(labels=labels)}, **doctor())
        assert body["errors"][0]["extensions"]["code"] == "BAD_ARGUMENT", labels
    body = await desk.ask(OPEN, {"input": emergency_input()}, **clerk())
    assert body["errors"][0]["extensions"]["code"] == "NOT_PERMITTED"
    assert not desk.registers.grants()


@threat(20)
async def test_a_review_ends_an_emergency_and_is_made_by_somebody_else(desk: Counter) -> None:
    body = await desk.ask(OPEN, {"input": emergency_input(labels=["IDENTITY"])}, **doctor())
    entry = body["data"]["breakGlass"]["breakGlass"]["id"]
    review = (
        'mutation($id: ID!) { reviewBreakGlass(input: {breakGlass: $id, verdict: UNJUSTIFIED, remark: "查无依据"})'
        " { breakGlass { state } } }"
    )
    own = {"role": "SUPERVISOR", "purpose": "AUDIT", "jurisdiction": "320000"}
    mine = await desk.ask(review, {"id": entry}, **own, subject="doctor-1")
    afar = await desk.ask(review, {"id": entry}, **{**own, "jurisdiction": "330000"}, subject="boss")
    assert {one["errors"][0]["extensions"]["code"] for one in (mine, afar)} == {"NOT_PERMITTED"}
    assert (await desk.ask(NAME, {"id": ANN_ID}, **doctor()))["data"]["person"] is not None
    assert "errors" not in await desk.ask(review, {"id": entry}, **own, subject="boss")
    assert (await desk.ask(NAME, {"id": ANN_ID}, **doctor()))["data"]["person"] is None


def test_the_recipient_of_the_consents_here_is_the_doctors() -> None:
    assert consent_input()["recipient"] == {"agency": HOSPITAL}
