"""What a rule is: a plain question to the entries of a period. It sees each once, in the log's order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.audit.record import AccessRecord, LogEntry
from gateway.audit.report.finding import Finding, Judged, Limits, Text
from gateway.audit.search import Entry
from schema.enums import Role

Token = Callable[[str], str]

REFUSED: Final = frozenset({"DENIED", "REFUSED"})
_NOT_STAFF: Final = frozenset({Role.SUBJECT.name, Role.RELATIVE.name, Role.AUDITOR.name})


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at, and when the report is made."""

    since: datetime
    until: datetime
    now: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.since <= moment < self.until


class Rule(ABC):
    """One rule under way. `about` of its findings names people by audit token."""

    name: str
    title: Text
    explanation: Text
    limit: int | None = None
    unjudged: Text | None = None

    def __init__(self, period: Period, limits: Limits, token: Token) -> None:
        self.period = period
        self.limits = limits
        self.token = token

    def see(self, entry: Entry) -> None:
        """One entry of the period, or one that follows it."""
        self._see(entry)

    @abstractmethod
    def _see(self, entry: Entry) -> None:
        """What the rule does with an entry."""

    @abstractmethod
    def _findings(self) -> Iterator[Finding]:
        """What was found, in any order."""

    async def judged(self) -> Judged:
        """The rule with what it found, the gravest first."""
        found = sorted(self._findings(), key=lambda one: (-one.measure, sorted(one.about.items())))
        return Judged(
            self.name,
            self.title,
            self.explanation,
            self.limit,
            tuple(found[: self.limits.listed]),
            len(found),
            self.unjudged,
        )


class OfStaff(Rule):
    """A rule about what officials look at: not the person, not relatives, not the auditors themselves."""

    def _see(self, entry: Entry) -> None:
        if (
            isinstance(entry, LogEntry)
            and self.period.holds(entry.record.at)
            and not _NOT_STAFF.intersection(entry.record.roles)
        ):
            self._look(entry, entry.record)

    @abstractmethod
    def _look(self, entry: LogEntry, record: AccessRecord) -> None:
        """An official's access within the period."""
