"""Proofs from a store that answers later: what a proof asks for, then the same proof from what was fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.audit.merkle import HASH_BYTES

_ANY: Final = bytes(HASH_BYTES)


class Wanted:
    """Implements gateway.audit.merkle.Kept by writing down what is asked for."""

    def __init__(self) -> None:
        self.asked_leaves: list[tuple[int, int]] = []
        self.asked_nodes: list[tuple[int, int, int]] = []

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """Stand-ins."""
        self.asked_leaves.append((start, end))
        return [_ANY] * (end - start)

    def nodes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Stand-ins."""
        self.asked_nodes.append((level, start, end))
        return [_ANY] * (end - start)


class Fetched:
    """Implements gateway.audit.merkle.Kept from what was fetched."""

    def __init__(
        self,
        leaves: Mapping[tuple[int, int], Sequence[bytes]],
        nodes: Mapping[tuple[int, int, int], Sequence[bytes]],
    ) -> None:
        self._leaves = leaves
        self._nodes = nodes

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """Leaf hashes; LookupError where one is missing."""
        return _all(self._leaves[start, end], end - start)

    def nodes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Hashes of complete subtrees; LookupError where one is missing."""
        return _all(self._nodes[level, start, end], end - start)


def _all(found: Sequence[bytes], count: int) -> Sequence[bytes]:
    if len(found) != count:
        raise LookupError("a part of the tree is missing")
    return found
