"""What a report holds: rules in both languages, findings, and the entries behind each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final

SHOWN: Final = 20  # entries that a finding names; it counts all


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is found. Each is a setting: `after_hours` is YITI_REPORT_AFTER_HOURS."""

    people_per_day: int = 50
    after_hours: int = 3
    work_begins: time = time(8)
    work_ends: time = time(18)
    officials_per_person: int = 10
    refusals: int = 5
    review_hours: int = 72
    follow_up_days: int = 15
    listed: int = 50  # findings per rule, the gravest first


@dataclass(slots=True)
class Behind:
    """Entries behind a finding: how many, and the first of them by place in the log and id."""

    count: int = 0
    entries: list[tuple[int, str]] = field(default_factory=list)

    def add(self, index: int, identifier: str) -> None:
        """One more."""
        self.count += 1
        if len(self.entries) < SHOWN:
            self.entries.append((index, identifier))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `about` names whom and what by pseudonyms and codes: never a name."""

    about: Mapping[str, str]
    measure: int  # what was held against the limit
    behind: Behind


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule with what it found. `unjudged` says why it could not be applied, or not wholly."""

    rule: str  # stable
    title: Text
    explanation: Text
    limit: int | None
    findings: tuple[Finding, ...]
    total: int  # findings, those not listed included
    unjudged: Text | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Of a period. `indexed` entries of the log could be looked at, `entries` of them lie in the period."""

    since: datetime
    until: datetime
    made_at: datetime
    entries: int
    indexed: int
    rules: tuple[Judged, ...]
