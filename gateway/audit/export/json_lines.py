"""JSON lines: each entry whole, as the log holds it, one object in a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import orjson

from gateway.audit.event import EventRecord, Kind
from gateway.audit.export.format import Token
from gateway.audit.record import AccessRecord
from gateway.audit.search import Entry


class JsonLines:
    """Implements gateway.audit.export.format.Lines."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def lines(self, entries: Iterable[Entry]) -> bytes:
        """One object each; keys sorted, times in UTC."""
        return b"".join(
            orjson.dumps(self._entry(entry), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
            for entry in entries
        )

    def _entry(self, entry: Entry) -> dict[str, Any]:
        record = entry.record
        written = _access(record) if isinstance(record, AccessRecord) else _event(record)
        written["persons"] = [self._token(person) for person in record.persons]
        return {"index": entry.index, "id": entry.id, "leafHash": entry.leaf_hash, **written}


def _access(record: AccessRecord) -> dict[str, Any]:
    written = {name: getattr(record, name) for name in AccessRecord.__slots__}
    written["fields"] = [asdict(one) for one in record.fields]
    written["sources"] = [asdict(one) for one in record.sources]
    return {"kind": Kind.ACCESS.value, **written}


def _event(record: EventRecord) -> dict[str, Any]:
    written = {name: getattr(record, name) for name in EventRecord.__slots__}
    written["details"] = dict(record.details)
    return written
