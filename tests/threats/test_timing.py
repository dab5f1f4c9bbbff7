"""The arithmetic of the timing figure; the times themselves are reported and never judged."""

from __future__ import annotations

from random import Random

from tests.threats.timing import chance


def test_what_is_alike_is_told_by_chance_and_what_differs_is_not() -> None:
    random = Random(3)
    alike = [[random.gauss(100, 5) for _ in range(60)] for _ in range(2)]
    slower = [each + 20 for each in alike[1]]
    assert chance(alike[0], alike[1], 300) > 0.05
    assert chance(alike[0], slower, 300) < 0.01
