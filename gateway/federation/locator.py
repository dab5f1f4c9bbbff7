"""The list that a trusted peer may ask for: of whom this province itself holds records, by pseudonym only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

from gateway.errors import BadCursor, BadPageSize
from gateway.identity.index import Token
from gateway.identity.token import is_token

LARGEST_PAGE = 5_000


class Holding(Protocol):
    """Anything that knows whom its own sources hold; see gateway/identity/build.py."""

    def own(self) -> Sequence[Token]:
        """All tokens, sorted, that sources other than peers hold a record under."""
        ...


class Locator:
    """Pages through our own people. Whom we know only through a peer is that peer's to tell."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding

    def page(self, after: str | None, size: int) -> tuple[tuple[Token, ...], str | None]:
        """Up to `size` tokens after the token `after`, and the token to go on from; None at the end.

        A list that changes meanwhile neither repeats nor skips anybody who was there all the time.
        """
        if not 1 <= size <= LARGEST_PAGE:
            raise BadPageSize(f"The page size must lie between 1 and {LARGEST_PAGE}. Ask for fewer at a time.")
        if after is not None and not is_token(after):
            raise BadCursor("The cursor is not one of this list. Start again without one.")
        own = self._holding.own()
        start = 0 if after is None else bisect_right(own, after)
        found = tuple(own[start : start + size])
        return found, found[-1] if start + size < len(own) else None
