"""The dirt that real tables carry, planted at seeded shares: the same world and system give the same dirt.

The people of the tour stay clean, so that what they show is only what their story is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from mocks.life import Life
from mocks.people import SUBSTANCES
from mocks.places import RETIRED
from mocks.world import World

DOTS = ("\u00b7", "\u2022", "\u30fb", "\u2027", "\uff0e")
"""The code points in which systems write the dot of a name."""
NULL_MARKERS = ("", " ", "无", "不详", "未设置", "--请选择--", "-", "null")
OPEN_END = date(9999, 12, 31)


class Kind(StrEnum):
    """What can be wrong, or only odd, with a stored value or row."""

    FIFTEEN_DIGITS = "an id number of the first generation"
    LOWER_X = "a lower-case check character"
    WRONG_CHECK_DIGIT = "a mistyped check digit"
    PADDED_NUMBER = "full-width digits"
    SHARED_NUMBER = "two people with one number"
    SECOND_NUMBER = "one person with two numbers"
    OLD_NAME = "a name from before it was changed"
    DOT = "another code point for the dot of a name"
    TRUNCATED = "a name cut at the column's byte width"
    OLD_REGION = "a region code that was merged away"
    DATE_FORM = "another date form than the column's usual one"
    BROKEN_DATE = "a date that is none"
    FUTURE_DATE = "a date that has not come yet"
    OPEN_END = "99991231 for no end"
    NULL_MARKER = "a word that means nothing is there"
    MULTI_VALUED = "several drugs in one string"
    UNKNOWN_CODE = "a code outside the list"
    WRONG_DEFAULT = "the column's default where nobody asked"
    DELETED = "a row deleted by a flag only"
    INVERTED = "a boolean whose 0 means yes"


def fifteen(number: str) -> str:
    """The number as the first generation had it; for people born in the last century only."""
    return number[:6] + number[8:17]


def id_number(random: Random, number: str | None) -> str | None:
    """A number that still identifies: now and then in fifteen digits or with a small x."""
    if number is None:
        return None
    if number[6:8] == "19" and random.random() < 0.05:
        return fifteen(number)
    return number.lower() if random.random() < 0.3 else number


def name(random: Random, text: str) -> str:
    """A name with its dot in any of the code points."""
    return text.replace("·", random.choice(DOTS))


def region(random: Random, code: str) -> str:
    """A county code, now and then as it was before the county was merged or renamed."""
    return RETIRED.get(code, code) if random.random() < 0.3 else code


class Dirt:
    """One system's dirt; `planted` counts what was done."""

    def __init__(self, world: World, system: str) -> None:
        self.planted: Counter[Kind] = Counter()
        self._seed = f"{world.seed}:{system}"
        self._offset = len(system)
        self._today = world.today
        self._tour = frozenset(world.stories.values())
        self._dotted = {
            life.number: rank for rank, life in enumerate(life for life in world.lives if "·" in life.name)
        }
        shared = Counter(life.id_number for life in world.lives)
        self._shared = {number for number, count in shared.items() if number and count > 1}

    def random(self, life: Life, word: str) -> Random:
        """A generator of this system, person and word."""
        return Random(f"{self._seed}:{life.number}:{word}")

    def strikes(self, kind: Kind, life: Life, share: float, word: str = "") -> bool:
        """Whether this share of people is struck and this person among them; counts it."""
        struck = life.number not in self._tour and self.random(life, f"{kind.name}:{word}").random() < share
        return self.note(kind, struck)

    def note(self, kind: Kind, happened: bool = True) -> bool:
        """Count a kind of dirt that is there by nature of the column or the person."""
        self.planted[kind] += int(happened)
        return happened

    def id_number(self, life: Life, *, second: bool = False) -> str | None:
        """The person's number as this system keeps it; `second`: it knows them by their second one."""
        number = life.second_id_number if second and life.second_id_number else life.id_number
        if number is None:
            return None
        self.note(Kind.SECOND_NUMBER, number == life.second_id_number)
        if self.note(Kind.SHARED_NUMBER, number in self._shared):
            return number
        if life.birth_date.year < 2000 and self.strikes(Kind.FIFTEEN_DIGITS, life, 0.05):
            return fifteen(number)
        if number.endswith("X") and self.strikes(Kind.LOWER_X, life, 0.4):
            return number.lower()
        if self.strikes(Kind.WRONG_CHECK_DIGIT, life, 0.015):
            return number[:17] + str(
                (int(number[16]) + 1) % 10 if number[17] != str((int(number[16]) + 1) % 10) else 0
            )
        if self.strikes(Kind.PADDED_NUMBER, life, 0.015):
            return "".join(chr(ord(digit) + 0xFEE0) for digit in number)
        return number

    def name(self, life: Life, *, old: float = 0.0, width: int | None = None) -> str:
        """The person's name; the former one for a share of those who have one, cut to `width` bytes of GB18030."""
        name = life.name
        if life.former_name and self.strikes(Kind.OLD_NAME, life, old):
            name = life.former_name
        if life.number in self._dotted:
            dot = DOTS[(self._dotted[life.number] + self._offset) % len(DOTS)]
            self.note(Kind.DOT, dot != "·")
            name = name.replace("·", dot)
        return self.cut(name, width) if width else name

    def cut(self, text: str, width: int) -> str:
        """As much of a text as fits into so many bytes of GB18030."""
        fits = text
        while len(fits.encode("gb18030")) > width:
            fits = fits[:-1]
        self.note(Kind.TRUNCATED, fits != text)
        return fits

    def region(self, life: Life, code: str, share: float = 0.4) -> str:
        """A county code, now and then as it was before the county was merged or renamed."""
        old = RETIRED.get(code)
        return old if old and self.strikes(Kind.OLD_REGION, life, share) else code

    def day(self, life: Life, word: str, day: date | None, form: str, *, share: float = 0.02) -> str | None:
        """A date as text in the column's usual strptime form, now and then in another or broken."""
        if day is None:
            return self.marker(life, word)
        if self.strikes(Kind.BROKEN_DATE, life, share / 4, word):
            return f"{day:%Y}1341"
        if self.strikes(Kind.DATE_FORM, life, share, word):
            other = self.random(life, word).choice(("%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d"))
            return day.strftime(other)
        return day.strftime(form)

    def later(self, life: Life, word: str, day: date, share: float = 0.01) -> date:
        """A date that was mistyped into the future for a share of people."""
        return self._today + timedelta(days=4000) if self.strikes(Kind.FUTURE_DATE, life, share, word) else day

    def marker(self, life: Life, word: str, share: float = 0.3) -> str | None:
        """Nothing: mostly NULL, for a share of people a word that says so."""
        if self.strikes(Kind.NULL_MARKER, life, share, word):
            return self.random(life, word).choice(NULL_MARKERS)
        return None

    def filled(self, life: Life, word: str, value: str | None, share: float = 0.03) -> str | None:
        """A value that some clerks left out."""
        if value is None:
            return self.marker(life, word)
        if self.strikes(Kind.NULL_MARKER, life, share, f"filled:{word}"):
            return self.random(life, word).choice(NULL_MARKERS)
        return value

    def code(self, life: Life, word: str, value: str, unknown: str = "99X", share: float = 0.01) -> str:
        """A code, now and then one that no list holds."""
        return unknown if self.strikes(Kind.UNKNOWN_CODE, life, share, word) else value

    def drugs(self, life: Life, separator: str = ";") -> str:
        """All of a person's drugs in one string."""
        self.note(Kind.MULTI_VALUED, len(life.substances) > 1)
        return separator.join(life.substances)

    def deleted(self, lives: Sequence[Life], share: float = 0.02) -> Sequence[Life]:
        """People of whom a second, deleted row still lies about."""
        return [life for life in lives if self.strikes(Kind.DELETED, life, share)]


DRUG_CODES = {name: f"{position:02d}" for position, name in enumerate(SUBSTANCES, 1)}
"""Codes of drugs, illustrative: the published table is not open."""
