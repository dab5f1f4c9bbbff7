"""What only values about persons need: names, id numbers and region codes, by the published rules."""

from __future__ import annotations

import re
from functools import lru_cache

from schema.codes import gb11643, names
from schema.codes.regions import REGIONS
from schema.enums import Quality

NAME_FIELDS = frozenset({"name", "formerNames", "aliases"})
ID_NUMBER_FIELDS = frozenset({"otherIdNumbers"})
DOTS = ("\u00b7", "\u2022", "\u30fb", "\u2027", "\uff65", "\uff0e", ".", "\u25cf")  # the first is canonical
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
REGION_FIELDS = frozenset({"domicileCode", "residenceCode", "executionPlaceCode"})


def name(text: str) -> tuple[str, bool]:
    """A person's name with its dot in one form, and whether that changed it."""
    return names.normalise_name(text)


def id_number(text: str) -> tuple[str | None, tuple[Quality, ...]]:
    """Eighteen characters and what was noticed; None where the text has no shape of an id number."""
    parsed = gb11643.parse(text)
    if parsed is None:
        return None, (Quality.MALFORMED,)
    noticed = {
        Quality.UPGRADED_FROM_15: parsed.upgraded,
        Quality.NORMALISED: parsed.normalised,
        Quality.CHECKSUM_FAILED: not parsed.checksum_ok,
    }
    return parsed.value, tuple(quality for quality, holds in noticed.items() if holds)


def id_number_forms(value: str) -> tuple[str, ...]:
    """Every way in which an old table may hold this id number: X, x, fifteen digits, and full width."""
    forms = [value.upper(), value.lower()]
    if len(value) == 18 and value[6:8] == "19":
        fifteen = value[:6] + value[8:17]
        parsed = gb11643.parse(fifteen)
        if parsed is not None and parsed.value == value.upper():
            forms.append(fifteen)
    forms.append(value.upper().translate(_FULL_WIDTH))
    return tuple(dict.fromkeys(forms))


def dotted_forms(text: str) -> tuple[str, ...]:
    """A name with its dot in each code point that systems write it with; any other text alone."""
    if DOTS[0] not in text:
        return (text,)
    return tuple(text.replace(DOTS[0], dot) for dot in DOTS)


@lru_cache(maxsize=20_000)
def is_retired_region(code: str) -> bool:
    """Whether the published table knows the code's county but no longer as a current one."""
    return REGIONS.assigned(code) and not REGIONS.is_current(code)


@lru_cache(maxsize=200)
def _separator(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def split(text: str, separator: str) -> tuple[str, ...]:
    """The parts of a multi-valued text."""
    return tuple(part for part in _separator(separator).split(text) if part)
