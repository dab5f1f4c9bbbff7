"""Manifest parts and small helpers that the rest driver's tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from adapters.contract import (
    AdapterError,
    Record,
)
from tests.adapters.over_http.loopback import Seen

PERSON = {
    "dataset": "persons",
    "key": "id",
    "as_of": {"path": "changed"},
    "fetch": {"path": "persons/{key}", "rows": "data"},
    "fields": {"name": {"path": "xm"}, "sex": {"path": "xb", "values": {"1": "MALE", "2": "FEMALE"}}},
}
VISIT = {
    "dataset": "visits",
    "key": "no",
    "person": "who",
    "related": {"method": "POST", "path": "visits", "body": {"ids": "{keys}"}, "rows": "list", "batch": 2},
    "fields": {"visitedOn": {"path": "on"}},
}


def answers(found: Mapping[str, Any]) -> Callable[[Seen], Response]:
    """One body for each path below /api."""
    return lambda seen: JSONResponse(found[seen.path.removeprefix("/api/")])


def record(found: Mapping[str, Record | AdapterError], key: str) -> Record:
    one = found[key]
    assert isinstance(one, Record), one
    return one
