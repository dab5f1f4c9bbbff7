"""GB/T 2260 regions over time: names, levels, parents, successors, and which place lies under which.

Codes have six digits (province, city, county), nine (township, GB/T 10114) or twelve (village). A longer code that
ends in zeros means the shorter one: 320614000000 is 320614.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from schema.codes.region_table import Span, normal, prefix, published
from schema.enums import JurisdictionLevel


@dataclass(frozen=True, slots=True)
class Region:
    """One place under one name. Dates are inclusive; None is "before the oldest list" and "still assigned"."""

    code: str
    name: str
    level: str
    valid_from: date | None
    valid_to: date | None
    parent: str | None


@dataclass(frozen=True, slots=True)
class Regions:
    """The published table, and the townships of whoever runs this: nine-digit code to name.

    No complete list of townships is published under an open licence, so none is vendored. Questions of place
    (`is_under`, `current`) need none; only names do.
    """

    townships: Mapping[str, str] = field(default_factory=dict)
    _in_county: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wrong = sum(1 for code in self.townships if len(code) != 9 or normal(code) != code)
        if wrong:
            raise ValueError(
                f"{wrong} of the townships given have no nine-digit code of GB/T 10114; correct the list"
            )
        in_county: dict[str, tuple[str, ...]] = {}
        for code in sorted(self.townships):
            in_county[code[:6]] = (*in_county.get(code[:6], ()), code)
        object.__setattr__(self, "townships", MappingProxyType(dict(self.townships)))
        object.__setattr__(self, "_in_county", MappingProxyType(in_county))

    def get(self, code: str, on: date | None = None) -> Region | None:
        """The place under its last name, or under the one it bore on a day; None where no name is known."""
        found = normal(code)
        if found is None:
            return None
        if len(found) == 9 and found in self.townships:
            return Region(found, self.townships[found], JurisdictionLevel.TOWNSHIP.name, None, None, found[:6])
        table = published()
        spans = table.spans.get(found, ())
        chosen = spans[-1:] if on is None else [span for span in spans if _covers(span, on)][-1:]
        return next((_region(found, span, table.parents.get(found)) for span in chosen), None)

    def name(self, code: str) -> str | None:
        """The last name of the place itself, without what it lies in."""
        found = normal(code)
        if found is None:
            return None
        spans = published().spans.get(found)
        return spans[-1].name if spans else self.townships.get(found)

    def level(self, code: str) -> str | None:
        """The name of the JurisdictionLevel; None for villages and codes never assigned."""
        found = normal(code)
        if found and len(found) == 9 and self.assigned(found):
            return JurisdictionLevel.TOWNSHIP.name
        region = self.get(code)
        return region.level if region else None

    def parent(self, code: str) -> str | None:
        """The code one level up; counties that a province administers itself have the province."""
        found = normal(code)
        if found is None or not self.assigned(found):
            return None
        return published().parents.get(found) if len(found) == 6 else found[:-3]

    def path(self, code: str) -> tuple[str, ...]:
        """Names from the province down to the place, as far as they are known."""
        found = normal(code)
        if found is None:
            return ()
        above = self.parent(found)
        own = self.name(found)
        return (*(self.path(above) if above else ()), *((own,) if own else ()))

    def children(self, code: str) -> tuple[str, ...]:
        """The codes one level down that are assigned today; the given townships below a county."""
        found = normal(code)
        if found is None:
            return ()
        return (*published().children.get(found, ()), *self._in_county.get(found, ()))

    def successors(self, code: str) -> tuple[str, ...]:
        """What took the place of a retired code, one step on; several where it was divided.

        A township keeps its last digits where its county only changed its own code; otherwise the answer is the
        counties it may now lie in.
        """
        found = normal(code)
        return _successors(found) if found else ()

    def current(self, code: str) -> tuple[str, ...]:
        """The codes of today, through all successions; the code itself if assigned, nothing if none is known."""
        found = normal(code)
        return _current(found) if found else ()

    def is_under(self, code: str, ancestor: str) -> bool:
        """The whole of a place lies, today, in another or is that other; retired codes on either side are resolved.

        Where a retired place was divided, all parts must lie in the ancestor. As an ancestor, a divided county stands
        for none of its parts and a divided city for the counties that came from it alone, so that an old code never
        widens what its holder may see. Codes newer than the table are placed by their digits.
        """
        return _lies_under(code, ancestor)

    def formerly(self, code: str) -> tuple[str, ...]:
        """Retired codes of places that lie in this one today and that its digits do not show.

        Who searches old tables by the digits of a code has to look for these as well.
        """
        found = normal(code)
        return _formerly(found) if found else ()

    def is_current(self, code: str) -> bool:
        """Assigned today; for townships and villages, their county is."""
        found = normal(code)
        return found is not None and published().is_current(found[:6])

    def known(self, code: str) -> bool:
        """The place can be named."""
        return self.get(code) is not None

    def assigned(self, code: str) -> bool:
        """GB/T 2260 ever assigned the code; for townships and villages, that of their county."""
        found = normal(code)
        return found is not None and found[:6] in published().spans


def _region(code: str, span: Span, parent: str | None) -> Region:
    return Region(code, span.name, span.level, _first_day(span.valid_from), _last_day(span.valid_to), parent)


def _first_day(text: str) -> date | None:
    return date.fromisoformat(text if len(text) == 10 else f"{text}-01-01") if text else None


def _last_day(text: str) -> date | None:
    return date.fromisoformat(text if len(text) == 10 else f"{text}-12-31") if text else None


def _covers(span: Span, on: date) -> bool:
    first, last = _first_day(span.valid_from), _last_day(span.valid_to)
    return (first is None or first <= on) and (last is None or on <= last)


def _successors(code: str) -> tuple[str, ...]:
    table = published()
    if len(code) == 6:
        return table.successors.get(code, ())
    renamed = table.renamed_to(code[:6])
    return (renamed + code[6:],) if renamed else table.successors.get(code[:6], ())


@lru_cache(maxsize=16_384)
def _current(code: str) -> tuple[str, ...]:
    if published().is_current(code[:6]):
        return (code,)
    return tuple(dict.fromkeys(_resolve(code)))


def _resolve(code: str) -> Iterator[str]:
    for successor in _successors(code):
        yield from _current(successor)


@lru_cache(maxsize=4_096)
def _seats(ancestor: str) -> tuple[str, ...]:
    """The prefixes of today that a place above stands for."""
    places = _current(ancestor)
    if len(ancestor) > 6:  # a township never widens to its county
        return tuple(place for place in places if len(place) == len(ancestor)) or (ancestor,)
    if len(places) > 1:
        table = published()
        divided_city = ancestor.endswith("00")
        places = tuple(place for place in places if divided_city and table.came_from(place, prefix(ancestor)))
    return tuple(prefix(place) for place in places)


@lru_cache(maxsize=65_536)
def _lies_under(code: str, ancestor: str) -> bool:
    place, above = normal(code), normal(ancestor)
    return place is not None and above is not None and _is_under(place, above)


@lru_cache(maxsize=65_536)
def _is_under(place: str, ancestor: str) -> bool:
    table = published()
    if ancestor[:6] not in table.spans:
        return False
    seats = _seats(ancestor)
    if all(now.startswith(seats) for now in _current(place) or (place,)):
        return True
    return not table.is_current(ancestor[:6]) and place.startswith(prefix(ancestor))


@lru_cache(maxsize=1_024)
def _formerly(ancestor: str) -> tuple[str, ...]:
    table = published()
    township = ancestor[6:]
    retired = (code + township for code in table.successors if not table.is_current(code))
    shown = prefix(ancestor)
    return tuple(sorted(code for code in retired if not code.startswith(shown) and _is_under(code, ancestor)))


REGIONS = Regions()
