"""The shape that resolvers read: one person's file, put together, authorized and masked before it gets here.

Rows and values are mappings on purpose (hot path). Whoever runs the graph fills them; nothing in schema/ fetches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schema.enums import Quality
from schema.label import Label

Values = Mapping[str, object]  # canonical column -> value, as its Kind says; None: empty, unknown or denied


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from."""

    source: str
    dataset: str
    record_id: str  # opaque handle of the source's own key, which may itself be a personal number
    fetched_at: datetime
    as_of: datetime | None = None
    jurisdiction: str | None = None  # province that holds it
    peer: str | None = None  # through which gateway it came
    flags: tuple[tuple[str, Quality], ...] = ()
    precedence: int = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One record of one entity."""

    id: str
    entity: str
    values: Values
    origin: Origin


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One column about which sources disagree."""

    column: str
    label: Label
    values: tuple[tuple[object, Origin], ...]
    chosen: object
    because: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One rehabilitation journey."""

    id: str
    rows: Mapping[str, tuple[Row, ...] | None]  # entity -> rows; None where the viewer may not know of them
    derived: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonFile:
    """Everything the viewer may know of one person, as far as it was asked for."""

    id: str
    values: Values
    rows: Mapping[str, tuple[Row, ...] | None]
    cases: tuple[CaseFile, ...] | None
    records: tuple[Row, ...] | None
    disagreements: tuple[Disagreement, ...] | None
    derived: Mapping[str, object] = field(default_factory=dict)
