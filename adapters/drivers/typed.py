"""Rows read straight from JSON: only the members that were asked for become objects, the others are skipped.

What comes out is what reading the whole document gives, as long as it is of the usual shape: a list of objects, or
lists of them nested one in another, their members plain names. Anything else is a surprise, and whoever asks reads
the whole document instead. A member that nobody asked for is held to JSON's grammar alone, not to its encoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from adapters.rows import Raws

ReadBytes = Callable[[bytes], Sequence[Raws] | None]
"""Gives the raw values of every row of a document in UTF-8, None after a surprise."""

_NAME: Final = r"[^\W\d]\w*"
_PLAIN: Final = re.compile(_NAME)
_ROWS: Final = re.compile(rf"@|({_NAME}(\.{_NAME})*)?(\[\](\.{_NAME}(\.{_NAME})*)?)*")
_STEP: Final = re.compile(rf"\[\]|{_NAME}")
_LIST: Final = "[]"
_SURPRISES: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def typed_reader(rows: str, paths: Sequence[str]) -> ReadBytes | None:
    """What reads the values at `paths` of the rows at the path `rows`; None where these are not plain enough."""
    steps = _steps(rows)
    if steps is None or not all(map(_PLAIN.fullmatch, paths)):
        return None
    names = {path: f"at_{place}" for place, path in enumerate(dict.fromkeys(paths))}
    row = msgspec.defstruct(
        "Row",
        [(name, Any, None) for name in names.values()],
        rename={name: path for path, name in names.items()},
        gc=False,
    )
    decode = msgspec.json.Decoder(_shape(steps, row)).decode
    raws_of = astuple if len(names) == len(paths) else attrgetter(*(names[path] for path in paths))

    def read(content: bytes) -> Sequence[Raws] | None:
        try:
            found = decode(content)
        except _SURPRISES:
            return None
        return list(map(raws_of, _within(found, steps)))

    return read


def _steps(rows: str) -> Sequence[str] | None:
    """Names and `[]` on the way to the rows; None where the rows are not what the last list holds."""
    if not _ROWS.fullmatch(rows):
        return None
    steps = _STEP.findall(rows)
    if _LIST not in steps:
        return [*steps, _LIST]
    return steps if steps[-1] == _LIST else None


def _shape(steps: Sequence[str], row: Any) -> Any:
    if not steps:
        return row
    inner: Any = _shape(steps[1:], row)
    if steps[0] == _LIST:
        return list[inner]
    return msgspec.defstruct("Holder", [("at", inner | None, None)], rename={"at": steps[0]}, gc=False)


def _within(found: Any, steps: Sequence[str]) -> Iterable[Any]:
    """Every row below some steps; nothing where a member on the way is absent or null."""
    here: Iterable[Any] = (found,)
    for step in steps:
        here = filter(None, map(attrgetter("at"), here)) if step != _LIST else chain.from_iterable(here)
    return here
