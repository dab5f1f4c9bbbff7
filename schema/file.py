"""The shape that resolvers read: one person's file, put together, authorized and masked before it gets here.

Rows and values are mappings on purpose, and the classes structs: there are hundreds in an answer. Whoever runs the
graph fills them; nothing in schema/ fetches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from schema.enums import Quality
from schema.label import Label

Values = Mapping[str, object]  # canonical column -> value, as its Kind says; None: empty, unknown or denied


class Handles(Protocol):
    """Makes opaque handles of what must not be named; see gateway/execution/handles.py."""

    def record(self, origin: Origin) -> str:
        """Of a source's own record key."""
        ...

    def row(self, entity: str, origin: Origin) -> str:
        """Of a row in the graph."""
        ...

    def case(self, token: str, anchor: str) -> str:
        """Of a journey."""
        ...


class Origin(Struct, frozen=True, gc=False):
    """Where a row came from. `key` is the source's own and may be a personal number: only its handle is shown."""

    source: str
    dataset: str
    key: str
    fetched_at: datetime
    handles: Handles
    as_of: datetime | None = None
    jurisdiction: str | None = None  # province that holds it
    peer: str | None = None  # through which gateway it came
    flags: tuple[tuple[str, Quality], ...] = ()

    @property
    def record_id(self) -> str:
        """The key's handle, made when it is asked for."""
        return self.handles.record(self)


class Provenance(Protocol):
    """Where a record came from, as an adapter says it (adapters/contract.py)."""

    @property
    def source(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def record(self) -> str: ...
    @property
    def fetched_at(self) -> datetime: ...
    @property
    def as_of(self) -> datetime | None: ...
    @property
    def jurisdiction(self) -> str | None: ...
    @property
    def peer(self) -> str | None: ...


class Flagged(Protocol):
    """What was noticed about one value."""

    @property
    def field(self) -> str: ...
    @property
    def quality(self) -> Quality: ...


class Sourced(Protocol):
    """What a row is made of: a record of a source."""

    @property
    def provenance(self) -> Provenance: ...
    @property
    def flags(self) -> Sequence[Flagged]: ...


class Frame(Struct, frozen=True):
    """What all rows have in common: how handles are made, and which source comes first."""

    handles: Handles
    precedence: Mapping[str, int]  # by source, a peer's by the peer

    def rank(self, found: Provenance) -> int:
        """The smaller, the nearer to the fact."""
        return self.precedence.get(found.peer or found.source, 99)


class Row(Struct, frozen=True, gc=False):
    """One record of one entity."""

    entity: str
    values: Values
    found: Sourced
    frame: Frame

    @property
    def origin(self) -> Origin:
        """Where it came from, put together when it is asked for."""
        found = self.found.provenance
        return Origin(
            found.source,
            found.dataset,
            found.record,
            found.fetched_at,
            self.frame.handles,
            found.as_of,
            found.jurisdiction,
            found.peer,
            tuple([(flag.field, flag.quality) for flag in self.found.flags]),
        )

    @property
    def order(self) -> tuple[str, str, str]:
        """A stable order among rows; never shown."""
        found = self.found.provenance
        return (found.source, found.dataset, found.record)

    @property
    def id(self) -> str:
        """The row's handle, made when it is asked for."""
        return self.frame.handles.row(self.entity, self.origin)

    @property
    def row(self) -> Row:
        """Itself: a row stands for an object of the graph that shows nothing but that row (schema/shown.py)."""
        return self


class Disagreement(Struct, frozen=True, gc=False):
    """One column about which sources disagree."""

    column: str
    label: Label
    values: tuple[tuple[object, Origin], ...]
    chosen: object
    because: str


class CaseFile(Struct, frozen=True, gc=False):
    """One rehabilitation journey: whose, and by what it is told from that person's others."""

    owner: str
    anchor: str
    handles: Handles
    rows: Mapping[str, tuple[Row, ...] | None]  # entity -> rows; None where the viewer may not know of them
    derived: Mapping[str, object] = {}

    @property
    def id(self) -> str:
        """The case's handle, made when it is asked for."""
        return self.handles.case(self.owner, self.anchor)


class PersonFile(Struct, frozen=True, gc=False):
    """Everything the viewer may know of one person, as far as it was asked for."""

    id: str
    values: Values
    rows: Mapping[str, tuple[Row, ...] | None]
    cases: tuple[CaseFile, ...] | None
    records: tuple[Row, ...] | None
    disagreements: tuple[Disagreement, ...] | None
    derived: Mapping[str, object] = {}

    @property
    def file(self) -> PersonFile:
        """Itself: a file stands for the person whose file it is (schema/person.py)."""
        return self
