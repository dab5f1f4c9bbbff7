"""Conditions and periods of the commands: arguments to what the search understands."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from gateway.audit.event import Kind
from gateway.audit.search import Conditions

CHINA: Final = timezone(timedelta(hours=8))
_WORDS: Final = {
    "person": ("persons", "a Person id or an audit token"),
    "subject": ("subjects", "who asked"),
    "agency": ("agencies", "for which agency, by code"),
    "role": ("roles", "in which role"),
    "purpose": ("purposes", "for what purpose"),
    "field": ("fields", "a path of the graph"),
    "label": ("labels", "a label"),
    "effect": ("effects", "ALLOW, MASK or DENY: what became of --field or --label"),
    "policy": ("policies", "a policy that decided"),
    "source": ("sources", "a source that was asked"),
    "peer": ("peers", "another gateway, asked or asking"),
    "outcome": ("outcomes", "OK, PARTIAL, DENIED, REFUSED or FAILED"),
    "kind": ("kinds", f"a kind of entry: {', '.join(Kind)}"),
    "action": ("actions", "what an event tells of"),
}


_PERSON: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def moment(text: str) -> datetime:
    """A day or a moment as written, China time where no zone is named; argparse.ArgumentTypeError."""
    try:
        found = (
            datetime.combine(date.fromisoformat(text), time()) if len(text) <= 10 else datetime.fromisoformat(text)
        )
    except ValueError:
        raise argparse.ArgumentTypeError("a day such as 2026-11-01, or a moment such as 2026-11-01T08:00") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=CHINA)


def person(text: str) -> str:
    """A Person id or an audit token, never a document number; argparse.ArgumentTypeError."""
    if not _PERSON.fullmatch(text):
        raise argparse.ArgumentTypeError("a Person id or an audit token, as the graph and the console show them")
    return text


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """Options for every condition; each word's may be repeated, and any of its words will do."""
    group = parser.add_argument_group("conditions", "All must hold; of a repeated one, any will do.")
    for name, (into, told) in _WORDS.items():
        make = _MADE.get(name, str)
        group.add_argument(f"--{name}", dest=into, action="append", default=[], type=make, help=told)
    group.add_argument("--request", dest="request_id", help="a request's id")
    add_period(group)


_MADE: Final[dict[str, Callable[[str], str]]] = {"kind": Kind, "person": person}


def add_period(parser: argparse._ActionsContainer, *, required: bool = False) -> None:
    """The options --since and --until."""
    parser.add_argument("--since", type=moment, required=required, help="from this day or moment on, China time")
    parser.add_argument("--until", type=moment, help="before this day or moment, China time")


def conditions_of(chosen: argparse.Namespace) -> Conditions:
    """What was asked for."""
    words = {into: tuple(getattr(chosen, into)) for into, _ in _WORDS.values()}
    return Conditions(**words, request_id=chosen.request_id, since=chosen.since, until=chosen.until)
