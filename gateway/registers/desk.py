"""The desk: changes and reads the registers for one request.

A change is first on record and then kept: if the log cannot be written nothing changes, and if the change cannot be
kept the log says more than happened, never less. Every refusal is on record, too.
"""

from __future__ import annotations

from gateway.authorization.facts import best_facts
from gateway.errors import BadArgument
from gateway.execution.counting import tabulate
from gateway.registers.clerk import Office, Visit
from gateway.registers.consents import Consents
from gateway.registers.emergencies import Emergencies
from schema.label import Label
from schema.reader import CountFacts

__all__ = ["Office", "RequestDesk", "Visit"]


class RequestDesk(Consents, Emergencies):
    """Implements schema.registers.Desk."""

    async def people_counts(self, region: str) -> CountFacts | None:
        """A region's table of people; None where the viewer may not count them."""
        regions, permits = self._office.directory.regions, self._office.permits
        if not regions.known(region):
            raise BadArgument("jurisdiction: not a region code. Use six digits (GB/T 2260) or nine (township).")
        may_count = Label.CUSTODY in permits.permitted(best_facts(self._viewer), "aggregate")
        if not may_count or not regions.is_under(region, self._viewer.jurisdiction):
            return None
        people, complete = await self._visit.counted(region)
        counted = [one for one in people if Label.CUSTODY in permits.permitted(one.decision.facts, "aggregate")]
        return tabulate(counted, region, regions, complete=complete)
