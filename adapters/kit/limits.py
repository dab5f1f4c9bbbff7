"""Checks of search and of the limits: nothing beyond the declaration or the deadline, no value in any text."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from adapters.contract import (
    AdapterError,
    Compare,
    Invalid,
    Key,
    Op,
    Record,
    Search,
    Unavailable,
    Unsupported,
    Value,
    reads_together,
)
from adapters.kit.subject import ABSENT, PERSON, Failed, Skipped, Subject, expect
from adapters.matching import meets
from schema.entities import ENTITIES

_NO_FIELD = "noSuchField"


async def beyond_the_declaration_is_unsupported(subject: Subject) -> None:
    """An entity, field or filter that is not declared is Unsupported."""
    adapter, call = subject.adapter, subject.call()
    undeclared = next((name for name in ENTITIES if name not in adapter.capabilities), "NoSuchEntity")
    await _refused(adapter.fetch(undeclared, [ABSENT], [], call), f"the undeclared entity {undeclared}")
    for entity, capability in adapter.capabilities.items():
        await _refused(_fetch(subject, entity, [_NO_FIELD]), f"{entity}: an undeclared field")
        for field in sorted(capability.fields):
            for op in set(Op) - capability.filters.get(field, frozenset()):
                query = Search((Compare(field, op, "x"),), [field], 1)
                await _refused(adapter.search(entity, query, call), f"{entity}.{field}: the filter {op.value}")


async def a_passed_deadline_is_unavailable(subject: Subject) -> None:
    """With no time left nothing is sent and the answer is Unavailable."""
    people = await subject.people()
    for entity in subject.entities():
        fields = subject.fields(entity)
        read = subject.adapter.fetch if entity == PERSON else subject.adapter.related
        late = subject.call(seconds=-1)
        try:
            found = await read(entity, people, fields, late)
        except Unavailable:
            continue
        late_errors = [isinstance(value, Unavailable) for value in found.values()]
        expect(bool(late_errors) and all(late_errors), f"{entity}: a passed deadline did not give Unavailable.")
    await _together_too_late(subject, people)


async def _together_too_late(subject: Subject, people: Sequence[Key]) -> None:
    adapter = subject.adapter
    if not reads_together(adapter):
        return
    wanted = {entity: subject.fields(entity) for entity in subject.entities()}
    try:
        late = await adapter.read_together(wanted, people, subject.call(seconds=-1))
    except Unavailable:
        return
    for entity in wanted:
        expect(isinstance(late.get(entity), Unavailable), f"{entity}: read with others, it outlived its deadline.")


async def searches_satisfy_their_filters(subject: Subject) -> None:
    """What a search finds meets the filter, and a search by a known record's value finds that record."""
    tried = 0
    for entity, field, op in _filters(subject):
        for record in await _some(subject, entity, field):
            compare = Compare(field, op, _operand(op, record.values[field]))
            found = await _found(subject, entity, compare, [field], 50)
            wrong = sum(1 for one in found if not meets(compare, one.values[field]))
            expect(not wrong, f"{entity}.{field} {op.value}: {wrong} of {len(found)} found records do not meet it.")
            if meets(compare, record.values[field]):
                here = any(one.key == record.key for one in found)
                expect(here, f"{entity}.{field} {op.value}: a record that meets it was not found.")
            tried += 1
    if not tried:
        raise Skipped("it declares no filter, or the sample has no value to filter by")


async def search_brings_what_reading_brings(subject: Subject) -> None:
    """A person that a search finds has the values that reading by key gives: the gateway reads nobody twice."""
    tried = 0
    for _, field, op in (one for one in _filters(subject) if one[0] == PERSON):
        fields = subject.fields(PERSON)
        for record in (await _some(subject, PERSON, field))[:1]:
            compare = Compare(field, op, _operand(op, record.values[field]))
            found = (await _found(subject, PERSON, compare, fields, 50))[:50]
            read = await subject.adapter.fetch(PERSON, [one.key for one in found], fields, subject.call())
            other = sorted(
                {
                    name
                    for one in found
                    if isinstance(same := read.get(one.key), Record)
                    for name in fields
                    if one.values[name] != same.values[name]
                }
            )
            expect(not other, f"{field} {op.value}: a search gives other values of {', '.join(other)} than reading.")
            tried += 1
    if not tried:
        raise Skipped("it declares no filter of persons, or the sample has no value to filter by")


async def search_pages_do_not_repeat(subject: Subject) -> None:
    """Small pages together give what large ones give, each record once."""
    tried = 0
    for entity, field, op in _filters(subject):
        for record in (await _some(subject, entity, field))[:1]:
            compare = Compare(field, op, _operand(op, record.values[field]))
            large = [one.key for one in await _found(subject, entity, compare, [field], 50)]
            small = [one.key for one in await _found(subject, entity, compare, [field], 2)]
            expect(len(small) == len(set(small)), f"{entity}.{field} {op.value}: pages repeat a record.")
            expect(
                sorted(small) == sorted(large), f"{entity}.{field} {op.value}: the page size changes what is found."
            )
            tried += 1
    if not tried:
        raise Skipped("it declares no filter, or the sample has no value to filter by")


async def a_foreign_cursor_is_invalid(subject: Subject) -> None:
    """A cursor that the adapter did not mint is Invalid."""
    try:
        await subject.adapter.keys(subject.call(), "not-a-cursor")
    except Invalid:
        return
    except Unsupported as err:
        raise Skipped("it lists nobody") from err
    raise Failed("keys: a made-up cursor was accepted. Raise Invalid.")


async def health_is_impersonal(subject: Subject) -> None:
    """The source says that it is well, and names nobody in doing so."""
    health = await subject.adapter.health()
    expect(health.ok, "health: the source does not answer.")
    _impersonal(health.detail, await _secrets(subject), "health")


async def errors_are_impersonal(subject: Subject) -> None:
    """No error text holds a key, a name or a number, whatever went wrong."""
    secrets = await _secrets(subject)
    people = await subject.people()
    adapter, secret = subject.adapter, secrets[0] if secrets else ABSENT
    for entity in subject.entities():
        fields = subject.fields(entity)
        by_name = Search((Compare(_NO_FIELD, Op.EQ, secret),), fields, 1)
        for wrong in (
            adapter.fetch(entity, people, [_NO_FIELD], subject.call()),
            adapter.related(entity, people, fields, subject.call(seconds=-1)),
            adapter.search(entity, by_name, subject.call()),
            adapter.keys(subject.call(), secret),
        ):
            _impersonal(await _error_text(wrong), secrets, entity)


def _filters(subject: Subject) -> list[tuple[str, str, Op]]:
    return [
        (entity, field, op)
        for entity, capability in sorted(subject.adapter.capabilities.items())
        for field, operators in sorted(capability.filters.items())
        for op in sorted(operators)
    ]


async def _some(subject: Subject, entity: str, field: str) -> list[Record]:
    """Up to three records with a value in the field."""
    groups = await subject.records(entity, await subject.people(), [field])
    found = [record for group in groups.values() for record in group if record.values[field] is not None]
    return found[:3]


async def _found(subject: Subject, entity: str, compare: Compare, fields: list[str], size: int) -> list[Record]:
    found: list[Record] = []
    after = None
    while True:
        page = await subject.adapter.search(entity, Search((compare,), fields, size, after), subject.call())
        found += page.records
        after = page.after
        if after is None or len(found) > 10_000:
            return found


def _operand(op: Op, value: Value) -> object:
    if op is Op.IN:
        return (value,)
    if op is Op.PREFIX:
        return str(value)[:2]
    return f"{str(value)[:4]:0<6}" if op is Op.UNDER else value


async def _fetch(subject: Subject, entity: str, fields: list[str]) -> object:
    read = subject.adapter.fetch if entity == PERSON else subject.adapter.related
    return await read(entity, [ABSENT], fields, subject.call())


async def _refused(asked: Awaitable[object], what: str) -> None:
    try:
        await asked
    except Unsupported:
        return
    except AdapterError as err:
        raise Failed(f"{what} gave {err.code} instead of UNSUPPORTED.") from None
    raise Failed(f"{what} was answered instead of UNSUPPORTED.")


async def _error_text(asked: Awaitable[object]) -> str:
    try:
        await asked
    except AdapterError as err:
        return f"{err!s} {err!r}"
    return ""


async def _secrets(subject: Subject) -> list[str]:
    """Keys, numbers and names of the sample, as far as they are long enough to be recognised."""
    people = await subject.people()
    numbers = [number for entry in await subject.listed() if entry.key in people for number in entry.id_numbers]
    names: list[str] = []
    if "name" in (subject.adapter.capabilities[PERSON].fields if PERSON in subject.adapter.capabilities else ()):
        groups = await subject.records(PERSON, people, ["name"])
        names = [str(record.values["name"]) for group in groups.values() for record in group if record.values["name"]]
    return [secret for secret in (*names, *numbers, *people) if len(secret) > 1]


def _impersonal(text: str, secrets: list[str], where: str) -> None:
    expect(not any(secret in text for secret in secrets), f"{where}: a text shows a key, a name or a number.")
