"""Keys that outlive a restart while their issuer is away, and an issuer of an authority of its own."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import GatewayError
from gateway.issuers.jwks import usable_keys
from gateway.issuers.kept import KeptKeys
from gateway.keys import KeyFileError
from gateway.tokens import Verifier
from tests.adapters.transport.test_tls import Authority
from tests.gateway.issuers.files import TOKEN, described
from tests.gateway.issuers.provider import RSA, OpenIdProvider, providing
from tests.gateway.issuers.test_remote_keys import Clock, officers, why


def verifier(tmp_path: Path, provider: OpenIdProvider, clock: Clock, **changes: Any) -> Verifier:
    file = described(tmp_path, issuer=provider.url, longest_seconds=43_200, **changes)
    return Verifier("yiti-jiangsu", {}, described=[file], kept=tmp_path / "issuers", clock=clock)


async def test_keys_outlive_a_restart_while_their_issuer_is_away(tmp_path: Path) -> None:
    provider, clock = OpenIdProvider(), Clock()
    async with providing(provider):
        before = verifier(tmp_path, provider, clock)
        await before.open()
        await before.aclose()
    for ahead, believed in ((100, True), (14_300, True), (14_500, False)):
        clock.ahead = ahead
        after = verifier(tmp_path, provider, clock)
        await after.open()
        if believed:
            assert (await after.identify(officers(provider, clock))).subject == "p-0042"
        else:
            assert await why(after, officers(provider, clock)) == "ISSUER_UNAVAILABLE"
        await after.aclose()


async def test_what_is_kept_gives_way_to_what_is_published(tmp_path: Path) -> None:
    provider, clock = OpenIdProvider(), Clock()
    async with providing(provider):
        for keys in ([RSA[0]], [RSA[1]]):
            provider.keys = list(keys)
            fresh = verifier(tmp_path, provider, clock)
            await fresh.open()
            assert (await fresh.identify(officers(provider, clock))).key_id == keys[0].kid
            await fresh.aclose()
        assert await why(verifier(tmp_path, provider, clock), officers(provider, clock, key=RSA[0])) == "KEY_UNKNOWN"


def test_public_keys_alone_are_kept_and_for_their_owner(tmp_path: Path) -> None:
    published = usable_keys(
        {"keys": [{**RSA[0].as_dict(private=False), "alg": "PS256"}, RSA[1].as_dict(private=False)]},
        ["RS256", "PS256"],
    )
    kept = KeptKeys(tmp_path / "issuers", "https://idp.example", ["RS256", "PS256"])
    kept.save(published, 5.0)
    found = kept.load()
    assert found is not None
    assert [one.fingerprint for one in found[0]] == [one.fingerprint for one in published]
    assert found[1] == 5.0
    (file,) = (tmp_path / "issuers").iterdir()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not {"d", "p", "q"} & set(json.loads(file.read_text())["keys"][0])
    assert KeptKeys(tmp_path / "issuers", "https://other.example", ["RS256"]).load() is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"issuer": "https://idp.example", "at": "x", "keys": []}'])
def test_a_broken_file_keeps_nothing_and_stops_nothing(tmp_path: Path, content: str) -> None:
    kept = KeptKeys(tmp_path, "https://idp.example", ["RS256"])
    kept.save((), 1.0)
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert kept.load() is None


async def test_an_issuer_of_an_authority_of_its_own_is_asked_over_tls(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    provider, clock = OpenIdProvider(), Clock()
    async with providing(provider, authority.issue("127.0.0.1")):
        keys = {"discovery": True, "ca": str(authority.file)}
        ours = verifier(tmp_path, provider, clock, keys=keys)
        await ours.open()
        assert (await ours.identify(officers(provider, clock))).subject == "p-0042"
        await ours.aclose()
        theirs = Verifier(
            "yiti-jiangsu",
            {},
            described=[described(tmp_path, issuer=provider.url, keys={**keys, "ca": str(stranger.file)})],
        )
        await theirs.open()
        with pytest.raises(GatewayError) as refused:
            await theirs.identify(provider.token(TOKEN | {"iss": provider.url}))
        assert (refused.value.extensions or {})["code"] == "ISSUER_UNAVAILABLE"
        await theirs.aclose()


def test_an_authority_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    file = described(tmp_path, keys={"discovery": True, "ca": str(tmp_path / "nowhere.pem")})
    with pytest.raises(KeyFileError, match=r"keys\.ca, .*Name readable PEM files"):
        Verifier("yiti-jiangsu", {}, described=[file])
