"""Puts every view on record before it leaves."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.audit.caller import NOBODY, caller_of
from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import AuditLog, EventEntry
from gateway.console.visit import OnRecord
from gateway.viewer import Viewer


class Recorder:
    """Writes the console's own entries into the log that it shows."""

    def __init__(self, log: AuditLog, jurisdiction: str) -> None:
        self._log = log
        self._jurisdiction = jurisdiction

    async def write(
        self, what: OnRecord, viewer: Viewer | None, request_id: str, *, outcome: str = "OK"
    ) -> EventEntry:
        """Returns once it is durable; raises AuditUnavailable, and then nothing is shown."""
        return await self._log.append_event(
            EventRecord(
                at=datetime.now(UTC),
                kind=what.kind,
                action=what.action,
                outcome=outcome,
                jurisdiction=self._jurisdiction,
                **(caller_of(viewer) if viewer else NOBODY),
                request_id=request_id,
                persons=what.persons,
                labels=what.labels,
                references=what.references,
                details=what.details,
            )
        )

    async def signed_in(self, viewer: Viewer, request_id: str) -> EventEntry:
        """Somebody came in."""
        return await self.write(OnRecord(Kind.LOGIN, "signed-in"), viewer, request_id)

    async def refused(self, viewer: Viewer | None, code: str, request_id: str) -> EventEntry:
        """Somebody was turned away: known, as no auditor; unknown, by the identity provider's answer."""
        what = OnRecord(Kind.LOGIN, "refused", details={"code": code})
        return await self.write(what, viewer, request_id, outcome="REFUSED")

    async def signed_out(self, viewer: Viewer, request_id: str) -> EventEntry:
        """Somebody went."""
        return await self.write(OnRecord(Kind.LOGIN, "signed-out"), viewer, request_id)
