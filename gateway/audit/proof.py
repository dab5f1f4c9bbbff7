"""Proofs of single entries, as text that somebody else checks alone: c2sp.org/tlog-proof with the entry in it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, Protocol

import orjson

from gateway.audit.note import SignedNote
from gateway.audit.record import StoredEntry

_FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"


class Proving(Protocol):
    """What a proof is made from; a log."""

    async def head(self) -> SignedNote:
        """The newest checkpoint."""
        ...

    async def cosigned(self) -> Sequence[SignedNote]:
        """The newest checkpoint of each witness."""
        ...

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from an entry to the root of a tree of this size."""
        ...


async def prove(log: Proving, entry: StoredEntry) -> str:
    """The proof of an entry under the newest checkpoint that a witness saw, or under the newest of all."""
    note = covering(entry.index, await log.cosigned()) or await log.head()
    path = await log.inclusion(entry.index, note.checkpoint().size)
    return written(entry, path, note)


def written(entry: StoredEntry, path: Sequence[bytes], note: SignedNote) -> str:
    """The text of a proof. The entry's own bytes and what it names are its extra data."""
    shared = {digest: named.content.decode() for digest, named in entry.shared.items()}
    extra = orjson.dumps({"record": entry.content.decode(), "shared": shared})
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"{_FIRST_LINE}\nextra {base64.b64encode(extra).decode()}\nindex {entry.index}\n{steps}\n{note}"


def covering(index: int, notes: Sequence[SignedNote]) -> SignedNote | None:
    """The newest of these checkpoints that covers the entry, with the signatures of all who signed that very one."""
    large = [note for note in notes if note.checkpoint().size > index]
    if not large:
        return None
    newest = max(large, key=lambda note: note.checkpoint().size)
    return together([note for note in large if note.text == newest.text])


def together(notes: Sequence[SignedNote]) -> SignedNote:
    """One note with the signatures of several of the same text."""
    signatures = dict.fromkeys(signature for note in notes for signature in note.signatures)
    return SignedNote(notes[0].text, tuple(signatures))
