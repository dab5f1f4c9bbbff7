"""Trails: all that was done about one person, and all that one official did."""

from __future__ import annotations

from gateway.audit.search import Facet
from gateway.console.charts import Series, columns, steps_between
from gateway.console.conditions import Asked, person_token, read
from gateway.console.gate import PATH, Outcome
from gateway.console.results import find, fitting_step, names_of_agencies
from gateway.console.visit import Shown, Visit

_COUNTED = 500  # different words of a facet; more are said to be more
_OF_PERSON = (Facet.SUBJECT, Facet.AGENCY, Facet.PURPOSE, Facet.LABEL, Facet.OUTCOME)
_OF_OFFICIAL = (Facet.PURPOSE, Facet.LABEL, Facet.OUTCOME, Facet.SOURCE, Facet.KIND)


async def person(visit: Visit) -> Outcome:
    """GET /console/people/{person}: who looked, when, why, at what; what was done about them."""
    services = visit.services
    token = person_token(visit.request.path_params["person"], lambda _: None, services.search.token)
    return await _trail(visit, "person", token, f"{PATH}/people/{token}", _OF_PERSON)


async def official(visit: Visit) -> Outcome:
    """GET /console/officials/{official}: what they asked for, why, and what they were shown."""
    subject = read({"official": visit.request.path_params["official"]}).words["official"]
    return await _trail(visit, "official", subject, visit.request.url.path, _OF_OFFICIAL)


async def _trail(visit: Visit, name: str, word: str, path: str, facets: tuple[Facet, ...]) -> Outcome:
    search = visit.services.search
    asked = Asked({**read({key: value for key, value in visit.query.items() if key != name}).words, name: word})
    results = await find(visit, asked, path, fixed=(name,))
    conditions = asked.conditions()
    counts = await search.facets(conditions, facets, top=_COUNTED)
    step = await fitting_step(search, conditions)
    timeline = await search.timeline(conditions, step)
    text = visit.language.text
    drawn = columns(
        [Series(text("Entries"), dict(timeline))],
        steps_between([at for at, _ in timeline], step),
        visit.language,
        title=text("Entries over time"),
        step=step,
    )
    agencies = names_of_agencies(results.page.entries)
    return Shown(
        "trail.html",
        {
            "results": results,
            "asked": asked,
            "subject": name,
            "word": word,
            "counts": counts,
            "chart": drawn,
            "agencies": agencies,
        },
        results.record(name, "view"),
    )
