"""Keeps the identity index current: listed again at intervals, and sooner where a source could not be listed."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from adapters.contract import Call, Deadline, PeerRequest
from gateway.identity.build import Listed

log = logging.getLogger("yiti.renewal")

LISTING_SECONDS: Final = 300.0
_FIRST_RETRY: Final = 2.0
_LAST_RETRY: Final = 120.0


class Renewable(Protocol):
    """The identity index as it is renewed; see gateway/identity/build.py."""

    report: tuple[Listed, ...]

    async def refresh(self, call: Call) -> tuple[Listed, ...]:
        """List every source again."""
        ...


def listing_call(gateway: str, sign: Callable[[PeerRequest], str] | None) -> Call:
    """The call under which the gateway itself lists the sources' keys; `sign` speaks for it to its peers."""
    return Call(
        request_id=str(uuid.uuid4()),
        actor=gateway,
        agency=gateway,
        purpose="LOCATE",
        deadline=Deadline.after(LISTING_SECONDS),
        assertion=sign,
    )


async def renew(
    index: Renewable,
    call: Callable[[], Call],
    seconds: float,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Renew for as long as there is reason to; with `seconds` 0 only until every source was listed once."""
    retry = _FIRST_RETRY
    while True:
        failed = _failed(index.report)
        if not failed and seconds == 0:
            return
        pause = min(retry, seconds or retry) if failed else seconds
        retry = min(retry * 2, _LAST_RETRY) if failed else _FIRST_RETRY
        await sleep(pause)
        await _once(index, call())


async def _once(index: Renewable, call: Call) -> None:
    try:
        report = await index.refresh(call)
    except (OSError, sqlite3.Error) as err:
        log.warning("identity index: not renewed: %s; the old one goes on answering", type(err).__name__)
        return
    for source in _failed(report):
        log.warning("identity index: source %s was not listed; asked again soon", source)


def _failed(report: Sequence[Listed]) -> list[str]:
    return [listed.source for listed in report if listed.outcome != "ok"]
