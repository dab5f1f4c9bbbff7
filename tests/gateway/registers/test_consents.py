"""Consents: recorded by whom, opening what, to whom, for how long, and gone with the next request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.audit.event import Kind
from gateway.registers.file import RegistersDamaged
from gateway.registers.register import Registers
from tests.gateway.registers.counter import (
    AFTERCARE,
    ANN,
    ANN_ID,
    BEN,
    BEN_ID,
    HOSPITAL,
    LEGAL_AID,
    RECORD,
    REVOKE,
    STRANGER_ID,
    Counter,
    auditor,
    code_of,
    consent_input,
    counter,
    doctor,
    person_themselves,
    relative,
)

PAPER = {"documentNumber": "戒同字〔2026〕12号"}
HEALTH = "query H($id: ID!) { person(id: $id) { name phones health { hivPositive treatments { diagnosis } } } }"


@pytest.fixture(params=[False, True], ids=["ours", "reference"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Counter:
    return counter(tmp_path, reference=request.param)


async def consented(desk: Counter, who: dict[str, Any] | None = None, **more: Any) -> str:
    body = await desk.ask(RECORD, {"input": consent_input(**more)}, **(who or person_themselves()))
    assert "errors" not in body, body
    return str(body["data"]["recordConsent"]["consent"]["id"])


async def seen(desk: Counter, who: dict[str, Any]) -> Any:
    return (await desk.ask(HEALTH, {"id": ANN_ID}, **who))["data"]["person"]


async def test_a_consent_opens_exactly_its_labels_to_its_recipient(desk: Counter) -> None:
    assert await seen(desk, doctor()) is None
    await consented(desk)
    found = await seen(desk, doctor())
    assert found["name"] == "安娜"
    assert found["phones"] is None
    assert found["health"] == {"hivPositive": None, "treatments": [{"diagnosis": "示例诊断"}]}
    assert await seen(desk, {**doctor(), "agency": "HOSP0002"}) is None
    assert await seen(desk, {**doctor(), "purpose": "SUPPORT"}) is None


async def test_hiv_is_opened_by_a_consent_that_names_it_and_by_nothing_else(desk: Counter) -> None:
    await consented(desk, labels=["HEALTH"])
    assert (await seen(desk, doctor()))["health"]["hivPositive"] is None
    await consented(desk, labels=["HEALTH_HIV"])
    assert (await seen(desk, doctor()))["health"]["hivPositive"] is True


async def test_a_revoked_consent_is_gone_with_the_next_request(desk: Counter) -> None:
    entry = await consented(desk)
    assert await seen(desk, doctor()) is not None
    body = await desk.ask(REVOKE, {"id": entry}, **person_themselves())
    assert body["data"]["revokeConsent"]["consent"]["inForce"] is False
    assert await seen(desk, doctor()) is None


async def test_revoking_twice_changes_nothing(desk: Counter) -> None:
    entry = await consented(desk)
    first = await desk.ask(REVOKE, {"id": entry}, **person_themselves())
    desk.clock.pass_by(hours=1)
    assert await desk.ask(REVOKE, {"id": entry}, **person_themselves()) == first


async def test_a_consent_ends_with_its_last_day_in_china(desk: Counter) -> None:
    await consented(desk, expiresOn="2026-11-01")
    desk.clock.pass_by(hours=7, minutes=59)  # 23:59 in China
    assert await seen(desk, doctor()) is not None
    desk.clock.pass_by(minutes=1)
    assert await seen(desk, doctor()) is None


async def test_a_change_counts_for_the_next_root_field_of_the_same_request(desk: Counter) -> None:
    both = """mutation T($in: RecordConsentInput!, $id: ID!) {
      before: recordConsent(input: $in) { person { consents { inForce } } }
      after: revokeConsent(input: {consent: $id}) { person { consents { inForce } } } }"""
    entry = await consented(desk)
    body = await desk.ask(both, {"in": consent_input(), "id": entry}, **person_themselves())
    in_force = {
        step: [one["inForce"] for one in body["data"][step]["person"]["consents"]] for step in ("before", "after")
    }
    assert sum(in_force["before"]) == 2
    assert sum(in_force["after"]) == 1


async def test_consents_survive_a_restart(tmp_path: Path) -> None:
    first = counter(tmp_path)
    await consented(first)
    first.registers.close()
    assert await seen(counter(tmp_path), doctor()) is not None


async def test_a_consent_is_never_removed_nor_changed_but_once(tmp_path: Path) -> None:
    desk = counter(tmp_path)
    await consented(desk)
    file = apsw.Connection(str(tmp_path / "registers.sqlite"))
    for statement in (
        "DELETE FROM consent",
        "UPDATE consent SET expires_at = expires_at + 1",
        "UPDATE consent SET revoked_at = 1, labels = 'HEALTH_HIV'",
    ):
        with pytest.raises(apsw.ConstraintError):
            file.execute(statement)


async def test_registers_under_another_key_stop_the_start(tmp_path: Path) -> None:
    desk = counter(tmp_path)
    await consented(desk, {"role": "AFTERCARE_OFFICER"}, paper=PAPER)
    with pytest.raises(RegistersDamaged, match="another index key"):
        Registers(tmp_path / "registers.sqlite", b"s" * 32)
    assert PAPER["documentNumber"].encode() not in (tmp_path / "registers.sqlite").read_bytes()


async def test_registers_that_cannot_be_read_open_nothing(tmp_path: Path) -> None:
    desk = counter(tmp_path)
    await consented(desk)
    desk.registers.close()
    assert await seen(desk, doctor()) is None


async def test_what_another_process_writes_counts_at_once(tmp_path: Path) -> None:
    here, there = counter(tmp_path), counter(tmp_path)
    entry = await consented(here)
    assert await seen(there, doctor()) is not None
    await here.ask(REVOKE, {"id": entry}, **person_themselves())
    assert await seen(there, doctor()) is None


async def test_an_office_records_a_signed_paper_and_takes_it_back(desk: Counter) -> None:
    entry = await consented(desk, {"role": "AFTERCARE_OFFICER"}, paper=PAPER)
    assert await seen(desk, doctor()) is not None
    elsewhere = await desk.ask(REVOKE, {"id": entry}, agency="320100499999")
    assert code_of(elsewhere) == "NOT_PERMITTED"
    body = await desk.ask(REVOKE, {"id": entry}, agency=AFTERCARE)
    assert body["data"]["revokeConsent"]["consent"]["inForce"] is False


@pytest.mark.parametrize(
    ("who", "person"),
    [
        (person_themselves(BEN_ID), ANN_ID),  # somebody else
        ({"role": "AFTERCARE_OFFICER", "jurisdiction": "330000"}, ANN_ID),  # not theirs
        ({"role": "AFTERCARE_OFFICER", "jurisdiction": "330000"}, STRANGER_ID),  # nobody
    ],
)
async def test_whoever_may_not_gets_one_answer_whether_there_is_somebody_or_not(
    desk: Counter, who: dict[str, Any], person: str
) -> None:
    body = await desk.ask(RECORD, {"input": consent_input(person=person, paper=PAPER)}, **who)
    (error,) = body["errors"]
    assert (body["data"], error["extensions"]["code"]) == ({"recordConsent": None}, "NOT_PERMITTED")
    assert error["message"].startswith("person: not yours to change, or there is nothing of that id.")
    assert body.keys() == {"data", "errors"}
    assert desk.registers.consents_of(person) == []


@pytest.mark.parametrize(
    "who",
    [
        {"role": "TOWNSHIP_WORKER"},  # a role that takes none
        {"role": "AFTERCARE_OFFICER", "via": ("peer",)},  # through another province's gateway
        {**person_themselves(), "via": ("peer",)},
    ],
)
async def test_who_knows_a_person_may_still_not_record_their_consent(desk: Counter, who: dict[str, Any]) -> None:
    body = await desk.ask(RECORD, {"input": consent_input(paper=PAPER)}, **who)
    assert code_of(body) == "NOT_PERMITTED"
    assert desk.audit.kept[-1].outcome == "REFUSED"
    assert desk.registers.consents_of(ANN_ID) == []


async def test_an_unknown_consent_and_one_of_somebody_else_are_one_answer(desk: Counter) -> None:
    entry = await consented(desk)
    others, unknown = [
        await desk.ask(REVOKE, {"id": one}, **person_themselves(BEN_ID)) for one in (entry, "k1_" + "0" * 32)
    ]
    assert others == unknown


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"labels": []}, "labels: name at least one"),
        ({"labels": ["POLICE"]}, "labels: POLICE cannot be opened so"),
        ({"labels": ["HEALTH", "ID_NUMBER"]}, "labels: ID_NUMBER cannot"),
        ({"purpose": "AUDIT"}, "purpose: a consent opens nothing for this one"),
        ({"expiresOn": "2026-10-31"}, "expiresOn: the last day must lie"),
        ({"expiresOn": "2030-01-01"}, "expiresOn: the last day must lie"),
        ({"recipient": {}}, "recipient: name exactly one"),
        ({"recipient": {"agency": HOSPITAL, "relative": {"number": BEN}}}, "recipient: name exactly one"),
        ({"recipient": {"agency": "hospital"}}, "recipient.agency: not an organisation code"),
        ({"recipient": {"agency": ANN}}, "recipient.agency: not an organisation code"),
        ({"recipient": {"relative": {"number": "12"}}}, "recipient.relative: not the document number"),
        ({"recipient": {"relative": {"number": ANN}}}, "recipient.relative: not the document number of somebody"),
        ({"recipient": {"relative": {"number": BEN}}}, "purpose: a relative asks for OWN_ACCESS"),
        ({"paper": PAPER}, "paper: the person's own consent needs none"),
    ],
)
async def test_a_wrong_input_is_said_without_repeating_it(desk: Counter, more: dict[str, Any], said: str) -> None:
    body = await desk.ask(RECORD, {"input": consent_input(**more)}, **person_themselves())
    assert code_of(body) == "BAD_ARGUMENT"
    assert said in body["errors"][0]["message"]
    assert ANN not in str(body)
    assert BEN not in str(body)
    assert [event.outcome for event in desk.events] == ["REFUSED"]


@pytest.mark.parametrize("number", ["", "1", "文" * 65, f"纸{ANN}", "13900000000"])
async def test_a_paper_needs_a_number_that_is_nobodys_own(desk: Counter, number: str) -> None:
    paper = {"documentNumber": number}
    body = await desk.ask(RECORD, {"input": consent_input(paper=paper)}, role="AFTERCARE_OFFICER")
    assert code_of(body) == "BAD_ARGUMENT"
    assert not number or len(number) < 5 or number not in str(body)


async def test_an_office_needs_the_paper(desk: Counter) -> None:
    body = await desk.ask(RECORD, {"input": consent_input()}, role="AFTERCARE_OFFICER")
    assert "name the signed paper" in body["errors"][0]["message"]


async def test_for_a_minor_the_guardian_signs(desk: Counter) -> None:
    given = consent_input(person=BEN_ID)
    own = await desk.ask(RECORD, {"input": given}, **person_themselves(BEN_ID))
    unsigned = await desk.ask(RECORD, {"input": {**given, "paper": PAPER}}, role="AFTERCARE_OFFICER")
    assert code_of(own) == code_of(unsigned) == "CONSENT_NEEDS_GUARDIAN"
    signed = {**given, "paper": {**PAPER, "signedBy": "GUARDIAN"}}
    body = await desk.ask(RECORD, {"input": signed}, role="AFTERCARE_OFFICER")
    assert body["data"]["recordConsent"]["consent"]["inForce"] is True


async def test_nothing_is_recorded_while_it_cannot_be_told_who_must_sign(desk: Counter) -> None:
    desk.sources.down.add("police")
    body = await desk.ask(RECORD, {"input": consent_input()}, **person_themselves())
    assert code_of(body) == "REGISTERS_UNAVAILABLE"
    assert desk.registers.consents_of(ANN_ID) == []


async def test_a_consent_is_taken_back_although_a_source_is_down(desk: Counter) -> None:
    entry = await consented(desk)
    desk.sources.down.add("police")
    body = await desk.ask(REVOKE, {"id": entry}, **person_themselves())
    assert body["data"]["revokeConsent"]["consent"]["inForce"] is False


async def test_a_relative_sees_what_the_person_opened_and_nothing_of_anybody_else(desk: Counter) -> None:
    assert await seen(desk, relative()) is None
    await consented(desk, recipient={"relative": {"number": BEN}}, purpose="OWN_ACCESS", labels=["IDENTITY"])
    found = await seen(desk, relative())
    assert found == {"name": "安娜", "phones": None, "health": {"hivPositive": None, "treatments": None}}
    own = await desk.ask(HEALTH, {"id": BEN_ID}, **relative())
    assert own["data"]["person"] is None
    assert await seen(desk, relative(STRANGER_ID)) is None


async def test_legal_aid_sees_by_consent_alone(desk: Counter) -> None:
    lawyer = {"role": "LEGAL_AID_OFFICER", "purpose": "SUPPORT", "agency": LEGAL_AID, "agency_kind": "LEGAL_AID"}
    assert await seen(desk, lawyer) is None
    await consented(desk, recipient={"agency": LEGAL_AID}, purpose="SUPPORT", labels=["CONTACT"])
    assert (await seen(desk, lawyer))["phones"] == ["13900000000"]


async def test_no_consent_opens_more_to_a_clerk(desk: Counter) -> None:
    clerk = {
        "role": "CIVIL_AFFAIRS_CLERK",
        "purpose": "SUPPORT",
        "agency": "CLERKS01",
        "agency_kind": "CIVIL_AFFAIRS",
    }
    await consented(desk, recipient={"agency": "CLERKS01"}, purpose="SUPPORT", labels=["HEALTH", "CONTACT"])
    found = await seen(desk, clerk)
    assert found == {"name": None, "phones": None, "health": {"hivPositive": None, "treatments": None}}


CONSENTS = "query C($id: ID!) { person(id: $id) { consents { recipientKind recipient { code } documentNumber } } }"


async def test_consents_are_read_by_the_person_and_by_auditors(desk: Counter) -> None:
    await consented(desk, recipient={"relative": {"number": BEN}}, purpose="OWN_ACCESS")
    expected = [{"recipientKind": "RELATIVE", "recipient": None, "documentNumber": None}]
    for who in (person_themselves(), auditor()):
        body = await desk.ask(CONSENTS, {"id": ANN_ID}, **who)
        assert body["data"]["person"]["consents"] == expected
    office = await desk.ask(CONSENTS, {"id": ANN_ID}, role="AFTERCARE_OFFICER")
    assert office["data"]["person"]["consents"] is None
    assert {"path": "person.consents", "label": "AUDIT", "effect": "DENY", "reason": "not_permitted"} in office[
        "extensions"
    ]["authorization"]


async def test_node_gives_a_consent_to_those_who_may_read_it(desk: Counter) -> None:
    entry = await consented(desk)
    node = "query N($id: ID!) { node(id: $id) { __typename id } }"
    for who, found in (
        (person_themselves(), {"__typename": "Consent", "id": entry}),
        (auditor(), {"__typename": "Consent", "id": entry}),
        (person_themselves(BEN_ID), None),
        (doctor(), None),
    ):
        assert (await desk.ask(node, {"id": entry}, **who))["data"]["node"] == found


async def test_viewer_labels_tell_of_a_consent_in_advance(desk: Counter) -> None:
    labels = "{ viewer { labels { label effect because } } }"
    await consented(desk, recipient={"agency": LEGAL_AID}, purpose="SUPPORT", labels=["CONTACT"])
    lawyer = {"role": "LEGAL_AID_OFFICER", "purpose": "SUPPORT", "agency": LEGAL_AID, "agency_kind": "LEGAL_AID"}
    body = await desk.ask(labels, **lawyer)
    told = {one["label"]: one for one in body["data"]["viewer"]["labels"]}
    assert told["CONTACT"]["effect"] == "ALLOW"
    assert "K01-consented" in told["CONTACT"]["because"]
    assert told["HEALTH"]["effect"] == "DENY"


async def test_a_payload_shows_no_more_than_a_query(desk: Counter) -> None:
    query = "mutation P($in: RecordConsentInput!) { recordConsent(input: $in) { person { name idNumber drugUse "
    query += "{ firstUsedOn } controlStatus health { hivPositive } } } }"
    asked = await desk.ask(query, {"in": consent_input(paper=PAPER)}, role="AFTERCARE_OFFICER")
    shown = asked["data"]["recordConsent"]["person"]
    plain = await desk.ask(
        "query Q($id: ID!) { person(id: $id) { name idNumber drugUse { firstUsedOn } controlStatus health "
        "{ hivPositive } } }",
        {"id": ANN_ID},
        role="AFTERCARE_OFFICER",
    )
    assert shown == plain["data"]["person"]
    assert shown["health"]["hivPositive"] is None


async def test_every_change_and_every_refusal_is_on_record_without_values(desk: Counter) -> None:
    entry = await consented(desk)
    await desk.ask(REVOKE, {"id": entry}, **person_themselves(BEN_ID))
    await desk.ask(REVOKE, {"id": entry}, **person_themselves())
    told = [(event.kind, event.action, event.outcome) for event in desk.events]
    assert told == [
        (Kind.CONSENT, "recorded", "OK"),
        (Kind.CONSENT, "revoked", "REFUSED"),
        (Kind.CONSENT, "revoked", "OK"),
    ]
    first = desk.events[0]
    assert (first.persons, first.labels) == ((ANN_ID,), ("HEALTH", "IDENTITY"))
    assert first.references == (entry, f"agency:{HOSPITAL}")
    assert [record.outcome for record in desk.audit.kept] == ["OK", "REFUSED", "OK"]
    assert [record.operation for record in desk.audit.kept] == ["R", "V", "V"]
