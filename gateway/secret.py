"""Symmetric keys from files: base64 text of at least 32 random bytes; one key serves several uses by derivation."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.keys import KeyFileError

_BYTES: Final = 32


def read_secret(path: Path) -> bytes:
    """The key in a file; raises KeyFileError."""
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except OSError as err:
        raise KeyFileError(f"{path}: cannot be read ({err.strerror}). Let this process read it.") from None
    except binascii.Error:
        raise KeyFileError(f"{path}: is not base64. Make it with: openssl rand -base64 32") from None
    if len(key) < _BYTES:
        raise KeyFileError(f"{path}: holds fewer than {_BYTES} bytes. Make it with: openssl rand -base64 32")
    return key


def keep_secret(path: Path) -> bytes:
    """The key in a file, made there first if there is none; only its owner can read it. For demo mode."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
    try:
        path.hardlink_to(aside)  # whole at once: of two processes that start together both read the same
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    return read_secret(path)


def derive(key: bytes, use: str) -> bytes:
    """Another key for one use, from which the first cannot be found."""
    return HKDF(SHA256(), length=_BYTES, salt=None, info=f"yiti {use}".encode()).derive(key)
