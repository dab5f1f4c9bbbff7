"""C2SP signed notes: checkpoints of a log, signatures of the log itself and cosignatures of its witnesses.

Formats: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature (Ed25519).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.merkle import HASH_BYTES

ED25519: Final = 0x01  # a log's signature
COSIGNATURE: Final = 0x04  # a witness's, with its time
_ID_BYTES: Final = 4
_LARGEST: Final = 20_000  # characters; sixteen signatures fit many times
_SIZE: Final = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)
_NAME: Final = re.compile(r"[^\s+]+")


class BadNote(ValueError):
    """A text that is no signed note or no checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's own statement of its size and root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """The inverse of `text`; extension lines are allowed and left out of it. BadNote for anything else."""
        origin, *rest = text.split("\n")
        if len(rest) < 3 or rest[-1] or not all(rest[:-1]) or not origin or not _SIZE.fullmatch(rest[0]):
            raise BadNote("not a checkpoint: it needs an origin, a size and a root, a line each")
        root = decoded(rest[1])
        if len(root) != HASH_BYTES:
            raise BadNote("not a checkpoint: its root is no SHA-256")
        return cls(origin, int(rest[0]), root)


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """As it stands in a note."""
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"

    @classmethod
    def read(cls, line: str) -> Signature:
        """The inverse of `line`, without its newline; BadNote for anything else."""
        mark, _, rest = line.partition(" ")
        name, _, packed = rest.partition(" ")
        value = decoded(packed)
        if mark != "\u2014" or not _NAME.fullmatch(name) or len(value) <= _ID_BYTES:
            raise BadNote("not a signature line: a dash, a name and base64")
        return cls(name, value[:_ID_BYTES], value[_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text with the signatures under it; nothing is believed of it before one verifies."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line() for signature in self.signatures)}"

    @classmethod
    def read(cls, content: str) -> SignedNote:
        """The inverse of `str`; BadNote for anything else."""
        if len(content) > _LARGEST or any(ord(letter) < 0x20 and letter != "\n" for letter in content):
            raise BadNote("not a signed note: too long, or with control characters")
        text, separator, signed = content.rpartition("\n\n")
        if not separator or not signed.endswith("\n"):
            raise BadNote("not a signed note: a text, an empty line, then signature lines")
        return cls(text + "\n", tuple(Signature.read(line) for line in signed[:-1].split("\n")))

    def checkpoint(self) -> Checkpoint:
        """What it states; BadNote unless it is a checkpoint."""
        return Checkpoint.read(self.text)

    def signed_by(self, key: NoteKey) -> bool:
        """Whether this key signed it; false also where a line claims to be this key's and does not verify."""
        mine = [one for one in self.signatures if (one.name, one.key_id) == (key.name, key.id)]
        return bool(mine) and all(key.verifies(self.text, one.value) for one in mine)


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key under a name, as others are told of it."""

    name: str
    public: bytes  # 32 bytes of Ed25519
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """The form in which it is handed over: name+id+key."""
        packed = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{packed}"

    @classmethod
    def read(cls, text: str) -> NoteKey:
        """The inverse of `str`; BadNote for anything else."""
        name, _, rest = text.strip().partition("+")
        claimed, _, packed = rest.partition("+")
        raw = decoded(packed)
        key = cls(name, raw[1:], raw[0] if raw else 0)
        if len(key.public) != 32 or key.kind not in (ED25519, COSIGNATURE) or key.id.hex() != claimed:
            raise BadNote("not a verifier key: name+id+base64, as `yiti audit key` prints it")
        return key

    def verifies(self, text: str, value: bytes) -> bool:
        """Whether `value` is this key's signature of the text; of a cosignature, at the time that it bears."""
        if self.kind == COSIGNATURE:
            text, value = cosigned(text, int.from_bytes(value[:8], "big")), value[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, text.encode())
        except InvalidSignature:
            return False
        return True


def cosigned(text: str, seconds: int) -> str:
    """What a witness signs at a time (seconds since 1970)."""
    return f"cosignature/v1\ntime {seconds}\n{text}"


def decoded(text: str) -> bytes:
    """Standard base64; BadNote for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("not base64") from error
