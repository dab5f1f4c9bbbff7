"""Witnessing: keeping the newest checkpoint of somebody else's log, and signing only what goes on from it.

The exchange is c2sp.org/tlog-witness: `add-checkpoint` with the size that the witness saw last, a consistency proof
from there, and the new checkpoint. It is text, so that it goes over HTTP and in files by hand alike.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.audit.merkle import EMPTY_ROOT, HASH_BYTES, extends
from gateway.audit.note import BadNote, Checkpoint, NoteKey, Signature, SignedNote, decoded
from gateway.audit.signer import Cosigner

MOST_HASHES: Final = 63
LARGEST_BODY: Final = 24_000
SIZE_TYPE: Final = "text/x.tlog.size"
_OLD: Final = re.compile(r"old (0|[1-9]\d{0,17})", re.ASCII)
_BUSY_MILLISECONDS: Final = 5_000
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS seen (  -- the newest checkpoint of each log
  origin TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  note TEXT NOT NULL,
  at INTEGER NOT NULL              -- seconds since 1970
);
CREATE TABLE IF NOT EXISTS alarm ( -- signed checkpoints that do not go on from it: proof of misconduct
  origin TEXT NOT NULL,
  what TEXT NOT NULL,
  note TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (origin, note)
);
"""


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint handed to a witness, with the proof from the size that it saw last."""

    old: int
    proof: tuple[bytes, ...]
    note: SignedNote

    def __str__(self) -> str:
        steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in self.proof)
        return f"old {self.old}\n{steps}\n{self.note}"

    @classmethod
    def read(cls, content: str) -> Submission:
        """The inverse of `str`; BadNote for anything else."""
        head, separator, note = content.partition("\n\n")
        first, *steps = head.split("\n")
        old = _OLD.fullmatch(first)
        if old is None or not separator or len(steps) > MOST_HASHES or len(content) > LARGEST_BODY:
            raise BadNote("not a submission: an old size, a proof of 63 hashes at most, and a checkpoint")
        proof = tuple(decoded(step) for step in steps)
        if any(len(step) != HASH_BYTES for step in proof):
            raise BadNote("not a submission: a hash has 32 bytes")
        return cls(int(old[1]), proof, SignedNote.read(note))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the witness answers, as HTTP has it: 200 with its signature, 409 with the size that it saw last."""

    status: int
    body: str = ""
    alarm: str = ""  # "rollback" or "fork": the log signed what does not go on from what it signed before


class Witness:
    """Keeps what it saw in a file of its own; what it answers is on disk before it is answered."""

    def __init__(self, path: Path, cosigner: Cosigner, *, clock: Callable[[], float] = time.time) -> None:
        """Opens or makes the file; raises apsw.Error or OSError."""
        self.cosigner = cosigner
        self._clock = clock
        path.touch(mode=0o600, exist_ok=True)
        self._connection = apsw.Connection(str(path))
        try:
            self._connection.set_busy_timeout(_BUSY_MILLISECONDS)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(_TABLES)
        except BaseException:
            self._connection.close()
            raise

    def add(self, content: str, origin: str, keys: Collection[NoteKey]) -> Verdict:
        """One submission of the log of this origin, which signs with one of these keys."""
        try:
            submission = Submission.read(content)
            checkpoint = submission.note.checkpoint()
        except BadNote:
            return Verdict(400)
        if checkpoint.origin != origin:
            return Verdict(404)
        if not any(key.name == origin and submission.note.signed_by(key) for key in keys):
            return Verdict(403)
        if submission.old > checkpoint.size:
            return Verdict(400)
        # IMMEDIATE: looking and keeping are one step, or a smaller checkpoint could be kept after a larger one.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            verdict = self._judged(submission, checkpoint)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return verdict

    def newest(self, origin: str) -> SignedNote | None:
        """The newest checkpoint that was seen of a log."""
        for (note,) in self._connection.execute("SELECT note FROM seen WHERE origin = ?", (origin,)):
            return SignedNote.read(str(note))
        return None

    def alarms(self) -> list[tuple[str, str, str]]:
        """Origin, what is wrong, and the signed checkpoint that proves it."""
        found: list[Any] = self._connection.execute("SELECT origin, what, note FROM alarm ORDER BY at").fetchall()
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _judged(self, submission: Submission, checkpoint: Checkpoint) -> Verdict:
        size, root = self._last(checkpoint.origin)
        if checkpoint.size < size:
            return self._refused(409, f"{size}\n", "rollback", submission, checkpoint)
        if submission.old != size:
            return Verdict(409, f"{size}\n")
        if checkpoint.size == size and checkpoint.root != root:
            return self._refused(409, f"{size}\n", "fork", submission, checkpoint)
        if not extends(size, root, checkpoint.size, checkpoint.root, submission.proof):
            return self._refused(422, "", "fork", submission, checkpoint)
        seen = (checkpoint.origin, checkpoint.size, checkpoint.root, str(submission.note), int(self._clock()))
        self._connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)", seen)
        return Verdict(200, self.cosigner.cosign(submission.note).line())

    def _last(self, origin: str) -> tuple[int, bytes]:
        found: list[Any] = self._connection.execute(
            "SELECT size, root FROM seen WHERE origin = ?", (origin,)
        ).fetchall()
        return found[0] if found else (0, EMPTY_ROOT)

    def _refused(self, status: int, body: str, what: str, submission: Submission, checkpoint: Checkpoint) -> Verdict:
        alarm = (checkpoint.origin, what, str(submission.note), int(self._clock()))
        self._connection.execute("INSERT OR IGNORE INTO alarm VALUES (?, ?, ?, ?)", alarm)
        return Verdict(status, body, what)


def accepted(note: SignedNote, lines: str, keys: Sequence[NoteKey]) -> SignedNote | None:
    """The checkpoint with a witness's answer under it, or None where no such key signed it."""
    try:
        added = [Signature.read(line) for line in lines.splitlines()]
    except BadNote:
        return None
    both = SignedNote(note.text, (*note.signatures, *added))
    return both if any(both.signed_by(key) for key in keys) else None
