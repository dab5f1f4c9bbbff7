"""Rules about what should have come after: a handover, a review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.audit.event import EventRecord, Kind
from gateway.audit.record import AccessRecord, EventEntry, LogEntry
from gateway.audit.report.calendar import CHINA
from gateway.audit.report.finding import Behind, Finding, Limits, Text
from gateway.audit.report.rule import REFUSED, OfStaff, Period, Rule, Token
from gateway.audit.search import Entry
from schema.enums import Purpose


class NotFollowed(OfStaff):
    """Looked up to hand over, and nothing was handed over."""

    name = "not-followed"
    title = Text("以衔接为由查阅而无后续衔接", "Looked up for a handover that never came")

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self.limit = limits.follow_up_days
        self.explanation = Text(
            f"以“衔接交接”为目的查阅某人，此后 {self.limit} 天内该单位对此人没有任何衔接、个案操作的记录。",
            f"Looked at a person for the purpose of a handover, and in the {self.limit} days after it the agency did "
            "nothing that is on record with that person's handovers or case.",
        )
        self._open: dict[tuple[str, str], tuple[datetime, dict[str, Behind]]] = {}
        self._done: list[tuple[str, str, dict[str, Behind]]] = []
        self._acts = 0

    def _see(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, EventRecord) and record.kind is Kind.MUTATION and record.outcome == "OK":
            self._acts += 1
            for person in record.persons:
                self._follow(record.agency, person, record.at)
        super()._see(entry)

    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        if record.purpose != Purpose.HANDOFF.name or record.outcome in REFUSED or record.via:
            return
        for person in dict.fromkeys(record.persons):
            key = (record.agency, person)
            begun = self._open.get(key)
            if begun is not None and record.at - begun[0] > self._patience:
                self._done.append((*key, self._open.pop(key)[1]))
            _, by = self._open.setdefault(key, (record.at, {}))
            by.setdefault(record.subject, Behind()).add(entry.index, entry.id)

    @property
    def _patience(self) -> timedelta:
        return timedelta(days=self.limits.follow_up_days)

    def _follow(self, agency: str, person: str, at: datetime) -> None:
        begun = self._open.pop((agency, person), None)
        if begun is not None and at - begun[0] > self._patience:
            self._done.append((agency, person, begun[1]))

    def _findings(self) -> Iterator[Finding]:
        if not self._acts:
            self.unjudged = Text(
                "本日志中没有任何衔接操作的记录（衔接可能在别处办理），因此不作判断。",
                "No handover is on record in this log at all (they may be made elsewhere), so nothing is judged.",
            )
            return
        late = [(*key, by) for key, (at, by) in self._open.items() if self.period.now - at > self._patience]
        for agency, person, by in (*self._done, *late):
            for subject, behind in by.items():
                about = {"subject": subject, "agency": agency, "person": self.token(person)}
                yield Finding(about, behind.count, behind)


class Unreviewed(Rule):
    """Emergency accesses that nobody reviewed in time."""

    name = "break-glass-unreviewed"
    title = Text("紧急查阅逾期未复核", "Emergency accesses not reviewed in time")

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        super().__init__(period, limits, token)
        self.limit = limits.review_hours
        self.explanation = Text(
            f"紧急查阅批准后 {self.limit} 小时内没有复核记录。",
            f"No review is on record within {self.limit} hours after an emergency access was granted.",
        )
        self._granted: dict[str, tuple[EventEntry, Behind]] = {}
        self._reviewed: dict[str, datetime] = {}

    def _see(self, entry: Entry) -> None:
        if not isinstance(entry, EventEntry) or entry.record.kind is not Kind.BREAK_GLASS:
            return
        record = entry.record
        for grant in record.references:
            if record.action == "granted" and record.outcome == "OK" and self.period.holds(record.at):
                self._granted[grant] = (entry, Behind())
            if record.action == "reviewed" and record.outcome == "OK":
                self._reviewed.setdefault(grant, record.at)
            if grant in self._granted:
                self._granted[grant][1].add(entry.index, entry.id)

    def _findings(self) -> Iterator[Finding]:
        for grant, (entry, behind) in self._granted.items():
            record = entry.record
            due = record.at + timedelta(hours=self.limits.review_hours)
            reviewed = self._reviewed.get(grant)
            if self.period.now <= due or (reviewed is not None and reviewed <= due):
                continue
            about = {"subject": record.subject, "agency": record.agency, "grant": grant}
            about["reviewed"] = reviewed.astimezone(CHINA).isoformat(timespec="minutes") if reviewed else "never"
            waited = (reviewed or self.period.now) - record.at
            yield Finding(about, int(waited / timedelta(hours=1)), behind)
