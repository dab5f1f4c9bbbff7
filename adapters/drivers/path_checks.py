"""Paths of a manifest held to what a wire format can read, before anything is asked: each fault says where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from adapters.drivers.declared import paths_of
from adapters.drivers.wire import Wire
from adapters.manifest import Dataset, Endpoint, ErrorRule, ManifestError


class PathChecks:
    """Raises ManifestError for what cannot be meant. `source` is the source's id."""

    def __init__(self, source: str, wire: Wire) -> None:
        self._source = source
        self._wire = wire

    def endpoint(self, endpoint: Endpoint, where: str) -> None:
        """Where an endpoint's rows, owners, pages and envelope are."""
        self._check(f"{where}.rows", endpoint.rows, "rows")
        self._check(f"{where}.owner", endpoint.owner, "row")
        if endpoint.pages is not None:
            self._check(f"{where}.pages.next", endpoint.pages.next, "answer")
            self._check(f"{where}.pages.total", endpoint.pages.total, "answer")
        if endpoint.envelope is not None:
            self._check(f"{where}.envelope.data", endpoint.envelope.data, "answer")

    def rows(self, dataset: Dataset, where: str) -> None:
        """What is read of a dataset's rows."""
        for path in paths_of(dataset, dataset.fields):
            self._check(f"{where}: path {path}", path, "row")

    def errors(self, rules: Sequence[ErrorRule]) -> None:
        """By what an answer is known to be an error."""
        for index, rule in enumerate(rules):
            if rule.status is None and rule.path is None:
                raise ManifestError(f"{self._source}: errors.{index}: matches everything. Add `status` or `path`.")
            self._check(f"{self._source}: errors.{index}.path", rule.path, "answer")

    def _check(self, where: str, path: str | None, role: Literal["rows", "row", "answer"]) -> None:
        if path is None:
            return
        try:
            self._wire.check(path, role)
        except ValueError as err:
            raise ManifestError(f"{where}: {err}. Correct the path.") from err
