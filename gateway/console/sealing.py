"""What leaves the process comes back unread and unchanged, or counts for nothing: AES-256-GCM under a key per use."""

from __future__ import annotations

import os
from typing import Final, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.secret import derive

_NONCE: Final = 12

T = TypeVar("T")


def seal(key: bytes, content: object, place: bytes) -> bytes:
    """The content as bytes that open with this key at this place alone."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, msgspec.json.encode(content), place)


def unseal(key: bytes, sealed: bytes, place: bytes, kind: type[T]) -> T | None:
    """What was sealed; None for whatever was not sealed just so, or by a version with another form of it."""
    try:
        return msgspec.json.decode(AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place), type=kind)
    except (InvalidTag, ValueError):  # msgspec's errors are ValueErrors, and so is a nonce cut short
        return None


def key_of(secret: bytes, bearer: str) -> bytes:
    """A key that takes both: the gateways' secret, and what one browser alone holds."""
    return derive(secret, f"console session {bearer}")
