"""What accompanies a measure: report-in, agreement, tests, visits, aftercare, treatment, relief and jobs."""

from __future__ import annotations

from datetime import date, timedelta

from mocks import agencies
from mocks.courses import Course, months_after
from mocks.life import Term

_GAPS = {"COMMUNITY_TREATMENT": (1, 2, 3), "COMMUNITY_RECOVERY": (2, 3, 6)}  # months between tests, by year
_AGREEMENTS = {"COMMUNITY_TREATMENT": "社区戒毒协议", "COMMUNITY_RECOVERY": "社区康复协议"}


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
