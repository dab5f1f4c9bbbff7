"""GET with a query string: queries only."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.http.standins import AUTHORIZED, Engine


async def get(client: httpx.AsyncClient, **parameters: str) -> httpx.Response:
    return await client.get("/graphql", params=parameters, headers=AUTHORIZED)


async def test_answers_a_query(client: httpx.AsyncClient) -> None:
    answer = await get(client, query="query Q($n: String) { hello(name: $n) }", variables='{"n": "阿依"}')
    assert answer.json() == {"data": {"hello": "您好 阿依"}}


async def test_an_empty_operation_name_is_none(client: httpx.AsyncClient, engine: Engine) -> None:
    await get(client, query="{ who }", operationName="")
    assert engine.asked[0].operation_name is None


@pytest.mark.parametrize(
    "kind", ["mutation { touch }", "subscription { tick }", "query A { who } mutation B { touch }"]
)
async def test_only_queries_come_by_get(client: httpx.AsyncClient, engine: Engine, kind: str) -> None:
    answer = await get(client, query=kind, **({"operationName": "B"} if " B " in kind else {}))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert answer.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert engine.asked == []


@pytest.mark.parametrize("query", ["{a" * 2_000, "{a" * 400, "{ who } " + "# " * 9_000, "{ a " * 8_000])
async def test_a_document_beyond_reason_is_left_to_the_engine(
    client: httpx.AsyncClient, engine: Engine, query: str
) -> None:
    answer = await get(client, query=query)
    assert answer.status_code == 200
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "query=%FF%FE",
        "query=%7Bwho%7D&query=%7Bhello%7D",
        "query=%7Bwho%7D&variables=[1]",
        "query=%7Bwho%7D&variables=%7B",
        "query=%7Bwho%7D&extensions=3",
        "&".join(f"a{n}=1" for n in range(40)),
        "query",
    ],
)
async def test_refuses_what_is_no_request(client: httpx.AsyncClient, query_string: str) -> None:
    answer = await client.get(f"/graphql?{query_string}", headers=AUTHORIZED)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql", headers=AUTHORIZED)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
