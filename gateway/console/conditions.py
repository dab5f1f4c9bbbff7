"""Search conditions between form, address and search: checked words, and never a number that may be a person's.

An address holds a person's audit token, officials' pseudonyms and closed words. A document number may be written into
the form alone, which is sent by POST and answered with the address of its token.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from gateway.audit.event import ACTIONS, Kind
from gateway.audit.search import Conditions
from gateway.console.errors import BadCondition
from gateway.console.language import CHINA
from gateway.console.language import mark as _
from gateway.identity.token import is_token
from schema.enums import Purpose, Role
from schema.label import Label

NAMES: Final[Mapping[str, str]] = {  # in the order of the form; the address uses the same names
    "person": _("Person"),
    "official": _("Official"),
    "agency": _("Agency"),
    "role": _("Role"),
    "purpose": _("Purpose"),
    "field": _("Field"),
    "label": _("Label"),
    "effect": _("Effect"),
    "policy": _("Rule"),
    "source": _("Source"),
    "peer": _("Other gateway"),
    "outcome": _("Outcome"),
    "kind": _("Kind of entry"),
    "action": _("Action"),
    "reference": _("Reference"),
    "request": _("Request"),
    "since": _("From"),
    "until": _("Up to and including"),
}
_MANY: Final = {  # name here -> name in Conditions
    "official": "subjects",
    "agency": "agencies",
    "role": "roles",
    "purpose": "purposes",
    "field": "fields",
    "label": "labels",
    "effect": "effects",
    "policy": "policies",
    "source": "sources",
    "peer": "peers",
    "outcome": "outcomes",
    "kind": "kinds",
    "action": "actions",
    "reference": "references",
}
_ACTION_WORDS: Final = frozenset().union(*ACTIONS.values())
_CHOICES: Final[Mapping[str, frozenset[str]]] = {
    "role": frozenset(Role.__members__),
    "purpose": frozenset(Purpose.__members__),
    "label": frozenset(label.value for label in Label),
    "effect": frozenset({"ALLOW", "MASK", "DENY"}),
    "outcome": frozenset({"OK", "PARTIAL", "DENIED", "REFUSED", "FAILED"}),
    "kind": frozenset(kind.value for kind in Kind),
}
_WORD: Final = re.compile(r"[\x21-\x7e]{1,128}")
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,199}")
_AGENCY: Final = re.compile(r"\d{12}|[0-9A-Z]{18}|[A-Za-z][\x21-\x7e]{0,62}")
_REQUEST: Final = re.compile(r"[0-9A-Za-z_-]{8,64}")
_AUDIT_TOKEN: Final = re.compile(r"t1_[a-z2-7]{26}")
# Fifteen or eighteen digits may be a citizen's number, eleven a telephone's; dates and years are shorter.
_PERSONAL: Final = re.compile(r"(?<![0-9A-Za-z])(\d{15}|\d{17}[\dXx]|1\d{10})(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Asked:
    """Checked conditions as the address holds them; days are China's, `until` is the last of them."""

    words: Mapping[str, str] = field(default_factory=dict)

    def conditions(self) -> Conditions:
        """For the search."""
        many = {_MANY[name]: (word,) for name, word in self.words.items() if name in _MANY}
        if "kind" in self.words:
            many["kinds"] = (Kind(self.words["kind"]),)
        return Conditions(
            persons=(self.words["person"],) if "person" in self.words else (),
            request_id=self.words.get("request"),
            since=_begins(self.words.get("since")),
            until=_begins(self.words.get("until"), later=timedelta(days=1)),
            **many,  # type: ignore[arg-type]  # the names are Conditions' own, the values tuples of words
        )

    def but(self, **changed: str) -> dict[str, str]:
        """The words for another address; "" leaves one out."""
        return {name: word for name, word in {**self.words, **changed}.items() if word}

    def recorded(self) -> tuple[str, ...]:
        """As the log takes them; the person stands in the entry by themselves."""
        return tuple(recordable(name, word) for name, word in self.words.items() if name != "person")

    @property
    def persons(self) -> tuple[str, ...]:
        """Whom the search is about."""
        return (self.words["person"],) if "person" in self.words else ()


_RECORDABLE: Final = re.compile(r"[A-Za-z0-9_.:/@+=-]{1,110}")


def recordable(name: str, word: str) -> str:
    """A condition as one word of the log; what the log's words cannot spell is only named."""
    return f"{name}:{word}" if _RECORDABLE.fullmatch(word) else f"{name}:-"


def read(given: Mapping[str, str]) -> Asked:
    """From an address. Raises BadCondition, which names the condition and repeats nothing."""
    return Asked({name: _checked(name, given[name].strip()) for name in NAMES if given.get(name, "").strip()})


def read_form(given: Mapping[str, str], mint: Callable[[str], str | None], token: Callable[[str], str]) -> Asked:
    """From the form, where a person may be written as a document number, a Person id or an audit token."""
    words = {name: given[name].strip() for name in NAMES if given.get(name, "").strip()}
    if "person" in words:
        words["person"] = person_token(words["person"], mint, token)
    return read(words)


def person_token(written: str, mint: Callable[[str], str | None], token: Callable[[str], str]) -> str:
    """The audit token of whoever is meant; BadCondition where nobody can be."""
    plain = unicodedata.normalize("NFKC", written).strip()
    if _AUDIT_TOKEN.fullmatch(plain):
        return plain
    identifier = plain if is_token(plain) else mint(plain)
    if identifier is None:
        raise BadCondition("person")
    return token(identifier)


def may_be_personal(text: str) -> bool:
    """Whether a number that may be somebody's stands in it; such a text is not carried on."""
    return _PERSONAL.search(text) is not None


def _checked(name: str, word: str) -> str:
    if may_be_personal(word) and name != "agency":
        raise BadCondition(name)
    if name == "person":
        holds = _AUDIT_TOKEN.fullmatch(word) is not None
    elif name in {"since", "until"}:
        holds = _is_day(word)
    elif name in _CHOICES:
        holds = word in _CHOICES[name]
    elif name == "action":
        holds = word in _ACTION_WORDS or _PATH.fullmatch(word) is not None
    else:
        form = {"agency": _AGENCY, "field": _PATH, "request": _REQUEST}.get(name, _WORD)
        holds = form.fullmatch(word) is not None
    if not holds:
        raise BadCondition(name)
    return word


def _is_day(word: str) -> bool:
    try:
        date.fromisoformat(word)
    except ValueError:
        return False
    return len(word) == len("2026-11-01")


def _begins(day: str | None, later: timedelta = timedelta()) -> datetime | None:
    return None if day is None else datetime.combine(date.fromisoformat(day), time(), CHINA) + later
