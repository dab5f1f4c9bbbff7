"""Rules that count what officials looked at, when, and how often in vain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gateway.audit.record import AccessRecord, LogEntry
from gateway.audit.report.calendar import CHINA, is_known, is_working_time
from gateway.audit.report.finding import Behind, Finding, Limits, Text
from gateway.audit.report.rule import REFUSED, OfStaff, Period, Token
from schema.enums import Purpose


class MostPeople(OfStaff):
    """Who looked at most people in a day."""

    name = "most-people"
    title = Text("一天内查阅人数最多", "Who looked at most people in one day")

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self.limit = limits.people_per_day
        self.explanation = Text(
            f"同一工作人员在一天（北京时间）内查阅的不同人员达到 {self.limit} 人。"
            "列表页面一次可能涉及多人，需结合其岗位判断。",
            f"An official looked at {self.limit} different people or more in one day (China time). A list concerns "
            "many people at once, so weigh it against the post.",
        )
        self._people: dict[tuple[str, str, date], set[str]] = {}
        self._behind: dict[tuple[str, str, date], Behind] = {}

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        key = (record.subject, record.agency, record.at.astimezone(CHINA).date())
        self._people.setdefault(key, set()).update(record.persons)
        self._behind.setdefault(key, Behind()).add(entry.index, entry.id)

    def _findings(self) -> Iterator[Finding]:
        for key, people in self._people.items():
            if len(people) >= self.limits.people_per_day:
                subject, agency, day = key
                about = {"subject": subject, "agency": agency, "day": day.isoformat()}
                yield Finding(about, len(people), self._behind[key])


class AfterHours(OfStaff):
    """Who looked when offices are closed."""

    name = "after-hours"
    title = Text("非工作时间查阅", "Looked up after hours")

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self.limit = limits.after_hours
        begins, ends = (f"{moment:%H:%M}" for moment in (limits.work_begins, limits.work_ends))
        self.explanation = Text(
            f"工作日 {begins}–{ends} 以外，以及双休日、法定节假日的查阅"
            "（按国务院办公厅放假安排，调休上班日算工作日），"
            f"同一工作人员达到 {self.limit} 次。值班、倒班岗位属正常情形。",
            f"Looked outside {begins}-{ends} on working days, or on weekends and public holidays (as the State "
            f"Council arranged them, with the days worked in exchange), {self.limit} times or more. Duty and shift "
            "work is usual.",
        )
        self._behind: dict[tuple[str, str], Behind] = {}
        self._years: set[int] = set()

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        self._years.add(record.at.astimezone(CHINA).year)
        if not is_working_time(record.at, self.limits.work_begins, self.limits.work_ends):
            self._behind.setdefault((record.subject, record.agency), Behind()).add(entry.index, entry.id)

    def _findings(self) -> Iterator[Finding]:
        unknown = ", ".join(str(year) for year in sorted(self._years) if not is_known(year))
        if unknown:
            self.unjudged = Text(
                f"没有 {unknown} 年的放假安排，只区分双休日和固定日期的节日。",
                f"The holidays of {unknown} are not known here: only weekends and fixed days are told apart.",
            )
        for (subject, agency), behind in self._behind.items():
            if behind.count >= self.limits.after_hours:
                yield Finding({"subject": subject, "agency": agency}, behind.count, behind)


class ManyLooked(OfStaff):
    """People looked at by many."""

    name = "looked-at-by-many"
    title = Text("被多人查阅的人员", "People looked at by many")

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self.limit = limits.officials_per_person
        self.explanation = Text(
            f"同一人员被 {self.limit} 名以上（含）不同工作人员查阅。公众人物、热点案件人员容易因好奇被查。",
            f"{self.limit} or more different officials looked at one person. People in the news are looked up out of "
            "curiosity.",
        )
        self._officials: dict[str, set[tuple[str, str]]] = {}
        self._behind: dict[str, Behind] = {}

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        for person in dict.fromkeys(record.persons):
            self._officials.setdefault(person, set()).add((record.subject, record.agency))
            self._behind.setdefault(person, Behind()).add(entry.index, entry.id)

    def _findings(self) -> Iterator[Finding]:
        for person, officials in self._officials.items():
            if len(officials) >= self.limits.officials_per_person:
                agencies = len({agency for _, agency in officials})
                about = {"person": self.token(person), "agencies": str(agencies)}
                yield Finding(about, len(officials), self._behind[person])


class Refused(OfStaff):
    """Who was refused again and again."""

    name = "refused"
    title = Text("多次被拒绝的查询", "Refused attempts")

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self.limit = limits.refusals
        self.explanation = Text(
            f"同一工作人员被拒绝（无权得知该人员，或请求不予受理）达到 {self.limit} 次。"
            "可能是权限配置问题，也可能是试探。",
            f"An official was refused (no right to know of the person, or no valid request) {self.limit} times or "
            "more. Rights may be set wrongly, or somebody tries doors.",
        )
        self._behind: dict[tuple[str, str], Behind] = {}

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        if record.outcome in REFUSED:
            self._behind.setdefault((record.subject, record.agency), Behind()).add(entry.index, entry.id)

    def _findings(self) -> Iterator[Finding]:
        for (subject, agency), behind in self._behind.items():
            if behind.count >= self.limits.refusals:
                yield Finding({"subject": subject, "agency": agency}, behind.count, behind)


class NoCaseNumber(OfStaff):
    """Statutory queries without the number that makes them lawful."""

    name = "no-case-number"
    title = Text("依法查询未附案号", "Statutory queries without a case number")
    explanation = Text(
        "以“依法查询”为目的，但没有案号或法定查询文号（治安管理处罚法第一百三十六条）。",
        "For the purpose of a statutory query, but without a case or statutory-query number (治安管理处罚法 136).",
    )

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self._behind: dict[tuple[str, str], Behind] = {}

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        if record.purpose == Purpose.STATUTORY_QUERY.name and not record.case_number and record.persons:
            self._behind.setdefault((record.subject, record.agency), Behind()).add(entry.index, entry.id)

    def _findings(self) -> Iterator[Finding]:
        for (subject, agency), behind in self._behind.items():
            yield Finding({"subject": subject, "agency": agency}, behind.count, behind)
