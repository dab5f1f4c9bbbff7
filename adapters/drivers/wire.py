"""The seam between reading endpoints and a wire format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from adapters.contract import AdapterError
from adapters.drivers.http import Answer, Request
from adapters.drivers.template import Scope, Template
from adapters.manifest import Endpoint
from adapters.rows import Raws

Sought = Callable[[Sequence[object]], Sequence[Raws]]
"""Gives the raw values at some paths of every row, from the rows of a document, all of which are rows."""

AtOnce = Callable[[Answer], Sequence[Sequence[Raws]] | None]
"""Gives the raw values for each of several endpoints straight from an answer of status 2xx that stands for itself: no
page of several, no envelope. None where that answer has to be parsed like any other."""


class Wire(Protocol):
    """What JSON and XML do differently. A document, payload or row is opaque to everybody else."""

    body_only: bool  # whether search parameters always travel in the body

    def check(self, path: str, role: Literal["rows", "row", "answer"]) -> None:
        """Compile a path; ValueError says what is wrong with it."""
        ...

    def request(self, template: Template, scope: Scope) -> Request:
        """The request that asks for `scope`."""
        ...

    def parse(self, answer: Answer) -> object:
        """The document that was answered, or Malformed."""
        ...

    def fault(self, document: object) -> AdapterError | None:
        """The failure that the format itself can express."""
        ...

    def payload(self, document: object, endpoint: Endpoint) -> object:
        """What the endpoint's envelope wraps; None for nothing."""
        ...

    def rows(self, payload: object, path: str) -> Sequence[object]:
        """The rows within the payload."""
        ...

    def fingerprint(self, rows: Sequence[object]) -> str:
        """A short text that differs between pages of different rows."""
        ...

    def is_row(self, row: object) -> bool:
        """Whether a row has fields at all."""
        ...

    def sought(self, paths: Sequence[str]) -> Sought:
        """What reads the raw values at these paths of rows."""
        ...

    def at_once(self, places: Sequence[tuple[Endpoint, Sequence[str]]]) -> AtOnce | None:
        """The same straight from an answer, for endpoints whose requests are one; None where there is no way."""
        ...

    def find(self, document: object, path: str) -> object:
        """A value of the answer beside the rows: a business code, the next cursor, a total."""
        ...
