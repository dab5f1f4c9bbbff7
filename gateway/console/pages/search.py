"""The first page: conditions, and the entries that meet them."""

from __future__ import annotations

from gateway.console.conditions import NAMES, read, read_form
from gateway.console.gate import PATH, Outcome
from gateway.console.rendering import with_query
from gateway.console.results import find
from gateway.console.visit import Moved, Shown, Visit


async def search(visit: Visit) -> Outcome:
    """GET: by the conditions of the address. POST: from the form to that address."""
    if visit.request.method == "POST":
        services = visit.services
        given = {name: visit.field(name) for name in NAMES}
        return Moved(with_query(PATH, read_form(given, services.mint, services.search.token).words))
    asked = read(visit.query)
    results = await find(visit, asked, PATH)
    return Shown(
        "search.html",
        {"results": results, "asked": asked, "section": PATH},
        results.record("search"),
    )
