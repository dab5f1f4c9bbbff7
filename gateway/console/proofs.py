"""What the log itself proves at this moment: its checkpoint, that an entry is in it, what witnesses have signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway.audit.keeping import KeptLog
from gateway.audit.merkle import extends, includes
from gateway.audit.note import BadNote, Checkpoint, Signature, SignedNote

_COSIGNATURE_BYTES = 72  # eight of the time, then the signature


class Standing(StrEnum):
    """How a witness's checkpoint stands to the log as it is."""

    CONSISTENT = "consistent"  # the log has only grown since
    CONTRADICTED = "contradicted"  # another tree: forked or rebuilt
    AHEAD = "ahead"  # the witness saw more than is here: cut off or rolled back


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint."""

    checkpoint: Checkpoint
    note: str
    is_signed: bool  # by the key that the gateway holds now
    key: str  # its public half, as `yiti audit verify` takes it


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That an entry is in the tree of a checkpoint; `holds` is the result of checking it just now."""

    size: int
    root: bytes
    path: tuple[bytes, ...]
    holds: bool
    is_signed: bool


@dataclass(frozen=True, slots=True)
class Witnessed:
    """One witness's newest signature."""

    name: str
    size: int
    at: datetime | None
    standing: Standing


async def head_of(log: KeptLog) -> Head:
    """As of now; AuditUnavailable where it cannot be read, BadNote where it is none."""
    note = await log.head()
    return Head(note.checkpoint(), str(note), note.signed_by(log.signer.key), str(log.signer.key))


async def inclusion_of(log: KeptLog, index: int, leaf: bytes) -> Inclusion | None:
    """In the newest checkpoint; None where that does not reach it."""
    head = await head_of(log)
    size, root = head.checkpoint.size, head.checkpoint.root
    if index >= size:
        return None
    path = await log.inclusion(index, size)
    return Inclusion(size, root, tuple(path), includes(leaf, index, size, path, root), head.is_signed)


async def witnesses_of(log: KeptLog, head: Head) -> list[Witnessed]:
    """Each witness's newest checkpoint, compared with the tree of now."""
    found = [await _witnessed(log, note, head) for note in await log.cosigned()]
    return sorted((one for group in found for one in group), key=lambda one: one.name)


async def _witnessed(log: KeptLog, note: SignedNote, head: Head) -> list[Witnessed]:
    try:
        kept = note.checkpoint()
    except BadNote:
        return []
    standing = await _standing(log, kept, head.checkpoint)
    others = [one for one in note.signatures if one.name != kept.origin]
    return [Witnessed(one.name, kept.size, _signed_at(one), standing) for one in others]


async def _standing(log: KeptLog, kept: Checkpoint, now: Checkpoint) -> Standing:
    if kept.size > now.size:
        return Standing.AHEAD
    proof = await log.consistency(kept.size, now.size)
    holds = extends(kept.size, kept.root, now.size, now.root, proof)
    return Standing.CONSISTENT if holds else Standing.CONTRADICTED


def _signed_at(signature: Signature) -> datetime | None:
    if len(signature.value) != _COSIGNATURE_BYTES:
        return None
    try:
        return datetime.fromtimestamp(int.from_bytes(signature.value[:8], "big"), UTC)
    except (OverflowError, ValueError, OSError):
        return None
