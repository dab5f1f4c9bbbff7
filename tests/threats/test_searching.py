"""Filters, sorts, cursors and counts tell nothing that looking at the field would not; nothing is shared or kept."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import opened
from gateway.authorization.decision import Effect
from gateway.authorization.masks import apply, harden
from gateway.errors import GatewayError, LimitExceeded
from gateway.settings import Settings
from schema.codes import check_digit
from schema.entities import Kind
from schema.label import Label
from tests.gateway.authorization.people import facts
from tests.gateway.execution.world import ANN, TODAY, record
from tests.gateway.http.register import NUMBER, officer
from tests.gateway.http.test_mutations import asking, post
from tests.gateway.http.test_mutations import doctor as doctor_token
from tests.gateway.registers.counter import (
    ANN_ID,
    AUTHORIZER,
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
from tests.threats.town import EVERYTHING, SECRETS, clerk, people, stranger, township

ROSTER = "query($f: PersonFilter!) { persons(filter: $f) { totalCount edges { node { id } } } }"
NAME = "query($id: ID!) { person(id: $id) { name phones } }"


@pytest.fixture(params=[False, True], ids=["ours", "reference"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Counter:
    return counter(tmp_path, people=people(), reference=request.param)


@threat(5, 8)
@pytest.mark.parametrize(
    "condition",
    [
        {"name": {"eq": "安娜"}},
        {"name": {"startsWith": "安"}},
        {"birthDate": {"eq": "1990-01-01"}},
        {"residence": {"under": "320102"}},
        {"responsibleJurisdiction": {"under": "320102"}},
    ],
)
async def test_what_may_not_be_seen_finds_nobody(desk: Counter, condition: dict[str, Any]) -> None:
    for who in (clerk(), stranger(), doctor()):
        assert (await desk.ask(ROSTER, {"f": condition}, **who))["data"]["persons"] == {"totalCount": 0, "edges": []}
    assert (await desk.ask(ROSTER, {"f": condition}, **township()))["data"]["persons"]["totalCount"] == 1


@threat(5)
async def test_what_is_seen_in_part_finds_nobody(tmp_path: Path) -> None:
    desk = counter(tmp_path, people=people())
    decided = AUTHORIZER.decide(facts("AFTERCARE_OFFICER", "AFTERCARE", responsible=True))
    for label in Label:
        if decided[label].effect is Effect.MASK:
            assert not decided[label].may_filter
    who = {"agency": "FAR1", "jurisdiction": "320102"}
    body = await desk.ask("query($id: ID!) { person(id: $id) { idNumber } }", {"id": ANN_ID}, **who)
    assert "*" in body["data"]["person"]["idNumber"]


@threat(6)
async def test_a_sort_by_what_may_not_be_seen_gives_the_order_of_ids(tmp_path: Path) -> None:
    """A doctor finds own patients by name; when these were released from isolation is not theirs."""
    query = (
        'query($o: PersonOrderField!) { persons(filter: {name: {eq: "同名"}}, orderBy: {field: $o, direction: ASC}) '
        "{ edges { node { id } } } }"
    )
    who = {**doctor(), "agency": "32police"}
    orders: dict[str, list[list[str]]] = {"RELEASED_ON": [], "STATUS": [], "BIRTH_DATE": []}
    for first, second in ((date(1980, 1, 1), date(1990, 1, 1)), (date(1990, 1, 1), date(1980, 1, 1))):
        rows: dict[str, Any] = {"police": {}}
        for number, (token, day) in enumerate(((ANN_ID, first), (BEN_ID, second))):
            left = day.replace(year=day.year + 40 - 5 * (day.year == 1990))
            stay = {"kind": "COMPULSORY_ISOLATION", "startsOn": date(2018, 1, 1), "endedOn": left}
            rows["police"][token] = {
                "PersonRecord": [record("police", f"{number}", name="同名", birthDate=day)],
                "Measure": [record("police", f"m{number}", f"{number}", **stay)],
            }
        (tmp_path / f"{first}").mkdir()
        desk = counter(tmp_path / f"{first}", people=rows)
        for by, found in orders.items():
            data = (await desk.ask(query, {"o": by}, **who))["data"]
            found.append([edge["node"]["id"] for edge in data["persons"]["edges"]])
    assert orders["RELEASED_ON"] == orders["STATUS"] == [sorted([ANN_ID, BEN_ID])] * 2
    assert sorted(orders["BIRTH_DATE"]) == sorted([[ANN_ID, BEN_ID], [BEN_ID, ANN_ID]])  # which the doctor may see


@threat(7)
async def test_a_cursor_is_good_for_its_viewer_and_its_list_alone(desk: Counter) -> None:
    page = (
        "query($a: String, $r: String!) { persons(filter: {residence: {under: $r}}, first: 1, after: $a) "
        "{ pageInfo { endCursor } } }"
    )
    body = await desk.ask(page, {"r": "320102"}, **township())
    cursor = body["data"]["persons"]["pageInfo"]["endCursor"]
    assert not [secret for secret in (*SECRETS, ANN_ID, "320102") if secret in cursor]
    assert "errors" not in await desk.ask(page, {"a": cursor, "r": "320102"}, **township())
    wrong = [
        await desk.ask(page, {"a": cursor, "r": "320102"}, **township(subject="town-2")),
        await desk.ask(page, {"a": cursor, "r": "320100"}, **township()),
        await desk.ask(page, {"a": cursor[:-2] + "AA", "r": "320102"}, **township()),
    ]
    assert {one["errors"][0]["extensions"]["code"] for one in wrong} == {"BAD_CURSOR"}


@threat(8, 32)
async def test_a_count_is_for_those_who_count_and_tells_no_small_number(desk: Counter) -> None:
    query = 'query { peopleCounts(jurisdiction: "320102") { total } }'
    counting = {"role": "STATISTICIAN", "purpose": "STATISTICS", "jurisdiction": "320100"}
    assert (await desk.ask(query, **counting))["data"]["peopleCounts"] == {"total": None}
    for who in ({**counting, "purpose": "AFTERCARE"}, {**counting, "jurisdiction": "330106"}, township()):
        assert (await desk.ask(query, **who))["data"]["peopleCounts"] is None


@threat(9)
async def test_unknown_and_not_yours_are_alike_over_http(settings: Settings) -> None:
    query = "query($n: String!) { lookup(document: {number: $n}) { id name } }"
    async with opened(settings) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answers = [
                await client.post(
                    "/graphql", json={"query": query, "variables": {"n": number}}, headers=doctor_token(settings)
                )
                for number in (NUMBER, "32990119910101002" + check_digit("32990119910101002"))
            ]
    seen, missed = answers
    assert (seen.status_code, seen.content) == (missed.status_code, missed.content)
    own = {"x-request-id", "date"}
    assert {k: v for k, v in seen.headers.items() if k not in own} == {
        k: v for k, v in missed.headers.items() if k not in own
    }


@threat(13, 14)
async def test_viewers_who_ask_at_once_each_get_their_own_answer(desk: Counter) -> None:
    query = f"query($id: ID!) {{ person(id: $id) {{ {EVERYTHING} }} }}"
    viewers = [clerk(), stranger(), township(), doctor(), person_themselves()]
    alone = [await desk.ask(query, {"id": ANN_ID}, **who) for who in viewers]
    together = await asyncio.gather(*(desk.ask(query, {"id": ANN_ID}, **who) for who in viewers * 3))
    assert [one["data"] for one in together] == [one["data"] for one in alone] * 3
    assert len({repr(one["data"]) for one in alone}) >= 4


@threat(13)
async def test_a_record_in_the_cache_is_masked_for_whoever_asks_next(settings: Settings) -> None:
    query = '{ lookup(document: {number: "' + NUMBER + '"}) { name idNumber } }'
    async with asking(settings, cache_ttl_seconds=60) as client:
        first = await post(client, officer(settings), query)
        other = await post(client, doctor_token(settings), query)
        again = await post(client, officer(settings), query)
    assert first["data"] == again["data"]
    assert first["data"]["lookup"]["name"] == "试验甲"
    assert other["data"] == {"lookup": None}


@threat(14)
async def test_one_batch_under_two_plans_shows_each_its_own(desk: Counter) -> None:
    query = f"""query($a: ID!, $b: ID!) {{ x: person(id: $a) {{ id }} y: person(id: $a) {{ {EVERYTHING} }}
        z: person(id: $b) {{ id name }} }}"""
    body = await desk.ask(query, {"a": ANN_ID, "b": BEN_ID}, **township())
    assert body["data"]["x"] == {"id": ANN_ID}
    assert body["data"]["y"]["idNumber"] != ANN
    assert body["data"]["z"] is None  # sealed


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


@threat(21)
async def test_many_aliases_in_one_request_are_refused_or_cost_one_reading(desk: Counter) -> None:
    wide = "{ " + " ".join(f'a{n}: lookup(document: {{number: "{n:018d}"}}) {{ id }}' for n in range(400)) + " }"
    with pytest.raises(LimitExceeded):
        await desk.ask(wide, **township())
    calls = " ".join(f'a{n}: person(id: "{ANN_ID}") {{ id }}' for n in range(5))
    await desk.ask("{ " + calls + " }", **township())
    assert all(one.persons == (ANN_ID,) for one in desk.audit.kept)


@threat(22)
@pytest.mark.parametrize("other", [Label.IDENTITY, Label.CONTACT])
def test_a_masked_number_beside_a_birth_date_leaves_hundreds(other: Label) -> None:
    assert harden("id_edges", Label.ID_NUMBER, [other]) == "id_ends"
    shown = str(apply("id_ends", ANN, Kind.ID_NUMBER))
    assert re.fullmatch(r"3\*{16}[\dX]", shown)
    body, fits = ANN[:14], 0
    for number in range(1000):
        fits += check_digit(f"{body}{number:03}") == ANN[-1]
    assert fits > 50
    assert apply("year_only", date(1990, 5, 6), Kind.DATE) == date(1990, 1, 1)
    assert apply("region_only", "320102003", Kind.CODE) == "320102"
    assert apply("no such mask", ANN, Kind.ID_NUMBER) is None


@threat(27)
async def test_sealed_and_far_away_and_unknown_give_no_other_reason(desk: Counter) -> None:
    query = f"query($id: ID!) {{ person(id: $id) {{ {EVERYTHING} }} }}"
    sealed = await desk.ask(query, {"id": BEN_ID}, **township())
    far = await desk.ask(query, {"id": ANN_ID}, **stranger())
    assert sealed == far == {"data": {"person": None}}
    some = await desk.ask(query, {"id": ANN_ID}, **clerk())
    reasons = {one["reason"] for one in some["extensions"]["authorization"]}
    assert reasons <= {"granted", "masked", "not_permitted"}
    assert "sealed" not in repr(some).lower()
    assert len(some["extensions"]["authorization"]) == len(
        {one["path"] for one in some["extensions"]["authorization"]}
    )


@threat(28)
def test_what_guards_a_person_never_opens_and_a_tie_never_closes() -> None:
    for role in ("TOWNSHIP_WORKER", "AFTERCARE_OFFICER", "POLICE_CASE_OFFICER", "HOSPITAL_DOCTOR", "AUDITOR"):
        for purpose in ("HANDOFF", "AFTERCARE", "TREATMENT", "STATUTORY_QUERY", "AUDIT"):
            near = facts(role, purpose, responsible=True, formerly=True, in_my_tree=True)
            more = AUTHORIZER.decide(near)
            for guard in ("record_sealed", "file_sealed", "minor", "control_lifted"):
                less = AUTHORIZER.decide(replace(near, **{guard: True}))
                assert all(less[label].effect <= more[label].effect for label in Label), (role, purpose, guard)
            alone = AUTHORIZER.decide(facts(role, purpose))
            assert all(alone[label].effect <= more[label].effect for label in Label)


@threat(26, 33)
async def test_neither_logs_nor_records_nor_traces_hold_a_value(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    query = f"query Card($n: String!) {{ lookup(document: {{number: $n}}) {{ {EVERYTHING} }} }}"
    body = await desk.ask(query, {"n": ANN}, **person_themselves())
    assert body["data"]["lookup"]["name"] == "安娜"
    await desk.ask(ROSTER, {"f": {"name": {"eq": "安娜"}}}, **township())
    with pytest.raises(GatewayError):
        await desk.ask(query, {"n": [ANN]}, **person_themselves())
    kept = repr([*desk.audit.kept, *desk.audit.events]) + caplog.text + repr(body["extensions"])
    assert not [secret for secret in SECRETS if secret in kept]


@threat(31)
async def test_a_subscription_is_refused(desk: Counter) -> None:
    with pytest.raises(GatewayError):
        await desk.ask("subscription { person { name } }", **township())


@threat(33)
async def test_a_failure_inside_tells_neither_caller_nor_log_what_it_was_about(
    desk: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sources: Any = desk.engine._house.sources

    async def fail(*_given: object, **_named: object) -> None:
        raise RuntimeError(f"no such row: 安娜 {ANN}")

    sources.read = fail
    body = await desk.ask(NAME, {"id": ANN_ID}, **township())
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert not [secret for secret in SECRETS if secret in repr(body) + caplog.text]


def test_the_recipient_of_the_consents_here_is_the_doctors() -> None:
    assert consent_input()["recipient"] == {"agency": HOSPITAL}
