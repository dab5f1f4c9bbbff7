"""Alerts: who should know at once that an emergency access was opened. No value, no person, no free text."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import orjson

from gateway.registers.entries import Grant

log = logging.getLogger("yiti.alerts")

Alert = Callable[[Grant], None]
"""Told of each emergency access once it is on record; must neither block nor raise."""

_CODE: Final = "BREAK_GLASS"


def log_alert(grant: Grant) -> None:
    """One line of JSON at warning level, for whatever watches the log."""
    log.warning(
        orjson.dumps(
            {
                "alert": _CODE,
                "breakGlass": grant.id,
                "agency": grant.by.agency,
                "jurisdiction": grant.jurisdiction,
                "reason": grant.reason,
                "labels": sorted(grant.labels),
                "expiresAt": grant.expires_at.isoformat(timespec="seconds"),
                "reviewDueAt": grant.review_due_at.isoformat(timespec="seconds"),
            }
        ).decode()
    )
