"""Opaque handles for what must not be named: a source's own key, and a case's anchor. Keyed, one-way, stable."""

from __future__ import annotations

import base64
import hashlib
import hmac

from schema.file import Origin


class Handles:
    """Makes handles under one key. The same input gives the same handle; nothing can be read back."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def record(self, origin: Origin) -> str:
        """Of a source's own record key, which may itself be a personal number; a peer's is a handle already."""
        return origin.key if origin.peer else self._mac("record", origin.source, origin.dataset, origin.key)

    def row(self, entity: str, origin: Origin) -> str:
        """Of a row in the graph."""
        return f"r1_{self._mac('row', entity, origin.source, origin.dataset, self.record(origin))}"

    def case(self, token: str, anchor: str) -> str:
        """Of a journey: the person's token and the keyed day on which it began."""
        return f"c1_{token.partition('_')[2]}_{self._mac('case', token, anchor)[:10]}"

    def _mac(self, *parts: str) -> str:
        text = "\x1f".join(parts).encode()
        digest = hmac.new(self._key, text, hashlib.sha256).digest()[:12]
        return base64.b32encode(digest).decode().rstrip("=").lower()


def token_of(case_id: str) -> str | None:
    """The person token inside a case id, None if it is not one."""
    kind, _, rest = case_id.partition("_")
    body, _, anchor = rest.rpartition("_")
    return f"p1_{body}" if kind == "c1" and body and anchor else None
