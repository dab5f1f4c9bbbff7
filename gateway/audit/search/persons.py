"""Persons as the index knows them: pseudonyms under a key that serves the audit alone.

Whoever holds a copy of the index, and even the Person ids of the graph, cannot tell whose trail is whose.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

PREFIX: Final = "t1_"
_TOKEN: Final = re.compile(r"t1_[a-z2-7]{26}")
_KEY_BYTES: Final = 32
_BYTES: Final = 16


class AuditTokens:
    """Makes audit tokens of Person ids; the same id gives the same token, and nothing can be read back."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_BYTES:
            raise ValueError("The audit key is too short. Give it at least 32 random bytes.")
        self._key = key
        # Many entries are about few people; the cache lives and dies with this object.
        self.digest = lru_cache(maxsize=50_000)(self._digest)

    @property
    def fingerprint(self) -> bytes:
        """What tells this key from another one, and nothing of it."""
        return hmac.new(self._key, b"yiti audit index", hashlib.sha256).digest()

    def token(self, person: str) -> str:
        """The token of a Person id; a token stays as it is."""
        if _TOKEN.fullmatch(person):
            return person
        return PREFIX + base64.b32encode(self.digest(person)).decode().rstrip("=").lower()

    def _digest(self, person: str) -> bytes:
        """The 16 bytes of a Person id's token, or of the token itself."""
        if _TOKEN.fullmatch(person):
            text = person.removeprefix(PREFIX).upper()
            return base64.b32decode(text + "=" * (-len(text) % 8))
        return hmac.digest(self._key, b"yiti audit person\x1f" + person.encode(), "sha256")[:_BYTES]
