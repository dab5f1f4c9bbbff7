"""What is put on record besides accesses: changes, break-glass, consent, sign-ins, policies, looks at the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What an entry of the log tells of."""

    ACCESS = "access"  # an AccessRecord; the others are EventRecords
    MUTATION = "mutation"
    BREAK_GLASS = "break-glass"
    CONSENT = "consent"
    LOGIN = "login"
    POLICY = "policy"
    CONSOLE = "console"
    EXPORT = "export"
    VERIFICATION = "verification"
    ERASURE = "erasure"
    GATEWAY = "gateway"


ACTIONS: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        Kind.BREAK_GLASS: frozenset({"granted", "refused", "used", "reviewed", "expired"}),
        Kind.CONSENT: frozenset({"recorded", "revoked"}),
        Kind.LOGIN: frozenset({"signed-in", "signed-out", "refused"}),
        Kind.POLICY: frozenset({"accepted", "refused"}),
        Kind.CONSOLE: frozenset({"search", "view", "report"}),
        Kind.EXPORT: frozenset({"written"}),
        Kind.VERIFICATION: frozenset({"verified", "witnessed", "reconciled", "proved"}),
        Kind.ERASURE: frozenset({"key-erased"}),
        Kind.GATEWAY: frozenset({"started", "stopped", "rekeyed"}),
    }
)
"""The closed words of each kind. A mutation's action is the name of its field in the graph."""

OUTCOMES: Final = frozenset({"OK", "REFUSED", "FAILED"})

Detail = str | int
_MUTATION: Final = re.compile(r"[a-z][A-Za-z0-9]{0,63}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/@+=-]{1,128}")
_NUMBER: Final = re.compile(r"[\d+-]{7,}[xX]?")  # a document or telephone number, never one of our ids
_LARGEST: Final = 10**13  # milliseconds since 1970 fit, a document number does not


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event. Names, ids, counts and closed words only: ValueError for anything that could be a value.

    `details` are named words (no spaces, no free text) and whole numbers, as {"format": "csv", "entries": 120}; a
    reason in somebody's own words belongs with the thing itself, which `references` names.
    """

    at: datetime
    kind: Kind
    action: str  # one of ACTIONS[kind]; of a mutation its field's name
    outcome: str  # one of OUTCOMES
    jurisdiction: str  # province whose gateway this is
    subject: str = ""  # who did it: staff pseudonym; "" for the gateway itself
    agency: str = ""
    agency_name: str = ""
    roles: tuple[str, ...] = ()
    purpose: str = ""
    case_number: str | None = None
    via: tuple[str, ...] = ()
    key_id: str = ""
    request_id: str = ""
    persons: tuple[str, ...] = ()  # Person ids whom it concerns
    labels: tuple[str, ...] = ()  # which labels: of a break-glass, of a consent
    references: tuple[str, ...] = ()  # ids of what it concerns: grants, consents, handoffs, log entries
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind is Kind.ACCESS:
            raise ValueError("an access is an AccessRecord")
        words = ACTIONS.get(self.kind)
        known = self.action in words if words is not None else _MUTATION.fullmatch(self.action)
        if not known:
            raise ValueError(f"{self.kind}: no such action: one of {', '.join(sorted(words or {'a field name'}))}")
        if self.outcome not in OUTCOMES:
            raise ValueError(f"{self.kind}: the outcome is one of {', '.join(sorted(OUTCOMES))}")
        if self.at.tzinfo is None:
            raise ValueError(f"{self.kind}: the moment needs a time zone")
        for word in (*self.persons, *self.labels, *self.references):
            _check_word("persons, labels, references", word)
        for name, detail in self.details.items():
            _check_detail(name, detail)


def _check_detail(name: str, detail: object) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("details: a name is lower case letters, digits and _")
    if isinstance(detail, int):
        if not -_LARGEST < detail < _LARGEST:
            raise ValueError(f"details.{name}: a number of this size may be a document's")
    elif isinstance(detail, str):
        _check_word(f"details.{name}", detail)
    else:
        raise TypeError(f"details.{name}: a word or a whole number")


def _check_word(place: str, word: str) -> None:
    if not _WORD.fullmatch(word) or _NUMBER.fullmatch(word):
        raise ValueError(f"{place}: a word without spaces that is no number of a document or telephone")
