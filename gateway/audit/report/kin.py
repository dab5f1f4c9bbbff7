"""Rules about officials who look at themselves or, perhaps, at their relatives."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.audit.record import AccessRecord, LogEntry
from gateway.audit.report.finding import Behind, Finding, Judged, Limits, Text
from gateway.audit.report.kinship import Kinship
from gateway.audit.report.rule import OfStaff, Period, Token


class Looked(OfStaff):
    """Who looked at whom, of the officials on the list."""

    def __init__(self, period: Period, limits: Limits, token: Token, kinship: Kinship | None) -> None:
        super().__init__(period, limits, token)
        self.kinship = kinship
        self.behind: dict[tuple[str, str], Behind] = {}
        self.agencies: dict[str, str] = {}
        if kinship is None:
            self.unjudged = Text(
                "没有提供工作人员名单（--staff），因此不作判断。网关不保存工作人员姓名。",
                "No list of staff was given (--staff), so nothing is judged: the gateway keeps no officials' names.",
            )

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        if self.kinship is not None and record.subject in self.kinship.staff.people:
            self.agencies[record.subject] = record.agency
            for person in dict.fromkeys(record.persons):
                self.behind.setdefault((record.subject, person), Behind()).add(entry.index, entry.id)

    def found(self, subject: str, person: str) -> Finding:
        """What is told of one official and one person."""
        behind = self.behind[subject, person]
        about = {"subject": subject, "agency": self.agencies[subject], "person": self.token(person)}
        return Finding(about, behind.count, behind)


class OwnRecord(Looked):
    """Who looked themselves up."""

    name = "own-record"
    title = Text("查阅本人记录", "Looked at their own record")
    explanation = Text(
        "工作人员以工作身份查阅了本人的记录。按名单中的证件号码生成假名比对，准确。",
        "An official looked at their own record with their office's rights. Compared by the pseudonym of the "
        "document number on the list: exact.",
    )

    def _findings(self) -> Iterator[Finding]:
        if self.kinship is None:
            return
        for subject, official in self.kinship.staff.people.items():
            if official.person is not None and (subject, official.person) in self.behind:
                yield self.found(subject, official.person)


class SameSurname(Looked):
    """Who looked at people of their own surname."""

    name = "same-surname"
    title = Text("查阅同姓人员", "Looked at people of the same surname")
    explanation = Text(
        "工作人员与被查阅人员同姓，可能是亲属，也可能只是巧合（前五大姓约占人口三成）。"
        "出报告时向来源询问姓氏，比对后即弃，日志中不留姓氏。",
        "The official and the person bear one surname: relatives perhaps, or chance (the five commonest surnames are "
        "three in ten people). Sources are asked for names while the report is made; none is kept.",
    )

    def __init__(self, period: Period, limits: Limits, token: Token, kinship: Kinship | None) -> None:
        super().__init__(period, limits, token, kinship)
        self._alike: set[tuple[str, str]] = set()

    async def judged(self) -> Judged:
        """As of every rule, once the sources were asked."""
        if self.kinship is not None:
            looked: dict[str, list[str]] = {}
            for subject, person in self.behind:
                looked.setdefault(subject, []).append(person)
            self._alike = await self.kinship.alike(looked)
            if self.kinship.unread:
                self.unjudged = Text(
                    f"{self.kinship.unread} 人的姓名没有来源可以提供，未作比对。",
                    f"No source gave the names of {self.kinship.unread} people, who were not compared.",
                )
        return await super().judged()

    def _findings(self) -> Iterator[Finding]:
        own = {subject: one.person for subject, one in self.kinship.staff.people.items()} if self.kinship else {}
        for subject, person in self._alike:
            if own.get(subject) != person:
                yield self.found(subject, person)
