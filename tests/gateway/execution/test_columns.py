"""The quick way of shaping is gone where it can be, and gives what graphql-core gives; what it keeps is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from gateway.execution import columns
from gateway.execution.engine import Request
from gateway.execution.shape import Shaping
from schema.jurisdiction import jurisdiction
from tests.gateway.execution.random_world import NUMBERS, PEOPLE, Dice
from tests.gateway.execution.world import viewer

SEEDS = range(8)
PERSON = """query One($id: ID!, $first: Int! = 2) { person(id: $id) {
  __typename id name sex birthDate phones diedOn ethnicity { code name } executionPlace { name }
  domicile { address jurisdiction { code name } }
  residence { address jurisdiction { code name level parent { code } } }
  responsiblePolice { code name } otherNames { kind value } documents { kind number }
  drugUse { firstUsedOn substances } health { hivPositive treatments { kind startedOn record { fetchedAt } } }
  cases(first: $first) { totalCount edges { __typename node {
    openedOn stage person { id }
    measures { kind startsOn agency { code name jurisdiction { name } } executionPlace { code }
      ... on CommunityRecovery { orderedOn reportedOn } }
    bare: measures { id status decision { number } }
    typed: measures { __typename endedOn }
    visits(first: 1) { totalCount edges { node { id visitedOn } } }
    drugTests { edges { cursor node { testedOn } } pageInfo { hasNextPage endCursor } }
    timeline { edges { node { on at kind summary } } }
  } } }
  family { name relation } support { grants { kind startedOn } employments { status employer } }
} }"""
LIST = """query List($region: String!, $first: Int!) {
  persons(filter: { residence: { under: $region } }, first: $first) { totalCount edges { node {
    id name sex birthDate phones residence { address jurisdiction { code name } }
    cases(first: 1) { edges { node { openedOn stage measures { kind status startsOn agency { name } } } } }
    support { grants { kind startedOn } employments { status employer } }
  } } }
}"""


@pytest.fixture
def tries() -> Iterator[list[bool]]:
    """Whether the quick way led to the end, each time that it was tried."""
    found: list[bool] = []
    plain = Shaping._shape

    def spy(shaping: Shaping, selected: Any, sources: Any) -> Any:
        shaped = plain(shaping, selected, sources)
        found.append(shaped is not None)
        return shaped

    with patch.object(Shaping, "_shape", spy):
        yield found


async def _asked(seed: int, query: str, variables: dict[str, object], *, reference: bool = False) -> bytes:
    small = Dice(seed).house(reference=reference)
    answer = await small.engine.answer(Request(query, None, variables), viewer(), "r-1")
    return orjson.dumps(dict(answer.body)["data"])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("query", [PERSON, LIST], ids=["person", "list"])
async def test_ordinary_questions_go_the_quick_way_and_are_answered_as_by_graphql_core(
    query: str, seed: int, tries: list[bool]
) -> None:
    for token in PEOPLE[:3]:
        variables: dict[str, object] = {"id": token} if query is PERSON else {"region": "320100", "first": 5}
        ours = await _asked(seed, query, variables)
        assert ours == await _asked(seed, query, variables, reference=True)
    assert all(tries)


async def test_something_was_shown_in_these_answers(tries: list[bool]) -> None:
    texts = [(await _asked(seed, PERSON, {"id": token})).decode() for seed in SEEDS for token in PEOPLE]
    for word in ('"COMMUNITY_RECOVERY"', '"visitedOn":"20', '"cursor":', '"summary":', '"orderedOn":"20', '"at":"20'):
        assert any(word in text for text in texts), word
    assert all(tries)
    assert tries


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("first", [0, 1, 3, 10**6])
async def test_pages_are_cut_and_refused_alike(seed: int, first: int) -> None:
    variables: dict[str, object] = {"id": PEOPLE[0], "first": first}
    assert await _asked(seed, PERSON, variables) == await _asked(seed, PERSON, variables, reference=True)


async def test_a_page_goes_on_after_its_cursor() -> None:
    query = """query ($id: ID!, $after: String) { person(id: $id) { cases { edges { node {
        visits(first: 1, after: $after) { edges { node { id } } } } } } } }"""
    with_cursor = query.replace("edges { node { id }", "edges { cursor node { id }")
    for seed in range(40):
        told: Any = orjson.loads(await _asked(seed, with_cursor, {"id": PEOPLE[0]}))
        cases = ((told["person"] or {}).get("cases") or {"edges": ()})["edges"]
        pages = [case["node"]["visits"] for case in cases if case["node"]["visits"]]
        cursor = next((edge["cursor"] for page in pages for edge in page["edges"]), None)
        if cursor is not None and len(cases) == 1:
            variables: dict[str, object] = {"id": PEOPLE[0], "after": cursor}
            ours = await _asked(seed, query, variables)
            assert ours == await _asked(seed, query, variables, reference=True)
            assert ours != await _asked(seed, query, {"id": PEOPLE[0]})
            return
    pytest.fail("no seed has a visit to go on after")


async def test_arguments_of_one_request_are_not_those_of_the_next() -> None:
    small, core = Dice(3).house(reference=False), Dice(3).house(reference=True)
    query = "query ($id: ID!, $n: String!) { person(id: $id) { id name } lookup(document: {number: $n}) { id } }"
    for token, number in zip(PEOPLE, reversed(NUMBERS), strict=True):
        request = Request(query, None, {"id": token, "n": number})
        ours = await small.engine.answer(request, viewer(), "r-1")
        assert ours.body["data"] == (await core.engine.answer(request, viewer(), "r-1")).body["data"]
        assert ours.body["data"]["person"]["id"] == token


async def test_what_an_argument_leaves_out_or_nulls_is_as_by_graphql_core() -> None:
    query = """query ($id: ID!, $first: Int, $after: String = null) { person(id: $id) {
        cases(first: $first, after: $after) { totalCount edges { node { stage } } } } }"""
    for variables in ({}, {"first": 1}, {"first": None}, {"first": 2, "after": None}, {"first": 1}):
        for token in PEOPLE[:3]:
            given: dict[str, object] = {"id": token, **variables}
            assert await _asked(5, query, given) == await _asked(5, query, given, reference=True)


async def test_a_public_thing_is_shaped_once_for_an_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def note(code: str) -> object:
        made.append(code)
        return jurisdiction(code)

    monkeypatch.setattr("schema.jurisdiction.jurisdiction", note)
    people = '{ persons(filter: { residence: { under: "320100" } }) { edges { node { '
    query = people + "residence { jurisdiction { code name } } } } } }"
    shown: list[str] = []
    for seed in SEEDS:
        small = Dice(seed).house(reference=False)
        made.clear()
        answers = [(await small.engine.answer(Request(query, None, {}), viewer(), "r-1")).body["data"] for _ in "abc"]
        assert answers[0] == answers[1] == answers[2]
        assert len(made) == len(set(made))
        shown += made
    assert shown


async def test_what_is_kept_of_public_things_is_bounded(tries: list[bool]) -> None:
    with patch.object(columns, "_MOST_KEPT", 0):
        small = Dice(1).house(reference=False)
        for _ in range(3):
            answer = await small.engine.answer(Request(PERSON, None, {"id": PEOPLE[0]}), viewer(), "r-1")
            assert orjson.dumps(answer.body["data"]) == await _asked(1, PERSON, {"id": PEOPLE[0]}, reference=True)
    assert all(tries)
