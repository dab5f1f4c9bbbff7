"""A read of several entities through the real subgraph driver is one request to the peer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

import httpx
import pytest
import respx

from adapters.contract import Call
from adapters.drivers import open_adapter
from adapters.manifest import Manifest
from gateway.identity.build import build
from gateway.identity.index import Token
from gateway.sources.fetch import FederatedSources
from gateway.sources.registry import OpenSource, open_sources
from tests.gateway.identity.people import INDEX_KEY, TOKENS, token
from tests.gateway.sources.memory import a_call, a_manifest

PERSON: Token = token(1)
NEEDS = {"PersonRecord": ("name",), "Visit": ("outcome",), "Measure": ("startsOn",)}


def signed_call() -> Call:
    return replace(a_call(), assertion=lambda request: f"signed-for-{request.audience}")


def the_peer() -> Manifest:
    raw = a_manifest("zhejiang-gateway", kind="subgraph", locator="/locator").model_dump()
    raw["entities"] = {
        "PersonRecord": {"dataset": "Person", "key": "id", "fields": {"name": {"path": "name"}}},
        "Visit": {
            "dataset": "Visit",
            "key": "id",
            "rows": "visits",
            "fields": {"outcome": {"path": "outcome"}},
        },
        "Measure": {
            "dataset": "Measure",
            "key": "id",
            "rows": "measures",
            "fields": {"startsOn": {"path": "startsOn"}},
        },
    }
    return Manifest.model_validate(raw)


@pytest.fixture
async def opened() -> AsyncIterator[dict[str, OpenSource]]:
    on_httpx = partial(open_adapter, transport="httpx")  # the one that respx stands in for
    found = dict(await open_sources([the_peer()], on_httpx))
    yield found
    await FederatedSources(found).aclose()


def answering(*people: object) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["variables"]["representations"]
        assert [one["id"] for one in asked] == [PERSON]
        return httpx.Response(200, json={"data": {"_entities": list(people)}})

    return answer


@respx.mock
async def test_all_entities_of_one_read_go_in_one_request(opened: dict[str, OpenSource]) -> None:
    person = {
        "id": PERSON,
        "name": "张三",
        "visits": [{"id": "v1", "outcome": "平稳"}],
        "measures": [{"id": "m1", "startsOn": "2026-01-02"}],
    }
    route = respx.post("https://peer.test/graphql").mock(side_effect=answering(person))
    sources = FederatedSources(opened)
    reading = await sources.read({PERSON: {"zhejiang-gateway": (PERSON,)}}, NEEDS, signed_call())
    assert reading.problems == ()
    assert route.call_count == 1
    assert {entity: len(found[PERSON]) for entity, found in reading.records.items()} == dict.fromkeys(NEEDS, 1)


@respx.mock
async def test_a_peer_that_fails_is_one_problem_for_all_entities(opened: dict[str, OpenSource]) -> None:
    respx.post("https://peer.test/graphql").respond(502)
    reading = await FederatedSources(opened, pause=0).read(
        {PERSON: {"zhejiang-gateway": (PERSON,)}}, NEEDS, signed_call()
    )
    (problem,) = reading.problems
    assert (problem.code, problem.entities) == ("UNAVAILABLE", ("Measure", "PersonRecord", "Visit"))


@respx.mock
async def test_a_peers_list_of_pseudonyms_becomes_part_of_the_index(opened: dict[str, OpenSource]) -> None:
    pages = [
        httpx.Response(200, json={"tokens": [PERSON, token(2)], "after": token(2)}),
        httpx.Response(200, json={"tokens": [token(3)], "after": None}),
    ]
    respx.post("https://peer.test/locator").mock(side_effect=pages)
    index = await build(opened, TOKENS, None, INDEX_KEY, signed_call())
    assert index.holders(PERSON) == {"zhejiang-gateway": (PERSON,)}
    assert list(index.everybody()) == sorted((PERSON, token(2), token(3)))
    assert list(index.own()) == []
    index.close()
