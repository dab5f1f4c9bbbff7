"""Mutations at a whole gateway: over HTTP, with its own registers and log, under the same limits as queries."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import opened
from gateway.cli import main
from gateway.demo_viewers import development_issuer
from gateway.settings import Settings
from gateway.tokens import Profile
from tests.gateway.http.register import NUMBER, officer

OPEN = "mutation Open($in: BreakGlassInput!) { breakGlass(input: $in) { breakGlass { id } person { name } } }"
RECORD = "mutation Keep($in: RecordConsentInput!) { recordConsent(input: $in) { consent { id inForce } } }"
PERSON = '{ lookup(document: {number: "' + NUMBER + '"}) { id name health { hivPositive } } }'


@asynccontextmanager
async def asking(settings: Settings, **given: object) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(settings.model_copy(update=given)) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


async def post(client: httpx.AsyncClient, who: dict[str, str], query: str, **variables: object) -> dict[str, Any]:
    answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=who)
    return dict(answer.json())


def doctor(settings: Settings) -> dict[str, str]:
    profile = Profile("doctor-1", "HOSP0001", "试验医院", "HOSPITAL", "320900", frozenset({"HOSPITAL_DOCTOR"}))
    return {"Authorization": f"Bearer {development_issuer(settings).issue(profile, 'TREATMENT')}"}


def emergency(**more: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "document": {"number": NUMBER},
        "labels": ["IDENTITY"],
        "reason": "LIFE_IN_DANGER",
        "explanation": "昏迷送医, 需确认身份联系家属",
    }
    return {**plain, **more}


async def test_an_emergency_opens_somebody_from_then_on_and_nothing_of_it_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with asking(settings) as client:
        before = await post(client, doctor(settings), PERSON)
        body = await post(client, doctor(settings), OPEN, **{"in": emergency()})
        after = await post(client, doctor(settings), PERSON)
    assert before == {"data": {"lookup": None}}
    assert body["data"]["breakGlass"]["person"] == {"name": "试验甲"}
    assert after["data"]["lookup"]["name"] == "试验甲"
    assert "BREAK_GLASS" in caplog.text
    assert not [word for word in (NUMBER, "试验甲", "昏迷", "doctor-1") if word in caplog.text]


async def test_what_was_kept_counts_after_a_restart(settings: Settings) -> None:
    async with asking(settings) as client:
        person = (await post(client, officer(settings), PERSON))["data"]["lookup"]["id"]
        given = {
            "person": person,
            "recipient": {"agency": "HOSP0001"},
            "purpose": "TREATMENT",
            "labels": ["IDENTITY"],
            "expiresOn": "2026-12-01",
            "paper": {"documentNumber": "同意书2026-9"},
        }
        kept = await post(client, officer(settings), RECORD, **{"in": given})
        assert kept["data"]["recordConsent"]["consent"]["id"].startswith("k1_")
    async with asking(settings) as client:
        found = await post(client, doctor(settings), PERSON)
    assert found["data"]["lookup"]["name"] == "试验甲"
    content = (settings.state / "registers.sqlite").read_bytes()
    assert not [word for word in (NUMBER, "试验甲", "同意书2026-9") if word.encode() in content]


async def test_a_mutation_does_not_come_by_get(settings: Settings) -> None:
    async with asking(settings) as client:
        answer = await client.get("/graphql", params={"query": "mutation { __typename }"}, headers=officer(settings))
        digest = hashlib.sha256(b"mutation { __typename }").hexdigest()
        known = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
        body = {"query": "mutation { __typename }", "extensions": known}
        assert (await client.post("/graphql", json=body, headers=officer(settings))).json()["data"]
        by_hash = await client.get("/graphql", params={"extensions": json.dumps(known)}, headers=officer(settings))
    assert (answer.status_code, by_hash.status_code) == (405, 405)


async def test_mutations_are_limited_as_queries_are(settings: Settings) -> None:
    async with asking(settings, max_cost=5, max_root_fields=1) as client:
        costly = await post(client, doctor(settings), OPEN, **{"in": emergency()})
        twice = OPEN.replace("breakGlass(", "a: breakGlass(", 1).rstrip("} ") + " } } b: __typename }"
        wide = await post(client, doctor(settings), twice, **{"in": emergency()})
    assert {one["errors"][0]["extensions"]["code"] for one in (costly, wide)} == {"LIMIT_EXCEEDED"}


async def test_a_locked_gateway_runs_registered_mutations_alone(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "open.graphql").write_text(OPEN, encoding="utf-8")
    assert main(["documents", str(tmp_path / "open.graphql")]) == 0
    registry = tmp_path / "trusted.json"
    registry.write_text(capsys.readouterr().out, encoding="utf-8")
    async with asking(settings, trusted_documents=registry, trusted_only=True) as client:
        known = await post(client, doctor(settings), OPEN, **{"in": emergency()})
        other = await post(client, doctor(settings), OPEN.replace("Open", "Other"), **{"in": emergency()})
    assert known["data"]["breakGlass"]["person"] == {"name": "试验甲"}
    assert other["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_a_subscription_is_still_refused(settings: Settings) -> None:
    async with asking(settings) as client:
        body = await post(client, officer(settings), "subscription { __typename }")
    assert body["errors"][0]["extensions"]["code"] in {"GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILED"}
