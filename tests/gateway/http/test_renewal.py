"""The identity index is renewed, sooner where something failed."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from adapters.contract import Call, PeerRequest
from gateway.identity.build import Listed
from gateway.renewal import listing_call, renew


class Enough(Exception):
    pass


class Index:
    def __init__(self, *outcomes: str | Exception) -> None:
        self.outcomes = list(outcomes)
        self.report = (self._listed(self.outcomes.pop(0)),)
        self.calls: list[Call] = []

    async def refresh(self, call: Call) -> tuple[Listed, ...]:
        self.calls.append(call)
        outcome = self.outcomes.pop(0) if self.outcomes else "ok"
        if isinstance(outcome, Exception):
            raise outcome
        self.report = (self._listed(outcome),)
        return self.report

    @staticmethod
    def _listed(outcome: str | Exception) -> Listed:
        return Listed("police", str(outcome), 0, 0, None)


async def pauses(index: Index, seconds: float, times: int) -> list[float]:
    slept: list[float] = []

    async def sleep(pause: float) -> None:
        slept.append(pause)
        if len(slept) >= times:
            raise Enough

    with pytest.raises(Enough):
        await renew(index, lambda: listing_call("yiti-test", None), seconds, sleep=sleep)
    return slept


async def test_renews_at_its_interval() -> None:
    index = Index("ok")
    assert await pauses(index, 900, 3) == [900, 900, 900]
    assert len(index.calls) == 2


async def test_a_failed_source_is_asked_again_soon_and_ever_less_often() -> None:
    assert await pauses(Index("UNAVAILABLE", "UNAVAILABLE", "ok", "ok"), 900, 4) == [2, 4, 900, 900]


async def test_without_an_interval_it_ends_once_everybody_was_listed() -> None:
    index = Index("UNAVAILABLE", "ok")

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    await renew(index, lambda: listing_call("yiti-test", None), 0, sleep=sleep)
    assert len(index.calls) == 1


async def test_a_full_disk_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    index = Index("ok", sqlite3.OperationalError("disk full"), "ok")
    assert await pauses(index, 900, 3) == [900, 900, 900]
    assert "not renewed: OperationalError" in caplog.text


async def test_a_listing_speaks_for_the_gateway_itself() -> None:
    call = listing_call("yiti-test", lambda request: f"signed for {request.audience}")
    assert call.actor == "yiti-test"
    assert call.assertion is not None
    assert call.assertion(PeerRequest("peer", "POST", "/locator", b"{}")) == "signed for peer"
