"""Trying to sign in is slowed down, per address and for all of them together."""

from __future__ import annotations

import pytest

from gateway.console.rate import SignInRate
from gateway.http.refusals import Throttled


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_address_waits_and_another_does_not() -> None:
    clock = Clock()
    rate = SignInRate(burst=3, seconds=6, clock=clock)
    for _ in range(3):
        rate.admit("a")
    with pytest.raises(Throttled) as caught:
        rate.admit("a")
    assert caught.value.seconds == 6
    rate.admit("b")
    clock.now += 6
    rate.admit("a")


def test_many_addresses_together_wait_too() -> None:
    rate = SignInRate(burst=2, seconds=6, crowd=3, clock=Clock())
    for number in range(6):
        rate.admit(f"address-{number}")
    with pytest.raises(Throttled):
        rate.admit("another")
