"""What many accesses share besides their fields: who asked and why, by which operation, under which policies.

It is kept once and named by its hash, as field lists are (gateway.audit.shown). Spelled out in each access it would
be half of its bytes, to be encoded, written, hashed and verified anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

import orjson

from gateway.audit.record import AccessRecord
from gateway.audit.shown import FieldList, digest_of

_KEPT: Final = 4_096
NAMES: Final = (
    "agency",
    "agency_name",
    "clearance",
    "jurisdiction",
    "key_id",
    "operation",
    "operation_hash",
    "policy_version",
    "purpose",
    "roles",
    "subject",
    "via",
)
_values = attrgetter(*NAMES)


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Fields of an AccessRecord with their stored bytes and the digest of these. Equal where the digest is."""

    fields: Mapping[str, Any]  # by the names of AccessRecord
    content: bytes  # canonical JSON
    digest: str  # SHA-256 of the content, base64url without padding

    @classmethod
    def read(cls, content: bytes) -> Context:
        """The inverse of `content`; ValueError for anything else."""
        said: Any = orjson.loads(content)
        if not isinstance(said, dict) or sorted(said) != list(NAMES):
            raise ValueError("not a context of accesses")
        fields = {**said, "roles": tuple(said["roles"]), "via": tuple(said["via"])}
        return cls(MappingProxyType(fields), content, digest_of(content))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


Shared = FieldList | Context
"""What is stored once and named by its digest."""


def context_of(record: AccessRecord) -> Context:
    """The context of an access; ValueError where a text cannot be stored."""
    return _context(_values(record))


def named_context(shared: Mapping[str, object], digest: str) -> Context:
    """The context of this digest; LookupError where there is none, TypeError where it is something else."""
    found = shared[digest]
    if not isinstance(found, Context):
        raise TypeError("what an access names as its context is none")
    return found


def read_shared(content: bytes) -> Shared:
    """Either of them by its bytes; ValueError for anything else."""
    return Context.read(content) if content.startswith(b"{") else FieldList.read(content)


@lru_cache(_KEPT)
def _context(values: tuple[Any, ...]) -> Context:
    fields = dict(zip(NAMES, values, strict=True))
    content = orjson.dumps(fields)  # the names are in their order
    return Context(MappingProxyType(fields), content, digest_of(content))
