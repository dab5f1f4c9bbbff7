"""Verified tokens: believed for half a minute, never beyond their end, and never kept."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
from joserfc.jwk import OKPKey

from gateway.errors import Unauthenticated
from gateway.federation.binding import Sent
from gateway.issuers.jwks import PublishedKey
from gateway.issuers.keyring import TrustedKey
from gateway.tokens import Proven
from gateway.verified import SECONDS, VerifiedTokens
from tests.gateway.execution.world import viewer


class Counting:
    """Believes every token but one."""

    def __init__(self, ends: float, *, until: float | None = None, via: tuple[str, ...] = ()) -> None:
        self.ends = ends
        self.until = ends if until is None else until
        self.via = via
        self.key = TrustedKey(PublishedKey(OKPKey.generate_key("Ed25519"), "k", frozenset({"Ed25519"})))
        self.asked: list[str] = []

    async def prove(self, token: str, sent: Sent | None = None) -> Proven:
        self.asked.append(token)
        if token == "forged":
            raise Unauthenticated("The token does not hold. Ask for a new one.")
        known = replace(viewer(), subject=f"subject of {len(self.asked)}", expires_at=self.ends, via=self.via)
        return Proven(known, self.key, self.until)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_signature_is_checked_once_in_half_a_minute() -> None:
    clock, verifier = Clock(), Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, clock=clock)
    first = await tokens.identify("a")
    clock.now += SECONDS - 0.1
    assert await tokens.identify("a") is first
    clock.now += 0.1
    assert await tokens.identify("a") is not first
    assert verifier.asked == ["a", "a"]


async def test_a_token_is_not_believed_beyond_its_end() -> None:
    clock, verifier = Clock(), Counting(ends=1_010.0)
    tokens = VerifiedTokens(verifier, clock=clock)
    await tokens.identify("a")
    clock.now = 1_009.9
    await tokens.identify("a")
    assert len(verifier.asked) == 1
    clock.now = 1_010.0
    await tokens.identify("a")  # whether a few seconds of grace are left is the verifier's to say
    await tokens.identify("a")
    assert len(verifier.asked) == 3


async def test_a_token_is_not_believed_longer_than_its_key() -> None:
    clock, verifier = Clock(), Counting(ends=10_000.0, until=1_005.0)
    tokens = VerifiedTokens(verifier, clock=clock)
    await tokens.identify("a")
    clock.now = 1_005.0
    await tokens.identify("a")
    assert verifier.asked == ["a", "a"]


async def test_a_key_that_its_issuer_took_back_is_asked_about_at_once() -> None:
    verifier = Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, clock=Clock())
    await tokens.identify("a")
    verifier.key.retired = True
    await tokens.identify("a")
    assert verifier.asked == ["a", "a"]


async def test_another_gateways_statement_is_never_remembered() -> None:
    verifier = Counting(ends=10_000.0, via=("yiti-zhejiang",))
    tokens = VerifiedTokens(verifier, clock=Clock())
    for _ in range(2):
        await tokens.identify("a")
    assert verifier.asked == ["a", "a"]


async def test_a_refusal_is_not_remembered() -> None:
    verifier = Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, clock=Clock())
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await tokens.identify("forged")
    assert len(verifier.asked) == 2


async def test_tokens_that_differ_in_one_character_are_two() -> None:
    tokens = VerifiedTokens(Counting(ends=10_000.0), clock=Clock())
    assert (await tokens.identify("token-a")).subject != (await tokens.identify("token-b")).subject
    assert (await tokens.identify("token-a")).subject == "subject of 1"


async def test_only_so_many_are_kept() -> None:
    verifier = Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, size=2, clock=Clock())
    for token in ("a", "b", "a", "c", "a", "b"):
        await tokens.identify(token)
    assert verifier.asked == ["a", "b", "c", "b"]


async def test_neither_a_token_nor_a_hash_that_others_could_make_is_kept() -> None:
    one, other = (VerifiedTokens(Counting(ends=10_000.0), clock=Clock()) for _ in range(2))
    await one.identify("secret-token")
    await other.identify("secret-token")
    assert one._known.keys() != other._known.keys()
    reached: list[object] = [one._known]
    seen = set[int]()
    for found in reached:
        if id(found) not in seen and not isinstance(found, type):
            seen.add(id(found))
            reached += gc.get_referents(found)
    assert len(reached) > 10
    assert "secret-token" not in [found for found in reached if isinstance(found, str)]
