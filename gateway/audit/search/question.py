"""What can be asked of the access log, and what an answer holds. Nothing here knows how it is found."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from gateway.audit.event import Kind
from gateway.audit.record import EventEntry, LogEntry

Entry = LogEntry | EventEntry

LARGEST_PAGE: Final = 500
COUNTED_EXACTLY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """All conditions hold; within one, any of its words. An empty one asks nothing.

    `persons` are Person ids or the audit tokens that `Search.token` makes of them. With `effects`, a `fields` or
    `labels` condition means that it was met with one of these effects: labels ("HEALTH",), effects ("ALLOW",) finds
    who was shown health. Moments need a time zone: ValueError without one.
    """

    persons: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    without_purposes: tuple[str, ...] = ()  # none of these
    fields: tuple[str, ...] = ()  # graph paths, as "person.cases.measures.startsOn"
    labels: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()  # ALLOW | MASK | DENY
    policies: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # asked by this gateway; another province's gateway is one
    peers: tuple[str, ...] = ()  # other gateways, whether they were asked or asked us
    outcomes: tuple[str, ...] = ()  # OK | PARTIAL | DENIED | REFUSED | FAILED
    kinds: tuple[Kind, ...] = ()
    actions: tuple[str, ...] = ()  # of events: "granted"
    references: tuple[str, ...] = ()  # of events: ids of grants, consents, handoffs
    request_id: str | None = None
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive

    def __post_init__(self) -> None:
        for moment in (self.since, self.until):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("a moment of the access log needs a time zone")


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One page. `after` is the cursor of the page before it, under the same conditions and order."""

    conditions: Conditions = field(default_factory=Conditions)
    first: int = 50  # 0..500
    after: str | None = None
    oldest_first: bool = False
    wait_for: int | None = None  # index of an entry that must be searchable first: one's own last write
    count_up_to: int = COUNTED_EXACTLY


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are; where not exact, there are more than `count`."""

    count: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the index reaches: every entry before `indexed` can be found, `durable` are in the log."""

    indexed: int
    durable: int
    through: datetime | None = None  # when the last indexed entry was made
    contradicted_at: int | None = None  # the log no longer holds what was indexed here: verify it, then reindex

    @property
    def behind(self) -> int:
        """Durable entries that cannot be found yet."""
        return max(0, self.durable - self.indexed)

    @property
    def is_complete(self) -> bool:
        """Whether everything durable can be found."""
        return self.behind == 0 and self.contradicted_at is None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Entries as the log holds them, each read from there; the index only says which."""

    entries: tuple[Entry, ...]
    has_next: bool
    end_cursor: str | None  # opaque: sealed to the conditions and the viewer, holds no value
    total: Total
    coverage: Coverage
    unreadable: tuple[int, ...] = ()  # places of this page whose entry the log does not hold as it was indexed


class Facet(StrEnum):
    """What entries can be counted by."""

    KIND = "kind"
    SUBJECT = "subject"
    AGENCY = "agency"
    ROLE = "role"
    PURPOSE = "purpose"
    OUTCOME = "outcome"
    FIELD = "field"
    LABEL = "label"
    EFFECT = "effect"
    POLICY = "policy"
    SOURCE = "source"
    VIA = "via"
    ACTION = "action"


class Step(StrEnum):
    """How wide a column of a chart over time is, in China's time."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Counted:
    """One word and the entries that bear it."""

    word: str
    entries: int


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The most frequent words first. Where not exact, the newest `among` that meet the conditions were counted."""

    counts: tuple[Counted, ...]
    among: int
    is_exact: bool


class Search(Protocol):
    """Finds entries. Raises AuditUnavailable where index or log cannot be read, BadCursor, BadPageSize."""

    async def find(self, query: SearchQuery, *, viewer: str) -> SearchPage:
        """One page, newest first unless asked otherwise; `viewer` is the subject to whom its cursor is sealed."""
        ...

    def cursor(self, query: SearchQuery, index: int, *, viewer: str) -> str:
        """The cursor after an entry of a page, by its place in the log."""
        ...

    async def count(self, conditions: Conditions, up_to: int = COUNTED_EXACTLY) -> Total:
        """How many entries meet the conditions."""
        ...

    async def facets(
        self, conditions: Conditions, facets: Sequence[Facet], *, top: int = 20, among: int = COUNTED_EXACTLY
    ) -> Mapping[Facet, FacetCounts]:
        """The most frequent words of what meets the conditions."""
        ...

    async def timeline(self, conditions: Conditions, step: Step) -> Sequence[tuple[datetime, int]]:
        """Entries per hour, day, week or month: when each began, in order; a column without entries is left out."""
        ...

    def stream(
        self, conditions: Conditions, *, oldest_first: bool = True, before: int | None = None
    ) -> AsyncIterator[Entry]:
        """All entries, as of now or before a place, that meet the conditions; in constant memory."""
        ...

    async def coverage(self) -> Coverage:
        """How far the index reaches."""
        ...

    def token(self, person: str) -> str:
        """The audit token of a Person id: what a URL of a person's trail may bear. A token stays as it is."""
        ...
