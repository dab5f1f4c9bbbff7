"""A signed statement and the one request that it travels with: method, target and body are signed along with it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.issuers.reasons import Reason, refused

CLAIM: Final = "request"
"""The claim that holds {"method", "target", "digest"}."""
_MEMBERS: Final = frozenset({"method", "target", "digest"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it arrived. `target` is the path, with `?` and the query string where there is one."""

    method: str
    target: str
    body: Callable[[], Awaitable[bytes]]
    """The whole body; may raise what a body that is too long or never ends raises."""


def bound_to(method: str, target: str, body: bytes) -> dict[str, str]:
    """The claim that binds a statement to a request; the digest reads as in Content-Digest (RFC 9530)."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    return {"method": method, "target": target, "digest": f"sha-256=:{digest}:"}


async def check_bound(claim: object, sent: Sent | None) -> None:
    """Raise Unauthenticated unless the claim binds its statement to exactly this request."""
    if not isinstance(claim, Mapping) or claim.keys() != _MEMBERS:
        raise refused(Reason.ASSERTION_UNBOUND)
    if sent is None or (claim["method"], claim["target"]) != (sent.method, sent.target):
        raise refused(Reason.ASSERTION_MISPLACED)
    if dict(claim) != bound_to(sent.method, sent.target, await sent.body()):
        raise refused(Reason.ASSERTION_MISPLACED)
