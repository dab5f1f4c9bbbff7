"""How often one subject may ask."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from gateway.http.refusals import Throttled
from gateway.http.throttle import Throttle
from tests.gateway.http.standins import AUTHORIZED, GOOD, Engine, Viewers, application

VIEWER = Viewers().verify(GOOD)


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def admitted(throttle: Throttle, times: int, subject: str = "staff-7", issuer: str = "tests") -> int:
    count = 0
    for _ in range(times):
        try:
            throttle.admit(replace(VIEWER, subject=subject, issuer=issuer))
        except Throttled:
            continue
        count += 1
    return count


def test_a_sixth_of_a_minutes_requests_may_come_at_once() -> None:
    assert admitted(Throttle(60, clock=Clock()), 20) == 10


def test_more_are_admitted_as_time_goes_by_and_never_more_than_at_once() -> None:
    clock = Clock()
    throttle = Throttle(60, clock=clock)
    admitted(throttle, 20)
    clock.now += 3
    assert admitted(throttle, 20) == 3
    clock.now += 3_600
    assert admitted(throttle, 20) == 10


def test_subjects_do_not_take_from_each_other() -> None:
    throttle = Throttle(60, clock=Clock())
    assert [admitted(throttle, 20, one) for one in ("a", "b")] == [10, 10]
    assert admitted(throttle, 20, "a", issuer="another") == 10


def test_the_refusal_says_when_to_come_again() -> None:
    throttle = Throttle(2, clock=Clock())
    throttle.admit(VIEWER)
    with pytest.raises(Throttled, match="in 30 s") as caught:
        throttle.admit(VIEWER)
    assert caught.value.seconds == 30
    assert "staff" not in caught.value.message


def test_no_limit_admits_everybody() -> None:
    assert admitted(Throttle(0), 5_000) == 5_000


@pytest.mark.parametrize("form", ["application/json", "application/graphql-response+json", "text/event-stream"])
async def test_one_who_asks_too_often_gets_429(engine: Engine, form: str) -> None:
    transport = httpx.ASGITransport(application(engine, throttle=Throttle(1, clock=Clock())))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        headers = {**AUTHORIZED, "Accept": form}
        first = await client.post("/graphql", json={"query": "{ who }"}, headers=headers)
        second = await client.post("/graphql", json={"query": "{ who }"}, headers=headers)
        stranger = await client.post("/graphql", json={"query": "{ who }"}, headers={"Accept": form})
    assert first.status_code == 200
    assert (second.status_code, second.headers["retry-after"]) == (429, "60")
    assert second.json()["errors"][0]["extensions"] == {"code": "THROTTLED"}
    assert stranger.status_code == 401
    assert len(engine.asked) == 1
