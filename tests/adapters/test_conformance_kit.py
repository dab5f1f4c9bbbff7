"""The kit itself: our SQL driver passes it, and each breach of the contract is caught by the check meant for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.contract import (
    AdapterError,
    Call,
    Health,
    Invalid,
    Key,
    KeySlice,
    Record,
    Search,
    Slice,
    Unavailable,
    reads_together,
)
from adapters.drivers.sql import SqlAdapter
from adapters.kit.conformance import CHECKS, Verdict, check, check_all
from adapters.kit.pytest import conformance_of
from tests.adapters.police_tables import ID_A, manifest

PERSON = "PersonRecord"
CURRENT = "current-codes-are-current"  # for those that declare it of a field
TOGETHER = "together-equals-singles"  # for adapters that read entities together


@pytest.mark.parametrize("name", list(CHECKS))
async def test_the_sql_driver_conforms(police: SqlAdapter, name: str) -> None:
    finding = await check(name, police)
    assert finding.verdict is (Verdict.SKIPPED if name in (CURRENT, TOGETHER) else Verdict.PASSED), finding


class Broken:
    """An adapter that conforms except where a test breaks it."""

    def __init__(self, sound: SqlAdapter) -> None:
        self._sound = sound
        self.id, self.version, self.contract = sound.id, sound.version, sound.contract
        self.capabilities = sound.capabilities

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sound, name)


class RepeatsKeys(Broken):
    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        page = await self._sound.keys(call, after)
        return dataclasses.replace(page, entries=[*page.entries, *page.entries[:1]])


class AcceptsAnyCursor(Broken):
    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        try:
            return await self._sound.keys(call, after)
        except Invalid:
            return KeySlice(())


class GivesAllFields(Broken):
    async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        return await self._sound.fetch(entity, keys, self.capabilities[entity].fields | set(fields), call)


class Changed(Broken):
    """Changes every record that is fetched."""

    def change(self, record: Record, together: bool) -> Record:
        return record

    async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        found = await self._sound.fetch(entity, keys, fields, call)
        return {
            key: self.change(record, len(keys) > 1) if isinstance(record, Record) else record
            for key, record in found.items()
        }


class GivesText(Changed):
    def change(self, record: Record, together: bool) -> Record:
        return replace(record, values={name: str(value) for name, value in record.values.items()})


class DiffersInBatches(Changed):
    def change(self, record: Record, together: bool) -> Record:
        values = {name: None if together else value for name, value in record.values.items()}
        return replace(record, values=values)


class HidesItsOrigin(Changed):
    def change(self, record: Record, together: bool) -> Record:
        return replace(record, provenance=replace(record.provenance, record=""))


class InventsRecords(Changed):
    async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        found = dict(await self._sound.fetch(entity, keys, fields, call))
        known = next(iter((await self._sound.fetch(entity, ["A1"], fields, call)).values()), None)
        return {key: found.get(key, known) for key in keys}


class MixesPeople(Broken):
    async def related(self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        found = await self._sound.related(entity, people, fields, call)
        everything = [record for group in found.values() if not isinstance(group, AdapterError) for record in group]
        return dict.fromkeys(people, everything)


class IgnoresTheDeadline(Broken):
    async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        try:
            return await self._sound.fetch(entity, keys, fields, call)
        except Unavailable:
            return {}


class DeclaresItsCodesCurrent(Broken):
    """Of which some have been retired."""

    def __init__(self, sound: SqlAdapter) -> None:
        super().__init__(sound)
        declared = dataclasses.replace(sound.capabilities[PERSON], current=frozenset({"domicileCode"}))
        self.capabilities = {**sound.capabilities, PERSON: declared}


class FindsEverything(Broken):
    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        await self._sound.search(entity, query, call)
        found = await self._sound.fetch(entity, ["A1", "A2", "A3", "A6"], query.fields, call)
        return Slice([record for record in found.values() if isinstance(record, Record)])


class FindsShortRows(Broken):
    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        page = await self._sound.search(entity, query, call)
        asked = {compare.field for compare in query.where}
        short = [
            replace(record, values={name: value if name in asked else None for name, value in record.values.items()})
            for record in page.records
        ]
        return dataclasses.replace(page, records=short)


class SearchesUndeclaredFilters(Broken):
    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        return Slice(())


class NamesPeopleInErrors(Broken):
    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        try:
            return await self._sound.keys(call, after)
        except Invalid as err:
            raise Invalid(f"no cursor: {after}") from err


class NamesPeopleInHealth(Broken):
    async def health(self) -> Health:
        return Health(ok=True, detail=f"last read {ID_A}")


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (RepeatsKeys, "key-list-pages"),
        (AcceptsAnyCursor, "a-foreign-cursor-is-invalid"),
        (GivesAllFields, "values-are-what-was-asked"),
        (GivesText, "types-agree"),
        (DeclaresItsCodesCurrent, "current-codes-are-current"),
        (DiffersInBatches, "batch-equals-singles"),
        (HidesItsOrigin, "origins-are-told"),
        (InventsRecords, "absent-keys-are-absent"),
        (MixesPeople, "related-groups-by-person"),
        (IgnoresTheDeadline, "a-passed-deadline-is-unavailable"),
        (FindsEverything, "searches-satisfy-their-filters"),
        (FindsShortRows, "search-brings-what-reading-brings"),
        (SearchesUndeclaredFilters, "beyond-the-declaration-is-unsupported"),
        (NamesPeopleInErrors, "errors-are-impersonal"),
        (NamesPeopleInHealth, "health-is-impersonal"),
    ],
)
async def test_each_breach_is_caught(
    lite_police: SqlAdapter, broken: Callable[[SqlAdapter], Any], caught_by: str
) -> None:
    finding = await check(caught_by, broken(lite_police))
    assert finding.verdict is Verdict.FAILED, finding
    assert ID_A not in finding.detail


async def test_a_gap_is_data_with_a_reason(lite_police: SqlAdapter) -> None:
    gaps: Mapping[str, str] = {"key-list-pages": "never: the agency repeats people"}
    assert (await check("key-list-pages", RepeatsKeys(lite_police), gaps=gaps)).verdict is Verdict.GAP
    assert (await check("key-list-pages", lite_police, gaps=gaps)).verdict is Verdict.CLOSED


async def test_all_checks_run_in_one_go(lite_police: SqlAdapter) -> None:
    findings = await check_all(lite_police)
    assert [finding.check for finding in findings if finding.verdict is not Verdict.PASSED] == [CURRENT, TOGETHER]


class Together(Broken):
    """Reads entities together by reading each."""

    reads_together = True

    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> dict[str, Any]:
        return {entity: await self.one(entity, people, fields, call) for entity, fields in wanted.items()}

    async def one(self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        read = self._sound.fetch if entity == PERSON else self._sound.related
        try:
            return await read(entity, people, fields, call)
        except AdapterError as err:
            return err

    async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        return await self._sound.fetch(entity, keys, fields, call)

    async def related(self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call) -> Any:
        return await self._sound.related(entity, people, fields, call)


class LosesPeople(Together):
    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> dict[str, Any]:
        return await super().read_together(wanted, people[:1], call)


class LosesAnEntity(Together):
    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> dict[str, Any]:
        return dict(list((await super().read_together(wanted, people, call)).items())[1:])


class OutlivesItsDeadline(Together):
    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> dict[str, Any]:
        return {entity: {} for entity in wanted}


async def test_an_adapter_that_reads_together_conforms(lite_police: SqlAdapter) -> None:
    adapter: Any = Together(lite_police)
    findings = await check_all(adapter)
    assert [finding.check for finding in findings if finding.verdict is not Verdict.PASSED] == [CURRENT]


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (LosesPeople, TOGETHER),
        (LosesAnEntity, TOGETHER),
        (OutlivesItsDeadline, "a-passed-deadline-is-unavailable"),
    ],
)
async def test_each_breach_of_reading_together_is_caught(
    lite_police: SqlAdapter, broken: Callable[[SqlAdapter], Any], caught_by: str
) -> None:
    finding = await check(caught_by, broken(lite_police))
    assert finding.verdict is Verdict.FAILED, finding


def test_a_class_that_overrides_a_read_has_to_say_anew_that_it_reads_together(lite_police: SqlAdapter) -> None:
    class Overrides(Together):
        async def fetch(self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> Any:
            return {}

    class OverridesBoth(Overrides):
        async def read_together(
            self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
        ) -> dict[str, Any]:
            return {}

    class SaysNothing(Together):
        reads_together = False

    assert [reads_together(made(lite_police)) for made in (Together, LosesPeople, Overrides, OverridesBoth)] == [
        True,
        True,
        False,
        True,
    ]
    assert not reads_together(SaysNothing(lite_police))
    assert not reads_together(lite_police)


def test_a_gap_for_an_unknown_check_is_refused() -> None:
    with pytest.raises(ValueError, match="key-list-pages"):
        conformance_of(lambda: SqlAdapter(manifest("sqlite+aiosqlite:///x.db")), gaps={"key-pages": "typo"})
