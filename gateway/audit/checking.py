"""Looking at every entry: recomputes the whole tree and says exactly what is wrong and where.

A Checker is fed the entries in order, from whichever store. What each check finds:

    gap         an entry is missing, or one is there that the order does not expect
    leaf        a record is not what its leaf hash says
    shared      a field list or a context that a record names is missing, or is not what its digest says
    record      a record cannot be read (only where asked for, as it costs as much as all the rest)
    node        the stored root of 256, 65,536, ... entries is not theirs: entries were changed with their leaf hashes
    checkpoint  an older signed checkpoint is not of this tree: the tree was rebuilt
    head        the newest checkpoint is not of this tree: entries were cut off, added, or the tree was rebuilt
    signature   a checkpoint is not signed by a key that is trusted, or states another log
    witness     a checkpoint that somebody else kept is not of this tree: rollback or truncation where the log is
                shorter, a fork or a rebuilt log where it is as long
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.audit.context import Shared, read_shared
from gateway.audit.merkle import EMPTY_ROOT, Frontier, Node, begin_leaf, complete_root
from gateway.audit.note import BadNote, Checkpoint, NoteKey, SignedNote
from gateway.audit.record import StoredEntry
from gateway.audit.shown import digest_of
from gateway.audit.stored import naming, read_entry, shared_of

BLOCK: Final = 256
_MOST: Final = 100  # findings of one check that are spelled out
Row = tuple[int, bytes, bytes]  # index, leaf hash, record
Progress = Callable[[int, int], None]  # entries done, entries in all


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    check: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.check}: {self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Stated:
    """What the store says of the tree beside its entries."""

    size: int
    frontier: bytes
    note: str
    nodes: Mapping[tuple[int, int], bytes]  # by level and index
    checkpoints: Mapping[int, str]  # older ones, by size
    shared: Mapping[str, bytes]  # field lists and contexts by digest


@dataclass(frozen=True, slots=True)
class Trust:
    """What the one who checks brings along; none of it comes from the log."""

    keys: Collection[NoteKey]  # under which this log signs or signed
    kept: Collection[SignedNote] = ()  # checkpoints that others kept: witnesses, an auditor's own copy
    signatures: bool = False  # whether older checkpoints' signatures are checked too
    records: bool = False  # whether each record is read too


@dataclass(slots=True)
class Report:
    """What was found."""

    entries: int = 0
    root: bytes = EMPTY_ROOT
    findings: list[Finding] = field(default_factory=list)
    more: Counter[str] = field(default_factory=Counter)  # findings of a check beyond those spelled out

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def checks(self) -> set[str]:
        """Which checks found something."""
        return {finding.check for finding in self.findings}


class Checker:
    """Feed it all entries block by block, then finish.

    What is wrong is said once, where it is: behind it the tree is taken as it was stored.
    """

    def __init__(self, stated: Stated, trust: Trust) -> None:
        self._stated = stated
        self._trust = trust
        self._tree = Frontier()  # over the roots of whole blocks
        self._open: list[bytes] = []  # leaves of the last block, which is not whole
        self._entries = 0
        self._counts: Counter[str] = Counter()
        self._seen: dict[bytes, None] = {}  # the parts of records that name what is shared, each looked at once
        self._part, self._part_at = b"\0", 0  # the newest of them, and where it stood in its record
        self._spelled: dict[str, Shared] = {}
        self._last_good = 0
        self.report = Report()
        self._wanted = self._read_checkpoints()

    def feed(self, rows: Sequence[Row], *, last: bool) -> None:
        """The entries of the next block, in order: 256 of them, fewer in the last one or where some are missing."""
        start = self._tree.size * BLOCK
        whole = not last or (1, self._tree.size) in self._stated.nodes
        expected = range(start, start + (BLOCK if whole else len(rows)))
        # Each row has another index and they ascend, so that the first, the last and the count tell.
        gapless = len(rows) == len(expected) and (not rows or (rows[0][0], rows[-1][0]) == (start, expected[-1]))
        if not gapless:
            self._find_gaps([row[0] for row in rows], range(start, start + BLOCK if whole else rows[-1][0] + 1))
        leaves, stored = self._hashed(rows), [row[1] for row in rows]
        if leaves != stored:
            for (index, leaf, _), found in zip(rows, leaves, strict=True):
                if leaf != found:
                    self._add("leaf", f"entry {index}", "the record was changed: it does not match its leaf hash")
        if self._trust.records:
            self._check_records(rows)
        self._entries += len(rows)
        self._grow(stored, start, whole=whole, gapless=gapless)

    def outside(self, index: int) -> None:
        """An entry stands where the order has no place for it."""
        self._add("gap", f"entry {index}", "stands before the first")

    def finish(self) -> Report:
        """What was found, once all entries were fed."""
        end = self._frontier()
        self.report.entries, self.report.root = self._entries, end.root()
        for (level, index), _ in self._stated.nodes.items():
            if (index + 1) * BLOCK**level > end.size:
                self._add("node", _span(level, index), "its root is stored, and its entries are not all there")
        self._check_shared()
        self._check_head(end)
        for size, (checkpoint, note) in sorted(self._wanted.items()):
            if size > end.size:
                self._add("checkpoint", f"size {checkpoint.size}", "the log was this long once, and is shorter now")
            if self._trust.signatures:
                self._check_signature(f"size {checkpoint.size}", note, checkpoint)
        for note in self._trust.kept:
            self._check_kept(note, end.size)
        return self.report

    # ---- the tree --------------------------------------------------------------------------------------------------

    def _grow(self, leaves: list[bytes], start: int, *, whole: bool, gapless: bool) -> None:
        for size in self._within(start, start + min(BLOCK, len(leaves) + 1)) if gapless else ():
            self._open = leaves[: size - start]
            self._reached(size)
        self._open = leaves
        if whole or len(leaves) == BLOCK:
            self._close(leaves)
            self._open = []
            self._reached(start + BLOCK)

    def _close(self, leaves: Sequence[bytes]) -> None:
        index = self._tree.size
        known = self._stated.nodes.get((1, index))
        root = complete_root(leaves) if len(leaves) == BLOCK else known or EMPTY_ROOT
        complete = [Node(1, index, root)]
        complete += [Node(node.level + 1, node.index, node.hash) for node in self._tree.grow([known or root])]
        for node in complete:
            stated = self._stated.nodes.get((node.level, node.index))
            if stated != node.hash:
                what = "its root is not stored" if stated is None else "its entries are not those of its stored root"
                self._add("node", _span(node.level, node.index), what)

    def _frontier(self) -> Frontier:
        rest = Frontier()
        rest.grow(self._open)
        return Frontier(self._tree.size * BLOCK + len(self._open), [*self._tree.hashes, *rest.hashes])

    # ---- checkpoints -----------------------------------------------------------------------------------------------

    def _read_checkpoints(self) -> dict[int, tuple[Checkpoint, SignedNote]]:
        found = {}
        for size, text in self._stated.checkpoints.items():
            try:
                note = SignedNote.read(text)
                found[size] = (note.checkpoint(), note)
            except BadNote as error:
                self._add("checkpoint", f"size {size}", str(error))
        self._kept: dict[int, list[Checkpoint]] = {}
        for note in self._trust.kept:
            checkpoint = note.checkpoint()
            self._kept.setdefault(checkpoint.size, []).append(checkpoint)
        self._marked = sorted({*found, *self._kept})
        return found

    def _within(self, start: int, end: int) -> list[int]:
        """The sizes strictly between of which there is a checkpoint."""
        first = bisect_right(self._marked, start)
        return self._marked[first : bisect_left(self._marked, end, first)]

    def _reached(self, size: int) -> None:
        wanted, kept = self._wanted.get(size), self._kept.get(size, ())
        if wanted is None and not kept:
            return
        root = self._frontier().root()
        if wanted is not None and (wanted[0].size, wanted[0].root) != (size, root):
            span = f"entries {self._last_good} to {size - 1}"
            self._add("checkpoint", f"size {size}", f"another tree was signed; something among {span} was changed")
        elif wanted is not None:
            self._last_good = size
        for checkpoint in kept:
            if checkpoint.root != root:
                self._add("witness", f"size {size}", "others keep another tree: the log was forked or rebuilt")

    def _check_head(self, end: Frontier) -> None:
        stated = self._stated
        try:
            note = SignedNote.read(stated.note)
            checkpoint = note.checkpoint()
        except BadNote as error:
            self._add("head", "newest checkpoint", str(error))
            return
        self._check_signature("newest checkpoint", note, checkpoint)
        if checkpoint.size != end.size:
            what = "cut off" if checkpoint.size > end.size else "added"
            self._add(
                "head", "newest checkpoint", f"{checkpoint.size} entries were signed, {end.size} are there: {what}"
            )
        elif checkpoint.root != end.root():
            span = f"entries {self._last_good} to {end.size - 1}"
            self._add("head", "newest checkpoint", f"another tree was signed; something among {span} was changed")
        elif (stated.size, stated.frontier) != (end.size, end.packed()):
            self._add("head", "frontier", "the tree's stored edge is not the one of its entries")

    def _check_signature(self, place: str, note: SignedNote, checkpoint: Checkpoint) -> None:
        if not any(note.signed_by(key) and key.name == checkpoint.origin for key in self._trust.keys):
            self._add("signature", place, f"no trusted key signed it for the log {checkpoint.origin}")

    def _check_kept(self, note: SignedNote, size: int) -> None:
        checkpoint = note.checkpoint()
        if not any(note.signed_by(key) and key.name == checkpoint.origin for key in self._trust.keys):
            self._add(
                "signature", f"kept checkpoint of size {checkpoint.size}", "no trusted key of this log signed it"
            )
        elif checkpoint.size > size:
            what = f"others saw {checkpoint.size} entries, {size} are here: the log was cut off or rolled back"
            self._add("witness", f"size {checkpoint.size}", what)

    # ---- records ---------------------------------------------------------------------------------------------------

    def _find_gaps(self, indexes: Sequence[int], expected: range) -> None:
        there = set(indexes)
        if not there:
            self._add("gap", f"entries {expected[0]} to {expected[-1]}", "are missing")
        for index in expected if there else ():
            if index not in there:
                self._add("gap", f"entry {index}", "is missing")

    def _hashed(self, rows: Sequence[Row]) -> list[bytes]:
        """Leaf hashes of the records, each of which is looked at for what it names too."""
        leaves: list[bytes] = []
        begin, keep, part, at = begin_leaf, leaves.append, self._part, self._part_at
        for _, _, record in rows:
            leaf = begin()
            leaf.update(record)
            keep(leaf.digest())
            if not record.startswith(part, at):  # most name what the one before named, at the same place
                found = naming(record)
                if found:
                    part, at = found, record.find(found)
                    self._check_part(rows, record, found)
        self._part, self._part_at = part, at
        return leaves

    def _check_part(self, rows: Sequence[Row], record: bytes, part: bytes) -> None:
        if part not in self._seen:
            self._seen[part] = None
            self._check_named(rows, record)

    def _check_named(self, rows: Sequence[Row], record: bytes) -> None:
        for digest in shared_of(record):
            if digest not in self._stated.shared:
                index = next(row[0] for row in rows if row[2] is record)
                self._add("shared", f"entry {index}", f"names {digest}, which is missing")

    def _check_shared(self) -> None:
        for digest, content in self._stated.shared.items():
            if digest_of(content) != digest:
                self._add("shared", f"what is named {digest}", "was changed: it does not match its digest")

    def _check_records(self, rows: Sequence[Row]) -> None:
        for index, leaf, record in rows:
            try:
                named = {digest: self._one(digest) for digest in shared_of(record) if digest in self._stated.shared}
                read_entry(StoredEntry(index, leaf, record, named))
            except ValueError as error:
                self._add("record", f"entry {index}", f"cannot be read ({error})")

    def _one(self, digest: str) -> Shared:
        if digest not in self._spelled:
            self._spelled[digest] = read_shared(self._stated.shared[digest])
        return self._spelled[digest]

    def _add(self, check: str, place: str, what: str) -> None:
        self._counts[check] += 1
        if self._counts[check] <= _MOST:
            self.report.findings.append(Finding(check, place, what))
        else:
            self.report.more[check] += 1


def blocks(rows: Sequence[Row], start: int, end: int) -> Iterator[tuple[int, Sequence[Row]]]:
    """Consecutive rows by the block that they belong to, from the block at `start`; a block may have lost all."""
    at = 0
    for block in range(start, end, BLOCK):
        until = at + BLOCK
        if until > len(rows) or rows[until - 1][0] != block + BLOCK - 1:
            until = bisect_left(rows, block + BLOCK, at, key=lambda row: row[0])
        yield block, rows[at:until]
        at = until


def _span(level: int, index: int) -> str:
    unit = BLOCK**level
    return f"entries {index * unit} to {(index + 1) * unit - 1}"
