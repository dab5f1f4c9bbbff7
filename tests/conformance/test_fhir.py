"""HL7's public example resources, read through the hospital's own manifest as if its server held them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.contract import Adapter, Call, Compare, Deadline, KeyEntry, Op, Record, Search
from adapters.drivers import open_adapter
from adapters.kit.conformance import CHECKS, check
from adapters.kit.pytest import report
from adapters.loading import load
from adapters.manifest import Manifest
from schema.enums import Quality
from tests.conformance.fhir.examples import Resource, examples
from tests.conformance.fhir.server import serving
from tests.conformance.kept import Absent, absent

pytestmark = pytest.mark.external

HOSPITAL = Path(__file__).parents[2] / "adapters" / "agencies" / "jiangsu" / "hospital.yaml"
PERSON = "PersonRecord"


@pytest.fixture(scope="module")
def resources() -> Mapping[str, Sequence[Resource]]:
    try:
        return examples()
    except Absent as err:
        absent(err)


@pytest.fixture(scope="module")
def manifest(resources: Mapping[str, Sequence[Resource]]) -> Iterator[Manifest]:
    with serving(resources) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("JIANGSU_HOSPITAL_SECRET", "not-asked-for-here")
        yield load(HOSPITAL, {"JIANGSU_HOSPITAL_URL": address})


@pytest_asyncio.fixture
async def adapter(manifest: Manifest) -> AsyncIterator[Adapter]:
    opened = open_adapter(manifest)
    yield opened
    await opened.aclose()


def _call() -> Call:
    return Call("r1", "tester", "320000830000", "AFTERCARE", Deadline.after(10))


async def _patient(adapter: Adapter, key: str, *fields: str) -> Record:
    found = (await adapter.fetch(PERSON, [key], fields or sorted(adapter.capabilities[PERSON].fields), _call()))[key]
    assert isinstance(found, Record)
    return found


async def _everybody(adapter: Adapter) -> list[KeyEntry]:
    entries, after = [], None
    while True:
        page = await adapter.keys(_call(), after)
        entries += page.entries
        after = page.after
        if after is None:
            return entries


@pytest.mark.parametrize("name", list(CHECKS))
def test_the_hospitals_manifest_passes_the_kit_on_them(name: str, manifest: Manifest) -> None:
    async def checked() -> None:
        opened = open_adapter(manifest)
        try:
            report(await check(name, opened))
        finally:
            await opened.aclose()

    asyncio.run(checked())


async def test_every_patient_is_listed_once(adapter: Adapter, resources: Mapping[str, Sequence[Resource]]) -> None:
    keys = [entry.key for entry in await _everybody(adapter)]
    assert sorted(keys) == sorted(str(one["id"]) for one in resources["Patient"])
    assert len(keys) == 22


async def test_nobody_gets_a_number_that_another_country_gave(adapter: Adapter) -> None:
    assert [entry for entry in await _everybody(adapter) if entry.id_numbers] == []


async def test_every_patient_can_be_read_whole(adapter: Adapter) -> None:
    keys = [entry.key for entry in await _everybody(adapter)]
    found = await adapter.fetch(PERSON, keys, sorted(adapter.capabilities[PERSON].fields), _call())
    assert {key for key, record in found.items() if isinstance(record, Record)} == set(keys)


async def test_the_best_known_example_says_what_its_file_says(adapter: Adapter) -> None:
    values = (await _patient(adapter, "example")).values
    assert values["name"] == "Chalmers Peter"
    assert values["sex"] == "MALE"
    assert values["birthDate"] == date(1974, 12, 25)
    assert values["phones"] == ("(03) 5555 6473", "(03) 3410 5613", "(03) 5555 8834")
    assert values["residenceAddress"] == "534 Erewhon St PeasantVille, Rainbow, Vic  3999"
    assert values["idNumber"] is None


async def test_a_chinese_example_keeps_its_name(adapter: Adapter) -> None:
    values = (await _patient(adapter, "ch-example")).values
    assert values["name"] == "张无忌"
    assert values["phones"] == ("18337177888",)
    assert values["residenceAddress"] == "上海市 黄埔区 马当路190号"


async def test_a_code_is_read_from_the_coding_that_is_fhirs_own(adapter: Adapter) -> None:
    assert (await _patient(adapter, "f201", "maritalStatus")).values["maritalStatus"] == "MARRIED"


async def test_a_death_at_a_moment_elsewhere_is_a_day_here(adapter: Adapter) -> None:
    assert (await _patient(adapter, "pat3", "diedOn")).values["diedOn"] == date(2015, 2, 14)


async def test_a_patient_of_whom_nearly_nothing_is_known_is_no_failure(adapter: Adapter) -> None:
    record = await _patient(adapter, "newborn", "name", "idNumber", "sex", "birthDate", "phones")
    assert record.values == {
        "name": None,
        "idNumber": None,
        "sex": "MALE",
        "birthDate": date(2017, 9, 5),
        "phones": None,
    }


async def test_encounters_are_treatments_with_their_days(adapter: Adapter) -> None:
    groups = await adapter.related("Treatment", ["example", "f201"], ["kind", "startedOn", "endedOn"], _call())
    treated = {record.key: record.values for group in groups.values() for record in group}
    assert treated["home"] == {
        "kind": "OUTPATIENT",
        "startedOn": date(2015, 1, 17),
        "endedOn": date(2015, 1, 17),
    }
    assert treated["f203"] == {"kind": "INPATIENT", "startedOn": date(2013, 3, 11), "endedOn": date(2013, 3, 20)}
    assert treated["emerg"]["kind"] == "INPATIENT"
    assert sorted(treated) == ["emerg", "example", "f201", "f202", "f203", "home"]


async def test_an_encounter_without_a_period_has_no_days(adapter: Adapter) -> None:
    groups = await adapter.related("Treatment", ["example"], ["kind", "startedOn", "endedOn"], _call())
    found = next(record for record in groups["example"] if record.key == "example")
    assert found.values == {"kind": "INPATIENT", "startedOn": None, "endedOn": None}


async def test_a_death_of_unknown_day_is_no_day(adapter: Adapter) -> None:
    assert (await _patient(adapter, "pat4", "diedOn")).values["diedOn"] is None


async def test_a_diagnosis_keeps_the_code_that_the_hospital_gave(adapter: Adapter) -> None:
    groups = await adapter.related("Treatment", ["f001"], ["facilityName", "diagnosisCode", "diagnosis"], _call())
    treated = {record.key: record.values for record in groups["f001"]}
    assert treated["f001"] == {
        "facilityName": "Burgers University Medical Center",
        "diagnosisCode": "34068001",
        "diagnosis": "Heart valve replacement",
    }


async def test_a_search_by_number_finds_nobody_by_a_foreign_one(adapter: Adapter) -> None:
    query = Search((Compare("idNumber", Op.EQ, "444222222"),), ["name"], 10)
    assert list((await adapter.search(PERSON, query, _call())).records) == []


async def test_no_example_is_flagged_beyond_what_its_file_lacks(adapter: Adapter) -> None:
    keys = [entry.key for entry in await _everybody(adapter)]
    found = await adapter.fetch(PERSON, keys, sorted(adapter.capabilities[PERSON].fields), _call())
    flags = {(key, flag.field, flag.quality) for key, record in found.items() for flag in record.flags}
    assert {one for one in flags if one[2] is not Quality.MISSING} == set()
