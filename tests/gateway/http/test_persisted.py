"""Persisted queries and trusted documents over HTTP."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from gateway.execution.document import PersistedDocuments
from tests.gateway.http.standins import AUTHORIZED, Engine, application

TEXT = "{ who }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()
GRAPHQL = "application/graphql-response+json"


def named(digest: str = HASH, **more: object) -> dict[str, object]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}, **more}


def client_of(engine: Engine, documents: PersistedDocuments) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(engine, documents=documents))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=AUTHORIZED)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


async def test_a_client_registers_its_query_and_uses_the_hash_alone_from_then_on(engine: Engine) -> None:
    async with client_of(engine, PersistedDocuments(size=10)) as client:
        missed = await client.post("/graphql", json=named())
        assert (missed.status_code, missed.json()["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
        assert code(missed) == "PERSISTED_QUERY_NOT_FOUND"
        assert (await client.post("/graphql", json=named(query=TEXT))).json()["data"] == {"who": "staff-7"}
        assert (await client.post("/graphql", json=named())).json()["data"] == {"who": "staff-7"}
        extensions = json.dumps(named()["extensions"])
        assert (await client.get("/graphql", params={"extensions": extensions})).json()["data"] == {"who": "staff-7"}
    assert {request.query for request in engine.asked} == {TEXT}


async def test_what_was_refused_is_not_remembered(engine: Engine) -> None:
    vault = "{ vault }"
    digest = hashlib.sha256(vault.encode()).hexdigest()
    async with client_of(engine, PersistedDocuments(size=10)) as client:
        assert code(await client.post("/graphql", json=named(digest, query=vault))) == "AUDIT_UNAVAILABLE"
        assert code(await client.post("/graphql", json=named(digest))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_mutation_does_not_come_by_get_under_a_hash_either(engine: Engine) -> None:
    text = "mutation { touch }"
    digest = hashlib.sha256(text.encode()).hexdigest()
    async with client_of(engine, PersistedDocuments({digest: text})) as client:
        answer = await client.get("/graphql", params={"extensions": json.dumps(named(digest)["extensions"])})
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        streamed = await client.get(
            "/graphql",
            params={"extensions": json.dumps(named(digest)["extensions"])},
            headers={"Accept": "text/event-stream"},
        )
        assert '"METHOD_NOT_ALLOWED"' in streamed.text
    assert engine.asked == []


@pytest.mark.parametrize(
    "given",
    [
        {"version": 2, "sha256Hash": HASH},
        {"version": 1},
        {"version": 1, "sha256Hash": HASH.upper()},
        {"version": 1, "sha256Hash": "x" * 64},
        {"version": 1, "sha256Hash": HASH + "\n"},
        [HASH],
    ],
)
async def test_another_form_of_the_protocol_is_refused(engine: Engine, given: object) -> None:
    async with client_of(engine, PersistedDocuments(size=10)) as client:
        answer = await client.post("/graphql", json={"query": TEXT, "extensions": {"persistedQuery": given}})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


async def test_a_hash_of_another_text_is_refused(engine: Engine) -> None:
    async with client_of(engine, PersistedDocuments(size=10)) as client:
        answer = await client.post("/graphql", json=named("0" * 64, query=TEXT), headers={"Accept": GRAPHQL})
    assert (answer.status_code, code(answer)) == (400, "PERSISTED_QUERY_MISMATCH")


async def test_a_locked_gateway_runs_what_is_registered_and_nothing_else(engine: Engine) -> None:
    async with client_of(engine, PersistedDocuments({HASH: TEXT}, locked=True)) as client:
        assert (await client.post("/graphql", json=named())).json()["data"] == {"who": "staff-7"}
        assert (await client.post("/graphql", json={"query": TEXT})).json()["data"] == {"who": "staff-7"}
        for body in ({"query": "{ hello }"}, named("0" * 64), {"query": TEXT + "\n"}):
            answer = await client.post("/graphql", json=body)
            assert (answer.status_code, code(answer)) == (403, "DOCUMENT_NOT_TRUSTED")
    assert len(engine.asked) == 2


async def test_a_locked_gateway_still_asks_for_the_token_first(engine: Engine) -> None:
    async with client_of(engine, PersistedDocuments({HASH: TEXT}, locked=True)) as client:
        answer = await client.post("/graphql", json={"query": "{ hello }"}, headers={"Authorization": "Bearer bad"})
    assert answer.status_code == 401
