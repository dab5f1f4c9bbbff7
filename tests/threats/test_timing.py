"""The arithmetic of the timing figure; the times themselves are reported and never judged."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from gateway.execution import engine
from gateway.execution.engine import left_of
from tests.gateway.execution.world import ANN, TOKENS
from tests.gateway.registers.counter import ANN_ID, counter
from tests.threats.threats import threat
from tests.threats.timing import chance
from tests.threats.town import people, stranger, township

NOBODY = "329901199101010020"


def test_what_is_alike_is_told_by_chance_and_what_differs_is_not() -> None:
    random = Random(3)
    alike = [[random.gauss(100, 5) for _ in range(60)] for _ in range(2)]
    slower = [each + 20 for each in alike[1]]
    assert chance(alike[0], alike[1], 300) > 0.05
    assert chance(alike[0], slower, 300) < 0.01


@threat(9)
@pytest.mark.parametrize("reference", [False, True], ids=["ours", "reference"])
@pytest.mark.parametrize(
    ("query", "known", "unknown"),
    [
        ("query($x: String!) { lookup(document: {number: $x}) { id } }", ANN, NOBODY),
        ("query($x: ID!) { person(id: $x) { id } }", ANN_ID, TOKENS.mint_local("nowhere", "4")),
        (
            'mutation($x: ID!) { recordConsent(input: {person: $x, recipient: {agency: "X00001"}, labels: [HEALTH], '
            'purpose: TREATMENT, expiresOn: "2026-12-01"}) { consent { id } } }',
            ANN_ID,
            TOKENS.mint_local("nowhere", "4"),
        ),
    ],
    ids=["lookup", "person", "mutation"],
)
async def test_who_is_unknown_and_who_is_not_yours_are_both_answered_on_the_next_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, known: str, unknown: str, reference: bool
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    desk = counter(tmp_path, people=people(), reference=reference)
    desk.engine._unshown_seconds = 0.25
    monkeypatch.setattr(engine, "sleep", sleep)  # the engine's own: other threads may run loops of theirs
    for one in (known, unknown):
        await desk.ask(query, {"x": one}, **stranger())
    assert len(waits) == 2
    assert all(0 < wait <= 0.25 for wait in waits)
    await desk.ask(query, {"x": known}, **township())
    await desk.ask("{ viewer { subject } }", **stranger())
    assert len(waits) == 2


def test_a_beat_is_the_next_multiple() -> None:
    assert left_of(0.03, 0.1) == pytest.approx(0.07)
    assert left_of(0.25, 0.1) == pytest.approx(0.05)
    assert left_of(0.2, 0.1) <= 0.1
