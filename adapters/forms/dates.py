"""Dates and moments in the forms that agencies write them in; a moment without a zone is Chinese standard time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

from adapters.forms.texts import half_width

CHINA = timezone(timedelta(hours=8))
OPEN_ENDED_YEAR = 2900  # 29991231 and 99991231 both stand for "no end"
_SEPARATED = re.compile(
    r"^(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})(?:\s*[-/.月]\s*(?:(?P<day>\d{1,2})\s*日?)?)?"
    r"(?:[T\s]*(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})分?(?::?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?秒?)?)?"
    r"\s*(?P<zone>Z|z|[+-]\d{2}:?\d{2})?$"
)
_COMPACT = re.compile(
    r"^(?P<year>\d{4})(?P<month>\d{2})(?:(?P<day>\d{2})"
    r"(?:T?(?P<hour>\d{2})(?P<minute>\d{2})(?:(?P<second>\d{2})(?P<fraction>\d{3})?)?)?)?(?P<zone>Z)?$"
)
_EPOCHS = {"epoch_ms": 1000, "epoch_s": 1}


def moment(raw: object, formats: tuple[str, ...] = (), zone: str | None = None) -> datetime | None:
    """The moment meant, in Chinese standard time, or None where no reading is a real date.

    `zone` is the offset of a time that names none, `Z` or as `+08:00`; a day without a time is that day in any zone.

    `formats` are strptime formats, `epoch_ms` or `epoch_s`, tried in order. Then: YYYYMMDD[HHMM[SS[fff]]],
    YYYYMM, and year, month, day parted by - / . or 年月日, each with an optional time. A month alone is its first.
    """
    usual = _zone(zone) if zone else CHINA
    if isinstance(raw, datetime):
        return _in_china(raw, usual)
    if isinstance(raw, date):
        return datetime.combine(raw, time(), CHINA)
    text = half_width(str(raw)).strip()
    for form in formats:
        found = _epoch(text, _EPOCHS[form]) if form in _EPOCHS else _formatted(text, form, usual)
        if found is not None:
            return found
    return _usual(text, usual)


def is_open_ended(found: datetime) -> bool:
    """Whether a date stands for "no end"."""
    return found.year >= OPEN_ENDED_YEAR


def _in_china(found: datetime, usual: timezone = CHINA) -> datetime | None:
    if found.tzinfo is None:
        found = found.replace(tzinfo=usual)
    try:
        return found.astimezone(CHINA)
    except OverflowError:
        return None


def _epoch(text: str, per_second: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text) / per_second, UTC).astimezone(CHINA)
    except (ValueError, OverflowError, OSError):
        return None


def _formatted(text: str, form: str, usual: timezone) -> datetime | None:
    try:
        found = datetime.strptime(text, form)
        # strptime reads 2024315 by %Y%m%d as some date; only what it would write itself is unambiguous
        if text.isdigit() and "%f" not in form and found.strftime(form) != text:
            return None
    except ValueError:
        return None
    return _in_china(found, usual if "%H" in form or "%I" in form else CHINA)


def _usual(text: str, usual: timezone) -> datetime | None:
    match = _SEPARATED.match(text) or _COMPACT.match(text)
    if match is None:
        return None
    part = {
        name: int(value) for name, value in match.groupdict().items() if value and name not in {"zone", "fraction"}
    }
    micro = int((match["fraction"] or "0").ljust(6, "0")[:6])
    zone = match["zone"]
    implied = usual if match["hour"] else CHINA
    try:
        found = datetime(
            part["year"],
            part["month"],
            part.get("day", 1),
            part.get("hour", 0),
            part.get("minute", 0),
            part.get("second", 0),
            micro,
            tzinfo=_zone(zone) if zone else implied,
        )
    except ValueError:
        return None
    return _in_china(found)


def _zone(text: str) -> timezone:
    if text in {"Z", "z"}:
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
