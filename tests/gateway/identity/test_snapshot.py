from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.entries import Entry, Link, Rule
from gateway.identity.snapshot import Snapshot
from gateway.identity.store import Line

LETTERS = st.sampled_from("abcdefgh")


def a_line(key: str, *tokens: str) -> Line:
    links = tuple(Link(tokens[0], other, Rule.SAME_RECORD) for other in tokens[1:])
    return Line("s", Entry(key, tokens, links))


@given(st.lists(st.lists(LETTERS, min_size=1, max_size=3, unique=True), max_size=8), st.randoms())
def test_the_order_of_lines_changes_nobodys_primary_token(groups: list[list[str]], random: object) -> None:
    lines = [a_line(str(index), *tokens) for index, tokens in enumerate(groups)]
    forward, backward = Snapshot(lines), Snapshot(lines[::-1])
    assert forward.everybody() == backward.everybody()
    for letter in "abcdefgh":
        assert forward.primary(letter) == backward.primary(letter)
        assert forward.tokens(letter) == backward.tokens(letter)
        assert {key for keys in forward.holders(letter).values() for key in keys} == {
            key for keys in backward.holders(letter).values() for key in keys
        }


@given(st.lists(st.lists(LETTERS, min_size=1, max_size=3, unique=True), max_size=8))
def test_everybodys_tokens_make_a_partition_and_the_primary_is_the_smallest(groups: list[list[str]]) -> None:
    snapshot = Snapshot([a_line(str(index), *tokens) for index, tokens in enumerate(groups)])
    sets = [snapshot.tokens(person) for person in snapshot.everybody()]
    assert sorted(token for tokens in sets for token in tokens) == sorted({one for many in groups for one in many})
    assert [min(tokens) for tokens in sets] == list(snapshot.everybody())
    for index, tokens in enumerate(groups):
        assert snapshot.owner("s", str(index)) == snapshot.primary(tokens[0])
        assert str(index) in snapshot.holders(tokens[-1])["s"]


@given(st.lists(st.lists(LETTERS, min_size=2, max_size=3, unique=True), min_size=1, max_size=6))
def test_severing_every_link_leaves_everybody_apart(groups: list[list[str]]) -> None:
    lines = [a_line(str(index), *tokens) for index, tokens in enumerate(groups)]
    severed = {tuple(sorted((link.one, link.other))) for line in lines for link in line.entry.links}
    snapshot = Snapshot(lines, {(one, other) for one, other in severed})
    assert list(snapshot.everybody()) == sorted({one for many in groups for one in many})


def test_a_person_costs_less_than_a_kilobyte_of_memory(capsys: pytest.CaptureFixture[str]) -> None:
    people, sources = 5_000, ("police-a", "centre-b", "office-c")

    def lines() -> Iterator[Line]:
        for source in sources:
            for one in range(people):
                yield Line(source, Entry(f"{source}{one}", (f"p1_{one:026d}",)))

    def measured() -> int:
        tracemalloc.start()
        try:
            snapshot = Snapshot(lines())
            gc.collect()
            size, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(snapshot.everybody()) == people
        return size

    # The interpreter's own table of strings may grow meanwhile, by megabytes at once: the smallest figure is ours.
    size = min(measured() for _ in range(3))
    with capsys.disabled():
        print(f"\nidentity index: {size / people:.0f} bytes a person in {len(sources)} sources")
    assert size / people < 1_000
