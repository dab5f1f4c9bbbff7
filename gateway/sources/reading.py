"""What one round over the sources brings back: records per person and entity, and what went wrong where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.contract import Call, Compare, Health, Record
from adapters.manifest import Manifest
from gateway.audit.record import SourceOutcome

Holders = Mapping[str, Mapping[str, Sequence[str]]]  # token -> source id -> that source's keys
Needs = Mapping[str, Collection[str]]  # canonical entity -> canonical columns


@dataclass(frozen=True, slots=True)
class Problem:
    """One source that did not deliver: one error in the answer. No personal value."""

    source: str
    code: str  # an AdapterError code
    message: str
    entities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """token -> entity -> records of all sources."""

    records: Mapping[str, Mapping[str, Sequence[Record]]]
    problems: tuple[Problem, ...]
    outcomes: tuple[SourceOutcome, ...]

    def joined(self, other: Reading) -> Reading:
        """Both rounds as one; of a person read twice, all records."""
        if not self.outcomes:
            return other
        records = {token: dict(found) for token, found in self.records.items()}
        for token, found in other.records.items():
            kept = records.setdefault(token, {})
            for entity, rows in found.items():
                kept[entity] = (*kept.get(entity, ()), *rows)
        return Reading(records, (*self.problems, *other.problems), (*self.outcomes, *other.outcomes))


class Sources(Protocol):
    """All registered sources behind one call; see gateway/sources/fetch.py."""

    manifests: Mapping[str, Manifest]

    async def read(
        self,
        holders: Mapping[str, Mapping[str, Sequence[str]]],
        needs: Needs,
        call: Call,
        *,
        peers: bool = True,
    ) -> Reading:
        """All needed columns of all persons: `holders` is token -> source id -> keys. Never raises AdapterError.

        `peers=False` leaves other gateways out: a forwarded query is never forwarded again.
        """
        ...

    async def search(
        self, where: Sequence[Compare], call: Call, *, peers: bool = True
    ) -> tuple[Mapping[str, Sequence[str]], tuple[Problem, ...], tuple[SourceOutcome, ...]]:
        """PersonRecords that meet all conditions in some source: source id -> keys.

        Sources that lack one of the filters are left out.
        """
        ...

    async def health(self) -> Mapping[str, Health]:
        """How each source is doing."""
        ...

    async def aclose(self) -> None:
        """Close every adapter."""
        ...
