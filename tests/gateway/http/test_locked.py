"""A whole gateway by its settings: locked to registered documents, limited, and with its rate."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.contract import PeerRequest
from gateway.app import limits_of, opened
from gateway.cli import main
from gateway.execution.document import Limits
from gateway.federation.assertion import PeerSigner
from gateway.keys import make_signing_key
from gateway.settings import Settings, SettingsError
from tests.gateway.http.register import officer
from tests.gateway.http.standins import GOOD, Viewers

KNOWN = "query Me { viewer { subject } }"
UNKNOWN = "{ viewer { purpose } }"


@asynccontextmanager
async def asking(settings: Settings, **given: object) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(settings.model_copy(update=given)) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.fixture
def registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """As an operator makes it."""
    (tmp_path / "me.graphql").write_text(KNOWN, encoding="utf-8")
    assert main(["documents", str(tmp_path / "me.graphql")]) == 0
    file = tmp_path / "trusted.json"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


def test_the_limits_settings_are_the_limits_defaults(settings: Settings) -> None:
    assert limits_of(settings) == Limits()
    assert limits_of(settings.model_copy(update={"max_cost": 7})) == replace(Limits(), cost=7)


async def test_a_locked_gateway_answers_what_its_operator_registered(settings: Settings, registry: Path) -> None:
    me, hashes = officer(settings), [*json.loads(registry.read_text(encoding="utf-8"))]  # noqa: ASYNC240
    async with asking(settings, trusted_documents=registry, trusted_only=True) as client:
        known = await client.post("/graphql", json={"query": KNOWN}, headers=me)
        by_hash = [
            await client.post(
                "/graphql", json={"extensions": {"persistedQuery": {"version": 1, "sha256Hash": one}}}, headers=me
            )
            for one in hashes
        ]
        unknown = await client.post("/graphql", json={"query": UNKNOWN}, headers=me)
    assert len(hashes) == 2  # as it stands, and as clients print it
    assert [answer.json() for answer in (known, *by_hash)] == [{"data": {"viewer": {"subject": "staff-7"}}}] * 3
    assert (unknown.status_code, code(unknown)) == (403, "DOCUMENT_NOT_TRUSTED")


async def test_another_gateway_asks_a_locked_one_by_its_own_documents(
    settings: Settings, registry: Path, tmp_path: Path
) -> None:
    signer = PeerSigner(make_signing_key(tmp_path / "peer.key.json"), "yiti-zhejiang")
    theirs = replace(Viewers().verify(GOOD), jurisdiction="330500")
    body = json.dumps({"query": UNKNOWN}).encode()
    token = signer.assert_for(theirs, PeerRequest("yiti-jiangsu", "POST", "/graphql", body), "request-1")
    async with asking(settings, trusted_documents=registry, trusted_only=True) as client:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = await client.post("/graphql", content=body, headers=headers)
    assert answer.json() == {"data": {"viewer": {"purpose": "AFTERCARE"}}}


async def test_a_registry_that_does_not_fit_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "trusted.json").write_text('{"a": "b"}')
    with pytest.raises(SettingsError, match=r"YITI_TRUSTED_DOCUMENTS: .*trusted\.json: a: is not its document's"):
        async with asking(settings, trusted_documents=tmp_path / "trusted.json"):
            pass


@pytest.mark.parametrize(
    ("given", "query", "said"),
    [
        ({"max_cost": 10}, '{ person(id: "x") { name } }', "units of estimated cost; the limit is 10."),
        ({"max_depth": 2}, "{ viewer { agency { name } } }", "3 nested levels; the limit is 2."),
        ({"max_list_items": 9}, "{ persons(first: 10) { totalCount } }", "10 items in nested lists; the limit is 9."),
    ],
)
async def test_limits_are_settings(settings: Settings, given: dict[str, Any], query: str, said: str) -> None:
    async with asking(settings, **given) as client:
        answer = await client.post("/graphql", json={"query": query}, headers=officer(settings))
    assert code(answer) == "LIMIT_EXCEEDED"
    assert said in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        (
            "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
            '{"r": {"a": DEEP}}',
            "BAD_ARGUMENT",
        ),
        ("query ($i: ID!) { person(id: $i) { id } }", '{"i": DEEP}', "BAD_VARIABLES"),
        (
            "query ($s: [PersonStatus!]!) { persons(filter: {status: {in: $s}}) { totalCount } }",
            '{"s": DEEP}',
            "BAD_VARIABLES",
        ),
        ("query ($i: ID!) { person(id: $i) { id } }", '{"i": "x", "unused": DEEP}', "BAD_ID"),
        ("query ($i: ID!) { person(id: $i) { id } }", '{"i": "LONG"}', "BAD_ID"),
        ("query ($n: Int!) { persons(first: $n) { totalCount } }", '{"n": HUGE}', "BAD_VARIABLES"),
    ],
)
async def test_deep_and_huge_variables_are_refused_and_no_fault(
    settings: Settings, query: str, variables: str, expected: str
) -> None:
    given = variables.replace("DEEP", "[" * 900 + "]" * 900).replace("LONG", "x" * 900_000).replace("HUGE", "9" * 300)
    body = f'{{"query": {json.dumps(query)}, "variables": {given}}}'
    async with asking(settings) as client:
        headers = {**officer(settings), "Content-Type": "application/json"}
        answer = await client.post("/graphql", content=body, headers=headers)
    assert code(answer) == expected
    assert "xxxx" not in answer.text
    assert "9999" not in answer.text


async def test_the_rate_is_a_setting(settings: Settings) -> None:
    async with asking(settings, rate_per_minute=1) as client:
        first, second = [
            await client.post("/graphql", json={"query": KNOWN}, headers=officer(settings)) for _ in range(2)
        ]
    assert (first.status_code, second.status_code, code(second)) == (200, 429, "THROTTLED")


async def test_nothing_is_suggested(settings: Settings) -> None:
    async with asking(settings) as client:
        answer = await client.post("/graphql", json={"query": "{ viewer { subjekt } }"}, headers=officer(settings))
    assert code(answer) == "GRAPHQL_VALIDATION_FAILED"
    assert "subject" not in answer.text


async def test_a_subscription_gets_a_clear_error(settings: Settings) -> None:
    async with asking(settings) as client:
        answer = await client.post("/graphql", json={"query": "subscription { x }"}, headers=officer(settings))
    assert "subscription operation is not supported" in answer.json()["errors"][0]["message"]
