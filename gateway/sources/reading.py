"""What one round over the sources brings back: records per person and entity, and what went wrong where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Protocol

from adapters.contract import Call, Compare, Health, Key, Record
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
    """entity -> token -> records of all sources; whoever is not there has none."""

    records: Mapping[str, Mapping[str, Sequence[Record]]]
    problems: tuple[Problem, ...]
    outcomes: tuple[SourceOutcome, ...]

    def of(self, entity: str, tokens: Sequence[str]) -> list[Sequence[Record]]:
        """Each person's records of an entity, in the order of the tokens."""
        found: Mapping[str, Sequence[Record]] = self.records.get(entity, {})
        return list(map(found.get, tokens, repeat(())))

    def joined(self, other: Reading) -> Reading:
        """Both rounds as one; of a person read twice, all records."""
        if not self.outcomes and not self.records:
            return other
        records = {entity: dict(found) for entity, found in self.records.items()}
        for entity, found in other.records.items():
            kept = records.setdefault(entity, {})
            for token, rows in found.items():
                kept[token] = (*kept.get(token, ()), *rows)
        return Reading(records, (*self.problems, *other.problems), (*self.outcomes, *other.outcomes))


@dataclass(frozen=True, slots=True)
class Brought:
    """PersonRecords of one source that a search brought by the way: what reading exactly these columns would give."""

    fields: frozenset[str]
    records: Mapping[Key, tuple[Record, ...]]

    def joined(self, other: Brought) -> Brought:
        """What two searches brought; only what is of the same columns can be kept together."""
        return Brought(self.fields, {**self.records, **other.records}) if other.fields == self.fields else other


Known = Mapping[str, Brought]  # source id -> what it has already said of persons


@dataclass(frozen=True, slots=True)
class Matches:
    """What one search over the sources brings back: source id -> keys of the persons whom it names, and more."""

    keys: Mapping[str, Sequence[Key]]
    problems: tuple[Problem, ...] = ()
    outcomes: tuple[SourceOutcome, ...] = ()
    known: Known = field(default_factory=dict)

    def joined(self, other: Matches) -> Matches:
        """Both searches as one: whoever is named by either."""
        keys = {name: tuple(dict.fromkeys((*self.keys.get(name, ()), *found))) for name, found in other.keys.items()}
        known = {
            name: self.known[name].joined(brought) if name in self.known else brought
            for name, brought in other.known.items()
        }
        return Matches(
            {**self.keys, **keys},
            (*self.problems, *other.problems),
            (*self.outcomes, *other.outcomes),
            {**self.known, **known},
        )


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
        known: Known | None = None,
    ) -> Reading:
        """All needed columns of all persons: `holders` is token -> source id -> keys. Never raises AdapterError.

        `peers=False` leaves other gateways out: a forwarded query is never forwarded again. `known` is what a
        search of this same request has brought: of whom that is all that is needed, a source is not asked again.
        """
        ...

    async def search(
        self, where: Sequence[Compare], call: Call, *, peers: bool = True, fields: Collection[str] = ()
    ) -> Matches:
        """PersonRecords that meet all conditions in some source. Sources that lack one of the filters are left out.

        `fields` are columns of PersonRecord that the search may bring by the way, for `read` to take as known; they
        are not brought of more than a few hundred persons of one source.
        """
        ...

    async def health(self) -> Mapping[str, Health]:
        """How each source is doing."""
        ...

    async def aclose(self) -> None:
        """Close every adapter."""
        ...
