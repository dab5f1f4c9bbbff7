"""Settings: documented, printable, and refused with what is wrong and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError, load, reference, table
from gateway.tokens import Peer

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"YITI_{name.upper()}", raising=False)
    for name in ("jwks.json", "token.key", "index.key", "own.jwk"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setenv("YITI_PROVINCE", "320000")
    monkeypatch.setenv("YITI_MANIFESTS", str(tmp_path))
    return tmp_path


def refused(**given: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(**given)
    return str(caught.value)


def test_the_page_in_docs_is_what_the_settings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: yiti settings --reference > docs/settings.md"


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_lists_and_named_files_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YITI_MODE", "demo")
    monkeypatch.setenv("YITI_CORS_ORIGINS", "https://a.example, https://b.example:8443")
    monkeypatch.setenv("YITI_PEERS", f"yiti-zhejiang@330000={folder / 'jwks.json'}")
    settings = load()
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")
    assert settings.peers == {"yiti-zhejiang": Peer(folder / "jwks.json", "330000")}
    assert f"yiti-zhejiang@330000={folder / 'jwks.json'}" in table(settings)
    assert settings.demo
    assert settings.editor


def test_production_is_the_default_and_wants_its_keys() -> None:
    message = refused()
    assert "production needs YITI_ISSUER_FILES, YITI_TOKEN_KEY_FILE, YITI_INDEX_KEY_FILE" in message


def test_production_with_its_keys_starts_without_the_editor(folder: Path) -> None:
    settings = load(
        issuers={"idp": folder / "jwks.json"},
        token_key_file=folder / "token.key",
        index_key_file=folder / "index.key",
    )
    assert not settings.demo
    assert not settings.editor


@pytest.mark.parametrize("given", [{"today": "2026-11-01"}, {"demo_viewers": "jwks.json"}])
def test_production_refuses_what_is_for_imitation(folder: Path, given: dict[str, str]) -> None:
    if "demo_viewers" in given:
        given = {"demo_viewers": str(folder / given["demo_viewers"])}
    message = refused(
        issuers={"idp": folder / "jwks.json"},
        token_key_file=folder / "token.key",
        index_key_file=folder / "index.key",
        **given,
    )
    assert f"unset YITI_{next(iter(given)).upper()}" in message


def test_peers_want_a_key_of_ones_own(folder: Path) -> None:
    message = refused(
        issuers={"idp": folder / "jwks.json"},
        peers={"other": Peer(folder / "jwks.json", "330000")},
        token_key_file=folder / "token.key",
        index_key_file=folder / "index.key",
    )
    assert "YITI_SIGNING_KEY_FILE" in message


def test_a_lock_wants_its_registry() -> None:
    assert "YITI_TRUSTED_ONLY needs YITI_TRUSTED_DOCUMENTS" in refused(mode="demo", trusted_only=True)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("YITI_MODE", "test", "'demo' or 'production'"),
        ("YITI_PORT", "80000", "less than or equal to 65535"),
        ("YITI_PORT", "http", "valid integer"),
        ("YITI_PROVINCE", "320500", "match pattern"),
        ("YITI_DEADLINE_SECONDS", "0", "greater than 0"),
        ("YITI_DEADLINE_SECONDS", "nan", "Input should be"),
        ("YITI_MANIFESTS", "/no/such/folder", "is not a folder"),
        ("YITI_MANIFESTS", " , ", "names no folder"),
        ("YITI_PEERS", "zhejiang", "name@province=path"),
        ("YITI_PEERS", "zhejiang=/x", "name@province=path"),
        ("YITI_PEERS", "a@330000=x,a@330000=y", "each name once"),
        ("YITI_PEERS", "a@330000=x,a@320000=y", "each name once"),
        ("YITI_PEERS", "a@330000=/no/such/file", "is not a file"),
        ("YITI_ISSUERS", "idp=/no/such/file", "is not a file"),
        ("YITI_CORS_ORIGINS", "*", "without path or wildcard"),
        ("YITI_CORS_ORIGINS", "https://a.example/x", "without path or wildcard"),
        ("YITI_INTROSPECTION", "perhaps", "valid boolean"),
        ("YITI_MAX_DEPTH", "0", "greater than or equal to 1"),
        ("YITI_RATE_PER_MINUTE", "-1", "greater than or equal to 0"),
        ("YITI_CONSOLE_REDIS_URL", "cache.example:6379", "rediss://:password@host:6379/0"),
        ("YITI_CACHE_REDIS_URL", "http://cache.example", "rediss://:password@host:6379/0"),
        ("YITI_TRUSTED_DOCUMENTS", "/no/such/file", "is not a file"),
    ],
)
def test_a_bad_value_is_named_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str
) -> None:
    monkeypatch.setenv("YITI_MODE", "demo")
    monkeypatch.setenv(name, value)
    message = refused()
    assert message.startswith(f"{name}: ")
    assert problem in message
    assert "Set it: " in message


def test_all_problems_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YITI_PROVINCE")
    monkeypatch.setenv("YITI_PORT", "-1")
    message = refused(mode="demo")
    assert "YITI_PROVINCE: is not set." in message
    assert "YITI_PORT: " in message


def test_a_misspelt_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YITI_DEADLINE_SECOND", "2")
    assert refused(mode="demo") == "YITI_DEADLINE_SECOND: is no setting. Did you mean YITI_DEADLINE_SECONDS?"


def test_names_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YITI_TEST_POSTGRESQL", "x")
    monkeypatch.setenv("YITI_REQUIRE_SERVICES", "1")
    assert load(mode="demo").province == "320000"


def test_a_secret_is_neither_printed_nor_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YITI_CACHE_REDIS_URL", "redis://:hunter2@cache.example")
    settings = load(mode="demo")
    assert "hunter2" not in table(settings)
    assert "(set)" in table(settings)
    monkeypatch.setenv("YITI_MODE", "redis://:hunter2@cache.example")
    assert "hunter2" not in refused()


def test_a_transport_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.settings.sources.find_spec", lambda _name: None)
    assert "YITI_HTTP_TRANSPORT: aiohttp is not installed; pip install yiti[aiohttp]" in refused(
        http_transport="aiohttp"
    )
    assert "YITI_HTTP_TRANSPORT" in refused(http_transport="curl")
    assert load(mode="demo", http_transport="httpx").http_transport == "httpx"
