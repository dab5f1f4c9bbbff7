"""Which course a randomly drawn person takes, in proportions that resemble the field's complaints."""

from __future__ import annotations

from datetime import date, timedelta

from mocks import accompaniment, agencies, courses, measures
from mocks.courses import TRUTH_TABLE, Course, Dimensions
from mocks.places import townships_of

KINDS = ("community", "discharged", "relapsed", "isolated", "released", "voluntary")
_WEIGHTS = (13, 9, 10, 17, 46, 5)


def outcome_of(course: Course, turn: int) -> Dimensions:
    """The first sixteen take the truth table row by row; later ones mostly pass."""
    if turn < len(TRUTH_TABLE):
        return TRUTH_TABLE[turn]
    first, second, third = ("PASS" if course.chance(0.88) else "FAIL" for _ in range(3))
    return first, second, third, "GOOD" if course.chance(0.5) else "FAIR"


def travel(course: Course, turn: int) -> date:
    """Send a grown-up through one journey; returns the day they were first caught."""
    kind = "released" if turn < len(TRUTH_TABLE) else course.random.choices(KINDS, _WEIGHTS)[0]
    outcome = outcome_of(course, turn)
    if kind == "community":
        return _in_community(course)
    if kind == "discharged":
        return _discharged(course)
    if kind == "relapsed":
        return _relapsed(course, outcome)
    if kind == "isolated":
        decided = course.today - course.days(20, 700)
        measures.isolate(course, decided, outcome)
        return decided - course.days(0, 2)
    if kind == "voluntary":
        return _voluntary(course)
    return _released(course, outcome, whole=turn < len(TRUTH_TABLE))


def travel_young(course: Course) -> date:
    """A minor is ordered into community treatment: isolation is not for them."""
    decided = course.today - course.days(20, 250)
    measures.treat_in_community(course, decided)
    return decided


def _in_community(course: Course) -> date:
    decided = course.today - course.days(30, 1000)
    measures.treat_in_community(course, decided)
    if course.place.startswith("32"):
        accompaniment.help_along(course, decided)
    return decided


def _discharged(course: Course) -> date:
    decided = course.today - course.days(1200, 3400)
    measures.treat_in_community(course, decided)
    if course.place.startswith("32"):
        accompaniment.help_along(course, decided)
    return decided


def _relapsed(course: Course, outcome: Dimensions) -> date:
    decided = course.today - course.days(900, 3300)
    term = measures.treat_in_community(course, decided, end="SERIOUS_VIOLATION")
    if term.ended_on:
        isolation = measures.isolate(course, term.ended_on + course.days(1, 9), outcome)
        if isolation.ended_on:
            after_release(course, isolation.ended_on, outcome)
    return decided


def _voluntary(course: Course) -> date:
    start = course.today - course.days(60, 1500)
    if course.province == "320000":
        measures.treat_voluntarily(course, start)
    else:
        measures.treat_in_community(course, start)
    return start - course.days(200, 900)


def _released(course: Course, outcome: Dimensions, *, whole: bool) -> date:
    """Isolation to its end; `whole`: neither illness nor death cuts it short."""
    released = course.today - course.days(5, 2600 if course.chance(0.4) else 1000)
    early = outcome == ("PASS", "PASS", "PASS", "GOOD") and course.chance(0.3)
    decided = courses.months_after(released, -24)
    roll = 1.0 if whole else course.random.random()
    if roll < 0.03:
        measures.isolate(course, decided, outcome, reason="DIED")
        return decided
    if roll < 0.08:
        ill = measures.isolate(course, decided, outcome, reason="CONVERTED")
        if ill.ended_on:
            accompaniment.treat(course, ill.ended_on, "INPATIENT", "K74.6 肝硬化", ill.ended_on + course.days(10, 60))
            measures.treat_in_community(course, ill.ended_on)
        return decided
    advised = False if course.chance(0.03) else None
    term = measures.isolate(course, decided, outcome, early=early, advised=advised)
    if term.ended_on:
        after_release(course, term.ended_on, outcome)
    return decided


def after_release(course: Course, released_on: date, outcome: Dimensions) -> None:
    """Ordered or not, reported or not, looked after or not."""
    advised = any(mark.advised for mark in course.marks)
    if course.chance(0.83 if advised else 0.06):
        report = course.random.choices(("IN_TIME", "LATE", "NEVER"), (70, 14, 16))[0]
        end = course.random.choices(("EXPIRED", "SERIOUS_VIOLATION", "CRIMINAL_PENALTY"), (86, 10, 4))[0]
        own = townships_of(course.place)
        moved = own[1] if course.chance(0.05) else None
        term = measures.order_recovery(course, released_on, own[0], report=report, end=end, moved_to=moved)
        if term.end_reason == "SERIOUS_VIOLATION" and term.ended_on:
            measures.isolate(course, term.ended_on + timedelta(days=5), outcome)
    if course.chance(0.4):
        facility = agencies.ALL[next(term.agency_code for term in course.terms if term.ended_on == released_on)]
        last = min(course.today, courses.months_after(released_on, 12))
        accompaniment.visit(course, facility, released_on + course.days(10, 40), last, 150)
    if course.is_local and course.chance(0.55):
        measures.look_after(course, released_on)
    if course.place.startswith("32"):
        accompaniment.help_along(course, released_on)
        if course.chance(0.1):
            measures.stay_in_centre(course, released_on + course.days(2, 40))
