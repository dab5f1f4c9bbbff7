from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    Tree,
    complete_root,
    extends,
    includes,
    leaf_hash,
    node_hash,
)

# The tree of Certificate Transparency's own reference tests: seven inputs and the roots of each prefix.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(plain_root(leaves[:split]), plain_root(leaves[split:]))


class InMemory:
    """What a store keeps: leaves, and the nodes that growing returned."""

    def __init__(self, size: int) -> None:
        self._leaves = LEAVES[:size]
        self._nodes = {(one.level, one.index): one.hash for one in Frontier().grow(self._leaves)}

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        assert end - start <= 256
        return self._leaves[start:end]

    def nodes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        assert end - start <= 256
        return [self._nodes[level, index] for index in range(start, end)]


KEPT = InMemory(70_000)
TREE = Tree(KEPT)
sizes = st.integers(1, 3_000) | st.integers(65_000, 70_000)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    frontier = Frontier()
    frontier.grow(leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size])
    assert frontier.root().hex() == ROOTS[size]


@given(st.integers(0, 1_500))
def test_a_root_is_that_of_the_definition(size: int) -> None:
    frontier = Frontier()
    frontier.grow(LEAVES[:size])
    assert frontier.root() == TREE.root(size) == plain_root(LEAVES[:size])


@given(st.integers(0, 700), st.integers(0, 700))
def test_a_tree_grows_the_same_in_any_steps_and_from_its_packed_frontier(first: int, second: int) -> None:
    frontier = Frontier()
    nodes = frontier.grow(LEAVES[:first])
    again = Frontier.load(first, frontier.packed())
    nodes += again.grow(LEAVES[first : first + second])
    at_once = Frontier()
    assert at_once.grow(LEAVES[: first + second]) == nodes
    assert at_once == again == TREE.frontier(first + second)


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="another size"):
        Frontier.load(3, b"\0" * 32)


def test_a_node_is_kept_of_each_complete_subtree_of_256_leaves() -> None:
    nodes = Frontier().grow(LEAVES[:65_536])
    assert len(nodes) == 257
    assert nodes[0] == Node(1, 0, complete_root(LEAVES[:256]))
    assert nodes[-1] == Node(2, 0, plain_root(LEAVES[:65_536]))


@settings(deadline=None)
@given(st.data(), sizes)
def test_inclusion_is_proved_for_its_entry_and_place_only(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = TREE.inclusion(index, size), TREE.root(size)
    assert includes(LEAVES[index], index, size, proof, root)
    assert len(proof) <= size.bit_length()
    assert not includes(leaf_hash(b"other"), index, size, proof, root)
    assert not includes(LEAVES[index], index, size, proof, leaf_hash(b"other"))
    assert not includes(LEAVES[index], index, size, [*proof, root], root)
    other = data.draw(st.integers(0, size + 1))
    assert other == index or not includes(LEAVES[index], other, size, proof, root)
    for place in range(len(proof)):
        assert not includes(LEAVES[index], index, size, proof[:place] + proof[place + 1 :], root)


@settings(deadline=None)
@given(sizes, sizes)
def test_consistency_is_proved_for_its_trees_only(one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof, before, after = TREE.consistency(old, new), TREE.root(old), TREE.root(new)
    assert extends(old, before, new, after, proof)
    wrong = leaf_hash(b"other")
    assert not extends(old, wrong, new, after, proof)
    assert not extends(old, before, new, wrong, proof)
    assert not extends(old, before, new, after, [*proof, wrong])
    assert old == new or not extends(new, after, old, before, proof)


def test_every_log_extends_the_empty_one_without_proof() -> None:
    assert extends(0, EMPTY_ROOT, 5, TREE.root(5), [])
    assert extends(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not extends(0, LEAVES[0], 5, TREE.root(5), [])
    assert not extends(0, EMPTY_ROOT, 5, TREE.root(5), [LEAVES[0]])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_inclusion_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="within"):
        TREE.inclusion(index, size)
    assert not includes(LEAVES[0], index, size, [], EMPTY_ROOT)


def test_no_consistency_with_a_larger_past() -> None:
    with pytest.raises(ValueError, match="shrink"):
        TREE.consistency(3, 2)
