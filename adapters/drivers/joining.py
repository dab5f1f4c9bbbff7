"""One person's record put together from several datasets of one source, or cut down to what was asked for."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from adapters.contract import Record
from schema.enums import Quality


def joined(first: Record, second: Record) -> Record:
    """The first record, with the columns of the second that the first's dataset does not have at all."""
    added = _missing(first) - _missing(second)
    if not added:
        return first
    flags = (
        *(flag for flag in first.flags if flag.field not in added),
        *(flag for flag in second.flags if flag.field in added),
    )
    return replace(
        first,
        values={name: (second if name in added else first).values[name] for name in first.values},
        flags=flags,
        provenance=replace(first.provenance, dataset=f"{first.provenance.dataset}+{second.provenance.dataset}"),
    )


def only(record: Record, fields: Collection[str]) -> Record:
    """Without the columns that were read for a filter alone."""
    return replace(
        record,
        values={name: record.values[name] for name in fields},
        flags=tuple(flag for flag in record.flags if flag.field in fields),
    )


def _missing(record: Record) -> set[str]:
    return {flag.field for flag in record.flags if flag.quality is Quality.MISSING}
