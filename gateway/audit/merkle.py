"""RFC 9162's Merkle tree: leaves, roots, proofs, and the checks of proofs. Pure computation; storage is the caller's.

What has to be kept of a log so that it grows and proves in logarithmic time: its leaf hashes, the hash of each
complete subtree of 256, 65,536, ... leaves (a `Node`), and the frontier, the roots of the complete subtrees along
its right edge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
_STEP: Final = 8  # a node is kept at each eighth height: complete subtrees of 256 ** level leaves
_sha256 = hashlib.sha256
# A copy of a hash that has begun is cheaper than a beginning.
begin_leaf = _sha256(b"\0").copy
_begin_node = _sha256(b"\1").copy


def leaf_hash(content: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return _sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return _sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a complete subtree of 256 ** level leaves, the index-th of its kind."""

    level: int
    index: int
    hash: bytes


@dataclass(slots=True)
class Frontier:
    """A tree of any size as the roots of its complete subtrees, largest first: one per bit set in `size`."""

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    @classmethod
    def load(cls, size: int, packed: bytes) -> Frontier:
        """The inverse of `packed`; ValueError where the length does not fit the size."""
        if len(packed) != HASH_BYTES * size.bit_count():
            raise ValueError("a frontier of another size")
        return cls(size, [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)])

    def packed(self) -> bytes:
        """The hashes in a row."""
        return b"".join(self.hashes)

    def copy(self) -> Frontier:
        """Another one that grows by itself."""
        return Frontier(self.size, list(self.hashes))

    def grow(self, leaves: Iterable[bytes]) -> list[Node]:
        """Append leaf hashes; returns the nodes that became complete."""
        complete: list[Node] = []
        hashes, size = self.hashes, self.size
        for leaf in leaves:
            found, rest, height = leaf, size, 0
            while rest & 1:
                found = _sha256(b"\1" + hashes.pop() + found).digest()
                rest >>= 1
                height += 1
                if not height % _STEP:
                    complete.append(Node(height // _STEP, size >> height, found))
            hashes.append(found)
            size += 1
        self.size = size
        return complete

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self.hashes:
            return EMPTY_ROOT
        found = self.hashes[-1]
        for left in self.hashes[-2::-1]:
            found = node_hash(left, found)
        return found


def complete_root(leaves: Sequence[bytes]) -> bytes:
    """The root of 1, 2, 4, ... leaf hashes; faster than a frontier."""
    level, begin = leaves, _begin_node
    while len(level) > 1:
        pairs, above = iter(level), []
        for left, right in zip(pairs, pairs, strict=True):
            node = begin()
            node.update(left + right)
            above.append(node.digest())
        level = above
    return level[0]


class Kept(Protocol):
    """What is stored of a tree; LookupError where it is not there."""

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """Leaf hashes, at most 256 of them."""
        ...

    def nodes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Hashes of complete subtrees of 256 ** level leaves, at most 256 of them."""
        ...


class Tree:
    """Proofs from what is stored; each takes a few hundred hashes, however long the log."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def root(self, size: int) -> bytes:
        """The root that the tree had at this size."""
        return self._root(0, size) if size else EMPTY_ROOT

    def frontier(self, size: int) -> Frontier:
        """The frontier that the tree had at this size."""
        hashes, start = [], 0
        for height in range(size.bit_length() - 1, -1, -1):
            if size >> height & 1:
                hashes.append(self._root(start, start + (1 << height)))
                start += 1 << height
        return Frontier(size, hashes)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """RFC 9162, 2.1.3.1; ValueError unless 0 <= index < size."""
        if not 0 <= index < size:
            raise ValueError("an inclusion proof is of an entry within the tree")
        proof, start, end = [], 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 9162, 2.1.4.1; ValueError unless 0 <= old <= new. Of an empty or an equal tree nothing needs proof."""
        if not 0 <= old <= new:
            raise ValueError("a consistency proof is of a tree that did not shrink")
        if old in (0, new):
            return []
        proof, start, end, whole = [], 0, new, True
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._root(start, end))
        return proof[::-1]

    def _root(self, start: int, end: int) -> bytes:
        width = end - start
        if width & (width - 1) == 0 and start % width == 0:
            level = (width.bit_length() - 1) // _STEP
            if level == 0:
                return complete_root(self._kept.leaves(start, end))
            unit = 256**level
            return complete_root(self._kept.nodes(level, start // unit, end // unit))
        middle = start + _split(width)
        return node_hash(self._root(start, middle), self._root(middle, end))


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf is at this place of the tree with this root: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with the old one: RFC 9162, 2.1.4.2."""
    if old == new:
        return not proof and old_root == new_root
    if not 0 <= old < new or old == 0:
        return old == 0 < new and not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(width: int) -> int:
    """The largest power of two below the width."""
    return 1 << ((width - 1).bit_length() - 1)
