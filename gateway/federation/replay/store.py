"""What remembers used statements, and the name under which it does."""

from __future__ import annotations

import hashlib
from typing import Protocol


class ReplayStore(Protocol):
    """Used statements. Asked only about statements whose signature held: forged ones use nothing up."""

    async def first(self, issuer: str, ident: str, until: float) -> bool:
        """Whether this is its first use; remembered until then (Unix seconds). Raises ReplayUnknown."""
        ...

    async def aclose(self) -> None:
        """Give connections back."""
        ...


def name_of(issuer: str, ident: str) -> bytes:
    """One name for both, of one length whatever a peer sends."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{ident}".encode()).digest()
