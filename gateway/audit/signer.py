"""Who signs checkpoints: Ed25519 from a key file; an HSM, or SM2 once notes know it, can stand in the same place."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.note import COSIGNATURE, Checkpoint, NoteKey, Signature, SignedNote, cosigned
from gateway.keys import SigningKey, make_signing_key


class Signer(Protocol):
    """Signs texts; never shows what with."""

    def sign(self, text: bytes) -> bytes:
        """The signature of the text."""
        ...

    @property
    def public(self) -> bytes:
        """The public half, as its signature type encodes it."""
        ...


class Ed25519Signer:
    """Signs with a private key in memory."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def of(cls, key: SigningKey) -> Ed25519Signer:
        """Of a key file; see gateway.keys."""
        private = key.private_key
        if not isinstance(private, Ed25519PrivateKey):
            raise TypeError("checkpoints are signed with Ed25519")
        return cls(private)

    def sign(self, text: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(text)


class LogSigner:
    """A log's name and the key that speaks for it."""

    def __init__(self, origin: str, signer: Signer) -> None:
        self.origin = origin
        self._signer = signer
        self.key = NoteKey(origin, signer.public)
        self._key_id = self.key.id

    def checkpoint(self, size: int, root: bytes) -> SignedNote:
        """The signed statement that the log has this size and root."""
        return self.note(Checkpoint(self.origin, size, root).text())

    def note(self, text: str) -> SignedNote:
        """A signed statement of the log; one that is no checkpoint begins with a line that is no log's name."""
        return SignedNote(text, (Signature(self.origin, self._key_id, self._signer.sign(text.encode())),))


def own_signer(path: Path) -> LogSigner:
    """The signer of a log that was given none: its file's name, and a key beside it that is made at first."""
    return LogSigner(path.stem, Ed25519Signer.of(make_signing_key(path.with_name(f"{path.stem}.key.json"))))


class Cosigner:
    """A witness's name and the key that speaks for it."""

    def __init__(self, name: str, signer: Signer, *, clock: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._clock = clock
        self.key = NoteKey(name, signer.public, COSIGNATURE)

    def cosign(self, note: SignedNote) -> Signature:
        """That, as of now, this is the largest consistent tree that was seen of its log."""
        now = int(self._clock())
        value = self._signer.sign(cosigned(note.text, now).encode())
        return Signature(self.key.name, self.key.id, now.to_bytes(8, "big") + value)
