"""Rows read straight from JSON: only the members that were asked for become objects, the others are skipped.

What comes out is what reading the whole document gives, as long as it is of the usual shape: a list of objects, or
lists of them nested one in another, their members plain names. Anything else is a surprise, and whoever asks reads
the whole document instead. A member that nobody asked for is held to JSON's grammar alone, not to its encoding.
Rows at several places of one document are read in one go.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from adapters.rows import Raws

ReadBytes = Callable[[bytes], Sequence[Sequence[Raws]] | None]
"""Gives, for each place, the raw values of every row of a document in UTF-8; None after a surprise."""

_NAME: Final = r"[^\W\d]\w*"
_PLAIN: Final = re.compile(_NAME)
_ROWS: Final = re.compile(rf"@|({_NAME}(\.{_NAME})*)?(\[\](\.{_NAME}(\.{_NAME})*)?)*")
_STEP: Final = re.compile(rf"\[\]|{_NAME}")
_LIST: Final = "[]"
_SURPRISES: Final = (msgspec.MsgspecError, ValueError, RecursionError)

_Within = Callable[[Iterable[Any]], Iterable[Any]]


class _Seat:
    """One place where rows stand: the steps that lead there, the paths that are read, and how, once it is known."""

    def __init__(self, rows: str, paths: Sequence[str]) -> None:
        self.steps = _steps(rows)
        self.paths = tuple(paths)
        self.is_plain = self.steps is not None and all(map(_PLAIN.fullmatch, paths))
        self.within: list[_Within] = []
        self.raws_of: Callable[[Any], Raws] = astuple

    def raws(self, found: Any) -> Sequence[Raws]:
        """Of every row below what was found; nothing where a member on the way is absent or null."""
        here: Iterable[Any] = (found,)
        for step in self.within:
            here = step(here)
        return list(map(self.raws_of, here))


class _Unfit(Exception):
    """Two places want the same member in two ways."""


def typed_reader(places: Sequence[tuple[str, Sequence[str]]]) -> ReadBytes | None:
    """What reads each place: the values at some paths of the rows at one path; None where these are not plain."""
    seats = [_Seat(rows, paths) for rows, paths in places]
    if not all(seat.is_plain for seat in seats):
        return None
    try:
        decode = msgspec.json.Decoder(_shape([(seat, seat.steps or ()) for seat in seats])).decode
    except _Unfit:
        return None

    def read(content: bytes) -> Sequence[Sequence[Raws]] | None:
        try:
            found = decode(content)
        except _SURPRISES:
            return None
        return [seat.raws(found) for seat in seats]

    return read


def _steps(rows: str) -> Sequence[str] | None:
    """Names and `[]` on the way to the rows; None where the rows are not what the last list holds."""
    if not _ROWS.fullmatch(rows):
        return None
    steps = _STEP.findall(rows)
    if _LIST not in steps:
        return [*steps, _LIST]
    return steps if steps[-1] == _LIST else None


def _shape(seats: Sequence[tuple[_Seat, Sequence[str]]]) -> Any:
    """The type of what all these seats' remaining steps and rows are found in; each seat learns its way."""
    lists = [steps[:1] == [_LIST] for _, steps in seats]
    if all(lists):
        for seat, _ in seats:
            seat.within.append(chain.from_iterable)
        return list[_shape([(seat, steps[1:]) for seat, steps in seats])]  # type: ignore[misc] # a type made at run time
    if any(lists):
        raise _Unfit
    rows = [seat for seat, steps in seats if not steps]
    below: defaultdict[str, list[tuple[_Seat, Sequence[str]]]] = defaultdict(list)
    for seat, steps in seats:
        if steps:
            below[steps[0]].append((seat, steps[1:]))
    paths = dict.fromkeys(path for seat in rows for path in seat.paths)
    if not below.keys().isdisjoint(paths):
        raise _Unfit
    names = {path: f"at_{place}" for place, path in enumerate((*paths, *below))}
    fields: list[tuple[str, Any, None]] = [(names[path], Any, None) for path in paths]
    for name, further in below.items():
        for seat, _ in further:
            seat.within.append(_member(names[name]))
        fields.append((names[name], _shape(further) | None, None))
    for seat in rows:
        if seat.paths != tuple(names):
            seat.raws_of = _values_at([names[path] for path in seat.paths])
    return msgspec.defstruct("Row", fields, rename={name: path for path, name in names.items()}, gc=False)


def _member(name: str) -> _Within:
    of = attrgetter(name)
    return lambda found: filter(None, map(of, found))


def _values_at(names: Sequence[str]) -> Callable[[Any], Raws]:
    """A tuple of these members' values; of one, twice, as there may be more values than anybody has paths for."""
    return attrgetter(*names) if len(names) > 1 else attrgetter(*names, *names)
