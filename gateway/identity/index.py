"""The identity index: document number -> pseudonym -> each source's own keys. It holds no name and no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Token = str  # a person's federation-wide pseudonym; it is the Person.id of the graph


class IdentityIndex(Protocol):
    """Built from the sources' key lists; see gateway/identity/build.py."""

    def find(self, number: str) -> Token | None:
        """Whose document number this is (15 digits upgraded, x upper-cased), or None."""
        ...

    def holders(self, token: Token) -> Mapping[str, tuple[str, ...]]:
        """source id -> that source's keys of the person; empty for an unknown token."""
        ...

    def owner(self, source: str, key: str) -> Token | None:
        """Whose key of that source this is."""
        ...

    def primary(self, token: Token) -> Token | None:
        """The token under which a person stands, where one person has two numbers; None when unknown."""
        ...

    def everybody(self) -> Sequence[Token]:
        """All pseudonyms, in a stable order."""
        ...
