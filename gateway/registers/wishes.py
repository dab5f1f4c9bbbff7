"""What can be said wrongly in a mutation's input, checked before anything is asked or kept. No value is repeated."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from gateway.errors import BadArgument
from schema.enums import Purpose
from schema.label import Label

CHINA: Final = timezone(timedelta(hours=8))
LONGEST_CONSENT: Final = timedelta(days=3 * 366)  # by choice as long as the longest order (戒毒条例 37)
CONSENT_PURPOSES: Final = (
    Purpose.TREATMENT.name,
    Purpose.ASSESSMENT.name,
    Purpose.HANDOFF.name,
    Purpose.AFTERCARE.name,
    Purpose.SUPPORT.name,
)

_AGENCY: Final = re.compile(r"[0-9A-Z]{6,24}")
_PERSONAL: Final = re.compile(r"(?<!\d)(\d{15}|\d{17}[\dXx]|(\+?86)?1[3-9]\d{9})(?!\d)")
_DOCUMENT: Final = 64


def explained(where: str, text: str, shortest: int, longest: int) -> str:
    """Free text for reviewers: long enough to say something, without a person's number."""
    written = " ".join(text.split())
    if not shortest <= len(written) <= longest:
        raise BadArgument(f"{where}: say it in {shortest} to {longest} characters.")
    if _PERSONAL.search(written):
        raise BadArgument(f"{where}: holds what looks like a person's number. Leave numbers of people out.")
    return written


def paper_number(text: str) -> str:
    """The number of a signed paper."""
    written = " ".join(text.split())
    if not 2 <= len(written) <= _DOCUMENT or _PERSONAL.search(written):
        raise BadArgument(
            f"paper.documentNumber: the signed paper's number, up to {_DOCUMENT} characters, not a person's number."
        )
    return written


def agency_code(text: str) -> str:
    """An organisation code."""
    if not _AGENCY.fullmatch(text) or _PERSONAL.search(text):
        raise BadArgument("recipient.agency: not an organisation code. Take it from `agencies`.")
    return text


def purpose_for(purpose: str, *, relative: bool) -> str:
    """A purpose for which such a recipient can ask."""
    if relative and purpose != Purpose.OWN_ACCESS.name:
        raise BadArgument(f"purpose: a relative asks for {Purpose.OWN_ACCESS.name} and nothing else.")
    if not relative and purpose not in CONSENT_PURPOSES:
        raise BadArgument(f"purpose: a consent opens nothing for this one. Use one of {', '.join(CONSENT_PURPOSES)}.")
    return purpose


def labels_among(wanted: Collection[Label], permitted: Collection[Label]) -> frozenset[Label]:
    """Some labels, all of which may be opened."""
    if not wanted:
        raise BadArgument("labels: name at least one kind of information.")
    foreign = sorted(set(wanted) - set(permitted))
    if foreign:
        raise BadArgument(
            f"labels: {', '.join(foreign)} cannot be opened so. Choose among {', '.join(sorted(permitted))}."
        )
    return frozenset(wanted)


def end_of(last_day: date, today: date) -> datetime:
    """The moment after a last day, in China."""
    if not today <= last_day <= today + LONGEST_CONSENT:
        raise BadArgument("expiresOn: the last day must lie between today and three years from now.")
    return datetime.combine(last_day + timedelta(days=1), time.min, CHINA)
