from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from gateway.audit.report.calendar import is_known, is_working_day, is_working_time


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 1), False),
        (date(2026, 1, 4), True),  # a Sunday worked for New Year
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 3, 1), False),  # a Sunday
        (date(2026, 9, 25), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 10), True),
        (date(2025, 9, 28), True),
        (date(2025, 10, 8), False),
        (date(2024, 2, 9), True),
        (date(2030, 5, 1), False),  # fixed by the calendar, in a year without a notice
        (date(2030, 5, 6), True),
    ],
)
def test_days_are_worked_as_the_state_council_arranged(day: date, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_as_many_working_days_as_were_announced(year: int, days: int) -> None:
    first = date(year, 1, 1)
    every = [first + timedelta(number) for number in range((date(year + 1, 1, 1) - first).days)]
    assert sum(map(is_working_day, every)) == days
    assert is_known(year)


@pytest.mark.parametrize(
    ("moment", "works"),
    [
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), True),  # 08:00 in China
        (datetime(2026, 3, 1, 23, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 9, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 10, 0, tzinfo=UTC), False),
    ],
)
def test_hours_are_those_of_china(moment: datetime, works: bool) -> None:
    assert is_working_time(moment, time(8), time(18)) is works
