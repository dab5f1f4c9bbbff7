"""Which text a request means: its own, a registered one by its hash, or one that a client sent before.

Registered documents come from a file (registry.py). Where the gateway is locked, they alone run. Where it is not,
clients may send a document once with its hash and by the hash alone from then on: automatic persisted queries,
version 1. Documents hold no answers, so viewers may share them.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from gateway.execution.document.refusals import (
    DocumentNotTrusted,
    PersistedQueryMismatch,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
)

MOST_CHARACTERS: Final = 10_000_000  # of all remembered texts together


class PersistedDocuments:
    """The registered documents and those that clients had remembered; the latter bounded, least recent first out."""

    def __init__(self, registered: Mapping[str, str] | None = None, *, locked: bool = False, size: int = 0) -> None:
        """`size`: how many texts are remembered for clients; 0, or `locked`: none."""
        self._registered = dict(registered or {})
        self._locked = locked
        self._size = 0 if locked else size
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def find(self, text: str | None, digest: str | None, *, exempt: bool = False) -> str:
        """The text to run. `exempt`: from the lock, for those whose documents nobody writes by hand."""
        if text is None:
            return self._known(digest or "")
        actual = digest and hashlib.sha256(text.encode()).hexdigest()
        if actual != digest:
            raise PersistedQueryMismatch("extensions.persistedQuery.sha256Hash: not of this document. Hash it anew.")
        if self._locked and not exempt:
            actual = actual or hashlib.sha256(text.encode()).hexdigest()
            if actual not in self._registered:
                raise _not_trusted()
        return text

    def remember(self, text: str, digest: str | None) -> None:
        """Keep a text that was run and that came with its hash; call only with what `find` gave."""
        if digest is None or self._size == 0 or digest in self._kept or len(text) > MOST_CHARACTERS:
            return
        self._kept[digest] = text
        self._characters += len(text)
        while len(self._kept) > self._size or self._characters > MOST_CHARACTERS:
            _, gone = self._kept.popitem(last=False)
            self._characters -= len(gone)

    def _known(self, digest: str) -> str:
        registered = self._registered.get(digest)
        if registered is not None:
            return registered
        if self._locked:
            raise _not_trusted()
        kept = self._kept.get(digest)
        if kept is not None:
            self._kept.move_to_end(digest)
            return kept
        raise PersistedQueryNotFound if self._size else PersistedQueryNotSupported


def _not_trusted() -> DocumentNotTrusted:
    return DocumentNotTrusted(
        "Only registered documents run here, and this is none of them. Have it added to the gateway's registry."
    )
