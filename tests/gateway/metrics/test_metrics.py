"""The metrics of a whole gateway, read by Prometheus' own parser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import Gateway, opened
from gateway.errors import AuditUnavailable
from gateway.settings import Settings, SettingsError
from tests.gateway.http.register import NUMBER, officer, settle

TOKEN = "0123456789abcdef0123456789abcdef"
LOOKUP = "query L($n: String!) { lookup(document: {kind: RESIDENT_ID, number: $n}) { id name } }"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "token").write_text(TOKEN + "\n")
    given = {"metrics_token_file": tmp_path / "token", "cache_ttl_seconds": 60.0}
    return settle(tmp_path, monkeypatch).model_copy(update=given)


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    async with opened(settings) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(gateway) as client:
        yield client


def asking(gateway: Gateway) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(gateway.application), base_url="http://gateway")


async def look_up(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post("/graphql", json={"query": LOOKUP, "variables": {"n": NUMBER}}, headers=headers)


async def scrape(client: httpx.AsyncClient) -> dict[str, float]:
    """Samples by name and labels."""
    answer = await client.get("/metrics", headers=OPERATOR)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        " ".join([sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_what_goes_by_is_counted(client: httpx.AsyncClient, settings: Settings) -> None:
    for _ in range(2):
        assert (await look_up(client, officer(settings))).json()["data"]["lookup"]["name"] == "试验甲"
    await look_up(client, {})
    await client.get("/nothing")
    found = await scrape(client)
    assert found["yiti_requests_total code=OK route=/graphql status=200"] == 2
    assert found["yiti_requests_total code=UNAUTHENTICATED route=/graphql status=401"] == 1
    assert found["yiti_requests_total code=NOT_FOUND route=unknown status=404"] == 1
    assert found["yiti_request_seconds_count route=/graphql"] == 3
    assert found["yiti_request_seconds_bucket le=+Inf route=/graphql"] == 3
    assert found["yiti_source_reads_total outcome=ok source=jiangsu-register"] >= 2
    assert found["yiti_source_seconds_sum source=jiangsu-register"] > 0
    assert found["yiti_source_breaker source=jiangsu-register state=closed"] == 1
    assert found["yiti_source_breaker source=jiangsu-register state=open"] == 0
    assert found["yiti_source_connections source=jiangsu-register state=in_use"] == 0
    assert found["yiti_source_connections source=jiangsu-register state=idle"] >= 1
    assert found["yiti_cache_records_total result=miss"] >= 1
    assert found["yiti_cache_records_total result=hit"] >= 1
    assert found["yiti_audit_entries_total outcome=ok"] == 4  # policies accepted, gateway started, two lookups
    assert found["yiti_audit_commit_seconds_count"] == 4
    assert found["yiti_audit_waiting"] == 0
    assert found["yiti_policies_refused"] == 0
    assert found["process_resident_memory_bytes"] > 1_000_000


async def test_an_entry_that_cannot_be_kept_is_counted(
    client: httpx.AsyncClient, gateway: Gateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_waiting: object) -> int:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr(gateway.audit, "_store", full)
    assert (await look_up(client, officer(settings))).status_code == 503
    found = await scrape(client)
    assert found["yiti_audit_entries_total outcome=failed"] == 1
    assert found["yiti_requests_total code=AUDIT_UNAVAILABLE route=/graphql status=503"] == 1


async def test_no_label_says_anything_of_anybody(client: httpx.AsyncClient, settings: Settings) -> None:
    person = (await look_up(client, officer(settings))).json()["data"]["lookup"]["id"]
    text = (await client.get("/metrics", headers=OPERATOR)).text
    for told in (NUMBER, person, "试验甲", "staff-7", "320500000001", TOKEN, "p1_", "t1_"):
        assert told not in text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {TOKEN}"}])
async def test_strangers_read_no_metrics(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert "yiti_" not in answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_neither_token_opens_the_others_door(client: httpx.AsyncClient, settings: Settings) -> None:
    assert (await client.get("/metrics", headers=officer(settings))).status_code == 401
    assert (await look_up(client, OPERATOR)).status_code == 401


async def test_a_scraper_that_prefers_openmetrics_gets_it(client: httpx.AsyncClient) -> None:
    headers = {**OPERATOR, "Accept": "application/openmetrics-text; version=1.0.0"}
    answer = await client.get("/metrics", headers=headers)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert {"yiti_requests", "yiti_gateway"} <= {family.name for family in read_openmetrics(answer.text)}


async def test_without_a_token_there_are_none(settings: Settings) -> None:
    async with opened(settings.model_copy(update={"metrics_token_file": None})) as gateway, asking(gateway) as client:
        assert (await client.get("/metrics", headers=OPERATOR)).status_code == 404
        assert gateway.audit.watched is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/graphql", "/console/metrics", "/readyz"])
async def test_the_path_of_another_page_is_refused(settings: Settings, path: str) -> None:
    with pytest.raises(SettingsError, match="YITI_METRICS_PATH"):
        async with opened(settings.model_copy(update={"metrics_path": path})):
            pass


@pytest.mark.parametrize("token", ["", "short", "two words of some length", "试验试验试验试验试验试验试验试验"])
async def test_a_token_that_is_none_is_refused(settings: Settings, token: str) -> None:
    assert settings.metrics_token_file is not None
    settings.metrics_token_file.write_text(token, encoding="utf-8")
    with pytest.raises(SettingsError, match="openssl rand"):
        async with opened(settings):
            pass


async def test_connections_of_http_sources_are_told_apart(client: httpx.AsyncClient) -> None:
    """Of this project's own transport alone: others do not say."""
    from datetime import timedelta

    from adapters.connections import Connections
    from adapters.drivers.http import HttpClient

    for transport, expected in (("own", Connections(0, 0)), ("httpx", None)):
        http = HttpClient(
            "http://127.0.0.1:1",
            source="s",
            timeout=timedelta(seconds=1),
            concurrency=1,
            max_bytes=10,
            transport=transport,  # type: ignore[arg-type]
        )
        assert http.connections() == expected
        await http.aclose()
