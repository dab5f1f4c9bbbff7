"""Alive and ready."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from adapters.contract import Health
from gateway.http.application import Application, Route
from gateway.http.health import Readiness, alive


class Sources:
    def __init__(self, **states: bool) -> None:
        self.states = states
        self.asked = 0

    async def health(self) -> Mapping[str, Health]:
        self.asked += 1
        return {name: Health(ok, "postgresql://inner.example/secret") for name, ok in self.states.items()}


async def get(sources: Sources, path: str, times: int = 1) -> httpx.Response:
    app = Application({"/healthz": Route(alive), "/readyz": Route(Readiness(sources.health))})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        answers = [await client.get(path) for _ in range(times)]
    return answers[-1]


async def test_alive_asks_no_source() -> None:
    sources = Sources(police=False)
    answer = await get(sources, "/healthz")
    assert (answer.status_code, answer.json(), sources.asked) == (200, {"status": "alive"}, 0)


@pytest.mark.parametrize(
    ("states", "status", "word"),
    [
        ({"police": True, "centre": True}, 200, "ready"),
        ({"police": True, "centre": False}, 200, "degraded"),
        ({"police": False, "centre": False}, 503, "unavailable"),
    ],
)
async def test_ready_says_which_sources_answer(states: dict[str, bool], status: int, word: str) -> None:
    answer = await get(Sources(**states), "/readyz")
    assert answer.status_code == status
    assert answer.json() == {"status": word, "sources": states}


async def test_asking_often_costs_the_sources_nothing() -> None:
    sources = Sources(police=True)
    await get(sources, "/readyz", times=5)
    assert sources.asked == 1
