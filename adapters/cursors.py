"""Cursors that carry a key without showing it: sealed for this process, this adapter and this very question.

A source's own key may be a person's id number, so a position in a key order is itself personal. Cursors live no
longer than the walk over the pages: after a restart, or at another replica, it starts again from the first page.
"""

from __future__ import annotations

import base64
import binascii
import os

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.contract import Invalid

_NONCE = 12
_STEP = 64  # padded to whole steps, so that a cursor's length does not tell the key's


class CursorSeal:
    """Seals and opens positions with a key that only this object knows."""

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._cipher = AESGCM(AESGCM.generate_key(bit_length=256))

    def seal(self, dataset: int, key: str | None, scope: str) -> str:
        """The position behind `key` in the entity's nth dataset, or before its first; `scope` is what was asked."""
        plain = orjson.dumps([dataset, key])
        plain += b" " * (-len(plain) % _STEP)
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, scope.encode())).decode()

    def open(self, cursor: str, scope: str) -> tuple[int, str | None]:
        """The position; Invalid for a cursor that is not of this process, this adapter and this question."""
        try:
            sealed = base64.urlsafe_b64decode(cursor.encode())
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], scope.encode())
        except (InvalidTag, ValueError, binascii.Error):
            message = f"{self._adapter}: that cursor is not of this search. Start again from the first page."
            raise Invalid(message) from None
        dataset, key = orjson.loads(plain)
        return int(dataset), None if key is None else str(key)
