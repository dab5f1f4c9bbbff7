"""Verified tokens: believed for half a minute, never beyond their end, and never kept."""

from __future__ import annotations

import gc
import hashlib
from dataclasses import replace

import pytest

from gateway.errors import Unauthenticated
from gateway.verified import SECONDS, VerifiedTokens
from gateway.viewer import Viewer
from tests.gateway.execution.world import viewer


class Counting:
    """Believes every token but one."""

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.asked: list[str] = []

    def verify(self, token: str) -> Viewer:
        self.asked.append(token)
        if token == "forged":
            raise Unauthenticated("The token does not hold. Ask for a new one.")
        return replace(viewer(), subject=f"subject of {len(self.asked)}", expires_at=self.ends)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_signature_is_checked_once_in_half_a_minute() -> None:
    clock, verifier = Clock(), Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, clock=clock)
    first = tokens.verify("a")
    clock.now += SECONDS - 0.1
    assert tokens.verify("a") is first
    clock.now += 0.1
    assert tokens.verify("a") is not first
    assert verifier.asked == ["a", "a"]


def test_a_token_is_not_believed_beyond_its_end() -> None:
    clock, verifier = Clock(), Counting(ends=1_010.0)
    tokens = VerifiedTokens(verifier, clock=clock)
    tokens.verify("a")
    clock.now = 1_009.9
    tokens.verify("a")
    assert len(verifier.asked) == 1
    clock.now = 1_010.0
    tokens.verify("a")  # whether a few seconds of grace are left is the verifier's to say
    tokens.verify("a")
    assert len(verifier.asked) == 3


def test_a_refusal_is_not_remembered() -> None:
    verifier = Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, clock=Clock())
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            tokens.verify("forged")
    assert len(verifier.asked) == 2


def test_tokens_that_differ_in_one_character_are_two() -> None:
    tokens = VerifiedTokens(Counting(ends=10_000.0), clock=Clock())
    assert tokens.verify("token-a").subject != tokens.verify("token-b").subject
    assert tokens.verify("token-a").subject == "subject of 1"


def test_only_so_many_are_kept() -> None:
    verifier = Counting(ends=10_000.0)
    tokens = VerifiedTokens(verifier, size=2, clock=Clock())
    for token in ("a", "b", "a", "c", "a", "b"):
        tokens.verify(token)
    assert verifier.asked == ["a", "b", "c", "b"]


def test_no_text_of_a_token_is_kept() -> None:
    class Forgetful:
        def verify(self, token: str) -> Viewer:
            return replace(viewer(), expires_at=10_000.0)

    tokens = VerifiedTokens(Forgetful(), clock=Clock())
    tokens.verify("secret-token")
    (kept,) = tokens._known.items()
    reached: list[object] = [*kept]
    for one in reached:
        reached += [more for more in gc.get_referents(one) if not isinstance(more, type)]
    assert hashlib.sha256(b"secret-token").digest() in reached
    assert "secret-token" not in reached
