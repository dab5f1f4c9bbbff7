"""A whole gateway and a real identity provider beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import opened
from gateway.settings import Settings, SettingsError
from tests.gateway.http.register import officer, settle
from tests.gateway.issuers.files import TOKEN, changed, written
from tests.gateway.issuers.provider import OpenIdProvider, providing

ME = {"query": "{ viewer { subject purpose roles agency { name } } }"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settle(tmp_path, monkeypatch)


@asynccontextmanager
async def asking(settings: Settings, **given: object) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(settings.model_copy(update=given)) as gateway:
        transport = httpx.ASGITransport(gateway.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


async def ask(client: httpx.AsyncClient, token: str) -> tuple[int, dict[str, Any], str]:
    answer = await client.post("/graphql", json=ME, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json(), answer.headers.get("www-authenticate", "")


async def test_an_agencys_officer_asks_by_their_own_providers_token(settings: Settings, tmp_path: Path) -> None:
    provider = OpenIdProvider()
    async with providing(provider):
        file = written(tmp_path, issuer=provider.url)
        async with asking(settings, issuer_files=(file,)) as client:
            for _ in range(2):
                status, body, _ = await ask(client, provider.token(TOKEN | {"iss": provider.url}))
                assert (status, body["data"]["viewer"]) == (
                    200,
                    {
                        "subject": "p-0042",
                        "purpose": "STATUTORY_QUERY",
                        "roles": ["POLICE_CASE_OFFICER"],
                        "agency": {"name": "示例公安局"},
                    },
                )
            assert provider.asked == ["discovery", "keys"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "challenge"),
    [
        ({"scope": "yiti:care"}, 403, "PURPOSE_NOT_GRANTED", "insufficient_scope"),
        ({"scope": "openid"}, 403, "PURPOSE_MISSING", "insufficient_scope"),
        ({"realm_access": {"roles": ["care"]}}, 401, "UNAUTHENTICATED", "invalid_token"),
        ({"org": {"code": "330000000001"}}, 401, "UNAUTHENTICATED", "invalid_token"),
        ({"aud": "yiti-zhejiang"}, 401, "UNAUTHENTICATED", "invalid_token"),
    ],
)
async def test_a_provider_grants_no_more_than_it_may(
    settings: Settings, tmp_path: Path, changes: dict[str, Any], status: int, code: str, challenge: str
) -> None:
    provider = OpenIdProvider()
    async with (
        providing(provider),
        asking(settings, issuer_files=(written(tmp_path, issuer=provider.url),)) as client,
    ):
        token = provider.token(changed(TOKEN, **changes) | {"iss": provider.url})
        found, body, header = await ask(client, token)
    assert (found, body["errors"][0]["extensions"]["code"]) == (status, code)
    assert challenge in header
    assert "p-0042" not in str(body)


async def test_a_provider_that_is_away_keeps_nobody_elses_viewers_out(settings: Settings, tmp_path: Path) -> None:
    provider = OpenIdProvider()
    async with providing(provider):
        token = provider.token(TOKEN | {"iss": provider.url})
    async with asking(settings, issuer_files=(written(tmp_path, issuer=provider.url),)) as client:
        status, body, header = await ask(client, token)
        assert (status, body["errors"][0]["extensions"]["code"], header) == (503, "ISSUER_UNAVAILABLE", "")
        answer = await client.post("/graphql", json=ME, headers=officer(settings))
        assert answer.json()["data"]["viewer"]["subject"] == "staff-7"


async def test_a_bad_file_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    file = written(tmp_path, algorithms=["HS256"])
    with pytest.raises(SettingsError, match=r"YITI_ISSUER_FILES.*police\.yaml: algorithms\.0: .*shared secrets"):
        async with asking(settings, issuer_files=(file,)):
            pass


async def test_an_issuer_stands_in_one_file(settings: Settings, tmp_path: Path) -> None:
    file = written(tmp_path)
    with pytest.raises(SettingsError, match="named both"):
        async with asking(settings, issuer_files=(file, file)):
            pass


async def test_used_statements_may_be_kept_in_a_file(settings: Settings) -> None:
    async with asking(settings, replay_store="sqlite"):
        assert settings.replay_file.is_file()
