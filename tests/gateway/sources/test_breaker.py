from __future__ import annotations

import pytest

from gateway.sources.breaker import Breaker, State


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock, threshold=3, cool_down=5)
    for moment in (1.0, 2.0, 3.0):
        clock.now = moment
        assert breaker.admit()
        breaker.fail(moment)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row(opened: Breaker) -> None:
    assert (opened.state, opened.failures, opened.admit()) == (State.OPEN, 3, False)


def test_a_success_between_starts_the_count_again(clock: Clock) -> None:
    breaker = Breaker(clock, threshold=2)
    breaker.fail(0)
    breaker.succeed()
    breaker.fail(0)
    assert breaker.state is State.CLOSED


def test_calls_of_one_burst_count_once(clock: Clock) -> None:
    breaker = Breaker(clock, threshold=2)
    clock.now = 1
    for _ in range(8):
        breaker.fail(0.5)
    assert (breaker.state, breaker.failures) == (State.CLOSED, 1)


def test_after_the_cool_down_one_call_finds_out(opened: Breaker, clock: Clock) -> None:
    clock.now = 7.9
    assert not opened.admit()
    clock.now = 8.0
    assert [opened.admit(), opened.admit()] == [True, False]
    assert opened.state is State.HALF_OPEN


def test_a_good_probe_closes_it(opened: Breaker, clock: Clock) -> None:
    clock.now = 8.0
    opened.admit()
    opened.succeed()
    assert (opened.state, opened.failures, opened.admit()) == (State.CLOSED, 0, True)


def test_a_bad_probe_opens_it_for_another_cool_down(opened: Breaker, clock: Clock) -> None:
    clock.now = 8.0
    opened.admit()
    clock.now = 9.0
    opened.fail(8.0)
    assert (opened.state, opened.admit()) == (State.OPEN, False)
    clock.now = 14.0
    assert opened.admit()


def test_a_probe_that_was_given_up_leaves_the_next_one_to_find_out(opened: Breaker, clock: Clock) -> None:
    clock.now = 8.0
    opened.admit()
    opened.release()
    assert opened.admit()
