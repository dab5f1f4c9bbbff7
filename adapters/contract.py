"""The adapter contract, version 1.0: what an agency's system must offer to join the graph.

Records and their parts are structs of msgspec: made by the hundred, never part of a cycle, and so hidden from the
garbage collector. `msgspec.structs.replace` gives a changed copy.

Errors (closed set; a message is for operators and holds no personal value):

    AdapterError
    ├── Refused       the agency said that this caller may not
    ├── Conflict      the version written against no longer matches
    ├── Invalid       the agency rejected the arguments
    ├── Unsupported   beyond the declared capabilities: nothing was sent
    ├── Malformed     the agency broke its own format
    ├── Throttled     too many calls; retryable
    └── Unavailable   down, unreachable or past the deadline; retryable
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, Protocol, TypeGuard, runtime_checkable

import msgspec

from schema.enums import Quality

Key = str  # the agency's own identifier, opaque to everybody else
Value = object  # str | int | bool | date | datetime | tuple[str, ...] | None, as the column's Kind says


class Op(StrEnum):
    """Filter operators. UNDER is the region-code prefix test (GB/T 2260), PREFIX a text prefix."""

    EQ = "eq"
    IN = "in"
    PREFIX = "prefix"
    UNDER = "under"
    LT = "lt"
    GT = "gt"


@dataclass(frozen=True, slots=True)
class Deadline:
    """An absolute moment on the event loop's clock, in seconds; retries cannot extend it."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment `seconds` from now; needs a running loop."""
        return cls(asyncio.get_running_loop().time() + seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - asyncio.get_running_loop().time())


@dataclass(frozen=True, slots=True)
class PeerRequest:
    """A request as it is about to be sent to another gateway: what a signed statement is bound to."""

    audience: str  # that gateway's name
    method: str
    target: str  # path, and `?` with the query string where there is one; not percent-encoded
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, why, and until when. Passed to every method, never cached, never part of a cache key."""

    request_id: str
    actor: str  # the viewer's subject
    agency: str  # the viewer's agency code
    purpose: str  # a name of schema.enums.Purpose
    deadline: Deadline
    assertion: Callable[[PeerRequest], str] | None = None
    """Signs the statement of viewer and purpose for one request to another gateway; a new one for every sending."""


class Provenance(msgspec.Struct, frozen=True, gc=False):
    """Where a record came from; `record` lets an auditor find the row again."""

    source: str  # the adapter's id; for a record that came through a peer, the id of the peer's own source
    dataset: str
    record: str
    fetched_at: datetime  # when the gateway read it
    as_of: datetime | None = None  # when the agency says that the fact was true
    peer: str | None = None  # the peer gateway's adapter id, when it came through one
    jurisdiction: str | None = None  # GB/T 2260 province code of the holder


class Flag(msgspec.Struct, frozen=True, gc=False):
    """What was noticed about one value. `field` is canonical; no value is repeated here."""

    field: str
    quality: Quality


class Record(msgspec.Struct, frozen=True, gc=False):
    """One entity. `values` holds exactly the fields asked for; None means known to be empty."""

    key: Key
    person: Key  # the source's own key of the person whom it concerns; equals `key` for a PersonRecord
    values: Mapping[str, Value]
    provenance: Provenance
    flags: tuple[Flag, ...] = ()
    hidden: frozenset[str] = frozenset()
    """Fields that the holder (a peer) refused or masked by its own policy: their None is not an absence, and any
    other value is what a mask left."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One line of a source's key list: its key of a person and what the number of that person is.

    Either `id_numbers` (from an agency) or `tokens` (from a peer, which never hands out numbers).
    """

    key: Key
    id_numbers: tuple[str, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()  # (DocumentKind name, number)
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeySlice:
    """One page of a key list; `after` is None at the end."""

    entries: Sequence[KeyEntry]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """One condition on a canonical field."""

    field: str
    op: Op
    value: object  # for IN a tuple


@dataclass(frozen=True, slots=True)
class Search:
    """All conditions must hold. `after` is a cursor minted by the same adapter."""

    where: Sequence[Compare]
    fields: Collection[str]
    limit: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a search."""

    records: Sequence[Record]
    after: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How a source is doing; found out without touching a personal record."""

    ok: bool
    detail: str
    lag: timedelta | None = None  # how far the dataset trails reality


@dataclass(frozen=True, slots=True)
class Capability:
    """What of one entity can be asked. The gateway never asks for more than is declared here."""

    fields: frozenset[str]
    filters: Mapping[str, frozenset[Op]] = field(default_factory=dict)
    max_batch: int = 100  # keys per upstream call; a driver splits longer lists itself
    max_page: int = 100
    current: frozenset[str] = frozenset()
    """Fields whose region codes the agency renews with GB/T 2260: nobody stands there under a retired one."""


class AdapterError(Exception):
    """Base of the closed error set."""

    code: ClassVar[str] = "ADAPTER"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(AdapterError):
    """The agency said that this caller may not."""

    code = "REFUSED"


class Conflict(AdapterError):
    """The version written against no longer matches."""

    code = "CONFLICT"


class Invalid(AdapterError):
    """The agency rejected the arguments."""

    code = "INVALID"


class Unsupported(AdapterError):
    """Beyond the declared capabilities; nothing was sent."""

    code = "UNSUPPORTED"


class Malformed(AdapterError):
    """The agency broke its own format."""

    code = "MALFORMED"


class Throttled(AdapterError):
    """Too many calls for now."""

    code = "THROTTLED"
    retryable = True


class Unavailable(AdapterError):
    """Down, unreachable, or past the deadline."""

    code = "UNAVAILABLE"
    retryable = True


def keeps_kinds(adapter: object) -> bool:
    """Whether an adapter vouches for what adapters/decode.py does, by `keeps_kinds = True` in its class.

    Every record has exactly the fields asked for, and every value is None or what its column's Kind says: a str of
    the enum's member names for ENUM, a tuple of str for TEXTS, an int of 32 bits for INTEGER. The gateway then looks
    at each record's person and shape, and no more at each value. An adapter that says nothing is checked in full.
    """
    return getattr(type(adapter), "keeps_kinds", False) is True


def reads_together(adapter: object) -> TypeGuard[ReadsTogether]:
    """Whether an adapter says so by `reads_together = True` in its class.

    A class that overrides `fetch` or `related` of one that does must say it anew, with its own `read_together`:
    what it changed would otherwise be passed by.
    """
    if getattr(type(adapter), "reads_together", False) is not True:
        return False
    reads = ("fetch", "related", "read_together")
    newest = next(one for one in type(adapter).__mro__ if any(name in vars(one) for name in reads))
    return "read_together" in vars(newest)


@runtime_checkable
class Adapter(Protocol):
    """Four reads. A key that the agency does not know is absent from the mapping, never an error.

    A failure of the whole call raises an AdapterError; a failure of one key stands in its place in the mapping.
    """

    id: str
    version: str
    contract: Literal["1.0"]
    capabilities: Mapping[str, Capability]

    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        """A page of everybody this source knows: for the identity index, run by the gateway itself."""
        ...

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """Records by their own keys."""
        ...

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        """Every record of `entity` that concerns each person, by the source's person keys."""
        ...

    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        """Records that meet the declared filters, with the values that reading them by key would give."""
        ...

    async def health(self) -> Health:
        """Whether the source answers; touches no personal record."""
        ...

    async def aclose(self) -> None:
        """Give connections back."""
        ...


class ReadsTogether(Adapter, Protocol):
    """An adapter that reads several entities of the same persons at less cost than one by one."""

    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> Mapping[str, Mapping[Key, Record | Sequence[Record] | AdapterError] | AdapterError]:
        """For each entity what `fetch` of PersonRecord or `related` of any other gives, its error in its place.

        `wanted` is entity -> fields. Ends at the call's deadline by itself, with what it has by then and Unavailable
        for the rest: whoever calls sets no timer. Raises an AdapterError where there is nothing at all.
        """
        ...
