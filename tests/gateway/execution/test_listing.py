"""Lists: filtered, sorted and paged by what this viewer may filter on, row by row."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec import structs

from adapters.contract import Record
from adapters.matching import region_prefix
from gateway.execution.listing import searches
from schema.codes import REGIONS
from schema.label import Label
from schema.reader import Condition
from tests.gateway.execution.test_engine import ask
from tests.gateway.execution.world import TOKENS, LabelAuthorizer, Small, house, record

ROSTER = """query($under: String!, $first: Int!, $after: String, $status: [PersonStatus!]!) {
  persons(filter: {responsibleJurisdiction: {under: $under}, status: {in: $status}},
          orderBy: {field: RELEASED_ON, direction: DESC}, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { node { id releasedOn status } } } }"""
EVERY = ["RELEASED_NOT_ORDERED", "ORDERED_NOT_REPORTED", "IN_ISOLATION", "UNKNOWN", "COMPLETED"]


def released(count: int, **more: Any) -> Small:
    """People of one township, released on successive days; the last one lives elsewhere."""
    people: dict[str, dict[str, list[Record]]] = {}
    for number in range(count):
        token = TOKENS.mint(f"3299011990010100{number:02d}")
        home = "330106" if number == count - 1 else "320102901"
        people[token] = {
            "PersonRecord": [record("police", str(number), name="甲", residenceCode=home)],
            "Measure": [
                record(
                    "police",
                    f"m{number}",
                    str(number),
                    kind="COMPULSORY_ISOLATION",
                    startsOn=date(2024, 1, 1),
                    endedOn=date(2026, 1, 1 + number),
                )
            ],
        }
    return house({"police": people}, **more)


async def roster(small: Small, after: str | None = None, first: int = 3, **more: Any) -> dict[str, Any]:
    variables = {"under": "320100", "first": first, "after": after, "status": EVERY, **more}
    found: dict[str, Any] = (await ask(small, ROSTER, variables))["data"]["persons"]
    return found


async def test_pages_are_complete_sorted_and_without_repeats() -> None:
    small, seen, after = released(8), [], None
    while True:
        page = await roster(small, after)
        seen += [edge["node"]["releasedOn"] for edge in page["edges"]]
        assert page["totalCount"] == 7
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [f"2026-01-0{day}" for day in range(7, 0, -1)]


async def test_who_lives_elsewhere_is_not_on_the_roster() -> None:
    assert (await roster(released(2), first=9))["totalCount"] == 1


async def test_whom_a_source_brings_up_for_another_reason_is_not_on_the_roster() -> None:
    """Found by the residence; but the measure is carried out elsewhere, and that is where responsibility lies."""
    small = released(4)
    rows = small.sources.rows["police"]
    token = next(iter(rows))
    (one,) = rows[token]["PersonRecord"]
    rows[token]["PersonRecord"] = [structs.replace(one, values={**one.values, "executionPlaceCode": "330106"})]
    assert (await roster(small))["totalCount"] == 2


async def test_a_status_narrows_the_list() -> None:
    small = released(4)
    assert (await roster(small, status=["RELEASED_NOT_ORDERED"]))["totalCount"] == 3
    assert (await roster(small, status=["IN_ISOLATION"]))["totalCount"] == 0


async def test_a_filter_on_what_one_may_not_filter_on_matches_nobody() -> None:
    small = released(4, authorizer=LabelAuthorizer(unfilterable={Label.CUSTODY}))
    page = await roster(small)
    assert (page["totalCount"], page["edges"]) == (0, [])


async def test_a_filter_needs_the_labels_of_all_its_conditions() -> None:
    query = """{ persons(filter: {responsibleJurisdiction: {under: "320100"}, residence: {under: "320100"}}) {
        totalCount } }"""
    for unfilterable, found in ((set[Label](), 3), ({Label.CONTACT}, 0), ({Label.CUSTODY}, 0)):
        small = released(4, authorizer=LabelAuthorizer(unfilterable=unfilterable))
        assert (await ask(small, query))["data"]["persons"]["totalCount"] == found


async def test_whom_one_may_know_of_but_not_come_upon_is_in_no_list() -> None:
    small = released(4, authorizer=LabelAuthorizer(unfilterable={Label.EXISTENCE}))
    page = await roster(small)
    assert (page["totalCount"], page["edges"]) == (0, [])
    somebody = next(iter(small.sources.rows["police"]))
    assert (await ask(small, "query($id: ID!) { person(id: $id) { id } }", {"id": somebody}))["data"]["person"]


async def test_a_sort_key_that_one_may_not_filter_on_tells_no_order() -> None:
    query = """{ persons(filter: {residence: {under: "320100"}}, orderBy: {field: RELEASED_ON, direction: DESC}) {
        edges { node { id } } } }"""
    blind = released(6, authorizer=LabelAuthorizer(unfilterable={Label.CUSTODY}))
    body = await ask(blind, query)
    ids = [edge["node"]["id"] for edge in body["data"]["persons"]["edges"]]
    assert ids == sorted(ids)
    assert len(ids) == 5


async def test_a_cursor_holds_no_value_and_fits_one_list_and_one_viewer() -> None:
    small = released(6)
    cursor = (await roster(small))["pageInfo"]["endCursor"]
    assert "2026" not in cursor
    variables = {"under": "320100", "first": 3, "after": cursor, "status": ["IN_ISOLATION"]}
    assert (await ask(small, ROSTER, variables))["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    variables["status"] = EVERY
    stolen = await ask(small, ROSTER, variables, subject="somebody-else")
    assert stolen["errors"][0]["extensions"]["code"] == "BAD_CURSOR"
    assert "errors" not in await ask(small, ROSTER, variables)


async def test_cases_of_a_region_are_listed_by_stage() -> None:
    query = """query($s: [CaseStage!]!) {
      cases(filter: {responsibleJurisdiction: {under: "320100"}, stage: {in: $s}}) {
        totalCount edges { node { stage person { id } } } } }"""
    small = released(4)
    found = (await ask(small, query, {"s": ["RELEASED"]}))["data"]["cases"]
    assert found["totalCount"] == 3
    assert {edge["node"]["stage"] for edge in found["edges"]} == {"RELEASED"}
    assert (await ask(small, query, {"s": ["ISOLATED"]}))["data"]["cases"]["totalCount"] == 0


async def test_who_is_kept_under_a_retired_code_is_found_under_its_successor() -> None:
    token = TOKENS.mint("329901199001010014") or ""
    small = house({"police": {token: {"PersonRecord": [record("police", "1", name="甲", residenceCode="320684")]}}})
    body = await ask(small, '{ persons(filter: {residence: {under: "320614"}}) { edges { node { id } } } }')
    assert body["data"]["persons"]["edges"] == [{"node": {"id": token}}]


def searched(region: str) -> set[str]:
    ((*compared,),) = searches([Condition("residence", "under", region)], REGIONS)
    return {str(compare.value) for compare in compared}


def test_retired_codes_that_begin_as_the_region_does_are_not_looked_for_apart() -> None:
    former = REGIONS.formerly("500000")
    assert {"510200", "510202", "510203"} <= set(former)
    assert "510200" in searched("500000")
    assert not {"510202", "510203"} & searched("500000")


@pytest.mark.parametrize("region", ["320000", "320100", "320600", "500000", "510100", "320583"])
def test_what_is_looked_for_covers_every_retired_code(region: str) -> None:
    begins = tuple(region_prefix(code) for code in searched(region))
    assert all(region_prefix(code).startswith(begins) for code in (region, *REGIONS.formerly(region)))
