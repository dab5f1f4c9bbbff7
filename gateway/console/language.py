"""Chinese or English: by the reader's choice, else by what the browser asks for.

Texts stand in English where they are used; locale/zh is read from its .po file at the start, so that there is nothing
to compile when installing. Babel writes dates and numbers.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

LOCALE: Final = Path(__file__).with_name("locale")
CHINA: Final = timezone(timedelta(hours=8))  # the law's days are China's, wherever the server stands
_MESSAGES: Final = "LC_MESSAGES/console.po"


def mark(text: str) -> str:
    """Marks a text for the catalogue where it is kept; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """One of the console's languages."""

    code: str  # the key in cookie and address: zh | en
    tag: str  # BCP 47, for the page's lang attribute
    title: str  # what its own readers call it
    messages: NullTranslations = field(repr=False)

    @property
    def locale(self) -> Locale:
        """Babel's locale."""
        return Locale.parse(self.tag, sep="-")

    def text(self, message: str) -> str:
        """A text in this language."""
        return self.messages.gettext(message)

    def day(self, moment: date) -> str:
        """A day, such as 2026年11月1日 or 1 Nov 2026."""
        wanted = "y年M月d日" if self.code == "zh" else "d MMM y"
        return format_date(moment, wanted, self.locale)

    def time(self, moment: datetime) -> str:
        """A moment to the second, in China's time; digits in both languages, so that columns can be compared."""
        return format_datetime(moment.astimezone(CHINA), "y-MM-dd HH:mm:ss", locale=self.locale)

    def number(self, value: float) -> str:
        """A number with its thousands parted."""
        return format_decimal(value, locale=self.locale)

    def share(self, value: float) -> str:
        """A part of one, in per cent."""
        return format_percent(value, "#,##0.#%", locale=self.locale)


@cache
def languages() -> dict[str, Language]:
    """Those there are, the default first."""
    return {
        "zh": Language("zh", "zh-CN", "中文", _catalogue("zh")),
        "en": Language("en", "en-GB", "English", NullTranslations()),
    }


def negotiate(chosen: str | None, accepted: str | None) -> Language:
    """The reader's language: what they chose, else the first of Accept-Language that there is, else Chinese."""
    known = languages()
    if chosen in known:
        return known[chosen]
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate((accepted or "").split(",")[:20]):
        tag, _, quality = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        weight = _weight(quality)
        if name in known and weight > 0:
            wanted.append((-weight, place, name))
    return known[min(wanted)[2]] if wanted else next(iter(known.values()))


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def _catalogue(code: str) -> GNUTranslations:
    with (LOCALE / code / _MESSAGES).open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
