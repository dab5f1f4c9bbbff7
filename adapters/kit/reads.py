"""Checks of the key list, fetch and related: what a source says of people, and that it says the same each time."""

from __future__ import annotations

import asyncio
from datetime import date, datetime

from adapters.contract import Record, Unsupported, Value, reads_together
from adapters.kit.subject import ABSENT, MOST_PAGES, PERSON, Skipped, Subject, expect, many, whole
from schema.entities import ENTITIES, Column, Kind
from schema.enums import Quality

_TYPES: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.BOOLEAN: bool,
    Kind.DATE: date,
    Kind.DATETIME: datetime,
    Kind.ENUM: str,
    Kind.ID_NUMBER: str,
    Kind.CODE: str,
    Kind.TEXTS: tuple,
}


async def key_list_pages(subject: Subject) -> None:
    """The key list's pages are complete and name nobody twice, and a second walk gives the same people."""
    keys = [entry.key for entry in await subject.listed()]
    if subject.settings.known_keys and keys == list(subject.settings.known_keys):
        raise Skipped("it lists nobody")
    expect(len(keys) == len(set(keys)), "keys: a person is listed twice. Page by a key that is unique.")
    again = [entry.key for entry in await Subject(subject.adapter, subject.settings).listed()]
    expect(sorted(again) == sorted(keys), f"keys: two walks over at most {MOST_PAGES} pages list different people.")


async def listed_people_are_found(subject: Subject) -> None:
    """Whoever is listed can be fetched."""
    if PERSON not in subject.adapter.capabilities:
        raise Skipped(f"it has no {PERSON}")
    people = await subject.people()
    found = await subject.records(PERSON, people, subject.fields(PERSON)[:1])
    missing = len(set(people) - set(found))
    expect(not missing, f"{PERSON}: {missing} of {len(people)} listed people cannot be fetched by their key.")


async def absent_keys_are_absent(subject: Subject) -> None:
    """An unknown key is missing from the answer; it is no error and no empty record."""
    for entity in subject.entities():
        fields = subject.fields(entity)[:1]
        known = (await subject.people())[:1]
        found = await subject.records(entity, [ABSENT, *known], fields)
        expect(not found.get(ABSENT), f"{entity}: an unknown key has a record.")
        alone = await subject.records(entity, [ABSENT], fields)
        expect(not alone.get(ABSENT), f"{entity}: an unknown key alone has a record.")


async def values_are_what_was_asked(subject: Subject) -> None:
    """Record.values holds exactly the fields asked for, whichever they are, and flags speak of nothing else."""
    chance = subject.random()
    for entity in subject.entities():
        declared = subject.fields(entity)
        for size in {1, len(declared), chance.randint(1, len(declared))}:
            asked = chance.sample(declared, size)
            for record in await _all(subject, entity, asked):
                expect(set(record.values) == set(asked), f"{entity}: values are not exactly the fields asked for.")
                beside = {flag.field for flag in record.flags} - set(asked)
                expect(
                    not beside, f"{entity}: a flag speaks of {', '.join(sorted(beside))}, which was not asked for."
                )


async def types_agree(subject: Subject) -> None:
    """Each value has the type of its column's Kind, or is null."""
    for entity in subject.entities():
        columns = ENTITIES[entity].columns
        for record in await _all(subject, entity, subject.fields(entity)):
            for name, value in record.values.items():
                expect(_fits(columns[name], value), f"{entity}.{name}: a value is no {columns[name].kind.value}.")


async def current_codes_are_current(subject: Subject) -> None:
    """No record bears a retired region code in a field that is declared current."""
    declared = {entity: sorted(subject.adapter.capabilities[entity].current) for entity in subject.entities()}
    if not any(declared.values()):
        raise Skipped("no field's region codes are declared current")
    for entity, fields in declared.items():
        for record in await _all(subject, entity, fields) if fields else ():
            retired = {flag.field for flag in record.flags if flag.quality is Quality.RETIRED_CODE}
            expect(not retired, f"{entity}.{', '.join(sorted(retired))}: a code that is declared current is retired.")


async def origins_are_told(subject: Subject) -> None:
    """Every record says from which source, dataset and row it came and when it was read."""
    for entity in subject.entities():
        for record in await _all(subject, entity, subject.fields(entity)[:1]):
            origin = record.provenance
            expect(bool(origin.source and origin.dataset and origin.record), f"{entity}: an origin is incomplete.")
            own = origin.source == subject.adapter.id or origin.peer == subject.adapter.id
            expect(own, f"{entity}: an origin names neither this source nor it as the peer.")
            expect(origin.fetched_at.tzinfo is not None, f"{entity}: fetched_at has no time zone.")
            expect(origin.as_of is None or origin.as_of.tzinfo is not None, f"{entity}: as_of has no time zone.")


async def keys_are_stable(subject: Subject) -> None:
    """Two reads give the same records the same keys and values."""
    for entity in subject.entities():
        fields, people = subject.fields(entity), await subject.people()
        first = _plain(await subject.records(entity, people, fields))
        second = _plain(await subject.records(entity, people, fields))
        expect(first == second, f"{entity}: two reads of the same people differ.")


async def batch_equals_singles(subject: Subject) -> None:
    """Asking for many at once gives what asking one by one gives."""
    for entity in subject.entities():
        fields, people = subject.fields(entity), await subject.people()
        together = _plain(await subject.records(entity, people, fields))
        singly: dict[str, object] = {}
        for person in people:
            singly |= _plain(await subject.records(entity, [person], fields))
        expect(together == singly, f"{entity}: a batch differs from the same keys asked singly.")


async def order_is_irrelevant(subject: Subject) -> None:
    """The order of keys, and a key given twice, changes nothing."""
    for entity in subject.entities():
        fields, people = subject.fields(entity), await subject.people()
        straight = _plain(await subject.records(entity, people, fields))
        turned = _plain(await subject.records(entity, [*reversed(people), *people[:1]], fields[::-1]))
        expect(straight == turned, f"{entity}: the order of the keys changes the answer.")


async def together_equals_singles(subject: Subject) -> None:
    """Reading several entities at once gives what reading each alone gives, a key that nobody knows included."""
    adapter = subject.adapter
    if not reads_together(adapter):
        raise Skipped("it reads entities one by one")
    people, chance = [*await subject.people(), ABSENT], subject.random()
    declared = {entity: subject.fields(entity) for entity in subject.entities()}
    some = {entity: chance.sample(fields, chance.randint(1, len(fields))) for entity, fields in declared.items()}
    for wanted in (declared, some):
        found = await adapter.read_together(wanted, people, subject.call())
        expect(set(found) == set(wanted), "several entities at once: one is missing, or one was not asked for.")
        for entity, fields in wanted.items():
            together = _plain(subject.by_person(entity, found[entity]))
            alone = _plain(await subject.records(entity, people, fields))
            expect(together == alone, f"{entity}: read with others it differs from what it is alone.")


async def related_groups_by_person(subject: Subject) -> None:
    """Each related record stands under the person whom it concerns, and can be fetched by its own key if at all."""
    others = [entity for entity in subject.entities() if entity != PERSON]
    if not others:
        raise Skipped(f"it has nothing but {PERSON}")
    for entity in others:
        fields = subject.fields(entity)
        groups = await subject.adapter.related(entity, await subject.people(), fields, subject.call())
        records = [(person, record) for person, group in groups.items() for record in many(entity, group)]
        for person, record in records:
            expect(record.person == person, f"{entity}: a record stands under another person than its own.")
            expect(bool(record.key), f"{entity}: a record has no key.")
        await _refetched(subject, entity, [record for _, record in records], fields)


async def concurrent_reads_agree(subject: Subject) -> None:
    """Many calls at once give what one call gives, with nobody's answer in another's."""
    people = await subject.people()
    for entity in subject.entities():
        fields = subject.fields(entity)
        alone = _plain(await subject.records(entity, people, fields))
        tasks = [subject.records(entity, [person], fields) for person in people * 3]
        for answer, person in zip(await asyncio.gather(*tasks), people * 3, strict=True):
            expect(set(answer) <= {person}, f"{entity}: a concurrent answer holds somebody else.")
            expect(_plain(answer).get(person) == alone.get(person), f"{entity}: a concurrent answer differs.")


async def _refetched(subject: Subject, entity: str, records: list[Record], fields: list[str]) -> None:
    try:
        found = await subject.adapter.fetch(entity, [record.key for record in records], fields, subject.call())
    except Unsupported:
        return  # a list that can only be asked by person
    for record in records:
        again = found.get(record.key)
        expect(again is not None, f"{entity}: a related record cannot be fetched by its own key.")
        expect(again is None or whole(entity, again).key == record.key, f"{entity}: a key fetches another record.")


async def _all(subject: Subject, entity: str, fields: list[str]) -> list[Record]:
    groups = await subject.records(entity, await subject.people(), fields)
    return [record for group in groups.values() for record in group]


def _plain(groups: object) -> dict[str, object]:
    """What two reads must agree on: everything but when they were read."""
    assert isinstance(groups, dict)  # noqa: S101 narrows what Subject.records returns
    return {
        person: sorted(
            (record.key, record.person, sorted(record.values.items()), sorted(map(str, record.flags)))
            for record in group
        )
        for person, group in groups.items()
        if group
    }


def _fits(column: Column, value: Value) -> bool:
    if value is None:
        return True
    if type(value) is not _TYPES[column.kind]:
        return False
    if column.enum is not None:
        return value in column.enum.__members__
    if column.kind is Kind.ID_NUMBER:
        return isinstance(value, str) and len(value) == 18 and value == value.upper()
    if column.kind is Kind.DATETIME:
        return isinstance(value, datetime) and value.tzinfo is not None
    return not isinstance(value, tuple) or all(isinstance(part, str) for part in value)
