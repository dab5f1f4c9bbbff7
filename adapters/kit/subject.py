"""The adapter under test with what the checks need: calls, a seeded sample of people, and records read from them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.contract import Adapter, AdapterError, Call, Deadline, Key, KeyEntry, Record, Unsupported

PERSON = "PersonRecord"
MOST_PAGES = 500  # a longer key list is checked that far
ABSENT: Key = "0no-such-key0"


Found = Record | Sequence[Record] | AdapterError


class Failed(AssertionError):
    """The adapter breaks the contract. The text names entity and field, never a value or a key."""


class Skipped(Exception):
    """The check does not apply to what this adapter declares."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the kit asks: `known_keys` for a source that lists nobody."""

    seed: int = 20260701
    sample: int = 8
    seconds: float = 30.0
    purpose: str = "STATUTORY_QUERY"
    known_keys: Sequence[Key] = ()


@dataclass(slots=True)
class Subject:
    """One open adapter."""

    adapter: Adapter
    settings: Settings = field(default_factory=Settings)
    _people: Sequence[KeyEntry] | None = None

    def call(self, seconds: float | None = None) -> Call:
        """A call with a deadline of its own."""
        deadline = Deadline.after(self.settings.seconds if seconds is None else seconds)
        return Call("conformance-kit", "conformance-kit", "000000", self.settings.purpose, deadline)

    def random(self) -> random.Random:
        """The same sequence in every run with the same seed."""
        return random.Random(self.settings.seed)  # noqa: S311 sampling, not secrecy

    async def listed(self) -> Sequence[KeyEntry]:
        """The key list, walked page by page; Skipped where the source lists nobody and no key was given."""
        if self._people is None:
            try:
                self._people = [entry async for entry in self._walk()]
            except Unsupported as err:
                if not self.settings.known_keys:
                    raise Skipped(f"it lists nobody ({err.code}); give known_keys") from err
                self._people = [KeyEntry(key) for key in self.settings.known_keys]
        if not self._people:
            raise Failed("keys: the key list is empty, so nothing can be checked. Point the manifest at test data.")
        return self._people

    async def _walk(self) -> AsyncIterator[KeyEntry]:
        after = None
        for _ in range(MOST_PAGES):
            page = await self.adapter.keys(self.call(), after)
            for entry in page.entries:
                yield entry
            after = page.after
            if after is None:
                return

    async def people(self) -> list[Key]:
        """A seeded sample of person keys."""
        entries = await self.listed()
        keys = list(dict.fromkeys(entry.key for entry in entries))
        return self.random().sample(keys, min(self.settings.sample, len(keys)))

    def fields(self, entity: str) -> list[str]:
        """The declared fields, in a stable order."""
        return sorted(self.adapter.capabilities[entity].fields)

    async def records(
        self, entity: str, people: Sequence[Key], fields: Collection[str]
    ) -> Mapping[Key, Sequence[Record]]:
        """Records by person, by the read that the entity has."""
        read = self.adapter.fetch if entity == PERSON else self.adapter.related
        return self.by_person(entity, await read(entity, people, fields, self.call()))

    def by_person(self, entity: str, found: Mapping[Key, Found] | AdapterError) -> Mapping[Key, Sequence[Record]]:
        """What a read of one entity brought, where an error would be a failure."""
        if isinstance(found, AdapterError):
            raise Failed(f"{entity}: it gave {found.code} instead of records.")
        groups = {key: (one,) if isinstance(one, Record) else many(entity, one) for key, one in found.items()}
        return {key: tuple(whole(entity, record) for record in group) for key, group in groups.items()}

    def entities(self) -> Iterator[str]:
        """What the adapter declares."""
        yield from sorted(self.adapter.capabilities)


def whole(entity: str, found: Record | AdapterError) -> Record:
    """A record, where one key's error would be a failure."""
    if isinstance(found, AdapterError):
        raise Failed(f"{entity}: one key gave {found.code} instead of a record.")
    return found


def many(entity: str, found: Sequence[Record] | AdapterError) -> Sequence[Record]:
    """A group of records, where one key's error would be a failure."""
    if isinstance(found, AdapterError):
        raise Failed(f"{entity}: one person gave {found.code} instead of records.")
    return found


def expect(claim: bool, what: str) -> None:
    """Fail with a sentence that holds no value."""
    if not claim:
        raise Failed(what)
