"""What is checked when a log is opened for writing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

from gateway.audit.file import LogDamaged
from gateway.audit.merkle import Frontier, Tree, leaf_hash
from gateway.audit.note import BadNote, SignedNote
from gateway.audit.reading import SqliteKept
from gateway.audit.signer import LogSigner


def check_frontier(size: int, packed: bytes, note: str, signer: LogSigner) -> Frontier:
    """The frontier that a head holds; LogDamaged unless it is what this log's own key signed."""
    try:
        signed = SignedNote.read(note)
        checkpoint = signed.checkpoint()
        frontier = Frontier.load(size, packed)
    except (BadNote, ValueError) as error:
        raise LogDamaged("its newest checkpoint cannot be read") from error
    if checkpoint.origin != signer.origin:
        raise LogDamaged(f"it is the log of {checkpoint.origin}, and this gateway's is {signer.origin}")
    if not signed.signed_by(signer.key):
        raise LogDamaged(
            "its newest checkpoint is not signed by this gateway's key. Where the key was changed on purpose, hand "
            "the log over with `yiti audit rekey`"
        )
    if (checkpoint.size, checkpoint.root) != (size, frontier.root()):
        raise LogDamaged("its newest checkpoint was signed over another tree")
    return frontier


def check_head(connection: apsw.Connection, signer: LogSigner) -> Frontier:
    """The tree as it is signed, its right edge recomputed from what is stored; LogDamaged where they differ.

    Costs a few hundred hashes, however long the log. `yiti audit verify` looks at every entry.
    """
    head: list[Any] = connection.execute("SELECT size, frontier, note FROM head").fetchall()
    if len(head) != 1:
        raise LogDamaged("it has lost its head")
    size, packed, note = head[0]
    frontier = check_frontier(size, packed, note, signer)
    check_count(frontier, int(connection.execute("SELECT coalesce(max(idx) + 1, 0) FROM entry").get))
    try:
        edge = Tree(SqliteKept(connection)).frontier(size)
    except LookupError as error:
        raise LogDamaged("entries or nodes of its tree are missing") from error
    last: list[Any] = connection.execute("SELECT leaf, record FROM entry ORDER BY idx DESC LIMIT 256").fetchall()
    check_edge(frontier, edge, last)
    return frontier


def check_count(signed: Frontier, stored: int) -> None:
    """LogDamaged unless as many entries are stored as were signed."""
    if stored != signed.size:
        raise LogDamaged(f"it holds {stored} entries, and its newest checkpoint was signed over {signed.size}")


def check_edge(signed: Frontier, edge: Frontier, last: Iterable[tuple[bytes, bytes]]) -> None:
    """LogDamaged unless the right edge of what is stored is the signed one and the last entries match."""
    if edge != signed:
        raise LogDamaged("its last entries are not those that its newest checkpoint was signed over")
    if any(leaf_hash(record) != leaf for leaf, record in last):
        raise LogDamaged("one of its last entries does not match its hash")
