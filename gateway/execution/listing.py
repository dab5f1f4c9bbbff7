"""Listing: who meets a filter. Sources narrow it down; merged files decide; what a viewer may not filter on is not
a match for that viewer, row by row; what they may not sort by stands last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from adapters.contract import Compare, Op
from adapters.matching import region_prefix
from gateway.errors import BadArgument, BadCursor, BadPageSize, FilterTooBroad
from gateway.execution.cursor import Cursors
from gateway.execution.mask import Mask
from gateway.execution.people import Judged
from gateway.execution.plan import Plan
from schema.codes import Regions
from schema.entities import column
from schema.label import Label
from schema.reader import Condition, Page

Item = TypeVar("Item")

LARGEST_PAGE = 100
MOST_CANDIDATES = 2_000
READ_AT_ONCE = 200  # so few candidates are read whole, before it is known who is on the page


@dataclass(frozen=True, slots=True)
class Filterable:
    """How one condition is searched by and what it looks at."""

    searches: tuple[str, ...]  # PersonRecord columns of which any may match; empty: no source holds it
    labels: tuple[Label, ...]  # all of which the viewer must be allowed to filter on
    derived: str | None = None


FILTERABLE: Mapping[str, Filterable] = {
    "name": Filterable(("name",), (Label.IDENTITY,)),
    "birthDate": Filterable(("birthDate",), (Label.IDENTITY,)),
    "responsibleJurisdiction": Filterable(
        ("executionPlaceCode", "residenceCode"), (Label.CUSTODY,), "executionPlace"
    ),
    "domicile": Filterable(("domicileCode",), (Label.CONTACT,)),
    "residence": Filterable(("residenceCode",), (Label.CONTACT,)),
    "status": Filterable((), (Label.CUSTODY,), "status"),
    "stage": Filterable((), (Label.CUSTODY,)),
}
_OPS = {"eq": Op.EQ, "startsWith": Op.PREFIX, "under": Op.UNDER}
_SORTS: Mapping[str, tuple[Label, Callable[[Judged], object]]] = {
    "RELEASED_ON": (Label.CUSTODY, lambda one: one.derived("releasedOn")),
    "BIRTH_DATE": (Label.IDENTITY, lambda one: one.raw.values.get("birthDate")),
    "STATUS": (Label.CUSTODY, lambda one: getattr(one.derived("status"), "name", None)),
}


def searches(where: Sequence[Condition], regions: Regions) -> list[list[Compare]]:
    """One group per searchable condition; any of a group may match, all groups must."""
    groups = [
        [
            Compare(name, _OPS[one.op], value)
            for name in FILTERABLE[one.field].searches
            for value in _values(one, regions)
        ]
        for one in where
        if FILTERABLE[one.field].searches
    ]
    for one in where:
        if one.op == "under" and not regions.known(str(one.value)):
            raise BadArgument(f"{one.field}.under: not a region code. Use six digits (GB/T 2260) or nine (township).")
    if not groups:
        raise FilterTooBroad(
            "filter: holds nothing that a source can search by. Add name, birthDate, responsibleJurisdiction, "
            "domicile or residence."
        )
    return groups


def _values(one: Condition, regions: Regions) -> tuple[object, ...]:
    """What to look for: sources search by digits, so retired codes that begin otherwise are looked for as well."""
    if one.op != "under":
        return (one.value,)
    found = {region_prefix(str(one.value)): one.value}
    for former in regions.formerly(str(one.value)):
        begins = region_prefix(former)
        if not begins.startswith(tuple(found)):
            found[begins] = former
    return tuple(found.values())


Deciding = tuple[frozenset[str], str | None]  # the fields of a list's conditions, and what it is sorted by


def deciding(where: Sequence[Condition], order: tuple[str, bool] | None) -> Deciding:
    """All of a list that says what deciding on a match needs."""
    return frozenset(one.field for one in where), order[0] if order else None


@lru_cache(maxsize=256)
def needed(by: Deciding) -> Plan:
    """What deciding on a match needs."""
    fields, sorted_by = by
    made = Plan()
    made.derive("executionPlace")
    if sorted_by == "RELEASED_ON":
        made.derive("releasedOn")
    if sorted_by == "STATUS" or "status" in fields:
        made.derive("status")
    for name in sorted(fields):
        made.add(tuple(column("PersonRecord", searched) for searched in FILTERABLE[name].searches))
    if sorted_by == "BIRTH_DATE":
        made.add((column("PersonRecord", "birthDate"),))
    return made


class Matching:
    """Whether people meet all conditions, as far as this viewer may ask; what a decision allows is asked once."""

    def __init__(self, where: Sequence[Condition], regions: Regions) -> None:
        self._labels = {label for one in where for label in FILTERABLE[one.field].labels}
        self._tests = [_test(one, regions) for one in where]
        self._allowed: dict[int, tuple[bool, Mask]] = {}  # holds the masks, so that ids stay theirs

    def admitted(self, people: Iterable[Judged]) -> list[Judged]:
        """Those whom the viewer may come upon in this list and who meet its conditions."""
        found = [one for one in people if self._may_come_upon(one.mask)]
        for test in self._tests:
            found = list(filter(test, found))
        return found

    def _may_come_upon(self, mask: Mask) -> bool:
        known = self._allowed.get(id(mask))
        if known is None:
            allowed = mask.is_listable and all(mask.decision[label].may_filter for label in self._labels)
            known = self._allowed[id(mask)] = (allowed, mask)
        return known[0]


def _test(condition: Condition, regions: Regions) -> Callable[[Judged], bool]:
    wanted = condition.value
    if condition.field == "status":
        names = wanted if isinstance(wanted, tuple) else ()
        return lambda one: getattr(one.derived("status"), "name", None) in names
    if condition.field == "stage":
        return lambda _: True  # a matter of the case, not of the person
    text = str(wanted)
    if condition.field == "responsibleJurisdiction":
        return lambda one: (
            bool(place := one.derived("executionPlace") or one.raw.values.get("residenceCode"))
            and regions.is_under(str(place), text)
        )
    name = FILTERABLE[condition.field].searches[0]
    if condition.op == "under":
        return lambda one: (found := one.raw.values.get(name)) is not None and regions.is_under(str(found), text)
    if condition.op == "startsWith":
        return lambda one: (found := one.raw.values.get(name)) is not None and str(found).startswith(text)
    return lambda one: (found := one.raw.values.get(name)) is not None and found == wanted


def ordered(found: Sequence[Judged], order: tuple[str, bool] | None) -> list[Judged]:
    """Sorted by a key that the viewer may filter on; rows without one stand last, in a stable order."""
    by_id = sorted(found, key=_id)
    if order is None:
        return by_id
    name, descending = order
    if name not in _SORTS:
        return by_id
    label, read = _SORTS[name]
    keyed = [(read(one) if one.decision[label].may_filter else None, one) for one in by_id]
    with_key = [pair for pair in keyed if pair[0] is not None]
    with_key.sort(key=lambda pair: str(pair[0]), reverse=descending)
    return [one for _, one in with_key] + [one for key, one in keyed if key is None]


def _id(one: Judged) -> str:
    return one.raw.id


def page_size(first: int) -> int:
    """`first`, if a page may be that large."""
    if not 1 <= first <= LARGEST_PAGE:
        raise BadPageSize(f"first: {first}; a page holds 1 to {LARGEST_PAGE}. Go on with after.")
    return first


def name_of(kind: str, where: Sequence[Condition], order: tuple[str, bool] | None) -> str:
    """The name of a list with its conditions, for its cursors: hashed, so that it holds no value."""
    text = repr((kind, [(one.field, one.op, str(one.value)) for one in where], order))
    return hashlib.sha256(text.encode()).hexdigest()


def cut(
    items: Sequence[Item],
    key: Callable[[Item], str],
    first: int,
    after: str | None,
    *,
    of: str,
    viewer: str,
    cursors: Cursors,
) -> Page[Item]:
    """One page of a list that is at hand. Goes on after the cursor's row, or its place where the row has gone."""
    size = page_size(first)
    start = 0
    if after is not None:
        position, last = cursors.open(of, viewer, after)
        found = next((place for place, item in enumerate(items) if key(item) == last), None)
        start = position if found is None else found + 1
        if start > len(items):
            raise BadCursor("after: the list has become shorter than that. Begin it again without after.")
    chosen = items[start : start + size]
    return Page(
        items=chosen,
        cursor=lambda place: cursors.seal(of, viewer, start + place + 1, key(chosen[place])),
        has_next=start + size < len(items),
        has_previous=start > 0,
        total=len(items),
    )
