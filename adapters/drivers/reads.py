"""What reading some entities of some persons takes, and how the answers of several lists become one entity's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from adapters.contract import AdapterError, Key, Record
from adapters.drivers.joining import joined
from adapters.drivers.legs import Bundle, Leg, bundled
from adapters.drivers.wire import Wire

PERSON: Final = "PersonRecord"

Asked = tuple[Literal["fetch", "related"], str, frozenset[str]]  # how, which entity, which of its fields
Lists = Mapping[Key, Sequence[Record] | AdapterError]
Brought = Mapping[Key, Record | AdapterError] | Lists


@dataclass(frozen=True, slots=True)
class Part:
    """One entity: which answers it is made of, and which of their datasets say who is there."""

    role: Literal["fetch", "related"]
    places: tuple[tuple[int, int], ...]  # bundle, and leg within it
    listing: tuple[bool, ...]

    def put_together(self, answers: Sequence[Lists | AdapterError]) -> Brought | AdapterError:
        """The entity's records by key; an answer that failed fails the entity."""
        lists: list[Lists] = []
        for answer in answers:
            if isinstance(answer, AdapterError):
                return answer
            lists.append(answer)
        return self._persons(lists) if self.role == "fetch" else _related(lists)

    def _persons(self, lists: Sequence[Lists]) -> Mapping[Key, Record | AdapterError]:
        if len(lists) == 1:
            return {key: one if isinstance(one, AdapterError) else one[0] for key, one in lists[0].items()}
        found: dict[Key, Record | AdapterError] = {}
        for founds, answers in zip(self.listing, lists, strict=True):
            for key, answer in answers.items():
                known = found.get(key)
                if isinstance(known, Record) and not isinstance(answer, AdapterError):
                    found[key] = joined(known, answer[0])
                elif known is None and (founds or not any(self.listing)):
                    found[key] = answer if isinstance(answer, AdapterError) else answer[0]
        return found


def _related(lists: Sequence[Lists]) -> Lists:
    if len(lists) == 1:
        return lists[0]
    found: dict[Key, Sequence[Record] | AdapterError] = {}
    for answers in lists:
        for person, answer in answers.items():
            sofar = found.get(person, ())
            if isinstance(answer, AdapterError) or isinstance(sofar, AdapterError):
                found[person] = answer if isinstance(answer, AdapterError) else sofar
            else:
                found[person] = [*sofar, *answer]
    return found


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """The requests to send, and for each entity what it is made of."""

    bundles: tuple[Bundle, ...]
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, wire: Wire, asked: Sequence[Asked], legs: Sequence[Sequence[Leg]]) -> ReadPlan:
        """`legs` are the lists that make up each entity."""
        bundles = bundled(wire, [leg for several in legs for leg in several])
        places = {
            id(leg): (index, place) for index, bundle in enumerate(bundles) for place, leg in enumerate(bundle.legs)
        }
        parts = [
            Part(
                role,
                tuple(places[id(leg)] for leg in several),
                tuple(leg.dataset.keys is not None for leg in several),
            )
            for (role, _, _), several in zip(asked, legs, strict=True)
        ]
        return cls(tuple(bundles), tuple(parts))
