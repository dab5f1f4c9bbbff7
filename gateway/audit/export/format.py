"""What can be exported and how: the formats, and one request for an export."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gateway.audit.search import Conditions, Entry

Token = Callable[[str], str]  # a Person id -> the audit token under which it is written


class Format(StrEnum):
    """Of the file that is written."""

    CSV = "csv"
    JSONL = "jsonl"
    FHIR = "fhir"
    SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class Request:
    """Which entries, in which format, asked for by whom."""

    format: Format
    subject: str
    conditions: Conditions = field(default_factory=Conditions)
    agency: str = ""
    agency_name: str = ""
    roles: tuple[str, ...] = ()
    request_id: str = ""
    person_ids: bool = False  # Person ids as the graph knows them, instead of audit tokens


class Lines(Protocol):
    """A format that is text: a head, then some bytes for each entry. Nothing is kept from one entry to the next."""

    def head(self) -> bytes:
        """What stands before the first entry."""
        ...

    def lines(self, entries: Iterable[Entry]) -> bytes:
        """These entries, in order."""
        ...
