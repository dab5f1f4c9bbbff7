"""GB 11643 citizen identity numbers: reading, checking, and lifting fifteen digits to eighteen characters.

No function here puts a number, or any part of one, into an exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))  # ISO 7064 MOD 11-2
_CHECK_CHARACTERS = "10X98765432"
_CENTENARIANS = frozenset({"996", "997", "998", "999"})
_FULL_WIDTH = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")
_SPACES = re.compile(r"[\s\u200b\ufeff]+")
_OLDEST_YEAR = 1800


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A number in its standard form and what it says; the region is that of first registration, not of residence."""

    value: str
    region: str
    birth_date: date
    sex: str  # the name of a schema.enums.Sex
    upgraded: bool  # it was written with fifteen digits
    checksum_ok: bool
    normalised: bool  # it was written with spaces, full-width digits or a lower-case x

    def __repr__(self) -> str:
        return "IdNumber(…)"


def check_digit(seventeen: str) -> str:
    """The eighteenth character; ValueError if not given exactly seventeen digits."""
    if not _is_digits(seventeen, 17):
        raise ValueError("a check digit is computed from exactly seventeen digits; give the number without its last")
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def upgrade(fifteen: str) -> str:
    """The eighteen characters of a first-generation number; ValueError if not given exactly fifteen digits.

    Sequence numbers 996 to 999 were kept for people who were a hundred years old, so these were born in 18xx.
    """
    if not _is_digits(fifteen, 15):
        raise ValueError("only a first-generation number is upgraded; give exactly fifteen digits")
    century = "18" if fifteen[12:] in _CENTENARIANS else "19"
    seventeen = fifteen[:6] + century + fifteen[6:]
    return seventeen + check_digit(seventeen)


def parse(text: str) -> IdNumber | None:
    """Read a number as systems write it; None if it has not the shape, or no such day of birth exists.

    Whether the region was ever assigned is asked of `Regions.assigned`.
    """
    written = _SPACES.sub("", text.translate(_FULL_WIDTH)).replace("x", "X")
    upgraded = _is_digits(written, 15)
    value = upgrade(written) if upgraded else written
    birth_date = _birth_date(value)
    if birth_date is None:
        return None
    return IdNumber(
        value=value,
        region=value[:6],
        birth_date=birth_date,
        sex="MALE" if int(value[16]) % 2 else "FEMALE",
        upgraded=upgraded,
        checksum_ok=check_digit(value[:17]) == value[17],
        normalised=written != text,
    )


def is_valid(text: str) -> bool:
    """The text can be read as a number and its check digit agrees."""
    found = parse(text)
    return found is not None and found.checksum_ok


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _birth_date(value: str) -> date | None:
    if not _is_digits(value[:17], 17) or len(value) != 18 or value[17] not in _CHECK_CHARACTERS:
        return None
    try:
        born = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:  # not chained on: its text could tell a part of the number
        return None
    return born if born.year >= _OLDEST_YEAR else None
