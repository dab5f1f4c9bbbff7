"""The steps of a life course: treated in the community, isolated, assessed, released, ordered, reported, helped."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from mocks import agencies
from mocks.life import Happening, Marks, Term
from mocks.places import PROVINCES, townships_of

Dimensions = tuple[str, str, str, str]  # detoxification, recovery, conduct, social adaptation

TRUTH_TABLE: tuple[Dimensions, ...] = tuple(
    (first, second, third, fourth)
    for first in ("PASS", "FAIL")
    for second in ("PASS", "FAIL")
    for third in ("PASS", "FAIL")
    for fourth in ("GOOD", "FAIR")
)
"""All sixteen outcomes of a comprehensive assessment."""

_GAPS = {"COMMUNITY_TREATMENT": (1, 2, 3), "COMMUNITY_RECOVERY": (2, 3, 6)}  # months between tests, by year
_AGREEMENTS = {"COMMUNITY_TREATMENT": "社区戒毒协议", "COMMUNITY_RECOVERY": "社区康复协议"}


def months_after(day: date, months: int) -> date:
    """The same day that many months later, or the last of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def must_be_advised(outcome: Dimensions) -> bool:
    """Any of the first three failed, or social adaptation only fair."""
    return "FAIL" in outcome[:3] or outcome[3] == "FAIR"


@dataclass(slots=True)
class Course:
    """What has happened to one person so far; steps append to it."""

    random: Random
    today: date
    county: str  # where they are caught and decided on
    sex: str
    home: str = ""  # where they live, when that is elsewhere: a community measure is executed there
    terms: list[Term] = field(default_factory=list)
    marks: list[Marks] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)

    @property
    def province(self) -> str:
        """The province of `county`."""
        return self.county[:2] + "0000"

    @property
    def place(self) -> str:
        """The county in which a community measure is executed."""
        return self.home or self.county

    def chance(self, share: float) -> bool:
        """Whether something that befalls this share of people befalls this one."""
        return self.random.random() < share

    def days(self, low: int, high: int) -> timedelta:
        """Some days."""
        return timedelta(days=self.random.randint(low, high))

    def past(self, day: date) -> date | None:
        """The day if it has come, else None."""
        return day if day <= self.today else None

    def happen(
        self,
        kind: str,
        on: date,
        agency: agencies.Agency,
        what: str,
        *,
        result: str | None = None,
        until: date | None = None,
        text: str | None = None,
    ) -> None:
        """Record a happening, unless it lies in the future."""
        if on <= self.today:
            self.happenings.append(Happening(kind, on, agency.code, agency.name, what, result, until, text))

    def number(self, word: str, on: date, county: str) -> str:
        """A decision number such as 苏公(321183)强戒决字〔2024〕00123号."""
        short = "苏" if county.startswith("32") else "浙"
        return f"{short}公({county}){word}决字〔{on.year}〕{self.random.randint(1, 99999):05d}号"


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


def isolate(
    course: Course,
    decided_on: date,
    outcome: Dimensions,
    *,
    early: bool = False,
    reason: str | None = None,
    advised: bool | None = None,
    collected: bool | None = None,
    facility: agencies.Agency | None = None,
) -> Term:
    """Two years from the decision, four assessments, release; `reason` overrides how it ends."""
    place = facility or _facility(course)
    police = agencies.POLICE[course.county]
    admitted = decided_on + course.days(92, 175)
    extension = course.random.choice((3, 6, 12)) if "FAIL" in outcome[:2] and course.chance(0.15) else 0
    reduction = course.random.randint(60, 300) if early else 0
    due = months_after(decided_on, 24 + extension)
    leaves = due - timedelta(days=reduction)
    if reason in ("CONVERTED", "DIED"):
        leaves = admitted + course.days(40, 400)
    released = course.past(leaves)
    word = reason or ("EARLY_RELEASE" if early else "EXPIRED")
    fetched = None if released is None else (course.chance(0.82) if collected is None else collected)
    notice = leaves - course.days(1, 12)
    term = Term(
        kind="COMPULSORY_ISOLATION",
        agency_code=place.code,
        agency_name=place.name,
        decided_on=decided_on,
        decision_number=course.number("强戒", decided_on, course.county),
        decision_agency_code=police.code,
        decision_agency_name=police.name,
        starts_on=decided_on,
        due_end_on=due,
        ended_on=released,
        end_reason=word if released else None,
        execution_place=None,
        received_on=course.past(admitted),
        phase=None if released else _phase(decided_on, course.today),
        extension_months=extension,
        reduction_days=reduction if released else 0,
        release_notice_on=course.past(notice) if released and course.chance(0.93) else None,
        collected=fetched,
        collected_by=course.random.choice((agencies.STATIONS[course.county].name, "家属")) if fetched else None,
    )
    course.terms.append(term)
    _assess(course, admitted, decided_on, leaves, outcome, early, extension, advised)
    return term


def _facility(course: Course) -> agencies.Agency:
    places = agencies.FACILITIES[course.province]
    if len(places) == 1:
        return places[0]
    return places[2] if course.sex == "FEMALE" else course.random.choice(places[:2])


def _phase(decided_on: date, today: date) -> str:
    months = (today.year - decided_on.year) * 12 + today.month - decided_on.month
    names = ((3, "ADMISSION"), (6, "DETOXIFICATION"), (12, "ADAPTATION"), (20, "CONSOLIDATION"))
    return next((name for limit, name in names if months < limit), "REORIENTATION")


def _assess(
    course: Course,
    admitted: date,
    decided_on: date,
    leaves: date,
    outcome: Dimensions,
    early: bool,
    extension: int,
    advised: bool | None,
) -> None:
    final = leaves - timedelta(days=45 + extension * 30)
    stages = (
        ("ADMISSION", admitted + timedelta(days=6), ("FAIL", "FAIL", "PASS", "FAIR")),
        ("DETOXIFICATION", admitted + timedelta(days=70), (outcome[0], "FAIL", "PASS", "FAIR")),
        ("AFTER_ONE_YEAR", months_after(decided_on, 12) + timedelta(days=9), (*outcome[:3], "FAIR")),
        ("BEFORE_EXPIRY", final, outcome),
    )
    previous = admitted
    for stage, on, (detoxification, recovery, conduct, social) in stages:
        last = stage == "BEFORE_EXPIRY"
        if on > course.today or on > leaves or on < previous:
            continue
        previous = on
        rule = must_be_advised(outcome) if advised is None else advised
        course.marks.append(
            Marks(
                stage,
                on,
                detoxification,
                recovery,
                conduct,
                social,
                advised=last and rule,
                early_release=early and last,
                extension_months=extension if last else 0,
            )
        )


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
    overdue = received + timedelta(days=16)
    if report != "IN_TIME":
        course.happen("event", overdue, agencies.COMMUNITY[county], "NOT_REPORTED", text="逾期未报到")
    if moved_to and reported:
        moved_on = months_after(reported, 5)
        course.happen("event", moved_on, agencies.COMMUNITY[county], "TRANSFERRED", text="变更执行地")
    accompany(course, term)
    return term


def accompany(course: Course, term: Term) -> None:
    """What the community station records while a measure runs: report-in, agreement, tests, visits, the end."""
    if term.reported_on is None:
        return
    station = agencies.ALL[term.agency_code]
    last = term.ended_on or course.today
    course.happen("event", term.reported_on, station, "REPORTED", text="报到登记")
    course.happen(
        "agreement",
        term.reported_on + course.days(0, 6),
        station,
        term.kind,
        until=term.due_end_on,
        text=_AGREEMENTS[term.kind],
    )
    _test(course, term, station, last)
    visit(course, station, term.reported_on + timedelta(days=30), last, 90)
    if term.end_reason == "SERIOUS_VIOLATION" and term.ended_on:
        course.happen("event", term.ended_on - timedelta(days=8), station, "VIOLATED", text="严重违反协议")
    if term.ended_on:
        course.happen("event", term.ended_on, station, "ENDED", text="解除或终止")


def _test(course: Course, term: Term, station: agencies.Agency, last: date) -> None:
    if term.reported_on is None:
        return
    gaps, passed = _GAPS[term.kind], 0
    while True:
        passed += gaps[min(passed // 12, 2)]
        due = months_after(term.reported_on, passed)
        if due > last or passed > 36:
            return
        result = course.random.choices(("NEGATIVE", "MISSED", "REFUSED"), (93, 5, 2))[0]
        if term.end_reason == "SERIOUS_VIOLATION" and due > last - timedelta(days=100):
            result = "POSITIVE"
        method = "HAIR" if course.chance(0.08) else "URINE"
        tested = None if result == "MISSED" else due + course.days(0, 5)
        course.happen("test", due, station, method, result=result, until=tested, text=f"{station.name}检测室")


def visit(course: Course, agency: agencies.Agency, start: date, last: date, gap: int) -> None:
    """Follow-ups by one agency, roughly every `gap` days."""
    day = start
    while day <= last:
        kind = course.random.choice(("HOME", "HOME", "OFFICE", "PHONE", "VIDEO"))
        outcome = course.random.choice(("情绪稳定", "已就业", "家庭关系改善", "求职中", "本人不在家,已约下次"))
        course.happen("visit", day, agency, kind, text=outcome)
        day += course.days(gap - 20, gap + 30)


def look_after(course: Course, released_on: date, *, custodian: str | None = None) -> None:
    """后续照管: a helping agreement round release, then visits for two years; open to the province's own people."""
    agency = agencies.AFTERCARE[course.place[:2] + "0000"]
    start = released_on - course.days(5, 40)
    if start > course.today:
        return
    ended = course.past(months_after(released_on, 24))
    course.terms.append(
        Term(
            kind="AFTERCARE",
            agency_code=agency.code,
            agency_name=agency.name,
            decided_on=None,
            decision_number=None,
            decision_agency_code=None,
            decision_agency_name=None,
            starts_on=start,
            due_end_on=months_after(released_on, 24),
            ended_on=ended,
            end_reason="EXPIRED" if ended else None,
            execution_place=None,
            custodian=custodian,
        )
    )
    course.happen("agreement", start, agency, "AFTERCARE", until=months_after(released_on, 24), text="帮教协议")
    visit(course, agency, released_on + course.days(3, 40), ended or course.today, 120)


def help_along(course: Course, start: date) -> None:
    """Relief, aid, jobs and courses: Jiangsu's agencies only keep such records here."""
    if course.chance(0.22):
        kind = course.random.choice(("TEMPORARY_RELIEF", "MINIMUM_LIVING", "MEDICAL_AID"))
        on = start + course.days(30, 300)
        course.happen("grant", on, agencies.CIVIL_AFFAIRS, kind, until=months_after(on, 6))
    if course.chance(0.5):
        on = start + course.days(20, 200)
        course.happen("job", on, agencies.EMPLOYMENT, "UNEMPLOYED", until=course.past(months_after(on, 3)))
        if course.chance(0.6):
            on = months_after(on, 3)
            employer = course.random.choice(("句松机械厂", "顺意物流有限公司", "和园餐饮店", "云栖纺织有限公司"))
            course.happen("job", on, agencies.EMPLOYMENT, "EMPLOYED", text=f"{employer}（虚构）")
    if course.chance(0.25):
        on = start + course.days(40, 260)
        name = course.random.choice(("电工", "焊工", "中式烹调", "快递业务", "家政服务"))
        course.happen("course", on, agencies.EMPLOYMENT, name, until=on + timedelta(days=60), text=name)


def stay_in_centre(course: Course, start: date, months: int = 12) -> None:
    """戒毒康复: a voluntary stay in the rehabilitation centre under an agreement."""
    agency = agencies.REHABILITATION
    if start > course.today:
        return
    due = months_after(start, months)
    leaves = due if course.chance(0.7) else months_after(start, max(2, months // 2))
    ended = course.past(leaves)
    course.terms.append(
        Term(
            kind="REHABILITATION_STAY",
            agency_code=agency.code,
            agency_name=agency.name,
            decided_on=None,
            decision_number=None,
            decision_agency_code=None,
            decision_agency_name=None,
            starts_on=start,
            due_end_on=due,
            ended_on=ended,
            end_reason=("EXPIRED" if leaves == due else "WITHDRAWN") if ended else None,
            execution_place=None,
        )
    )
    course.happen("agreement", start, agency, "REHABILITATION", until=due, text="戒毒康复协议")
    visit(course, agency, months_after(start, 1), ended or course.today, 60)


def treat_voluntarily(course: Course, start: date) -> None:
    """自愿戒毒: detoxification as an inpatient, then outpatient or methadone."""
    hospital = course.random.choice(agencies.HOSPITALS)
    leaves = start + course.days(20, 60)
    ended = course.past(leaves)
    course.terms.append(
        Term(
            kind="VOLUNTARY_TREATMENT",
            agency_code=hospital.code,
            agency_name=hospital.name,
            decided_on=None,
            decision_number=None,
            decision_agency_code=None,
            decision_agency_name=None,
            starts_on=start,
            due_end_on=None,
            ended_on=ended,
            end_reason="WITHDRAWN" if ended else None,
            execution_place=None,
        )
    )
    course.happen("agreement", start, hospital, "VOLUNTARY", until=ended, text="自愿戒毒协议")
    treat(course, start, "INPATIENT", "F15.2 使用其他兴奋剂引起的依赖综合征", ended, hospital)
    if course.chance(0.5):
        treat(course, leaves, "METHADONE", "F11.2 使用阿片类物质引起的依赖综合征", None, hospital)


def treat(
    course: Course,
    on: date,
    kind: str,
    diagnosis: str,
    until: date | None = None,
    hospital: agencies.Agency | None = None,
) -> None:
    """One treatment in a hospital; `diagnosis` is an ICD-10 code, a space and its words."""
    course.happen("treatment", on, hospital or agencies.HOSPITALS[0], kind, until=until, text=diagnosis)


def provinces_of(course: Course) -> tuple[str, ...]:
    """Every province in which some agency holds a record of this course."""
    codes = {course.county, course.place}
    for term in course.terms:
        codes |= {code for code in (term.agency_code, term.decision_agency_code, term.execution_place) if code}
    codes |= {happening.agency_code for happening in course.happenings}
    return tuple(sorted(province for province in PROVINCES if any(code[:2] == province[:2] for code in codes)))
