"""Whole numbers and terms as agencies write them: 36, '36.0', '３６', 三十六, 三年, 1年6个月, 半年."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from adapters.forms.texts import half_width

LARGEST = 2**31 - 1  # what an Int of the graph can carry
_DIGITS = {
    "零": 0,
    "〇": 0,
    "○": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_NUMBER = r"[0-9]+|[零〇○一二两三四五六七八九十百]+"
_TERM = re.compile(
    rf"^(?:(?P<years>{_NUMBER})年(?P<half>半)?)?零?(?:(?P<months>{_NUMBER})(?:个月|月))?(?:整)?$|^(?P<half_year>半年)$"
)
_DIGIT = "[一二两三四五六七八九]"
_NUMERAL = re.compile(rf"^(?:(?P<hundreds>{_DIGIT})百)?零?(?:(?P<tens>{_DIGIT}?)十)?零?(?P<ones>{_DIGIT})?$")
_UNIT = re.compile(rf"^(?P<count>{_NUMBER})(?:个)?(?:日|天|次|分|人|岁|年|月)?$")


def whole(text: str) -> int | None:
    """A whole number, or None; a unit behind it is ignored."""
    text = half_width(text).replace(",", "").strip()
    try:
        number = Decimal(text)
    except InvalidOperation:
        match = _UNIT.match(text)
        return _bounded(_count(match["count"])) if match else None
    if not number.is_finite() or abs(number) > LARGEST or number != number.to_integral_value():
        return None
    return int(number)


def months(text: str) -> int | None:
    """A term in months: 36, 3年 and 三年 are all thirty-six; None where it is no term."""
    text = half_width(text).replace(" ", "")
    match = _TERM.match(text)
    if match is None or not text:
        return whole(text)
    if match["half_year"]:
        return 6
    if not match["years"] and not match["months"]:
        return None
    counts = [_count(match[part]) if match[part] else 0 for part in ("years", "months")]
    if counts[0] is None or counts[1] is None:
        return None
    return _bounded(counts[0] * 12 + counts[1] + (6 if match["half"] else 0))


def _bounded(number: int | None) -> int | None:
    return number if number is not None and abs(number) <= LARGEST else None


def _count(text: str) -> int | None:
    """ASCII digits, or a Chinese numeral below one thousand."""
    if text.isascii():
        return int(text) if len(text) <= 10 else None
    if all(character in _DIGITS for character in text):
        return int("".join(str(_DIGITS[character]) for character in text[:10]))
    match = _NUMERAL.match(text)
    if match is None:
        return None
    hundreds, tens, ones = match["hundreds"], match["tens"], match["ones"]
    return (
        (100 * _DIGITS[hundreds] if hundreds else 0)
        + (0 if tens is None else 10 * _DIGITS[tens] if tens else 10)
        + (_DIGITS[ones] if ones else 0)
    )
