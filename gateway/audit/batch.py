"""One group commit, whatever it is stored in: records that waited, and what has to be written of them together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gateway.audit.context import Shared
from gateway.audit.merkle import Frontier, Node
from gateway.audit.note import SignedNote
from gateway.audit.signer import LogSigner

LARGEST = 1_024  # records of one commit


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A record until it is on disk."""

    content: bytes
    leaf: bytes
    shared: tuple[Shared, ...]
    key: bytes | None  # of its response commitment
    done: asyncio.Future[int]  # its index
    loop: asyncio.AbstractEventLoop


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit writes: entries from index `first` on, new nodes of the tree, the signed head over it all."""

    first: int
    leaves: list[bytes]
    records: list[bytes]
    nodes: list[Node]
    shared: list[Shared]
    keys: list[tuple[int, bytes]]
    frontier: Frontier  # after it
    note: SignedNote


def prepare(waiting: Sequence[Waiting], before: Frontier, signer: LogSigner, known: Collection[str]) -> Batch:
    """The commit of these records on top of a tree; what is `known` by its digest is stored already."""
    after = before.copy()
    leaves = [one.leaf for one in waiting]
    nodes = after.grow(leaves)
    fresh = {named.digest: named for one in waiting for named in one.shared if named.digest not in known}
    return Batch(
        first=before.size,
        leaves=leaves,
        records=[one.content for one in waiting],
        nodes=nodes,
        shared=list(fresh.values()),
        keys=[(index, one.key) for index, one in enumerate(waiting, before.size) if one.key is not None],
        frontier=after,
        note=signer.checkpoint(after.size, after.root()),
    )


def settle(batch: Sequence[Waiting], outcome: int | Exception, told: Callable[[float], None] | None = None) -> None:
    """Tell every caller, on its own event loop, the index that its record got, or why there is none.

    `told` hears how many seconds a loop took until it listened.
    """
    for loop in {one.loop for one in batch}:
        mine = [(place, one) for place, one in enumerate(batch) if one.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, mine, outcome, told, time.perf_counter())


def _tell(
    waiting: Sequence[tuple[int, Waiting]],
    outcome: int | Exception,
    told: Callable[[float], None] | None,
    since: float,
) -> None:
    if told is not None:
        told(time.perf_counter() - since)
    for place, one in waiting:
        if one.done.done():  # its request was cancelled; the record stays
            continue
        if isinstance(outcome, Exception):
            one.done.set_exception(outcome)
        else:
            one.done.set_result(outcome + place)
