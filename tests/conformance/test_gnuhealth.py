"""A GNU Health hospital, made by its own tools, read by manifest alone, held against what GNU Health itself says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.contract import Adapter, Call, Compare, Deadline, Op, Record, Search
from adapters.drivers import open_adapter
from adapters.kit.conformance import CHECKS, check
from adapters.kit.pytest import report
from adapters.loading import load
from adapters.manifest import Manifest
from schema.codes.gb11643 import parse
from schema.enums import Quality
from tests.conformance.gnuhealth.make_database import Made, make
from tests.conformance.kept import Absent, absent

pytestmark = pytest.mark.external

MANIFEST = Path(__file__).parent / "gnuhealth" / "adapter.yaml"
PERSON = "PersonRecord"
CHINA = timezone(timedelta(hours=8))
SEXES = {"m": "MALE", "f": "FEMALE", "nb": "UNSPECIFIED", "u": "UNKNOWN"}


@pytest.fixture(scope="module")
def hospital() -> Made:
    try:
        return make()
    except Absent as err:
        absent(err)


@pytest.fixture(scope="module")
def manifest(hospital: Made) -> Manifest:
    return load(MANIFEST, {"GNUHEALTH_DATABASE": f"sqlite+aiosqlite:///{hospital.database}"})


@pytest_asyncio.fixture
async def adapter(manifest: Manifest) -> AsyncIterator[Adapter]:
    opened = open_adapter(manifest)
    yield opened
    await opened.aclose()


def _call() -> Call:
    return Call("r1", "tester", "320000830000", "AFTERCARE", Deadline.after(10))


async def _people(adapter: Adapter) -> dict[str, Record]:
    keys = [entry.key for entry in (await adapter.keys(_call())).entries]
    found = await adapter.fetch(PERSON, keys, sorted(adapter.capabilities[PERSON].fields), _call())
    return {key: record for key, record in found.items() if isinstance(record, Record)}


async def _treatments(adapter: Adapter) -> dict[str, Record]:
    keys = [entry.key for entry in (await adapter.keys(_call())).entries]
    groups = await adapter.related("Treatment", keys, sorted(adapter.capabilities["Treatment"].fields), _call())
    return {record.key: record for group in groups.values() for record in group}


def _active(hospital: Made) -> dict[str, dict[str, object]]:
    return {str(row["id"]): row for row in hospital.testimony["parties"] if row["active"]}


@pytest.mark.parametrize("name", list(CHECKS))
def test_it_passes_the_conformance_kit(name: str, manifest: Manifest) -> None:
    async def checked() -> None:
        opened = open_adapter(manifest)
        try:
            report(await check(name, opened))
        finally:
            await opened.aclose()

    asyncio.run(checked())


async def test_the_patients_are_those_whom_gnu_health_calls_active(adapter: Adapter, hospital: Made) -> None:
    assert set(await _people(adapter)) == set(_active(hospital))


async def test_names_are_written_as_gnu_health_writes_them(adapter: Adapter, hospital: Made) -> None:
    names = {key: record.values["name"] for key, record in (await _people(adapter)).items()}
    assert names == {key: row["rec_name"] for key, row in _active(hospital).items()}
    assert "欧阳𬭊" in names.values()


async def test_days_of_birth_and_sexes_agree(adapter: Adapter, hospital: Made) -> None:
    for key, record in (await _people(adapter)).items():
        said = _active(hospital)[key]
        assert record.values["birthDate"] == (date.fromisoformat(str(said["dob"])) if said["dob"] else None)
        assert record.values["sex"] == SEXES[str(said["gender"])]


async def test_identifiers_are_identity_numbers_where_they_are_any(adapter: Adapter, hospital: Made) -> None:
    for key, record in (await _people(adapter)).items():
        number = parse(str(_active(hospital)[key]["ref"]))
        assert record.values["idNumber"] == (number.value if number else None)


async def test_a_dirty_identifier_costs_its_own_field_and_is_flagged(adapter: Adapter) -> None:
    qualities = {
        record.values["name"]: flag.quality
        for record in (await _people(adapter)).values()
        for flag in record.flags
        if flag.field == "idNumber"
    }
    assert qualities == {
        "迪丽热巴阿不都": Quality.NORMALISED,
        "欧阳𬭊": Quality.UPGRADED_FROM_15,
        "陆远舟": Quality.CHECKSUM_FAILED,
        "无名女": Quality.MALFORMED,
    }


async def test_a_marital_status_that_we_have_no_word_for_is_flagged(adapter: Adapter, hospital: Made) -> None:
    flagged = {
        key
        for key, record in (await _people(adapter)).items()
        if any(flag.field == "maritalStatus" and flag.quality is Quality.UNMAPPED_CODE for flag in record.flags)
    }
    assert flagged == {key for key, row in _active(hospital).items() if row["marital_status"] in {"c", "x"}}


async def test_addresses_phones_and_passports_come_from_tables_of_their_own(adapter: Adapter, hospital: Made) -> None:
    for key, record in (await _people(adapter)).items():
        streets = [row["street"] for row in hospital.testimony["addresses"] if str(row["party"]) == key]
        phones = tuple(row["value"] for row in hospital.testimony["phones"] if str(row["party"]) == key)
        numbers = [row["code"] for row in hospital.testimony["documents"] if str(row["party"]) == key]
        assert record.values["residenceAddress"] == (streets[0] if streets else None)
        assert record.values["phones"] == (phones or None)
        assert record.values["documentNumber"] == (numbers[0] if numbers else None)
        assert record.values["documentKind"] == ("PASSPORT" if numbers else None)


async def test_evaluations_are_treatments_of_the_right_person(adapter: Adapter, hospital: Made) -> None:
    treatments = await _treatments(adapter)
    said = {str(row["id"]): row for row in hospital.testimony["evaluations"]}
    assert len(treatments) == 3
    for key, record in treatments.items():
        row = said[key]
        assert record.person == str(row["patient."]["party."]["id"])
        assert record.values["kind"] == str(row["evaluation_type"]).upper()
        assert record.values["diagnosisCode"] == row["diagnosis."]["code"]
        assert record.values["diagnosis"] == row["diagnosis."]["name"]
        assert record.values["facilityName"] == row["institution."]["rec_name"]
        assert record.values["startedOn"] == _chinese_day(row["evaluation_start"])
        assert record.values["endedOn"] == _chinese_day(row["evaluation_endtime"])


async def test_a_night_in_china_is_not_the_day_before(adapter: Adapter) -> None:
    assert date(2024, 3, 2) in {record.values["startedOn"] for record in (await _treatments(adapter)).values()}


async def test_an_hiv_diagnosis_is_not_told_by_the_way(adapter: Adapter, hospital: Made) -> None:
    hidden = {str(row["id"]) for row in hospital.testimony["evaluations"] if row["diagnosis."]["code"] == "B20.1"}
    assert len(hidden) == 1
    assert not hidden & set(await _treatments(adapter))


async def test_a_record_says_when_gnu_health_wrote_it(adapter: Adapter, hospital: Made) -> None:
    written = datetime.fromtimestamp(hospital.database.stat().st_mtime, UTC)
    for record in (await _people(adapter)).values():
        assert record.provenance.as_of is not None
        assert abs(record.provenance.as_of - written) < timedelta(minutes=10)


async def test_people_are_found_by_number_and_by_diagnosis(adapter: Adapter) -> None:
    known = next(record for record in (await _people(adapter)).values() if record.values["name"] == "欧阳𬭊")
    query = Search((Compare("idNumber", Op.EQ, known.values["idNumber"]),), ["name"], 5)
    assert [record.key for record in (await adapter.search(PERSON, query, _call())).records] == [known.key]
    query = Search((Compare("diagnosisCode", Op.PREFIX, "F11"),), ["startedOn"], 5)
    assert len((await adapter.search("Treatment", query, _call())).records) == 2


def _chinese_day(moment: object) -> date | None:
    """Tryton's moments are UTC."""
    return datetime.fromisoformat(str(moment)).replace(tzinfo=UTC).astimezone(CHINA).date() if moment else None
