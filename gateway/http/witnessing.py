"""POST /federation/audit/add-checkpoint: a peer hands over its log's newest checkpoint, and we sign what goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from gateway.audit.event import EventRecord, Kind
from gateway.audit.note import NoteKey
from gateway.audit.record import AuditLog
from gateway.audit.wiring import origin_of
from gateway.audit.witness import LARGEST_BODY, SIZE_TYPE, Witness
from gateway.http.bearer import read_token
from gateway.http.exchange import Exchange, Reply
from gateway.http.federation import Peers

log = logging.getLogger("yiti.audit")

_TEXT: Final = "text/plain; charset=utf-8"


class WitnessEndpoint:
    """c2sp.org/tlog-witness, for peers only. A log that was rolled back or forked is refused, which is on record."""

    def __init__(
        self,
        witness: Witness,
        peers: Peers,
        logs: Callable[[str], Sequence[NoteKey]],
        audit: AuditLog,
        *,
        jurisdiction: str,
    ) -> None:
        """`logs` finds the keys of a peer's log by the peer's name."""
        self._witness = witness
        self._peers = peers
        self._logs = logs
        self._audit = audit
        self._jurisdiction = jurisdiction
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, exchange: Exchange) -> Reply:
        """One submission."""
        peer = await self._peers.identify_service(read_token(exchange), exchange.sent(LARGEST_BODY))
        content = (await exchange.body(LARGEST_BODY)).decode("utf-8", "replace")
        async with self._one_at_a_time:
            verdict = await asyncio.to_thread(self._witness.add, content, origin_of(peer), self._logs(peer))
        if verdict.alarm:
            log.critical("audit: the log of %s: %s", peer, verdict.alarm)
            await self._audit.append_event(self._alarm(exchange, peer, verdict.alarm))
        kind = SIZE_TYPE if verdict.status == 409 else _TEXT
        code = "OK" if verdict.status == 200 else f"WITNESS_{verdict.status}"
        return Reply(verdict.status, verdict.body.encode(), kind, code=code)

    def _alarm(self, exchange: Exchange, peer: str, what: str) -> EventRecord:
        return EventRecord(
            at=datetime.now(UTC),
            kind=Kind.VERIFICATION,
            action="witnessed",
            outcome="FAILED",
            jurisdiction=self._jurisdiction,
            subject=peer,
            request_id=exchange.request_id,
            details={"log": origin_of(peer), "found": what},
        )
