"""Emergency access: who, what, how long; the alert, the review, and what stays for ever."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.audit.event import Kind
from gateway.errors import AuditUnavailable
from gateway.registers.alert import log_alert
from tests.gateway.registers.counter import (
    ANN,
    ANN_ID,
    BEN_ID,
    OPEN,
    REVIEW,
    STRANGER_ID,
    Counter,
    auditor,
    code_of,
    counter,
    doctor,
    emergency_input,
    person_themselves,
)

ANN_SEEN = (
    "query S($id: ID!) { person(id: $id) { name phones idNumber family { name } health { hivPositive treatments "
)
ANN_SEEN += "{ diagnosis } } } }"


@pytest.fixture(params=[False, True], ids=["ours", "reference"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Counter:
    return counter(tmp_path, reference=request.param)


async def opened(desk: Counter, who: dict[str, Any] | None = None, **more: Any) -> str:
    body = await desk.ask(OPEN, {"input": emergency_input(**more)}, **(who or doctor()))
    assert "errors" not in body, body
    return str(body["data"]["breakGlass"]["breakGlass"]["id"])


async def seen(desk: Counter, who: dict[str, Any], person: str = ANN_ID) -> Any:
    return (await desk.ask(ANN_SEEN, {"id": person}, **who))["data"]["person"]


async def test_it_opens_the_named_labels_of_one_person_to_one_viewer(desk: Counter) -> None:
    assert await seen(desk, doctor()) is None
    await opened(desk)
    assert await seen(desk, doctor()) == {
        "name": None,
        "phones": None,
        "idNumber": None,
        "family": [{"name": "安母"}],
        "health": {"hivPositive": None, "treatments": [{"diagnosis": "示例诊断"}]},
    }
    assert await seen(desk, doctor("doctor-2")) is None
    assert await seen(desk, {**doctor(), "agency": "HOSP0002"}) is None
    assert await seen(desk, {**doctor(), "issuer": "another"}) is None
    assert await seen(desk, {**doctor(), "via": ("peer",)}) is None
    assert await seen(desk, doctor(), BEN_ID) is None


async def test_it_ends_after_thirty_minutes(desk: Counter) -> None:
    await opened(desk)
    desk.clock.pass_by(minutes=29, seconds=59)
    assert await seen(desk, doctor()) is not None
    desk.clock.pass_by(seconds=1)
    assert await seen(desk, doctor()) is None


async def test_a_document_number_will_do_and_somebody_unknown_shows_nobody(desk: Counter) -> None:
    query = "mutation D($in: BreakGlassInput!) { breakGlass(input: $in) { person { family { name } } } }"
    known = await desk.ask(query, {"in": emergency_input(person=None, document={"number": ANN})}, **doctor())
    assert known["data"]["breakGlass"]["person"] == {"family": [{"name": "安母"}]}
    unknown = await desk.ask(query, {"in": emergency_input(person=STRANGER_ID)}, **doctor())
    assert unknown["data"]["breakGlass"]["person"] is None
    assert len(desk.registers.grants()) == 2
    assert ANN not in str(known)


@pytest.mark.parametrize(
    "who",
    [
        {"role": "CIVIL_AFFAIRS_CLERK", "purpose": "SUPPORT"},
        {"role": "AUDITOR", "purpose": "AUDIT"},
        {"role": "SOCIAL_WORKER", "purpose": "AFTERCARE"},
        {"role": "AFTERCARE_OFFICER", "purpose": "SUPPORT"},
        {"role": "STATISTICIAN", "purpose": "STATISTICS"},
        person_themselves(),
        {**doctor(), "via": ("peer",)},
    ],
)
async def test_others_are_refused_and_that_is_on_record(desk: Counter, who: dict[str, Any]) -> None:
    body = await desk.ask(OPEN, {"input": emergency_input()}, **who)
    assert code_of(body) == "NOT_PERMITTED"
    (event,) = desk.events
    assert (event.kind, event.action, event.outcome) == (Kind.BREAK_GLASS, "refused", "REFUSED")
    assert desk.audit.kept[-1].outcome == "REFUSED"
    assert desk.registers.grants() == []
    assert desk.alerts == []


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"labels": []}, "BAD_ARGUMENT", "labels: name at least one"),
        ({"labels": ["HEALTH_HIV"]}, "BAD_ARGUMENT", "labels: HEALTH_HIV cannot be opened so"),
        ({"labels": ["POLICE", "AUDIT"]}, "BAD_ARGUMENT", "labels: AUDIT, POLICE cannot"),
        ({"explanation": "急"}, "BAD_ARGUMENT", "explanation: say it in 10 to 500"),
        ({"explanation": f"昏迷送医, 身份证号{ANN}"}, "BAD_ARGUMENT", "explanation: holds what looks like"),
        ({"explanation": "昏迷送医, 家属电话13900000001"}, "BAD_ARGUMENT", "explanation: holds what looks like"),
        ({"person": None}, "BAD_ARGUMENT", "input: name exactly one"),
        ({"document": {"number": ANN}}, "BAD_ARGUMENT", "input: name exactly one"),
        ({"person": None, "document": {"number": "x"}}, "BAD_ARGUMENT", "document: not the number"),
        ({"person": "p1_wrong"}, "BAD_ID", "person: not the id"),
    ],
)
async def test_a_wrong_input_is_said_without_repeating_it(
    desk: Counter, more: dict[str, Any], code: str, said: str
) -> None:
    body = await desk.ask(OPEN, {"input": emergency_input(**more)}, **doctor())
    assert code_of(body) == code
    assert said in body["errors"][0]["message"]
    assert ANN not in str(body)
    assert "13900000001" not in str(body)
    assert desk.registers.grants() == []


async def test_nobody_holds_more_than_five_at_once(desk: Counter) -> None:
    for _ in range(5):
        await opened(desk)
    sixth = await desk.ask(OPEN, {"input": emergency_input()}, **doctor())
    assert code_of(sixth) == "LIMIT_EXCEEDED"
    desk.clock.pass_by(minutes=31)
    await opened(desk)


async def test_it_alerts_without_a_value(desk: Counter, caplog: pytest.LogCaptureFixture) -> None:
    await opened(desk)
    (grant,) = desk.alerts
    with caplog.at_level(logging.WARNING, "yiti.alerts"):
        log_alert(grant)
    told = json.loads(caplog.records[-1].message)
    assert told["alert"] == "BREAK_GLASS"
    assert told["labels"] == ["FAMILY", "HEALTH"]
    for value in (ANN_ID, ANN, "doctor-1", grant.explanation):
        assert value not in caplog.text


async def test_the_grant_each_use_and_the_review_are_on_record(desk: Counter) -> None:
    entry = await opened(desk)
    await seen(desk, doctor())
    await seen(desk, doctor(), BEN_ID)
    given = {"breakGlass": entry, "verdict": "JUSTIFIED", "remark": "急诊记录相符"}
    await desk.ask(REVIEW, {"input": given}, **auditor())
    assert [event.action for event in desk.events] == ["granted", "used", "reviewed"]
    assert all(event.kind is Kind.BREAK_GLASS and event.references == (entry,) for event in desk.events)
    assert all(event.persons == (ANN_ID,) for event in desk.events)
    policies = {policy for record in desk.audit.kept for field in record.fields for policy in field.policies}
    assert "B01-break-glass" in policies
    assert emergency_input()["explanation"] not in str(desk.events)


async def test_reviewers_find_what_waits_and_what_is_late(desk: Counter) -> None:
    late = await opened(desk)
    desk.clock.pass_by(hours=72)
    waiting = await opened(desk)
    desk.clock.pass_by(minutes=30)
    query = "query L($s: BreakGlassState) { breakGlasses(state: $s) { edges { node { id explanation } } } }"

    async def listed(state: str | None, **who: Any) -> list[str]:
        body = await desk.ask(query, {"s": state}, **(who or auditor()))
        return [edge["node"]["id"] for edge in body["data"]["breakGlasses"]["edges"]]

    assert await listed(None) == [waiting, late]
    assert await listed("OVERDUE") == [late]
    assert await listed("UNREVIEWED") == [waiting]
    assert await listed("IN_FORCE") == []
    assert await listed("OVERDUE", **auditor(role="SUPERVISOR", jurisdiction="320100")) == [late]
    assert await listed("OVERDUE", **auditor(role="SUPERVISOR", jurisdiction="330000")) == []
    assert (await desk.ask(query, {}, **doctor()))["data"]["breakGlasses"] is None


async def test_a_review_is_made_once_by_somebody_else_of_the_region(desk: Counter) -> None:
    entry = await opened(desk)
    given = {"input": {"breakGlass": entry, "verdict": "UNJUSTIFIED", "remark": "与急诊记录不符"}}
    for who in (doctor(), person_themselves(), auditor(jurisdiction="330000"), auditor(subject="doctor-1")):
        assert code_of(await desk.ask(REVIEW, given, **who)) == "NOT_PERMITTED"
    unknown = {"input": {**given["input"], "breakGlass": "b1_" + "0" * 32}}
    stranger, other = [await desk.ask(REVIEW, one, **auditor(jurisdiction="330000")) for one in (unknown, given)]
    assert stranger == other
    body = await desk.ask(REVIEW, given, **auditor())
    assert body["data"]["reviewBreakGlass"]["breakGlass"] == {
        "state": "REVIEWED",
        "review": {"verdict": "UNJUSTIFIED", "subject": "auditor-1"},
    }
    assert await seen(desk, doctor()) is None  # a review ends what still runs
    assert code_of(await desk.ask(REVIEW, given, **auditor())) == "ALREADY_REVIEWED"


async def test_a_reviewer_reads_what_was_asked_under_it(desk: Counter) -> None:
    entry = await opened(desk)
    await seen(desk, doctor())
    query = "query A($id: ID!) { node(id: $id) { ... on BreakGlass { explanation accesses { totalCount } } } }"
    found = (await desk.ask(query, {"id": entry}, **auditor()))["data"]["node"]
    assert found["accesses"]["totalCount"] >= 1
    mine = (await desk.ask(query, {"id": entry}, **doctor()))["data"]["node"]
    assert mine == {"explanation": emergency_input()["explanation"], "accesses": None}
    assert (await desk.ask(query, {"id": entry}, **doctor("doctor-2")))["data"]["node"] is None


async def test_nothing_opens_where_the_log_cannot_be_written(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_record: object) -> None:
        raise AuditUnavailable("The access could not be put on record.")

    monkeypatch.setattr(desk.audit, "append_event", broken)
    body = await desk.ask(OPEN, {"input": emergency_input()}, **doctor())
    assert code_of(body) == "AUDIT_UNAVAILABLE"
    assert desk.registers.grants() == []
    assert desk.alerts == []


async def test_what_cannot_be_kept_does_not_count(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_grant: object) -> None:
        raise apsw.FullError("disk")

    monkeypatch.setattr(desk.registers, "open", full)
    body = await desk.ask(OPEN, {"input": emergency_input()}, **doctor())
    assert code_of(body) == "REGISTERS_UNAVAILABLE"
    assert desk.alerts == []


async def test_it_stays_on_record_whatever_is_done_to_the_file(tmp_path: Path) -> None:
    desk = counter(tmp_path)
    entry = await opened(desk)
    file = apsw.Connection(str(tmp_path / "registers.sqlite"))
    for statement in (
        "DELETE FROM break_glass",
        "UPDATE break_glass SET labels = ''",
        "UPDATE break_glass SET expires_at = expires_at + 1, reviewed_at = 1",
    ):
        with pytest.raises(apsw.ConstraintError):
            file.execute(statement)
    assert desk.registers.grant(entry) is not None
    assert emergency_input()["explanation"].encode() not in (tmp_path / "registers.sqlite").read_bytes()
