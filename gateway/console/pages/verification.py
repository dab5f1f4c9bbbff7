"""How far the log can be believed: its checkpoint, who else signed it, when it was last verified as a whole."""

from __future__ import annotations

from gateway.audit.event import Kind
from gateway.audit.search import Conditions, SearchQuery
from gateway.console.gate import PATH, Outcome
from gateway.console.proofs import head_of, witnesses_of
from gateway.console.results import READER
from gateway.console.visit import OnRecord, Shown, Visit

VERIFICATION = f"{PATH}/verification"


async def verification(visit: Visit) -> Outcome:
    """GET /console/verification."""
    services = visit.services
    head = await head_of(services.log)
    found = await services.search.find(
        SearchQuery(Conditions(kinds=(Kind.VERIFICATION,)), first=20, count_up_to=0), viewer=READER
    )
    whole = [one for one in found.entries if getattr(one.record, "action", None) == "verified"]
    return Shown(
        "verification.html",
        {
            "head": head,
            "witnesses": await witnesses_of(services.log, head),
            "verified": whole[0] if whole else None,
            "events": found.entries,
            "coverage": found.coverage,
            "section": VERIFICATION,
        },
        OnRecord(Kind.CONSOLE, "view", details={"page": "verification", "size": head.checkpoint.size}),
    )
