from __future__ import annotations

from collections.abc import Sequence

import pytest

from adapters.contract import KeyEntry
from gateway.errors import BadCursor, BadPageSize
from gateway.federation.locator import Locator
from gateway.identity.build import build
from tests.gateway.identity.people import INDEX_KEY, TOKENS, Houses, number, token
from tests.gateway.sources.memory import a_call


class Held:
    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = sorted(tokens)

    def own(self) -> Sequence[str]:
        return self.tokens


def walk(locator: Locator, size: int) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = locator.page(after, size)
        found += page
        if after is None:
            return found


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 100])
def test_pages_cover_everybody_once(size: int) -> None:
    tokens = [token(one) for one in range(6)]
    assert walk(Locator(Held(tokens)), size) == sorted(tokens)


def test_an_empty_list_is_one_empty_page() -> None:
    assert Locator(Held([])).page(None, 10) == ((), None)


def test_somebody_who_goes_between_two_pages_makes_nobody_else_be_skipped() -> None:
    held = Held([token(one) for one in range(6)])
    everybody = list(held.tokens)
    first, after = Locator(held).page(None, 3)
    held.tokens = [one for one in held.tokens if one != after]
    second, _ = Locator(held).page(after, 3)
    assert [*first, *second] == everybody


async def test_people_known_only_through_a_peer_are_not_told() -> None:
    houses = Houses()
    houses.add("police-a", [KeyEntry("A", (number(1), number(2))), KeyEntry("B", (number(3),))])
    peer = [KeyEntry(token(one), tokens=(token(one),)) for one in (3, 4)]
    houses.add("gateway-z", peer, kind="subgraph", locator="/locator")
    index = await build(houses.opened, TOKENS, None, INDEX_KEY, a_call())
    assert walk(Locator(index), 2) == sorted(token(one) for one in (1, 2, 3))
    assert token(4) in index.everybody()


def test_a_strange_cursor_or_size_is_refused() -> None:
    locator = Locator(Held([]))
    with pytest.raises(BadCursor):
        locator.page("329901199001011234", 10)
    for size in (0, -1, 5_001):
        with pytest.raises(BadPageSize):
            locator.page(None, size)
