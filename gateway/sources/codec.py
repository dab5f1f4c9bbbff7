"""Records as bytes and back: JSON with explicit types, so that nothing is ever executed on reading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson

from adapters.contract import Flag, Provenance, Record, Value
from schema.enums import Quality


def pack(records: Sequence[Record] | None) -> bytes:
    """None, for a key that the source does not know, is kept apart from no records."""
    return orjson.dumps(None if records is None else [_lower(record) for record in records])


def unpack(data: bytes) -> tuple[Record, ...] | None:
    """What `pack` was given; raises ValueError, KeyError or TypeError on anything else."""
    items = orjson.loads(data)
    return None if items is None else tuple(_raise(item) for item in items)


def _lower(record: Record) -> dict[str, object]:
    origin = record.provenance
    return {
        "key": record.key,
        "person": record.person,
        "values": {name: _lower_value(value) for name, value in record.values.items()},
        "origin": {
            "source": origin.source,
            "dataset": origin.dataset,
            "record": origin.record,
            "fetched_at": origin.fetched_at.isoformat(),
            "as_of": None if origin.as_of is None else origin.as_of.isoformat(),
            "peer": origin.peer,
            "jurisdiction": origin.jurisdiction,
        },
        "flags": [[flag.field, flag.quality.name] for flag in record.flags],
        "hidden": sorted(record.hidden),
    }


def _raise(item: dict[str, Any]) -> Record:
    origin = dict(item["origin"])
    origin["fetched_at"] = datetime.fromisoformat(origin["fetched_at"])
    origin["as_of"] = None if origin["as_of"] is None else datetime.fromisoformat(origin["as_of"])
    return Record(
        key=item["key"],
        person=item["person"],
        values={name: _raise_value(value) for name, value in item["values"].items()},
        provenance=Provenance(**origin),
        flags=tuple(Flag(name, Quality[quality]) for name, quality in item["flags"]),
        hidden=frozenset(item["hidden"]),
    )


def _lower_value(value: Value) -> object:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    if isinstance(value, tuple):
        return ["texts", *value]
    raise TypeError(f"a value of type {type(value).__name__} cannot be kept; decode it to a canonical kind")


def _raise_value(value: object) -> Value:
    if not isinstance(value, list):
        return value
    kind, *parts = value
    if kind == "datetime":
        return datetime.fromisoformat(parts[0])
    if kind == "date":
        return date.fromisoformat(parts[0])
    if kind == "texts":
        return tuple(parts)
    raise ValueError("a value of an unknown kind")
