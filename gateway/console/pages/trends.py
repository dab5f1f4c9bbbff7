"""Over time: how much was asked, how it ended, for what purposes, about which kinds of information."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.audit.event import Kind
from gateway.audit.search import Conditions, Facet, SearchQuery, Step
from gateway.console.charts import Chart, Series, columns, steps_between
from gateway.console.conditions import NAMES, read, read_form
from gateway.console.errors import BadCondition
from gateway.console.gate import PATH, Outcome
from gateway.console.rendering import with_query
from gateway.console.results import READER, fitting_step, names_of_agencies
from gateway.console.visit import Moved, OnRecord, Shown, Visit
from gateway.console.words import Words

TRENDS = f"{PATH}/trends"
_FACETS = (Facet.PURPOSE, Facet.LABEL, Facet.AGENCY, Facet.SUBJECT, Facet.SOURCE, Facet.KIND)
_OUTCOMES = ("OK", "PARTIAL", "DENIED", "REFUSED")
_MOST_PURPOSES = 3  # a fourth colour is for all others


async def trends(visit: Visit) -> Outcome:
    """GET: the charts. POST: from the form to their address."""
    if visit.request.method == "POST":
        services = visit.services
        asked = read_form({name: visit.field(name) for name in NAMES}, services.mint, services.search.token)
        return Moved(with_query(TRENDS, {**asked.words, "step": visit.field("step")}))
    asked = read(visit.query)
    conditions, words, text = asked.conditions(), Words(visit.language), visit.language.text
    step = _step(visit.query.get("step", "")) or await fitting_step(visit.services.search, conditions)
    accesses = replace(conditions, kinds=conditions.kinds or (Kind.ACCESS,))
    charts = [
        await _chart(visit, text("Entries"), step, [(text("Entries"), conditions)]),
        await _chart(
            visit,
            text("Accesses by outcome"),
            step,
            [(words.outcome(name), replace(accesses, outcomes=(name,))) for name in _OUTCOMES],
        ),
        await _by_purpose(visit, accesses, step),
        await _chart(
            visit,
            text("Accesses in which something was withheld"),
            step,
            [(words.effect("DENY"), replace(accesses, effects=("DENY",)))],
        ),
    ]
    counts = await visit.services.search.facets(conditions, _FACETS, top=10)
    newest = await visit.services.search.find(SearchQuery(conditions, first=200, count_up_to=0), viewer=READER)
    what = OnRecord(
        Kind.CONSOLE,
        "view",
        persons=asked.persons,
        references=asked.recorded(),
        details={"page": "trends", "step": step.value},
    )
    context = {
        "asked": asked,
        "step": step.value,
        "charts": charts,
        "counts": counts,
        "agencies": names_of_agencies(newest.entries),
        "section": TRENDS,
    }
    return Shown("trends.html", context, what)


async def _chart(visit: Visit, title: str, step: Step, lines: Sequence[tuple[str, Conditions]]) -> Chart | None:
    return _drawn(visit, title, step, [Series(name, await _counts(visit, where, step)) for name, where in lines])


async def _by_purpose(visit: Visit, accesses: Conditions, step: Step) -> Chart | None:
    """The most frequent purposes, and what is left of all accesses."""
    search, words, text = visit.services.search, Words(visit.language), visit.language.text
    found = (await search.facets(accesses, (Facet.PURPOSE,), top=_MOST_PURPOSES))[Facet.PURPOSE].counts
    names = [one.word for one in found if one.word]
    shown = [
        Series(words.purpose(name), await _counts(visit, replace(accesses, purposes=(name,)), step)) for name in names
    ]
    total = await _counts(visit, accesses, step)
    left = {at: number - sum(one.counts.get(at, 0) for one in shown) for at, number in total.items()}
    others = [Series(text("Others"), left)] if any(left.values()) else []
    return _drawn(visit, text("Accesses by purpose"), step, [*shown, *others])


async def _counts(visit: Visit, conditions: Conditions, step: Step) -> dict[datetime, int]:
    return dict(await visit.services.search.timeline(conditions, step))


def _drawn(visit: Visit, title: str, step: Step, series: Sequence[Series]) -> Chart | None:
    moments = [at for one in series for at in one.counts]
    return columns(series, steps_between(moments, step), visit.language, title=title, step=step)


def _step(word: str) -> Step | None:
    if not word:
        return None
    try:
        return Step(word)
    except ValueError:
        raise BadCondition("step") from None
