"""The SQL driver over three databases: dirty rows, batches, joins, filters, pages and what it refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from adapters.contract import (
    Adapter,
    Call,
    Compare,
    Deadline,
    Flag,
    Invalid,
    Malformed,
    Op,
    Record,
    Search,
    Unavailable,
    Unsupported,
)
from adapters.drivers import open_adapter
from adapters.drivers.sql import SqlAdapter
from schema.enums import Quality
from tests.adapters.police_tables import ENTITIES, ID_A, ID_B, execute, manifest

PERSON = "PersonRecord"


async def record(adapter: Adapter, key: str, call: Call, *fields: str) -> Record:
    found = (await adapter.fetch(PERSON, [key], fields, call))[key]
    assert isinstance(found, Record)
    return found


async def found_keys(adapter: Adapter, entity: str, call: Call, *where: Compare) -> list[str]:
    keys: list[str] = []
    after = None
    while True:
        page = await adapter.search(entity, Search(where, ["name"] if entity == PERSON else [], 50, after), call)
        keys += [one.key for one in page.records]
        after = page.after
        if after is None:
            return keys


async def test_it_is_an_adapter(police: SqlAdapter) -> None:
    assert isinstance(police, Adapter)
    assert isinstance(open_adapter(manifest("sqlite+aiosqlite:///nowhere.db")), SqlAdapter)


async def test_a_row_becomes_a_record_with_its_origin(police: SqlAdapter, call: Call) -> None:
    found = await record(police, "A1", call, "name", "sex", "birthDate", "substances", "registeredOn")
    assert found.values == {
        "name": "张三",
        "sex": "MALE",
        "birthDate": date(1980, 1, 1),
        "substances": ("海洛因", "冰毒"),
        "registeredOn": date(2020, 1, 2),
    }
    assert (found.key, found.person, found.flags) == ("A1", "A1", ())
    assert (found.provenance.source, found.provenance.record) == ("js-police-test", "A1")
    assert found.provenance.as_of is not None
    assert found.provenance.as_of.year == 2024


async def test_dirt_is_flagged_and_the_row_kept(police: SqlAdapter, call: Call) -> None:
    fields = ("name", "idNumber", "sex", "domicileCode", "registeredOn")
    found = await record(police, "A2", call, *fields)
    assert found.values["name"] == "阿依古丽·买买提"
    assert str(found.values["idNumber"]).startswith("32990119750101123")
    assert found.values["sex"] is None
    assert set(found.flags) == {
        Flag("name", Quality.NORMALISED),
        Flag("idNumber", Quality.UPGRADED_FROM_15),
        Flag("sex", Quality.UNMAPPED_CODE),
        Flag("domicileCode", Quality.RETIRED_CODE),
        Flag("registeredOn", Quality.OPEN_ENDED),
    }
    other = await record(police, "A3", call, "idNumber", "birthDate", "substances", "registeredOn")
    assert {flag.quality for flag in other.flags} >= {Quality.FUTURE_DATE, Quality.MALFORMED, Quality.NORMALISED}
    assert (other.values["substances"], other.values["registeredOn"]) == (None, None)


async def test_deleted_invalid_and_unknown_rows_are_absent(police: SqlAdapter, call: Call) -> None:
    found = await police.fetch(PERSON, ["A4", "A5", "ZZ", "A6", "a1", "A1 "], ["name"], call)
    assert set(found) == {"A6"}


async def test_columns_of_two_tables_make_one_record(police: SqlAdapter, call: Call) -> None:
    found = await record(police, "A1", call, "name", "phones")
    assert found.values == {"name": "张三", "phones": ("13900000001", "13900000002")}
    assert found.provenance.dataset == "T_RY+T_LXFS"
    lone = await record(police, "B9", call, "name", "residenceAddress")
    assert lone.values == {"name": None, "residenceAddress": "只在此表"}
    assert lone.flags == (Flag("name", Quality.MISSING),)


async def test_related_records_are_grouped_by_person(police: SqlAdapter, call: Call) -> None:
    found = await police.related("Decision", ["A2", "A1", "nobody"], ["number", "termMonths", "endsOn"], call)
    assert {person: [one.key for one in records] for person, records in found.items()} == {
        "A1": ["10", "2"],
        "A2": ["11"],
    }
    assert [one.values["termMonths"] for one in found["A1"]] == [36, 24]
    assert found["A2"][0].flags == (Flag("termMonths", Quality.MALFORMED),)


async def test_a_row_without_a_key_is_dropped_and_counted(police: SqlAdapter, call: Call) -> None:
    await police.related("Decision", ["A2"], ["number"], call)
    assert police.dropped == {"T_JDS": 1}


async def test_a_join_finds_the_person_by_another_column(police: SqlAdapter, call: Call) -> None:
    found = await police.related("Measure", ["A1", "A2"], ["reportedOn", "decisionNumber", "kind"], call)
    assert list(found) == ["A1"]
    assert [one.values for one in found["A1"]] == [
        {"reportedOn": date(2026, 1, 10), "decisionNumber": "苏公社康字2号", "kind": "COMMUNITY_RECOVERY"}
    ]
    assert found["A1"][0].person == "A1"


async def test_records_are_fetched_by_their_own_numeric_keys(police: SqlAdapter, call: Call) -> None:
    found = await police.fetch("Decision", ["10", "2", "010", "abc", "9" * 60], ["number"], call)
    assert sorted(found) == ["10", "2"]
    assert {one.person for one in found.values() if isinstance(one, Record)} == {"A1"}


async def test_the_key_list_holds_everybody_once(police: SqlAdapter, call: Call) -> None:
    entries, after = [], None
    while True:
        page = await police.keys(call, after)
        entries += page.entries
        after = page.after
        if after is None:
            break
    assert sorted(entry.key for entry in entries) == ["A1", "A2", "A3", "A6", "B9", "O'Brien; --"]
    numbers = {entry.key: entry.id_numbers for entry in entries}
    assert numbers["A1"] == (ID_A,)
    assert numbers["A3"] == ("32990119900202102X",)
    assert numbers["A6"] == ()


@pytest.mark.parametrize(
    ("compare", "keys"),
    [
        (Compare("name", Op.EQ, "张三"), ["A1"]),
        (Compare("name", Op.EQ, "阿依古丽·买买提"), ["A2"]),
        (Compare("name", Op.PREFIX, "阿"), ["A2"]),
        (Compare("name", Op.PREFIX, "%"), []),
        (Compare("idNumber", Op.EQ, "329901197501011236"), []),
        (Compare("idNumber", Op.IN, ("32990119900202102X", ID_A)), ["A1", "A3"]),
        (Compare("sex", Op.EQ, "FEMALE"), []),
        (Compare("birthDate", Op.EQ, date(1980, 1, 1)), ["A1", "A2", "O'Brien; --"]),
        (Compare("birthDate", Op.GT, date(1980, 1, 1)), ["A3"]),
        (Compare("birthDate", Op.LT, date(1980, 1, 1)), []),
        (Compare("domicileCode", Op.UNDER, "320100"), ["A1", "A2", "A3", "A6", "O'Brien; --"]),
        (Compare("domicileCode", Op.UNDER, "320106"), ["A1", "A3", "A6", "O'Brien; --"]),
        (Compare("domicileCode", Op.UNDER, "330000"), []),
        (Compare("registeredOn", Op.EQ, date(2020, 1, 2)), ["A1", "A6", "O'Brien; --"]),
        (Compare("residenceAddress", Op.PREFIX, "100%_真!"), ["A3"]),
        (Compare("residenceAddress", Op.PREFIX, "1__"), []),
    ],
)
async def test_filters_find_exactly_what_they_say(
    police: SqlAdapter, call: Call, compare: Compare, keys: list[str]
) -> None:
    assert sorted(await found_keys(police, PERSON, call, compare)) == keys


async def test_a_fifteen_digit_number_is_found_by_its_eighteen(police: SqlAdapter, call: Call) -> None:
    number = (await record(police, "A2", call, "idNumber")).values["idNumber"]
    assert await found_keys(police, PERSON, call, Compare("idNumber", Op.EQ, number)) == ["A2"]
    assert number != ID_B


async def test_dates_in_text_columns_compare_by_day(police: SqlAdapter, call: Call) -> None:
    assert await found_keys(police, "Decision", call, Compare("startsOn", Op.GT, date(2024, 1, 1))) == ["10"]
    assert await found_keys(police, "Decision", call, Compare("startsOn", Op.LT, date(2025, 1, 1))) == ["2"]
    assert await found_keys(police, "Decision", call, Compare("startsOn", Op.EQ, date(2026, 1, 1))) == ["10"]
    assert await found_keys(police, "Decision", call, Compare("decidedOn", Op.EQ, date(2023, 12, 31))) == ["2"]


async def test_an_older_row_of_a_key_is_not_found_by(police: SqlAdapter, call: Call) -> None:
    assert await found_keys(police, PERSON, call, Compare("name", Op.EQ, "张三旧")) == []


async def test_conditions_hold_together(police: SqlAdapter, call: Call) -> None:
    both = (Compare("sex", Op.EQ, "MALE"), Compare("birthDate", Op.GT, date(1990, 1, 1)))
    assert await found_keys(police, PERSON, call, *both) == ["A3"]


async def test_a_search_gives_only_the_fields_asked_and_completes_them(police: SqlAdapter, call: Call) -> None:
    query = Search((Compare("name", Op.EQ, "张三"),), ["phones"], 5)
    (found,) = (await police.search(PERSON, query, call)).records
    assert found.values == {"phones": ("13900000001", "13900000002")}
    assert found.flags == ()


async def test_pages_are_no_larger_than_declared_and_do_not_repeat(police: SqlAdapter, call: Call) -> None:
    where = (Compare("number", Op.PREFIX, "苏公"),)
    first = await police.search("Decision", Search(where, ["number"], 50), call)
    second = await police.search("Decision", Search(where, ["number"], 50, first.after), call)
    assert [one.key for one in (*first.records, *second.records)] == ["2", "10"]


async def test_a_cursor_shows_no_key_and_fits_only_its_own_search(police: SqlAdapter, call: Call) -> None:
    where = (Compare("number", Op.PREFIX, "苏公"),)
    after = (await police.search("Decision", Search(where, [], 1), call)).after
    assert after is not None
    other = (Compare("number", Op.PREFIX, "苏"),)
    for cursor, conditions in ((after, other), (after[:-6] + "AAAAA=", where), ("汉字", where), ("", where)):
        with pytest.raises(Invalid, match="first page"):
            await police.search("Decision", Search(conditions, [], 1, cursor), call)


INJECTIONS = [
    "x' OR '1'='1",
    "O'Brien; --",
    'A1"; DROP TABLE "T_RY"; --',
    "A1\\' OR 1=1 -- ",
    "%",
    "A1\x00",
    "\ud800",
    "1) OR (1=1",
    ":name",
    "%(x)s",
    "$1",
    "",
]


@pytest.mark.parametrize("attack", INJECTIONS)
async def test_injection_is_only_ever_a_value(police: SqlAdapter, call: Call, attack: str) -> None:
    known = {"O'Brien; --"}
    assert set(await police.fetch(PERSON, [attack], ["name"], call)) == {attack} & known
    assert set(await police.related("Decision", [attack], ["number"], call)) == set()
    for compare in (Compare("name", Op.EQ, attack), Compare("idNumber", Op.IN, (attack,))):
        assert await found_keys(police, PERSON, call, compare) == []
    assert set(await police.fetch(PERSON, ["A1"], ["name"], call)) == {"A1"}


async def test_what_is_not_declared_is_refused_unsent(police: SqlAdapter, call: Call) -> None:
    late = replace(call, deadline=Deadline(0))  # anything sent would be Unavailable
    for entity, fields in (("Visit", []), (PERSON, ["hivPositive"])):
        with pytest.raises(Unsupported):
            await police.fetch(entity, ["A1"], fields, late)
        with pytest.raises(Unsupported):
            await police.related(entity, ["A1"], fields, late)
    for where in (
        (Compare("name", Op.LT, "x"),),
        (Compare("phones", Op.EQ, "x"),),
        (Compare("nope", Op.EQ, "x"),),
        (),
    ):
        with pytest.raises(Unsupported):
            await police.search(PERSON, Search(where, ["name"], 5), late)


async def test_a_passed_deadline_is_unavailable(police: SqlAdapter, call: Call) -> None:
    late = replace(call, deadline=Deadline(0))
    with pytest.raises(Unavailable):
        await police.fetch(PERSON, ["A1"], ["name"], late)
    with pytest.raises(Unavailable):
        await police.keys(late)


async def test_a_missing_column_is_malformed_and_named(police_url: str, call: Call) -> None:
    entities = {
        PERSON: {"dataset": "T_RY", "key": "C_BH", "fields": {"name": {"path": "c_xm"}, "sex": {"path": "C_XB"}}}
    }
    adapter = SqlAdapter(manifest(police_url, entities))
    with pytest.raises(Malformed, match="T_RY has no column c_xm"):
        await adapter.fetch(PERSON, ["A1"], ["name"], call)
    assert (await record(adapter, "A1", call, "sex")).flags == (Flag("sex", Quality.UNMAPPED_CODE),)
    await adapter.aclose()


async def test_a_missing_table_is_malformed_and_named(police_url: str, call: Call) -> None:
    entities = {PERSON: {**ENTITIES[PERSON][1], "dataset": "T_NONE"}}
    adapter = SqlAdapter(manifest(police_url, entities))
    with pytest.raises(Malformed, match="T_NONE"):
        await adapter.fetch(PERSON, ["A1"], ["phones"], call)
    await adapter.aclose()


async def test_a_column_that_vanishes_is_malformed_not_a_crash(database: str, call: Call) -> None:
    adapter = SqlAdapter(manifest(database))
    await record(adapter, "A1", call, "phones")
    quote = "`" if database.startswith("mysql") else '"'
    await execute(database, f"ALTER TABLE {quote}T_LXFS{quote} RENAME COLUMN {quote}DH{quote} TO {quote}DH2{quote}")
    for _ in range(2):
        with pytest.raises(Malformed, match="T_LXFS"):
            await adapter.fetch(PERSON, ["A1"], ["phones"], call)
    assert (await record(adapter, "A1", call, "name")).values["name"] == "张三"
    await adapter.aclose()


async def test_no_log_line_holds_a_value(police_url: str, call: Call, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", "sqlalchemy")
    adapter = SqlAdapter(manifest(police_url))
    assert await found_keys(adapter, PERSON, call, Compare("idNumber", Op.EQ, ID_A)) == ["A1"]
    await adapter.fetch(PERSON, ["A1", ID_A], ["name"], call)
    await adapter.aclose()
    assert any(line.name.startswith("sqlalchemy") for line in caplog.records)
    assert not {value for value in (ID_A, "张三", "'A1'") if value in caplog.text}


async def test_health_asks_no_table(police: SqlAdapter) -> None:
    assert (await police.health()).ok


async def test_many_calls_share_few_connections(police_url: str, call: Call) -> None:
    adapter = SqlAdapter(manifest(police_url, pool=2))
    found = await asyncio.gather(*(record(adapter, key, call, "name") for key in ["A1", "A2", "A3"] * 10))
    assert [one.values["name"] for one in found[:3]] == ["张三", "阿依古丽·买买提", "李四"]
    await adapter.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:////nowhere/at/all.db",
        "postgresql+asyncpg://somebody@127.0.0.1:9/none",
        "mysql+aiomysql://somebody@127.0.0.1:9/none",
    ],
)
async def test_a_database_that_is_not_there_is_unavailable(url: str, call: Call) -> None:
    adapter = SqlAdapter(manifest(url))
    with pytest.raises(Unavailable) as raised:
        await adapter.fetch(PERSON, [ID_A], ["name"], call)
    assert ID_A not in str(raised.value)
    assert not (await adapter.health()).ok
    await adapter.aclose()


async def test_nothing_can_be_written(police: SqlAdapter, police_url: str, call: Call) -> None:
    quote = "`" if police_url.startswith("mysql") else '"'
    with pytest.raises((Malformed, Unavailable)):
        await police._database.ping(text(f"DELETE FROM {quote}T_LXFS{quote}"))
    assert "A1" in await police.fetch(PERSON, ["A1"], ["phones"], call)


SLOW = {
    "postgresql": "SELECT pg_sleep(30)",
    "mysql": "SELECT SLEEP(30)",
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) SELECT max(x) FROM c",
}


async def test_a_slow_statement_ends_with_its_deadline(police_url: str) -> None:
    adapter = SqlAdapter(manifest(police_url))
    statement = text(SLOW[police_url.split("+")[0]])
    with pytest.raises(Unavailable):
        await adapter._database.rows([statement], "slow", Deadline.after(0.2))
    assert (await adapter.health()).ok
    await adapter.aclose()
