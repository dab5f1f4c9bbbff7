"""The access token: from the Authorization header and nowhere else."""

from __future__ import annotations

import httpx
import pytest

from tests.gateway.http.standins import GOOD, NO_PURPOSE, Engine

BODY = {"query": "{ who }"}


async def ask(client: httpx.AsyncClient, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return await client.post("/graphql", json=BODY, headers=headers)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer forged",
        GOOD,
        "Bearer",
        "Bearer ",
        f"Basic {GOOD}",
        f"Bearer {GOOD} extra",
        "Bearer 令牌",
        "Bearer " + "a" * 9_000,
    ],
    ids=range(8),
)
async def test_refuses_a_token_that_does_not_hold(
    client: httpx.AsyncClient, engine: Engine, authorization: str
) -> None:
    answer = await client.post("/graphql", json=BODY, headers=[(b"Authorization", authorization.encode())])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="yiti", error="invalid_token"'
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in answer.json()
    assert engine.asked == []


async def test_says_that_a_token_is_missing(client: httpx.AsyncClient) -> None:
    answer = await ask(client, None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="yiti"'


async def test_the_scheme_is_read_in_any_case(client: httpx.AsyncClient) -> None:
    assert (await ask(client, f"bearer  {GOOD}")).status_code == 200


@pytest.mark.parametrize("name", ["access_token", "token", "Authorization"])
async def test_a_token_in_the_address_counts_for_nothing(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get("/graphql", params={"query": "{ who }", name: f"Bearer {GOOD}"})
    assert answer.status_code == 401


async def test_two_tokens_are_none(client: httpx.AsyncClient) -> None:
    headers = [("Authorization", f"Bearer {GOOD}"), ("Authorization", f"Bearer {GOOD}")]
    assert (await client.post("/graphql", json=BODY, headers=headers)).status_code == 401


async def test_a_token_without_a_purpose_is_403(client: httpx.AsyncClient) -> None:
    answer = await ask(client, f"Bearer {NO_PURPOSE}")
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer realm="yiti", error="insufficient_scope"'
    assert answer.json()["errors"][0]["extensions"]["code"] == "PURPOSE_MISSING"


async def test_a_caller_without_a_token_learns_nothing_of_its_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", content=b"{broken", headers={"Content-Type": "application/json"})
    assert answer.status_code == 401
