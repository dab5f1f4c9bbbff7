"""Signing in by OpenID Connect, against a provider that keeps to the protocol and one that lies."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from gateway.console.provider import Provider, Registration
from gateway.console.store import MemoryStore
from gateway.errors import Unauthenticated
from gateway.viewer import Viewer
from tests.console.house import ORIGIN, House, opened
from tests.console.identity_provider import AUDITOR, CLIENT, SECRET, IdentityProvider, provided


@pytest.fixture
def identity() -> Iterator[IdentityProvider]:
    with provided() as provider:
        yield provider


@pytest.fixture
async def house(tmp_path: Path, identity: IdentityProvider) -> AsyncIterator[House]:
    def door(_: Path) -> Provider:
        return Provider(Registration(identity.issuer, CLIENT, SECRET, f"{ORIGIN}/console/sign-in/callback"))

    async with opened(tmp_path, door=door) as house:
        yield house


async def over(house: House, to: str = "/console") -> str:
    """To the provider and back; the address with which it sends the browser back."""
    await house.client.get("/console/sign-in", params={"to": to})
    begun = await house.client.get("/console/sign-in/provider")
    assert begun.status_code == 302
    async with httpx.AsyncClient() as browser:
        returned = await browser.get(begun.headers["location"])
    return str(returned.headers["location"])


async def test_an_auditor_signs_in_at_the_provider(house: House, identity: IdentityProvider) -> None:
    back = await over(house, "/console?purpose=AUDIT")
    answer = await house.client.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console?purpose=AUDIT")
    assert identity.checked == ["pkce"]
    page = await house.client.get("/console")
    assert "staff-81" in page.text
    event = (await house.events())[0].record
    assert (event.action, event.subject, event.agency, event.key_id) == (
        "signed-in",
        "staff-81",
        "320000900000",
        "oidc",
    )


async def test_each_answer_is_taken_once(house: House) -> None:
    back = await over(house)
    assert (await house.client.get(back)).status_code == 303
    house.client.cookies.clear()
    assert (await house.client.get(back)).status_code == 403


async def test_not_even_the_same_browser_gives_an_answer_twice(house: House) -> None:
    back = await over(house)
    attempt = house.client.cookies["__Host-yiti-attempt"]
    assert (await house.client.get(back)).status_code == 303
    house.client.cookies.set("__Host-yiti-attempt", attempt, domain="console.example")
    answer = await house.client.get(back)
    assert (answer.status_code, "SIGN_IN_FAILED" in answer.text) == (403, True)


async def test_another_gateway_behind_the_address_takes_the_answer(
    tmp_path: Path, identity: IdentityProvider
) -> None:
    def door(_: Path) -> Provider:
        return Provider(Registration(identity.issuer, CLIENT, SECRET, f"{ORIGIN}/console/sign-in/callback"))

    store = MemoryStore()
    (tmp_path / "other").mkdir()
    async with (
        opened(tmp_path, door=door, store=store) as one,
        opened(tmp_path / "other", door=door, store=store) as other,
    ):
        back = await over(one, "/console?purpose=AUDIT")
        other.client.cookies = one.client.cookies
        assert (await other.client.get(back)).headers["location"] == "/console?purpose=AUDIT"
        one.client.cookies = other.client.cookies
        assert "staff-81" in (await one.client.get("/console")).text


async def test_an_answer_begun_in_another_browser_is_refused(house: House) -> None:
    back = await over(house)
    house.client.cookies.clear()
    await house.client.get("/console/sign-in")
    answer = await house.client.get(back)
    assert answer.status_code == 403
    assert "SIGN_IN_FAILED" in answer.text
    assert (await house.events())[-1].record.action == "refused"


async def test_a_forged_state_is_refused(house: House) -> None:
    back = await over(house)
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert (await house.client.get(back.replace(state, "x" * len(state)))).status_code == 403


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": ["another-client", "third"], "azp": CLIENT},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 600},
        {"exp": None},
        {"roles": ["OWNER"]},
        {"roles": None},
        {"purpose": None},
        {"agency": None},
        {"sub": "320101199001011234"},
        {"sub": None},
    ],
)
async def test_a_token_that_does_not_hold_is_refused(
    house: House, identity: IdentityProvider, lies: dict[str, Any]
) -> None:
    identity.lies = lies
    answer = await house.client.get(await over(house))
    assert answer.status_code == 403
    assert "SIGN_IN_FAILED" in answer.text
    assert (await house.client.get("/console")).status_code == 303


@pytest.mark.parametrize("claims", [{"roles": ["AFTERCARE_OFFICER"]}, {"purpose": "AFTERCARE"}])
async def test_who_is_no_auditor_is_turned_away(
    house: House, identity: IdentityProvider, claims: dict[str, Any]
) -> None:
    identity.claims = {**AUDITOR, **claims}
    answer = await house.client.get(await over(house))
    assert answer.status_code == 403
    assert "AUDITORS_ONLY" in answer.text
    assert (await house.events())[-1].record.subject == "staff-81"


async def test_a_token_signed_by_somebody_else_is_refused(house: House, identity: IdentityProvider) -> None:
    identity.forged = RSAKey.generate_key(2048, {"kid": "one"})
    assert (await house.client.get(await over(house))).status_code == 403


@pytest.mark.parametrize(
    "metadata", [{"issuer": "https://elsewhere.example"}, {"authorization_endpoint": None}, {"token_endpoint": "x:y"}]
)
async def test_a_provider_that_describes_itself_wrongly_lets_nobody_in(
    house: House, identity: IdentityProvider, metadata: dict[str, Any]
) -> None:
    identity.metadata = metadata
    await house.client.get("/console/sign-in")
    answer = await house.client.get("/console/sign-in/provider")
    if answer.status_code == 302:
        async with httpx.AsyncClient() as browser:
            answer = await house.client.get((await browser.get(answer.headers["location"])).headers["location"])
    assert answer.status_code == 403
    assert "SIGN_IN_FAILED" in answer.text


@pytest.mark.parametrize("query", ["error=access_denied&state=x", "", "code=x", "code=&state="])
async def test_an_answer_without_a_code_is_refused(house: House, query: str) -> None:
    await over(house)
    answer = await house.client.get(f"/console/sign-in/callback?{query}")
    assert answer.status_code == 403


async def test_a_provider_that_is_away(tmp_path: Path) -> None:
    def door(_: Path) -> Provider:
        return Provider(Registration("http://127.0.0.1:9", CLIENT, None, f"{ORIGIN}/console/sign-in/callback"))

    async with opened(tmp_path, door=door) as house:
        await house.client.get("/console/sign-in")
        answer = await house.client.get("/console/sign-in/provider")
        assert answer.status_code == 403
        assert "SIGN_IN_FAILED" in answer.text
        assert "Sign out there too" not in (await house.client.get("/console/signed-out")).text


async def test_a_provider_says_no_more_here_than_in_its_access_tokens(
    tmp_path: Path, identity: IdentityProvider
) -> None:
    asked: list[tuple[str, object]] = []

    def refuse(issuer: str, claims: Mapping[str, Any]) -> Viewer:
        asked.append((issuer, claims["sub"]))
        raise Unauthenticated("token: not of an agency for which its issuer may speak.")

    def door(_: Path) -> Provider:
        callback = f"{ORIGIN}/console/sign-in/callback"
        return Provider(Registration(identity.issuer, CLIENT, SECRET, callback), refuse)

    async with opened(tmp_path, door=door) as house:
        answer = await house.client.get(await over(house))
        assert answer.status_code == 403
        assert "SIGN_IN_FAILED" in answer.text
        assert asked == [(identity.issuer, "staff-81")]
        assert (await house.client.get("/console")).status_code == 303


async def test_signing_out_offers_to_sign_out_there_too(house: House, identity: IdentityProvider) -> None:
    assert f"{identity.issuer}/end" in (await house.client.get("/console/signed-out")).text


async def test_there_are_no_personas_beside_a_provider(house: House) -> None:
    page = await house.client.get("/console/sign-in")
    assert "persona" not in page.text.replace("personas", "")
    await over(house)
    assert (await house.client.post("/console/sign-in", data={"persona": "auditor"})).status_code in {403, 404}
