"""Keys of a real provider over HTTP: found, kept, renewed, rotated, outlived, and never asked for in a storm."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.errors import GatewayError
from gateway.tokens import Verifier
from gateway.verified import VerifiedTokens
from tests.gateway.issuers.files import TOKEN, described
from tests.gateway.issuers.provider import RSA, OpenIdProvider, providing


class Clock:
    """The real one, and as much later as a test wishes."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def provider() -> OpenIdProvider:
    return OpenIdProvider()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def trusting(provider: OpenIdProvider, clock: Clock, tmp_path: Path, **changes: Any) -> AsyncIterator[Verifier]:
    """A verifier that trusts the provider, opened as a gateway opens it."""
    given = {"issuer": provider.url, "longest_seconds": 43_200, **changes}
    verifier = Verifier("yiti-jiangsu", {}, described=[described(tmp_path, **given)], clock=clock)
    await verifier.open()
    try:
        yield verifier
    finally:
        await verifier.aclose()


def token(provider: OpenIdProvider, clock: Clock, **more: Any) -> str:
    now = int(clock())
    key = more.pop("key", None)
    header = more.pop("header", {})
    return provider.token({**TOKEN, "iat": now, "exp": now + 600, **more}, key, **header)


async def why(verifier: Verifier | VerifiedTokens, text: str) -> str:
    """The refusal's reason, or its code."""
    with pytest.raises(GatewayError) as refused:
        await verifier.identify(text)
    extensions = refused.value.extensions or {}
    return str(extensions.get("reason", extensions["code"]))


def officers(provider: OpenIdProvider, clock: Clock, **more: Any) -> str:
    return token(provider, clock, iss=provider.url, **more)


@pytest.mark.parametrize("way", ["discovery", "jwks_url"])
async def test_a_providers_token_is_believed(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path, way: str
) -> None:
    async with providing(provider):
        keys = {"discovery": True} if way == "discovery" else {"jwks_url": f"{provider.url}/keys"}
        async with trusting(provider, clock, tmp_path, keys=keys) as verifier:
            viewer = await verifier.identify(officers(provider, clock))
            assert (viewer.subject, viewer.agency, viewer.issuer) == ("p-0042", "320500000002", provider.url)
            assert provider.asked == (["discovery", "keys"] if way == "discovery" else ["keys"])


async def test_keys_are_kept_as_long_as_the_provider_says(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path
) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        for seconds in (0, 300, 179):
            clock.ahead += seconds
            await verifier.identify(officers(provider, clock))
        assert provider.asked.count("keys") == 1
        clock.ahead += 2  # four fifths of ten minutes: renewed, and nobody waits
        await verifier.identify(officers(provider, clock))
        await asyncio.sleep(0.3)
        assert provider.asked.count("keys") == 2
        clock.ahead += 601
        await verifier.identify(officers(provider, clock))
        assert provider.asked.count("keys") == 3


@pytest.mark.parametrize(
    ("said", "fresh", "stale"),
    [("no-store", 40, 61), ("max-age=5", 40, 61), ("max-age=999999999", 2_800, 3_601), (None, 470, 601)],
)
async def test_what_the_provider_says_counts_within_bounds(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path, said: str | None, fresh: float, stale: float
) -> None:
    provider.cache_control = said
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        clock.ahead = fresh
        await verifier.identify(officers(provider, clock))
        assert provider.asked.count("keys") == 1
        clock.ahead = stale
        await verifier.identify(officers(provider, clock))
        assert provider.asked.count("keys") == 2


async def test_a_new_key_is_found_at_once(provider: OpenIdProvider, clock: Clock, tmp_path: Path) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        provider.keys = [RSA[1], RSA[0]]
        clock.ahead = 11
        assert (await verifier.identify(officers(provider, clock))).key_id == RSA[1].kid
        assert (await verifier.identify(officers(provider, clock, key=RSA[0]))).key_id == RSA[0].kid
        assert provider.asked.count("keys") == 2


async def test_a_key_that_vanished_is_not_believed_after_the_next_renewal(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path
) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        verified = VerifiedTokens(verifier, clock=clock)
        old = officers(provider, clock)
        await verified.identify(old)
        provider.keys = [RSA[1]]
        clock.ahead = 11
        assert (await verified.identify(old)).subject == "p-0042", "remembered for half a minute"
        await verified.identify(officers(provider, clock))  # the renewal that the new key brings about
        assert await why(verified, old) == "KEY_UNKNOWN"


async def test_a_vanished_key_ends_with_the_time_that_its_provider_gave(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path
) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        provider.keys = [RSA[1]]
        clock.ahead = 470
        assert (await verifier.identify(officers(provider, clock, key=RSA[0]))).subject == "p-0042"
        clock.ahead = 601
        assert await why(verifier, officers(provider, clock, key=RSA[0])) == "KEY_UNKNOWN"


async def test_forged_key_ids_bring_about_one_renewal(provider: OpenIdProvider, clock: Clock, tmp_path: Path) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        provider.delay = 0.2
        clock.ahead = 11
        stranger = RSAKey.generate_key(2048, auto_kid=True)
        forged = [officers(provider, clock, key=stranger, header={"kid": f"forged-{n}"}) for n in range(20)]
        storm = [verifier.identify(text) for text in forged]
        honest = asyncio.create_task(verifier.identify(officers(provider, clock)))
        found = await asyncio.gather(*storm, return_exceptions=True)
        assert {type(one).__name__ for one in found} == {"Unauthenticated"}
        assert (await honest).subject == "p-0042"
        for text in forged:
            assert await why(verifier, text) == "KEY_UNKNOWN"
        assert provider.asked.count("keys") == 2, "one at the start, one for the whole storm"
        clock.ahead = 22
        assert await why(verifier, officers(provider, clock, key=stranger)) == "KEY_UNKNOWN"
        assert provider.asked.count("keys") == 3


async def test_an_outage_is_outlived_for_a_while_and_then_not(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = {"discovery": True, "survive_seconds": 7_200, "timeout_seconds": 1}
    async with providing(provider):
        url = provider.url
        verifier = Verifier("yiti-jiangsu", {}, described=[described(tmp_path, issuer=url, keys=keys)], clock=clock)
        await verifier.open()
    caplog.set_level(logging.WARNING)
    for seconds in (601, 602, 1_800, 7_000):  # nobody listens there any more
        clock.ahead = seconds
        assert (await verifier.identify(officers(provider, clock))).subject == "p-0042"
        await asyncio.sleep(0.05)
    clock.ahead = 7_201
    assert await why(verifier, officers(provider, clock)) == "ISSUER_UNAVAILABLE"
    assert "its keys cannot be had" in caplog.text
    assert "p-0042" not in caplog.text
    await verifier.aclose()


async def test_a_provider_that_comes_back_is_believed_again(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path
) -> None:
    async with providing(provider):
        provider.status = 503
        async with trusting(provider, clock, tmp_path) as verifier:
            assert await why(verifier, officers(provider, clock)) == "ISSUER_UNAVAILABLE"
            asked = len(provider.asked)
            assert await why(verifier, officers(provider, clock)) == "ISSUER_UNAVAILABLE"
            assert len(provider.asked) == asked, "left alone for a while"
            provider.status = 200
            clock.ahead = 11
            assert (await verifier.identify(officers(provider, clock))).subject == "p-0042"


def _too_long(provider: OpenIdProvider) -> None:
    provider.body = b" " * 300_000


def _twice(provider: OpenIdProvider) -> None:
    provider.body = b'{"keys": [], "keys": []}'


def _deep(provider: OpenIdProvider) -> None:
    provider.body = b"[" * 200_000


def _secrets_only(provider: OpenIdProvider) -> None:
    provider.body = b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}'


BROKEN = {
    "wrong issuer": (lambda one: setattr(one, "issuer", "https://other.example"), "another issuer's"),
    "issuer with a slash more": (lambda one: setattr(one, "issuer", f"{one.url}/"), "another issuer's"),
    "keys that are elsewhere without TLS": (
        lambda one: setattr(one, "jwks_uri", "http://keys.example/jwks"),
        "must begin with https",
    ),
    "keys in a file": (lambda one: setattr(one, "jwks_uri", "file:///etc/passwd"), "jwks_uri cannot be used"),
    "keys that are nowhere": (lambda one: setattr(one, "jwks_uri", "http://127.0.0.1:1/keys"), "cannot be reached"),
    "a body too long": (_too_long, "more than max_bytes"),
    "a body that never ends": (lambda one: setattr(one, "is_slow", True), "deadline"),
    "a head that never comes": (lambda one: setattr(one, "delay", 5.0), "deadline"),
    "a redirect": (lambda one: setattr(one, "redirects", True), "redirect"),
    "an error": (lambda one: setattr(one, "status", 500), "status 500"),
    "a page": (lambda one: setattr(one, "media_type", "text/html"), "content type"),
    "no JSON": (lambda one: setattr(one, "body", b"keys"), "JSON"),
    "a member twice": (_twice, "JSON"),
    "JSON without end": (_deep, "JSON"),
    "no keys": (lambda one: setattr(one, "keys", []), "it is empty"),
    "shared secrets": (_secrets_only, "of another kind"),
    "keys for other algorithms": (
        lambda one: setattr(one, "keys", [ECKey.generate_key("P-256", auto_kid=True)]),
        "other algorithms",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_broken_provider_is_not_believed_and_stops_nothing(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    breaks, said = BROKEN[fault]
    async with providing(provider):
        good = officers(provider, clock)
        breaks(provider)
        keys = {"discovery": True, "timeout_seconds": 0.3}
        async with asyncio.timeout(5), trusting(provider, clock, tmp_path, keys=keys) as verifier:
            assert await why(verifier, good) == "ISSUER_UNAVAILABLE"
    assert said in caplog.text
    assert "p-0042" not in caplog.text


async def test_a_broken_renewal_leaves_the_last_good_keys(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path
) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        provider.issuer = "https://other.example"
        clock.ahead = 601
        assert (await verifier.identify(officers(provider, clock))).subject == "p-0042"


async def test_keys_of_other_kinds_do_not_spoil_a_set(provider: OpenIdProvider, clock: Clock, tmp_path: Path) -> None:
    provider.keys = [RSA[0], ECKey.generate_key("P-256", auto_kid=True)]
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        assert (await verifier.identify(officers(provider, clock))).subject == "p-0042"
        assert await why(verifier, officers(provider, clock, key=provider.keys[1])) == "ALGORITHM_REFUSED"


async def test_a_public_key_is_no_shared_secret(provider: OpenIdProvider, clock: Clock, tmp_path: Path) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        now = int(clock())
        parts = ({"alg": "HS256", "kid": RSA[0].kid}, {**TOKEN, "iss": provider.url, "iat": now, "exp": now + 60})
        text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        mark = hmac.digest(RSA[0].as_pem(private=False), text, "sha256")
        forged = f"{text.decode()}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"
        assert await why(verifier, forged) == "ALGORITHM_REFUSED"
        assert await why(verifier, officers(provider, clock, header={"typ": "at+jwt"})) == "TYPE_REFUSED"


async def test_nobody_who_gives_up_takes_the_keys_from_the_others(
    provider: OpenIdProvider, clock: Clock, tmp_path: Path
) -> None:
    async with providing(provider), trusting(provider, clock, tmp_path) as verifier:
        provider.delay, provider.keys = 0.3, [RSA[1]]
        clock.ahead = 11
        leaving, staying = (asyncio.create_task(verifier.identify(officers(provider, clock))) for _ in range(2))
        await asyncio.sleep(0.1)
        leaving.cancel()
        assert (await staying).key_id == RSA[1].kid
        assert provider.asked.count("keys") == 2
