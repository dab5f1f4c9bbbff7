"""The report: what deserves a second look, by plain rules, each explained, each with the entries behind it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from gateway.audit.event import Kind
from gateway.audit.report import report
from gateway.audit.search import Conditions
from gateway.console.conditions import Asked, read, read_form
from gateway.console.errors import BadCondition
from gateway.console.gate import PATH, Outcome
from gateway.console.language import CHINA
from gateway.console.rendering import with_query
from gateway.console.visit import Moved, OnRecord, Shown, Visit

REPORT: Final = f"{PATH}/report"
MOST: Final = 200_000  # entries that are read while somebody waits; more are the command's
_USUAL: Final = timedelta(days=30)


async def reported(visit: Visit) -> Outcome:
    """GET: of the days in the address, usually the last thirty. POST: from the form to that address."""
    search = visit.services.search
    if visit.request.method == "POST":
        days = {name: visit.field(name) for name in ("since", "until")}
        return Moved(with_query(REPORT, read_form(days, visit.services.mint, search.token).words))
    asked = _days(read({name: visit.query.get(name, "") for name in ("since", "until")}))
    period = asked.conditions()
    if period.since is None or period.until is None or period.since >= period.until:
        raise BadCondition("until")
    total = await search.count(Conditions(since=period.since, until=period.until), MOST)
    found = await report(search, period.since, period.until, limits=visit.services.limits) if total.is_exact else None
    entries = found.entries if found is not None else total.count
    what = OnRecord(
        Kind.CONSOLE,
        "report",
        references=asked.recorded(),
        details={"page": "report", "entries": entries, "rules": len(found.rules) if found is not None else 0},
    )
    context = {"asked": asked, "report": found, "most": MOST, "section": REPORT}
    return Shown("report.html", context, what)


def _days(asked: Asked) -> Asked:
    """Both days, where one was left out: the report of an address is of the same days tomorrow."""
    today = datetime.now(CHINA).date()
    until = asked.words.get("until") or today.isoformat()
    first = datetime.combine(datetime.fromisoformat(until).date(), time(), CHINA) - _USUAL + timedelta(days=1)
    return Asked({"since": asked.words.get("since") or first.date().isoformat(), "until": until})
