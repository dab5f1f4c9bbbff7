"""Filters, sorts, cursors and counts tell nothing that looking at the field would not; nothing is shared or kept."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import opened
from gateway.authorization.decision import Effect
from gateway.settings import Settings
from schema.codes import check_digit
from schema.label import Label
from tests.gateway.authorization.people import facts
from tests.gateway.execution.world import ANN, record
from tests.gateway.http.register import NUMBER, officer
from tests.gateway.http.test_mutations import asking, post
from tests.gateway.http.test_mutations import doctor as doctor_token
from tests.gateway.registers.counter import (
    ANN_ID,
    AUTHORIZER,
    BEN_ID,
    Counter,
    counter,
    doctor,
    person_themselves,
)
from tests.threats.threats import threat
from tests.threats.town import EVERYTHING, SECRETS, clerk, people, stranger, township

ROSTER = "query($f: PersonFilter!) { persons(filter: $f) { totalCount edges { node { id } } } }"


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
    alone = await desk.ask(f"query($id: ID!) {{ person(id: $id) {{ {EVERYTHING} }} }}", {"id": ANN_ID}, **township())
    assert body["data"]["y"] == alone["data"]["person"]
    assert body["data"]["y"]["name"] == "安娜"
    assert body["data"]["y"]["status"] is not None
    assert body["data"]["y"]["idNumber"] != ANN
    assert body["data"]["z"] is None  # sealed
