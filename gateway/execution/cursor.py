"""Cursors: where a list goes on, sealed. They hold no value, fit one list and one viewer, and cannot be changed."""

from __future__ import annotations

import base64
import binascii

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.errors import BadCursor


class Cursors:
    """Seals and opens positions. `of` names the list with its conditions, `viewer` whose list it is."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)  # 32 bytes or more

    def seal(self, of: str, viewer: str, position: int, key: str) -> str:
        """The cursor after an item."""
        sealed = self._cipher.encrypt(orjson.dumps([position, key]), [of.encode(), viewer.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, of: str, viewer: str, cursor: str) -> tuple[int, str]:
        """Position and key; raises BadCursor for anything that this list did not hand out to this viewer."""
        try:
            sealed = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
            position, key = orjson.loads(self._cipher.decrypt(sealed, [of.encode(), viewer.encode()]))
        except (InvalidTag, binascii.Error, ValueError, UnicodeEncodeError) as err:
            raise BadCursor(
                "after: not a cursor of this list. Use the endCursor of its previous page, unchanged and with the "
                "same filter and order."
            ) from err
        return int(position), str(key)
