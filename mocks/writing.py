"""How agencies behind HTTP write down what they hold: published codes, and dates in the forms that they like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from mocks.life import Happening, Life, Term

SEX: Mapping[str, str] = {"MALE": "1", "FEMALE": "2", "UNKNOWN": "0", "UNSPECIFIED": "9"}
"""GB/T 2261.1."""

EDUCATION: Mapping[str, str] = {
    "GRADUATE_SCHOOL": "10",
    "UNDERGRADUATE": "20",
    "JUNIOR_COLLEGE": "30",
    "SECONDARY_VOCATIONAL": "40",
    "SENIOR_HIGH": "60",
    "JUNIOR_HIGH": "70",
    "PRIMARY": "80",
    "OTHER": "90",
}
"""GB/T 4658."""

MARITAL: Mapping[str, str] = {
    "UNMARRIED": "10",
    "MARRIED": "20",
    "FIRST_MARRIAGE": "21",
    "REMARRIED": "22",
    "REMARRIED_TO_SAME": "23",
    "WIDOWED": "30",
    "DIVORCED": "40",
    "UNSPECIFIED": "90",
}
"""GB/T 2261.2."""


def day8(day: date | None) -> str | None:
    """20240305."""
    return f"{day:%Y%m%d}" if day else None


def day10(day: date | None) -> str | None:
    """2024-03-05."""
    return day.isoformat() if day else None


def day_slashed(day: date | None) -> str | None:
    """2024/3/5 0:00:00, as one vendor's framework prints a moment."""
    return f"{day.year}/{day.month}/{day.day} 0:00:00" if day else None


def day_in_words(day: date | None) -> str | None:
    """2024年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日" if day else None


def month7(day: date | None) -> str | None:
    """2024-03."""
    return f"{day:%Y-%m}" if day else None


def moment14(day: date | None, hour: int = 9) -> str | None:
    """20240305093000."""
    return f"{day:%Y%m%d}{hour % 24:02d}3000" if day else None


def epoch(day: date | None) -> str | None:
    """Milliseconds since 1970 at noon in UTC, which is the same day in China."""
    return str(int(datetime.combine(day, time(12), UTC).timestamp() * 1000)) if day else None


def during(life: Life, term: Term, kind: str) -> list[Happening]:
    """What the term's agency recorded of one kind between its first day and its last."""
    return [
        happening
        for happening in life.happenings
        if happening.kind == kind
        and happening.agency_code == term.agency_code
        and (term.starts_on is None or happening.on >= term.starts_on)
        and (term.ended_on is None or happening.on <= term.ended_on)
    ]
