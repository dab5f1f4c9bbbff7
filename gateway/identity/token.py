"""Pseudonyms: a document number becomes a Person id that only the holder of the key could have made.

HMAC-SHA256 cut to 128 bits, over the standard form of the number, within one epoch of the key. Provinces that share
key and epoch mint the same token for the same number, so nobody ever has to send a number to anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata

from gateway.identity.index import Token
from schema.codes import gb11643
from schema.enums import DocumentKind

PREFIX = "p1_"
"""Says that a text is a Person id of the first form."""

_TOKEN = re.compile(r"p1_[a-z2-7]{25}[aeimquy4]")  # 128 bits leave two bits of the last character at zero
_KEY_BYTES = 32
_DOCUMENT_LENGTH = 4


def is_token(text: str) -> bool:
    """Whether the text has the form of a Person id; says nothing about whether anybody bears it."""
    return _TOKEN.fullmatch(text) is not None


class TokenService:
    """Mints pseudonyms. The one place that holds the key; an HSM would stand behind these same methods."""

    def __init__(self, key: bytes, epoch: str) -> None:
        if len(key) < _KEY_BYTES:
            raise ValueError("The pseudonym key is too short. Give it at least 32 random bytes.")
        if not epoch or "\x1f" in epoch:
            raise ValueError("The pseudonym key's epoch is empty. Name it, for example by its year.")
        self._key = key
        self.epoch = epoch

    def __repr__(self) -> str:
        return f"TokenService(epoch={self.epoch!r})"

    def mint(self, number: str) -> Token | None:
        """The token of a citizen identity number however it is written; None if it is none.

        A wrong check digit is part of what is minted, so such a number never gets the token of the right one.
        """
        found = gb11643.parse(number)
        return None if found is None else self._token("id", found.value)

    def mint_document(self, kind: str, number: str) -> Token | None:
        """The token of another document's number, `kind` a name of DocumentKind; None if it cannot be one."""
        if kind == DocumentKind.RESIDENT_ID.name:
            return self.mint(number)
        if kind not in DocumentKind.__members__:
            return None
        written = "".join(unicodedata.normalize("NFKC", number).split()).upper()
        plausible = len(written) >= _DOCUMENT_LENGTH and any(letter.isdigit() for letter in written)
        # One character repeated is a placeholder that many people share.
        return self._token("document", kind, written) if plausible and len(set(written)) > 1 else None

    def mint_local(self, source: str, key: str) -> Token:
        """The token of somebody without any number: known by one source's own key only."""
        return self._token("local", source, key)

    @staticmethod
    def is_token(text: str) -> bool:
        """Whether the text has the form of a Person id."""
        return is_token(text)

    def _token(self, *parts: str) -> Token:
        message = "\x1f".join(("yiti person", self.epoch, *parts)).encode()
        digest = hmac.new(self._key, message, hashlib.sha256).digest()[:16]
        return PREFIX + base64.b32encode(digest).decode().rstrip("=").lower()
