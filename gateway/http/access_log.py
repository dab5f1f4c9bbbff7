"""One line of JSON per request, without a value of anybody: neither path nor query, address nor subject."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from gateway.http.exchange import Exchange
from gateway.http.refusals import Internal

access = logging.getLogger("yiti.access")
faults = logging.getLogger("yiti.faults")


Count = Callable[[str, int, str, float], None]  # route, status, code, seconds


def note(exchange: Exchange, status: int, seconds: float, count: Count | None = None) -> None:
    """Log one answered request, and count it where somebody counts."""
    if count is not None:
        count(exchange.route, status, exchange.code, seconds)
    if access.isEnabledFor(logging.INFO):
        access.info(
            _line(
                request_id=exchange.request_id,
                method=exchange.method,
                route=exchange.route,
                status=status,
                ms=round(seconds * 1000, 2),
                code=exchange.code,
            )
        )


def fault(exchange: Exchange, error: BaseException) -> Internal:
    """Log an unforeseen exception by kind and place, and give what the caller is told instead.

    Its message stays out, since it may repeat a value.
    """
    frames = traceback.extract_tb(error.__traceback__)
    faults.error(
        _line(
            request_id=exchange.request_id,
            route=exchange.route,
            exception=type(error).__qualname__,
            at_lines=[f"{frame.name}:{frame.lineno}" for frame in frames[-8:]],
        )
    )
    return Internal(
        "The gateway failed on this request. Report its requestId to the operators.", requestId=exchange.request_id
    )


def _line(**values: object) -> str:
    return orjson.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **values}).decode()
