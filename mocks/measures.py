"""The six measures as they come about: decided, begun, assessed, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from mocks import agencies
from mocks.accompaniment import accompany, treat, visit
from mocks.courses import Course, Dimensions, months_after, must_be_advised
from mocks.life import Marks, Term
from mocks.places import townships_of


def _voluntary(
    kind: str,
    agency: agencies.Agency,
    start: date,
    due: date | None,
    ended: date | None,
    reason: str,
    custodian: str | None = None,
) -> Term:
    """A measure that nobody decided: it rests on an agreement."""
    return Term(
        kind=kind,
        agency_code=agency.code,
        agency_name=agency.name,
        decided_on=None,
        decision_number=None,
        decision_agency_code=None,
        decision_agency_name=None,
        starts_on=start,
        due_end_on=due,
        ended_on=ended,
        end_reason=reason if ended else None,
        execution_place=None,
        custodian=custodian,
    )


def treat_in_community(course: Course, decided_on: date, *, end: str = "EXPIRED") -> Term:
    """Three years of community treatment from report-in; `end` is how it ends if it comes to that."""
    police = agencies.POLICE[course.county]
    received = decided_on + course.days(0, 2)
    reported = received + course.days(1, 15)
    due = months_after(reported, 36)
    ended = course.past(due if end == "EXPIRED" else months_after(reported, course.random.randint(4, 20)))
    term = Term(
        kind="COMMUNITY_TREATMENT",
        agency_code=agencies.COMMUNITY[course.place].code,
        agency_name=agencies.COMMUNITY[course.place].name,
        decided_on=decided_on,
        decision_number=course.number("社戒", decided_on, course.county),
        decision_agency_code=police.code,
        decision_agency_name=police.name,
        starts_on=course.past(reported),
        due_end_on=due if reported <= course.today else None,
        ended_on=ended,
        end_reason=end if ended else None,
        execution_place=course.random.choice(townships_of(course.place)),
        received_on=received,
        reported_on=course.past(reported),
    )
    course.terms.append(term)
    accompany(course, term)
    return term


@dataclass(frozen=True, slots=True)
class _Span:
    """How long somebody is isolated."""

    decided_on: date
    admitted: date
    due: date
    leaves: date
    extension: int
    reduction: int


def isolate(
    course: Course,
    decided_on: date,
    outcome: Dimensions,
    *,
    early: bool = False,
    reason: str | None = None,
    advised: bool | None = None,
    collected: bool | None = None,
) -> Term:
    """Two years from the decision, four assessments, release; `reason` overrides how it ends."""
    place, police = _facility(course), agencies.POLICE[course.county]
    span = _span(course, decided_on, outcome, early, reason)
    released = course.past(span.leaves)
    fetched = None if released is None else (course.chance(0.82) if collected is None else collected)
    notice = course.past(span.leaves - course.days(1, 12))
    term = Term(
        kind="COMPULSORY_ISOLATION",
        agency_code=place.code,
        agency_name=place.name,
        decided_on=decided_on,
        decision_number=course.number("强戒", decided_on, course.county),
        decision_agency_code=police.code,
        decision_agency_name=police.name,
        starts_on=decided_on,
        due_end_on=span.due,
        ended_on=released,
        end_reason=(reason or ("EARLY_RELEASE" if early else "EXPIRED")) if released else None,
        execution_place=None,
        received_on=course.past(span.admitted),
        phase=None if released else _phase(decided_on, course.today),
        extension_months=span.extension,
        reduction_days=span.reduction if released else 0,
        release_notice_on=notice if released and course.chance(0.93) else None,
        collected=fetched,
        collected_by=course.random.choice((agencies.STATIONS[course.county].name, "家属")) if fetched else None,
    )
    course.terms.append(term)
    _assess(course, span, outcome, early, advised)
    return term


def _span(course: Course, decided_on: date, outcome: Dimensions, early: bool, reason: str | None) -> _Span:
    admitted = decided_on + course.days(92, 175)
    extension = course.random.choice((3, 6, 12)) if "FAIL" in outcome[:2] and course.chance(0.15) else 0
    reduction = course.random.randint(60, 300) if early else 0
    due = months_after(decided_on, 24 + extension)
    leaves = due - timedelta(days=reduction)
    if reason in ("CONVERTED", "DIED"):
        leaves = admitted + course.days(40, 400)
    return _Span(decided_on, admitted, due, leaves, extension, reduction)


def _facility(course: Course) -> agencies.Agency:
    places = agencies.FACILITIES[course.province]
    if len(places) == 1:
        return places[0]
    return places[2] if course.sex == "FEMALE" else course.random.choice(places[:2])


def _phase(decided_on: date, today: date) -> str:
    months = (today.year - decided_on.year) * 12 + today.month - decided_on.month
    names = ((3, "ADMISSION"), (6, "DETOXIFICATION"), (12, "ADAPTATION"), (20, "CONSOLIDATION"))
    return next((name for limit, name in names if months < limit), "REORIENTATION")


def _assess(course: Course, span: _Span, outcome: Dimensions, early: bool, advised: bool | None) -> None:
    """At admission, after detoxification, after a year and before expiry, as far as it came to that."""
    rule = must_be_advised(outcome) if advised is None else advised
    final = span.leaves - timedelta(days=45 + span.extension * 30)
    stages = (
        ("ADMISSION", span.admitted + timedelta(days=6), ("FAIL", "FAIL", "PASS", "FAIR")),
        ("DETOXIFICATION", span.admitted + timedelta(days=70), (outcome[0], "FAIL", "PASS", "FAIR")),
        ("AFTER_ONE_YEAR", months_after(span.decided_on, 12) + timedelta(days=9), (*outcome[:3], "FAIR")),
        ("BEFORE_EXPIRY", final, outcome),
    )
    previous = span.admitted
    for stage, on, dimensions in stages:
        if previous <= on <= min(course.today, span.leaves):
            previous = on
            last = stage == "BEFORE_EXPIRY"
            extension = span.extension if last else 0
            course.marks.append(Marks(stage, on, *dimensions, last and rule, early and last, extension))


def order_recovery(
    course: Course,
    released_on: date,
    township: str,
    *,
    report: str = "IN_TIME",
    end: str = "EXPIRED",
    moved_to: str | None = None,
) -> Term:
    """Three years of community recovery; `report` is IN_TIME, LATE or NEVER; `moved_to` is a second township."""
    county = township[:6]
    police = agencies.POLICE[course.county]
    ordered = released_on - course.days(0, 6)
    received = released_on
    wait = course.days(1, 14) if report == "IN_TIME" else course.days(19, 80)
    reported = None if report == "NEVER" else course.past(received + wait)
    due = months_after(reported, 36) if reported else None
    ended = None
    if reported and due:
        ended = course.past(due if end == "EXPIRED" else months_after(reported, course.random.randint(5, 25)))
    term = Term(
        kind="COMMUNITY_RECOVERY",
        agency_code=agencies.COMMUNITY[county].code,
        agency_name=agencies.COMMUNITY[county].name,
        decided_on=ordered,
        decision_number=course.number("社康", ordered, course.county),
        decision_agency_code=police.code,
        decision_agency_name=police.name,
        starts_on=reported,
        due_end_on=due,
        ended_on=ended,
        end_reason=end if ended else None,
        execution_place=moved_to or township,
        ordered_on=ordered,
        received_on=received,
        reported_on=reported,
    )
    course.terms.append(term)
    station = agencies.COMMUNITY[county]
    if report != "IN_TIME":
        course.happen("event", received + timedelta(days=16), station, "NOT_REPORTED", text="逾期未报到")
    if moved_to and reported:
        course.happen("event", months_after(reported, 5), station, "TRANSFERRED", text="变更执行地")
    accompany(course, term)
    return term


def look_after(course: Course, released_on: date, *, custodian: str | None = None) -> None:
    """后续照管: a helping agreement round release, then visits for two years; open to the province's own people."""
    agency = agencies.AFTERCARE[course.place[:2] + "0000"]
    start = released_on - course.days(5, 40)
    if start > course.today:
        return
    ended = course.past(months_after(released_on, 24))
    course.terms.append(
        _voluntary("AFTERCARE", agency, start, months_after(released_on, 24), ended, "EXPIRED", custodian)
    )
    course.happen("agreement", start, agency, "AFTERCARE", until=months_after(released_on, 24), text="帮教协议")
    visit(course, agency, released_on + course.days(3, 40), ended or course.today, 120)


def stay_in_centre(course: Course, start: date, months: int = 12) -> None:
    """戒毒康复: a voluntary stay in the rehabilitation centre under an agreement."""
    agency = agencies.REHABILITATION
    if start > course.today:
        return
    due = months_after(start, months)
    leaves = due if course.chance(0.7) else months_after(start, max(2, months // 2))
    ended, reason = course.past(leaves), "EXPIRED" if leaves == due else "WITHDRAWN"
    course.terms.append(_voluntary("REHABILITATION_STAY", agency, start, due, ended, reason))
    course.happen("agreement", start, agency, "REHABILITATION", until=due, text="戒毒康复协议")
    visit(course, agency, months_after(start, 1), ended or course.today, 60)


def treat_voluntarily(course: Course, start: date) -> None:
    """自愿戒毒: detoxification as an inpatient, then outpatient or methadone."""
    hospital = course.random.choice(agencies.HOSPITALS)
    leaves = start + course.days(20, 60)
    ended = course.past(leaves)
    course.terms.append(_voluntary("VOLUNTARY_TREATMENT", hospital, start, None, ended, "WITHDRAWN"))
    course.happen("agreement", start, hospital, "VOLUNTARY", until=ended, text="自愿戒毒协议")
    treat(course, start, "INPATIENT", "F15.2 使用其他兴奋剂引起的依赖综合征", ended, hospital)
    if course.chance(0.5):
        treat(course, leaves, "METHADONE", "F11.2 使用阿片类物质引起的依赖综合征", None, hospital)
