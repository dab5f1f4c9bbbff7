"""What a table says only through others: code tables, names in parts, several rows of one person, other zones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.contract import Call, Compare, Malformed, Op, Record, Search
from adapters.drivers.sql import SqlAdapter
from adapters.manifest import Manifest
from schema.enums import Quality
from tests.adapters.conftest import SYSTEMS, empty_database

METADATA = sa.MetaData()
PARTY = sa.Table(
    "party",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("family", sa.String(40)),
    sa.Column("given", sa.String(40)),
    sa.Column("patient", sa.Boolean),
)
PHONE = sa.Table(
    "phone",
    METADATA,
    sa.Column("party", sa.String(10)),  # a number there, a text here
    sa.Column("kind", sa.String(10)),
    sa.Column("value", sa.String(40)),
)
HOUSE = sa.Table("house", METADATA, sa.Column("id", sa.Integer), sa.Column("party", sa.Integer))
CODE = sa.Table("code", METADATA, sa.Column("id", sa.Integer), sa.Column("code", sa.String(10)))
STAY = sa.Table(
    "stay",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("party", sa.Integer),
    sa.Column("began", sa.DateTime),
    sa.Column("code", sa.Integer),
    sa.Column("house", sa.Integer),
)
ROWS: list[tuple[sa.Table, list[dict[str, Any]]]] = [
    (PARTY, [{"id": 1, "family": "沈", "given": "知远", "patient": True}]),
    (PARTY, [{"id": 2, "family": None, "given": "明霞", "patient": True}]),
    (PARTY, [{"id": 3, "family": "无", "given": None, "patient": True}]),
    (PARTY, [{"id": 9, "family": None, "given": "云岭医院", "patient": False}]),
    (PHONE, [{"party": "1", "kind": "mobile", "value": value} for value in ("13900000001", "13900000002")]),
    (PHONE, [{"party": "1", "kind": "fax", "value": "051200000001"}]),
    (PHONE, [{"party": "9", "kind": "mobile", "value": "13900000009"}]),
    (HOUSE, [{"id": 5, "party": 9}]),
    (CODE, [{"id": 7, "code": "F11.2"}, {"id": 7, "code": "F11.2"}, {"id": 8, "code": "B24"}]),  # 7 twice
    (STAY, [{"id": 1, "party": 1, "began": datetime(2024, 3, 1, 18, 30), "code": 7, "house": 5}]),
    (STAY, [{"id": 2, "party": 1, "began": datetime(2024, 3, 4, 1, 0), "code": None, "house": None}]),
    (STAY, [{"id": 3, "party": 2, "began": datetime(2024, 3, 5, 1, 0), "code": 8, "house": 5}]),
]
PERSON: dict[str, Any] = {
    "dataset": "party",
    "key": "id",
    "where": {"patient": "1"},
    "lookups": {
        "phone": {"column": "id", "table": "phone", "on": "party", "where": {"kind": "mobile"}, "many": True}
    },
    "fields": {
        "name": {"path": ["family", "given"], "joined": "", "null": ["无"]},
        "phones": {"path": "phone.value"},
    },
}
TREATMENT: dict[str, Any] = {
    "dataset": "stay",
    "key": "id",
    "person": "party",
    "deleted": {"path": "diagnosed.code", "values": ["B24"]},
    "lookups": {
        "diagnosed": {"column": "code", "table": "code", "on": "id"},
        "unit": {"column": "house", "table": "house", "on": "id"},
        "hospital": {"column": "unit.party", "table": "party", "on": "id"},
    },
    "fields": {
        "startedOn": {"path": "began", "zone": "Z"},
        "diagnosisCode": {"path": "diagnosed.code", "filter": ["eq", "prefix"]},
        "facilityName": {"path": "hospital.given"},
    },
}


def manifest(url: str, **entities: dict[str, Any]) -> Manifest:
    return Manifest.model_validate(
        {
            "contract": "1.0",
            "id": "clinic",
            "version": "1.0.0",
            "name": "Clinic",
            "owner": "Clinic",
            "jurisdiction": "320000",
            "agency": {"code": "1", "name": "Clinic", "kind": "HOSPITAL", "jurisdiction": "320104"},
            "source": {"kind": "sql", "url": url, "timeout": "PT10S"},
            "entities": {"PersonRecord": PERSON, "Treatment": TREATMENT, **entities},
        }
    )


async def fill(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        for table, rows in ROWS:
            await connection.execute(table.insert(), rows)
    await engine.dispose()


@pytest.fixture(scope="module", params=SYSTEMS)
def clinic_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        url = empty_database(request.param, tmp_path_factory.mktemp("clinic"), stack)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, fill(url)).result()
        yield url


@pytest.fixture
async def clinic(clinic_url: str) -> AsyncIterator[SqlAdapter]:
    adapter = SqlAdapter(manifest(clinic_url))
    yield adapter
    await adapter.aclose()


async def stays(clinic: SqlAdapter, call: Call) -> dict[str, Record]:
    groups = await clinic.related("Treatment", ["1", "2"], sorted(TREATMENT["fields"]), call)
    return {record.key: record for group in groups.values() for record in group}


async def test_parts_are_put_together_and_a_missing_one_is_left_out(clinic: SqlAdapter, call: Call) -> None:
    found = await clinic.fetch("PersonRecord", ["1", "2", "3"], ["name"], call)
    names = [record.values["name"] for record in found.values() if isinstance(record, Record)]
    assert sorted(map(str, names)) == ["None", "明霞", "沈知远"]


async def test_all_rows_of_another_table_are_collected(clinic: SqlAdapter, call: Call) -> None:
    found = await clinic.fetch("PersonRecord", ["1", "2"], ["phones"], call)
    phones = {key: record.values["phones"] for key, record in found.items() if isinstance(record, Record)}
    assert sorted(phones["1"]) == ["13900000001", "13900000002"]
    assert phones["2"] is None


async def test_a_lookup_lists_nobody(clinic: SqlAdapter, call: Call) -> None:
    assert [entry.key for entry in (await clinic.keys(call)).entries] == ["1", "2", "3"]


async def test_a_code_and_a_name_are_read_behind_foreign_keys(clinic: SqlAdapter, call: Call) -> None:
    found = await stays(clinic, call)
    assert (found["1"].values["diagnosisCode"], found["1"].values["facilityName"]) == ("F11.2", "云岭医院")
    assert (found["2"].values["diagnosisCode"], found["2"].values["facilityName"]) == (None, None)
    assert found["2"].flags == ()


async def test_a_code_table_that_holds_a_code_twice_does_not_double_a_row(clinic: SqlAdapter, call: Call) -> None:
    groups = await clinic.related("Treatment", ["1"], ["diagnosisCode"], call)
    assert isinstance(groups["1"], tuple)
    assert [record.key for record in groups["1"]] == ["1", "2"]


async def test_a_row_can_be_left_out_for_what_stands_behind_a_lookup(clinic: SqlAdapter, call: Call) -> None:
    assert sorted(await stays(clinic, call)) == ["1", "2"]
    assert await clinic.fetch("Treatment", ["3"], ["diagnosisCode"], call) == {}


async def test_a_lookup_can_be_searched_by(clinic: SqlAdapter, call: Call) -> None:
    for compare in (Compare("diagnosisCode", Op.EQ, "F11.2"), Compare("diagnosisCode", Op.PREFIX, "F1")):
        found = await clinic.search("Treatment", Search((compare,), ["diagnosisCode"], 5), call)
        assert [record.key for record in found.records] == ["1"]


async def test_a_time_in_another_zone_falls_on_its_day_in_china(clinic: SqlAdapter, call: Call) -> None:
    days = {key: record.values["startedOn"] for key, record in (await stays(clinic, call)).items()}
    assert days == {"1": date(2024, 3, 2), "2": date(2024, 3, 4)}
    assert all(
        flag.quality is not Quality.MALFORMED for one in (await stays(clinic, call)).values() for flag in one.flags
    )


async def test_a_lookup_of_a_column_that_is_not_there_names_it(clinic_url: str, call: Call) -> None:
    wrong = {**TREATMENT, "fields": {"diagnosisCode": {"path": "diagnosed.kode"}}}
    adapter = SqlAdapter(manifest(clinic_url, Treatment=wrong))
    with pytest.raises(Malformed, match="code has no column kode"):
        await adapter.related("Treatment", ["1"], ["diagnosisCode"], call)
    await adapter.aclose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"lookups": {"a": {"column": "b.id", "table": "t", "on": "id"}, "b": TREATMENT["lookups"]["unit"]}},
            "later",
        ),
        ({"lookups": {"a": {"column": "a.id", "table": "t", "on": "id"}}}, "later"),
        ({"lookups": {"unit": {**TREATMENT["lookups"]["unit"], "many": True}}}, "one value"),
        ({"fields": {"startedOn": {"path": "began", "zone": "Z", "filter": ["eq"]}}}, "compare"),
        ({"fields": {"facilityName": {"path": ["a", "b"], "joined": "", "filter": ["eq"]}}}, "compare"),
        ({"fields": {"facilityName": {"path": "a", "joined": ""}}}, "several paths"),
        ({"fields": {"facilityName": {"path": "a", "zone": "Z"}}}, "only times"),
        ({"fields": {"startedOn": {"path": "a", "zone": "UTC"}}}, "zone"),
    ],
)
def test_a_declaration_that_cannot_be_kept_is_refused(change: dict[str, Any], said: str) -> None:
    entity = {**TREATMENT, "deleted": None, "fields": {"facilityName": {"path": "unit.name"}}, **change}
    with pytest.raises(ValidationError, match=said):
        manifest("sqlite+aiosqlite:///nowhere.db", Treatment=entity)


def test_only_a_database_has_lookups() -> None:
    with pytest.raises(ValidationError, match="only a sql source joins"):
        Manifest.model_validate(
            {
                **manifest("sqlite+aiosqlite:///nowhere.db").model_dump(exclude={"entities", "source"}),
                "source": {"kind": "rest", "base_url": "http://127.0.0.1"},
                "entities": {"Treatment": {**TREATMENT, "related": {"path": "stays"}, "fields": {}}},
            }
        )
