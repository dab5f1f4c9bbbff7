"""What every answer bears, and what goes into the log."""

from __future__ import annotations

import json
import logging
import re
import uuid

import httpx
import pytest

from tests.gateway.http.standins import AUTHORIZED, Engine, application

PERSONAL = "329901199001011234"


async def ask(client: httpx.AsyncClient, query: str = "{ who }", **headers: str) -> httpx.Response:
    return await client.post("/graphql", json={"query": query}, headers={**AUTHORIZED, **headers})


@pytest.mark.parametrize("path", ["/graphql", "/nowhere", "/"])
async def test_every_answer_is_kept_private(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert uuid.UUID(answer.headers["x-request-id"]).version == 4


@pytest.mark.parametrize("given", ["0af7651916cd43dd8448eb211c80319c", "6f1c8f0e-7a3d-4f5e-9a52-0d6b3f1f2a77"])
async def test_a_request_id_of_a_safe_form_is_kept(client: httpx.AsyncClient, given: str) -> None:
    assert (await ask(client, **{"X-Request-Id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", [PERSONAL, "case-7", "a" * 300, "阿依", "", '"}', "0AF7651916CD43DD8448EB211C80319C"]
)
async def test_another_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.post(
        "/graphql", json={"query": "{ who }"}, headers=[*AUTHORIZED.items(), (b"X-Request-Id", given.encode())]
    )
    assert answer.headers["x-request-id"] != given
    assert uuid.UUID(answer.headers["x-request-id"])


async def test_an_unforeseen_exception_shows_its_request_id_and_nothing_else(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await ask(client, "{ fail }")
    assert answer.status_code == 500
    assert answer.json() == {
        "errors": [
            {
                "message": "The gateway failed on this request. Report its requestId to the operators.",
                "extensions": {"code": "INTERNAL", "requestId": answer.headers["x-request-id"]},
            }
        ]
    }
    fault = json.loads(next(record.message for record in caplog.records if record.name == "yiti.faults"))
    assert fault["exception"] == "Boom"
    assert fault["request_id"] == answer.headers["x-request-id"]
    assert PERSONAL not in caplog.text


async def test_the_access_log_holds_no_value(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "yiti.access")
    parameters = {"query": "query($n: String) { hello(name: $n) }", "variables": json.dumps({"n": PERSONAL})}
    await client.get("/graphql", params=parameters, headers=AUTHORIZED)
    await client.get(f"/person/{PERSONAL}")
    lines = [json.loads(record.message) for record in caplog.records if record.name == "yiti.access"]
    assert [(line["route"], line["status"], line["code"]) for line in lines] == [
        ("/graphql", 200, "OK"),
        ("unknown", 404, "NOT_FOUND"),
    ]
    assert set(lines[0]) == {"at", "request_id", "method", "route", "status", "ms", "code"}
    assert PERSONAL not in " ".join(record.message for record in caplog.records if record.name.startswith("yiti"))


async def test_the_access_log_names_the_first_error(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "yiti.access")
    await ask(client, "{ nothing }")
    assert re.search(r'"code":"GRAPHQL_INVALID"', caplog.text)


async def test_no_other_origin_may_read_unless_it_is_named(client: httpx.AsyncClient) -> None:
    answer = await ask(client, Origin="https://front.example")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("origin", "allowed"), [("https://front.example", True), ("https://evil.example", False)])
async def test_named_origins_may_read(engine: Engine, origin: str, *, allowed: bool) -> None:
    transport = httpx.ASGITransport(application(engine, origins=("https://front.example",)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        before = await client.options("/graphql", headers={"Origin": origin})
        answer = await ask(client, Origin=origin)
    assert before.status_code == 204
    assert ("access-control-allow-methods" in before.headers) is allowed
    assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in before.headers
