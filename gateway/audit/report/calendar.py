"""Working days in China: weekends, public holidays and the weekend days that are worked for them.

Source: notices of the General Office of the State Council on the arrangement of holidays, each autumn for the year
after: 国办发明电〔2023〕7号 (2024), 国办发明电〔2024〕12号 (2025), 国办发明电〔2025〕7号 (2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Year:
    """`off` are holidays, `worked` the Saturdays and Sundays that are working days, each as MMDD or MMDD-MMDD."""

    off: str
    worked: str


_YEARS: Final[Mapping[int, Year]] = {
    2024: Year(
        "0101 0210-0217 0404-0406 0501-0505 0608-0610 0915-0917 1001-1007",
        "0204 0218 0407 0428 0511 0914 0929 1012",
    ),
    2025: Year("0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008", "0126 0208 0427 0928 1011"),
    2026: Year(
        "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007", "0104 0214 0228 0509 0920 1010"
    ),
}
# The statutory days (全国年节及纪念日放假办法 2) that the solar calendar fixes; for years without a notice here.
_ALWAYS: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_known(year: int) -> bool:
    """Whether the year's arrangement is in the table; otherwise only weekends and fixed days are told apart."""
    return year in _YEARS


def is_working_day(day: date) -> bool:
    """Whether offices work on this day."""
    arranged = _ARRANGED.get(day)
    if arranged is not None:
        return arranged
    return day.weekday() < 5 and (is_known(day.year) or (day.month, day.day) not in _ALWAYS)


def is_working_time(moment: datetime, begins: time, ends: time) -> bool:
    """Whether a moment lies in office hours, by the clock in China."""
    local = moment.astimezone(CHINA)
    return is_working_day(local.date()) and begins <= local.time() < ends


def _spread(year: int, written: str, *, works: bool) -> dict[date, bool]:
    found = {}
    for part in written.split():
        first, _, last = part.partition("-")
        day, end = (date(year, int(text[:2]), int(text[2:])) for text in (first, last or first))
        while day <= end:
            found[day] = works
            day += timedelta(days=1)
    return found


_ARRANGED: Final = {
    day: works
    for year, arranged in _YEARS.items()
    for part, working in ((arranged.off, False), (arranged.worked, True))
    for day, works in _spread(year, part, works=working).items()
}
