"""What a GraphQL answer says beside its data: failures, and which labels its holder denied or masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.contract import AdapterError, Invalid, Malformed, Refused, Throttled, Unavailable

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_ERRORS: Final[Mapping[str, type[AdapterError]]] = {
    "UNAUTHENTICATED": Refused,
    "PURPOSE_MISSING": Refused,
    "FORBIDDEN": Refused,
    "REFUSED": Refused,
    "THROTTLED": Throttled,
    "LIMIT_EXCEEDED": Invalid,
    "UNAVAILABLE": Unavailable,
    "AUDIT_UNAVAILABLE": Unavailable,
    "INTERNAL_SERVER_ERROR": Unavailable,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of an answer. `entity` is the place in `_entities`, `path` the keys below it."""

    error: AdapterError
    entity: int | None
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Labels that the holder did not show: of everybody (None) or of the person at one place."""

    denied: frozenset[tuple[str, int | None]]
    masked: frozenset[tuple[str, int | None]]

    def denies(self, label: str, entity: int) -> bool:
        """Whether a missing value under this label may be one that was withheld."""
        return (label, None) in self.denied or (label, entity) in self.denied

    def masks(self, label: str, entity: int) -> bool:
        """Whether a value under this label is only the rest that a mask left."""
        return (label, None) in self.masked or (label, entity) in self.masked


def failures(peer: str, errors: object) -> tuple[Failure, ...]:
    """The answer's errors in our own words: a peer's text may hold anything, so none of it is repeated."""
    if not isinstance(errors, list):
        return ()
    return tuple(_failure(peer, error) for error in errors if isinstance(error, Mapping))


def withheld(extensions: object) -> Withheld:
    """What `extensions.authorization` tells; empty where the peer does not tell."""
    notices = extensions.get("authorization") if isinstance(extensions, Mapping) else None
    found: dict[str, set[tuple[str, int | None]]] = {"DENY": set(), "MASK": set()}
    for notice in notices if isinstance(notices, list) else ():
        if not isinstance(notice, Mapping):
            continue
        effect = str(notice.get("effect")).upper()
        if effect in found:
            found[effect].add((str(notice.get("label")), _place(notice.get("path"))))
    return Withheld(frozenset(found["DENY"]), frozenset(found["MASK"]))


def _failure(peer: str, error: Mapping[str, object]) -> Failure:
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, Mapping) else None
    path = error.get("path")
    named = code if isinstance(code, str) and _CODE.fullmatch(code) else None
    # an error at a field is the peer's own trouble with a source; one without a path means a query that it rejects
    kind = _ERRORS.get(named or "", Unavailable if path else Malformed)
    said = f"answered with the GraphQL error {named}" if named else "answered with a GraphQL error"
    return Failure(kind(f"{peer}: {said}"), _place(path), _below(path))


def _segments(path: object) -> Iterator[str | int]:
    parts: Sequence[object] = path.split(".") if isinstance(path, str) else path if isinstance(path, list) else ()
    for part in parts:
        text = str(part)
        yield int(text) if text.isdecimal() and len(text) < 7 else text


def _place(path: object) -> int | None:
    first = list(_segments(path))[:2]
    return first[1] if len(first) == 2 and first[0] == "_entities" and isinstance(first[1], int) else None


def _below(path: object) -> tuple[str, ...]:
    return tuple(part for part in list(_segments(path))[2:] if isinstance(part, str))
