"""The shape that resolvers read: one person's file, put together, authorized and masked before it gets here.

Rows and values are mappings on purpose, and the classes structs: there are hundreds in an answer. Whoever runs the
graph fills them; nothing in schema/ fetches.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    precedence: int = 50

    @property
    def record_id(self) -> str:
        """The key's handle, made when it is asked for."""
        return self.handles.record(self)

    @property
    def order(self) -> tuple[str, str, str]:
        """A stable order among rows; never shown."""
        return (self.source, self.dataset, self.key)


class Row(Struct, frozen=True, gc=False):
    """One record of one entity."""

    entity: str
    values: Values
    origin: Origin

    @property
    def id(self) -> str:
        """The row's handle, made when it is asked for."""
        return self.origin.handles.row(self.entity, self.origin)

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
