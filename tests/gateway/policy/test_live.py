"""Explanations about real accesses on a running gateway: who may ask, what is said, what is on record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import Gateway, opened
from gateway.audit.record import AccessRecord
from gateway.cli import main
from gateway.demo_viewers import development_issuer
from gateway.settings import Settings
from gateway.tokens import Profile
from tests.gateway.audit.accesses import accesses_in
from tests.gateway.http.register import NUMBER, officer, settle
from tests.gateway.http.serving import served

LOOKUP = "query L($n: String!) { lookup(document: {kind: RESIDENT_ID, number: $n}) { id } }"
OFFICER: dict[str, Any] = {
    "sub": "staff-7",
    "agency": {"code": "320500000001", "name": "试验机关", "kind": "AFTERCARE", "jurisdiction": "320500"},
    "roles": ["AFTERCARE_OFFICER"],
    "purpose": "AFTERCARE",
}
AUDITOR = Profile("auditor-1", "320000900000", "审计组", "OVERSIGHT", "320000", frozenset({"AUDITOR"}))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settle(tmp_path, monkeypatch)


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    async with opened(settings) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(gateway.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.fixture
async def person(client: httpx.AsyncClient, settings: Settings) -> str:
    """Somebody whom the officer has asked for, so that it is on record."""
    body = {"query": LOOKUP, "variables": {"n": NUMBER}}
    answer = await client.post("/graphql", json=body, headers=officer(settings))
    return str(answer.json()["data"]["lookup"]["id"])


def _token(settings: Settings, profile: Profile, purpose: str) -> str:
    return development_issuer(settings).issue(profile, purpose)


async def _ask(
    client: httpx.AsyncClient,
    settings: Settings,
    person: str,
    *,
    viewer: dict[str, Any] = OFFICER,
    profile: Profile = AUDITOR,
    purpose: str = "AUDIT",
    fields: tuple[str, ...] = ("Person.idNumber",),
) -> httpx.Response:
    body = {"viewer": viewer, "person": person, "fields": list(fields)}
    headers = {"Authorization": f"Bearer {_token(settings, profile, purpose)}"}
    return await client.post("/policy/explain", json=body, headers=headers)


async def _newest(gateway: Gateway) -> AccessRecord:
    return (await accesses_in(gateway.audit))[0].record


async def test_an_auditor_learns_why_an_access_showed_what_it_did(
    client: httpx.AsyncClient, settings: Settings, person: str
) -> None:
    answer = await _ask(client, settings, person, fields=("Person.idNumber", "HEALTH"))
    assert answer.status_code == 200
    number, health = answer.json()["explanations"]
    assert (number["effect"], number["mask"], [one["id"] for one in number["policies"]]) == (
        "MASK",
        "id_ends",
        ["C05-id-number"],
    )
    assert health["effect"] == "DENY"
    facts = {fact["name"]: fact for fact in number["facts"]}
    assert (facts["inMyTree"]["value"], facts["inMyTree"]["derivedFrom"]) == (True, ["residence"])
    assert (facts["formerly"]["value"], facts["formerly"]["derivedFrom"]) == (True, ["source agencies"])
    assert facts["purpose"]["derivedFrom"] == ["the token"]
    assert "permitted by C05-id-number" in answer.json()["text"]


async def test_it_says_no_personal_value(client: httpx.AsyncClient, settings: Settings, person: str) -> None:
    answer = await _ask(client, settings, person, fields=("Person.name", "Person.idNumber"))
    for value in ("试验甲", NUMBER, "320505", "1990"):
        assert value not in answer.text


async def test_the_question_is_on_record_as_the_askers(
    client: httpx.AsyncClient, gateway: Gateway, settings: Settings, person: str
) -> None:
    answer = await _ask(client, settings, person)
    record = await _newest(gateway)
    assert (record.subject, record.purpose, record.operation) == ("auditor-1", "AUDIT", "policyExplain")
    assert (record.persons, record.outcome) == ((person,), "OK")
    assert record.request_id == answer.headers["x-request-id"]
    assert record.policy_version == gateway.policies.policies.policy_version
    (field,) = record.fields
    assert (field.path, field.label, field.effect) == ("policyExplain.Person.idNumber", "AUDIT", "ALLOW")
    assert field.policies == ("O01-auditor",)


STRANGE: dict[str, dict[str, Any]] = {
    "a viewer who never asked": {"viewer": {**OFFICER, "sub": "staff-8"}},
    "a role in which they did not": {"viewer": {**OFFICER, "roles": ["TOWNSHIP_WORKER"]}},
    "a purpose for which they did not": {"viewer": {**OFFICER, "purpose": "HANDOFF"}},
    "an asker of another purpose": {
        "profile": Profile(
            "staff-9", "320500000001", "试验机关", "AFTERCARE", "320500", frozenset({"AFTERCARE_OFFICER"})
        ),
        "purpose": "AFTERCARE",
    },
}


@pytest.mark.parametrize("asked", STRANGE.values(), ids=STRANGE)
async def test_not_yours_and_unknown_are_one_answer_and_both_on_record(
    client: httpx.AsyncClient, gateway: Gateway, settings: Settings, person: str, asked: dict[str, Any]
) -> None:
    refused = await _ask(client, settings, person, **asked)
    record = await _newest(gateway)
    assert (record.persons, record.outcome, record.operation) == ((person,), "DENIED", "policyExplain")
    nobody = f"{person[:-6]}aaaaaa"
    unknown = await _ask(client, settings, nobody, **asked)
    assert refused.status_code == unknown.status_code == 404
    assert refused.content == unknown.content
    assert (await _newest(gateway)).persons == (nobody,)


async def test_a_person_has_everybodys_access_to_themselves_explained(
    client: httpx.AsyncClient, settings: Settings, person: str
) -> None:
    themselves = Profile("me", "320000990000", "本人", "OVERSIGHT", "320000", frozenset({"SUBJECT"}), person)
    nobody_yet = {**OFFICER, "sub": "staff-8", "purpose": "HANDOFF"}
    answer = await _ask(client, settings, person, viewer=nobody_yet, profile=themselves, purpose="OWN_ACCESS")
    assert answer.status_code == 200
    stranger = Profile(
        "me", "320000990000", "本人", "OVERSIGHT", "320000", frozenset({"SUBJECT"}), f"{person[:-6]}aaaaaa"
    )
    refused = await _ask(client, settings, person, viewer=nobody_yet, profile=stranger, purpose="OWN_ACCESS")
    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "must be an object"),
        ({"person": NUMBER}, "not the id of a person"),
        ({"person": "PERSON", "fields": []}, "must list one to 50"),
        ({"person": "PERSON", "fields": ["Person.shoeSize"]}, "bears a label"),
        ({"person": "PERSON", "fields": ["HEALTH"], "viewer": {"sub": NUMBER}}, "missing or unknown"),
    ],
)
async def test_what_is_no_question_is_refused_without_repeating_it(
    client: httpx.AsyncClient, settings: Settings, person: str, body: Any, said: str
) -> None:
    if isinstance(body, dict) and body["person"] == "PERSON":
        body = {**body, "person": person}
    headers = {"Authorization": f"Bearer {_token(settings, AUDITOR, 'AUDIT')}"}
    answer = await client.post("/policy/explain", json=body, headers=headers)
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["message"]
    assert NUMBER not in answer.text


async def test_without_a_token_nothing_is_explained(client: httpx.AsyncClient) -> None:
    assert (await client.post("/policy/explain", json={})).status_code == 401


async def test_the_command_asks_a_running_gateway(
    gateway: Gateway, settings: Settings, person: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "viewer.json").write_text(json.dumps(OFFICER), encoding="utf-8")
    (tmp_path / "token").write_text(_token(settings, AUDITOR, "AUDIT"), encoding="utf-8")
    async with served(gateway.application) as port:
        command = ["policy", "explain", "--field", "Person.idNumber", "--person", person]
        command += ["--gateway", f"http://127.0.0.1:{port}", "--viewer", str(tmp_path / "viewer.json")]
        token = ["--token-file", str(tmp_path / "token")]
        assert await asyncio.to_thread(main, [*command, *token]) == 0
        assert capsys.readouterr().out.startswith("Person.idNumber (ID_NUMBER): MASK")
        assert await asyncio.to_thread(main, [*command, *token, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["mask"] == "id_ends"
        assert await asyncio.to_thread(main, command) == 2
        assert "either --token-file or --as" in capsys.readouterr().err
        (tmp_path / "token").write_text("forged", encoding="utf-8")
        assert await asyncio.to_thread(main, [*command, *token]) == 2
        assert "token" in capsys.readouterr().err
