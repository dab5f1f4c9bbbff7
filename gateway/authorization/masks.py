"""Named masks: what is left of a value that may be seen in part. Pure functions, chosen by the kind of column.

A mask knows what it can safely shorten and hides everything else, so a label whose columns are of several kinds
(a name, a birth date, a sex) can bear one mask. Policies name a mask with @mask; the order of MASKS is from the
one that shows least to the one that shows most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime

from schema.entities import Kind
from schema.label import Label

Shorten = Callable[[str], str | None]

_PHONE = re.compile(r"1\d{10}")
_REGION = re.compile(r"\d{6}(\d{3}(\d{3})?)?")


def _initial(text: str) -> str | None:
    return f"{text[0]}*" if text else None


def _edges(text: str) -> str | None:
    return f"{text[:3]}{'*' * (len(text) - 5)}{text[-2:]}" if len(text) >= 9 else _ends(text)


def _ends(text: str) -> str | None:
    return f"{text[0]}{'*' * (len(text) - 2)}{text[-1]}" if len(text) >= 6 else None


def _county(text: str) -> str | None:
    return text[:6] if _REGION.fullmatch(text) else None


def _phone(text: str) -> str | None:
    return f"{text[:3]}****{text[-2:]}" if _PHONE.fullmatch(text) else None


def _year(value: object) -> date | None:
    return date(value.year, 1, 1) if isinstance(value, date | datetime) else None


def _texts(shorten: Shorten, value: object) -> object:
    if isinstance(value, str):
        return shorten(value)
    if isinstance(value, tuple | list):
        shortened = (shorten(item) if isinstance(item, str) else None for item in value)
        return tuple(item for item in shortened if item is not None) or None
    return None


def _redact(_value: object, _kind: Kind | None) -> object:
    return None


def _region_only(value: object, kind: Kind | None) -> object:
    return _texts(_county, value) if kind in {None, Kind.CODE} else None


def _year_only(value: object, _kind: Kind | None) -> object:
    return _year(value)


def _id_ends(value: object, kind: Kind | None) -> object:
    return _texts(_ends, value) if kind in {None, Kind.ID_NUMBER, Kind.TEXT, Kind.TEXTS} else None


def _phone_tail(value: object, kind: Kind | None) -> object:
    return _texts(_phone, value) if kind in {None, Kind.TEXT, Kind.TEXTS} else None


def _name_initial(value: object, kind: Kind | None) -> object:
    if isinstance(value, date | datetime):
        return _year(value)
    return _texts(_initial, value) if kind in {None, Kind.TEXT, Kind.TEXTS} else None


def _id_edges(value: object, kind: Kind | None) -> object:
    return _texts(_edges, value) if kind in {None, Kind.ID_NUMBER, Kind.TEXT, Kind.TEXTS} else None


MASKS: Mapping[str, Callable[[object, Kind | None], object]] = {
    "redact": _redact,
    "region_only": _region_only,
    "year_only": _year_only,
    "id_ends": _id_ends,
    "phone_tail": _phone_tail,
    "name_initial": _name_initial,
    "id_edges": _id_edges,
}

_ORDER = {name: rank for rank, name in enumerate(MASKS)}
_TELLING = frozenset({Label.IDENTITY, Label.CONTACT})  # a birth date or a county


def apply(mask: str | None, value: object, kind: Kind | None = None) -> object:
    """What of `value` may be seen; None when the mask is unknown, does not fit or fails.

    `kind` is the column's kind where it has one: a date masks alike anywhere, but a text of an enum or of an
    address is only told apart from a name by its column.
    """
    shorten = MASKS.get(mask or "redact", _redact)
    try:
        return shorten(value, kind)
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError):
        return None


def strictest(names: Collection[str]) -> str:
    """The mask that shows least; `redact` where none is named."""
    return min(names, key=lambda name: _ORDER.get(name, 0), default="redact")


def harden(mask: str, label: Label, visible: Collection[Label]) -> str:
    """The mask to use when other labels of the same person are visible as well.

    The first three and last two digits of an id number, with a birth date and a county beside them, leave about
    two numbers to choose from; so only the outermost characters are left then.
    """
    if label is Label.ID_NUMBER and mask == "id_edges" and not _TELLING.isdisjoint(visible):
        return "id_ends"
    return mask
