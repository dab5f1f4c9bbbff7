"""The seam between reading endpoints and a wire format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from adapters.contract import AdapterError
from adapters.drivers.http import Answer, Request
from adapters.drivers.template import Scope, Template
from adapters.manifest import Endpoint
from adapters.rows import Extract


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

    def reader(self, paths: Sequence[str]) -> Extract:
        """What gives the raw values at these paths of a row."""
        ...

    def find(self, document: object, path: str) -> object:
        """A value of the answer beside the rows: a business code, the next cursor, a total."""
        ...
