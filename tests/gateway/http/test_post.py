"""POST with a JSON body: forms, statuses and refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.http.negotiate import JSON, choose
from tests.gateway.http.standins import AUTHORIZED, LIMIT, Engine, chunks

GRAPHQL = "application/graphql-response+json"


async def post(client: httpx.AsyncClient, body: object, **headers: str) -> httpx.Response:
    return await client.post("/graphql", json=body, headers={**AUTHORIZED, **headers})


async def refusal(
    client: httpx.AsyncClient, content: bytes, content_type: str = "application/json"
) -> tuple[int, str]:
    answer = await client.post("/graphql", content=content, headers={**AUTHORIZED, "Content-Type": content_type})
    error = answer.json()["errors"][0]
    assert "data" not in answer.json()
    return answer.status_code, error["extensions"]["code"]


async def test_answers_a_query(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "query Q($n: String) { hello(name: $n) }", "variables": {"n": "阿依"}})
    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "您好 阿依"}}


async def test_hands_operation_name_and_variables_to_the_engine(client: httpx.AsyncClient, engine: Engine) -> None:
    body = {"query": "query A { who } query B { hello }", "operationName": "A", "variables": None, "extensions": {}}
    assert (await post(client, body)).json() == {"data": {"who": "staff-7"}}
    assert engine.asked[0].operation_name == "A"
    assert engine.asked[0].variables == {}


async def test_a_mutation_may_come_by_post(client: httpx.AsyncClient) -> None:
    assert (await post(client, {"query": "mutation { touch }"})).json() == {"data": {"touch": "touched"}}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.5", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        (f"{GRAPHQL};q=0, */*", "application/json"),
        (f"application/json;q=0, {GRAPHQL}", GRAPHQL),
    ],
)
async def test_writes_the_form_that_the_caller_reads_best(client: httpx.AsyncClient, accept: str, form: str) -> None:
    answer = await post(client, {"query": "{ who }"}, Accept=accept)
    assert answer.headers["content-type"] == f"{form}; charset=utf-8"


def test_a_header_is_read_alike_whether_it_is_kept_or_too_long_for_that() -> None:
    offers = (JSON, GRAPHQL)
    for accept in ("*/*", GRAPHQL, f"{JSON};q=0.5, {GRAPHQL}", "text/plain", "rubbish"):
        padded = accept + ", x/y;q=0.1" * 40
        assert choose(accept, offers, JSON) == choose(accept, offers, JSON) == choose(padded, offers, JSON)


async def test_writes_json_when_the_caller_does_not_say(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "{ who }"})
    assert "accept" not in answer.request.headers
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/plain", "image/*", "application/json;q=0", "nonsense", "application/json;charset=gbk"]
)
async def test_refuses_a_caller_that_reads_nothing_of_ours(client: httpx.AsyncClient, accept: str) -> None:
    answer = await post(client, {"query": "{ who }"}, Accept=accept)
    assert answer.status_code == 406
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("query", ["{ nothing }", "{ who", "}"])
async def test_a_failing_document_is_400_in_the_graphql_form_and_200_in_json(
    client: httpx.AsyncClient, query: str
) -> None:
    strict = await post(client, {"query": query}, Accept=GRAPHQL)
    legacy = await post(client, {"query": query}, Accept="application/json")
    assert (strict.status_code, legacy.status_code) == (400, 200)
    assert strict.json() == legacy.json()
    assert "data" not in strict.json()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_refuses_other_bodies(client: httpx.AsyncClient, content_type: str) -> None:
    assert await refusal(client, b'{"query": "{ who }"}', content_type) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_refuses_a_body_without_a_content_type(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", content=b'{"query": "{ who }"}', headers=AUTHORIZED)
    assert answer.status_code == 415


async def test_refuses_another_charset(client: httpx.AsyncClient) -> None:
    assert await refusal(client, b"{}", "application/json; charset=gbk") == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_accepts_utf_8_said_in_any_case(client: httpx.AsyncClient) -> None:
    body = json.dumps({"query": "{ who }"}).encode()
    headers = {**AUTHORIZED, "Content-Type": 'Application/JSON; Charset="UTF-8"'}
    assert (await client.post("/graphql", content=body, headers=headers)).status_code == 200


async def test_refuses_a_compressed_body(client: httpx.AsyncClient) -> None:
    headers = {**AUTHORIZED, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await client.post("/graphql", content=b"\x1f\x8b", headers=headers)).status_code == 415


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"{",
        b'{"query": "{ who }"',
        b"\xff\xfe{}",
        b'{"query": "\xb0\xa2"}',
        b'{"query": NaN}',
        b"null",
        b"12",
        b'"{ who }"',
        b"[" * 100_000,
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": " \\n "}',
        b'{"query": 7}',
        b'{"query": ["{ who }"]}',
        b'{"query": {"a": 1}}',
        b'{"query": "{ who }", "variables": []}',
        b'{"query": "{ who }", "variables": "{}"}',
        b'{"query": "{ who }", "variables": 1}',
        b'{"query": "{ who }", "operationName": 1}',
        b'{"query": "{ who }", "operationName": ["A"]}',
        b'{"query": "{ who }", "extensions": "x"}',
        b'{"query": "{ who }", "extensions": [1]}',
    ],
    ids=lambda content: repr(content[:50]),
)
async def test_refuses_what_is_no_request(client: httpx.AsyncClient, engine: Engine, content: bytes) -> None:
    expected = (413, "LIMIT_EXCEEDED") if len(content) > LIMIT else (400, "BAD_REQUEST")
    assert await refusal(client, content) == expected
    assert engine.asked == []


async def test_refuses_a_batch_and_says_so(client: httpx.AsyncClient) -> None:
    answer = await post(client, [{"query": "{ who }"}])
    assert answer.status_code == 400
    assert "one operation per request" in answer.json()["errors"][0]["message"]


async def test_an_error_names_the_part_and_never_the_value(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "{ who }", "variables": "329901199001011234"})
    message = answer.json()["errors"][0]["message"]
    assert message == "'variables' of the request body is a string. Send a JSON object or leave it out."


async def test_a_broken_body_is_located_and_not_quoted(client: httpx.AsyncClient) -> None:
    headers = {**AUTHORIZED, "Content-Type": "application/json"}
    answer = await client.post("/graphql", content=b'{"query":\n 329901199001011234x}', headers=headers)
    assert "line 2" in answer.json()["errors"][0]["message"]
    assert "3299" not in answer.text


async def test_stops_reading_at_the_limit(client: httpx.AsyncClient) -> None:
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            sent.append(1)
            yield b" " * 500

    headers = {**AUTHORIZED, "Content-Type": "application/json"}
    answer = await client.post("/graphql", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert len(sent) < 10


async def test_a_body_in_pieces_is_put_together(client: httpx.AsyncClient) -> None:
    headers = {**AUTHORIZED, "Content-Type": "application/json"}
    content = chunks(b'{"query": "{ hello(na', b'me: \\"', "乙".encode()[:1], "乙".encode()[1:], b'\\") }"}')
    answer = await client.post("/graphql", content=content, headers=headers)
    assert answer.json() == {"data": {"hello": "您好 乙"}}


async def test_a_lying_content_length_does_not_get_past_the_limit(client: httpx.AsyncClient) -> None:
    headers = {**AUTHORIZED, "Content-Type": "application/json", "Content-Length": "9" * 400}
    answer = await client.post("/graphql", content=b"{}", headers=headers)
    assert answer.status_code == 413


async def test_an_engine_refusal_keeps_its_status(client: httpx.AsyncClient) -> None:
    answer = await post(client, {"query": "{ vault }"}, Accept="application/json")
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"
