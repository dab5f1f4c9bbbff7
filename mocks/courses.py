"""One life course in the making, and the calendar and rule that its steps share."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from mocks import agencies
from mocks.life import Happening, Marks, Term
from mocks.places import PROVINCES

Dimensions = tuple[str, str, str, str]  # detoxification, recovery, conduct, social adaptation

TRUTH_TABLE: tuple[Dimensions, ...] = tuple(
    (first, second, third, fourth)
    for first in ("PASS", "FAIL")
    for second in ("PASS", "FAIL")
    for third in ("PASS", "FAIL")
    for fourth in ("GOOD", "FAIR")
)
"""All sixteen outcomes of a comprehensive assessment."""


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
    household: str = ""  # the county of their household, when that is elsewhere again
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

    @property
    def is_local(self) -> bool:
        """Whether the household is in the province they live in: aftercare is for those only."""
        return (self.household or self.place)[:2] == self.place[:2]

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


def provinces_of(course: Course) -> tuple[str, ...]:
    """Every province in which some agency holds a record of this course."""
    codes = {course.county, course.place}
    for term in course.terms:
        codes |= {code for code in (term.agency_code, term.decision_agency_code, term.execution_place) if code}
    codes |= {happening.agency_code for happening in course.happenings}
    return tuple(sorted(province for province in PROVINCES if any(code[:2] == province[:2] for code in codes)))
