"""Records and their provenance made quickly: there are hundreds in an answer.

A frozen dataclass sets each field by a call of `object.__setattr__`. A draft has the same slots, is filled as any
object is, and then becomes the frozen class itself: Python allows that between classes of one layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.contract import Flag, Key, Provenance, Record, Value

_NOTHING_HIDDEN: frozenset[str] = frozenset()


def made_record(
    key: Key, person: Key, values: Mapping[str, Value], provenance: Provenance, flags: tuple[Flag, ...]
) -> Record:
    """`Record(key, person, values, provenance, flags)`."""
    draft: Any = _RecordDraft()
    draft.key = key
    draft.person = person
    draft.values = values
    draft.provenance = provenance
    draft.flags = flags
    draft.hidden = _NOTHING_HIDDEN
    draft.__class__ = Record
    made: Record = draft
    return made


def made_provenance(
    source: str, dataset: str, record: str, fetched_at: datetime, as_of: datetime | None, jurisdiction: str
) -> Provenance:
    """`Provenance(source, dataset, record, fetched_at, as_of, None, jurisdiction)`."""
    draft: Any = _ProvenanceDraft()
    draft.source = source
    draft.dataset = dataset
    draft.record = record
    draft.fetched_at = fetched_at
    draft.as_of = as_of
    draft.peer = None
    draft.jurisdiction = jurisdiction
    draft.__class__ = Provenance
    made: Provenance = draft
    return made


class _RecordDraft:
    __slots__ = Record.__slots__


class _ProvenanceDraft:
    __slots__ = Provenance.__slots__
