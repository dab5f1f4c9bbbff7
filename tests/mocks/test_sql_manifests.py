"""The SQL systems' manifests load, name agencies and townships of the world, and leave out what nobody may see."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from adapters.loading import load
from adapters.manifest import Manifest
from mocks import agencies, places
from mocks.systems import SYSTEMS
from schema.entities import ENTITIES

AGENCIES = Path(__file__).parents[2] / "adapters" / "agencies"
FILES = {
    "jiangsu-police": "jiangsu/police.yaml",
    "jiangsu-facility": "jiangsu/facility.yaml",
    "jiangsu-community": "jiangsu/community.yaml",
    "zhejiang-community": "zhejiang/community.yaml",
}


def manifest(system: str) -> Manifest:
    return load(AGENCIES / FILES[system], {SYSTEMS[system].variable: "sqlite+aiosqlite:///:memory:"})


@pytest.mark.parametrize("system", FILES)
def test_a_manifest_names_its_system_and_real_columns(system: str) -> None:
    found = manifest(system)
    assert found.id == system
    assert found.source.kind == "sql"
    assert all(
        set(dataset.fields) <= set(ENTITIES[entity].columns)
        for entity, datasets in found.entities.items()
        for dataset in datasets
    )


@pytest.mark.parametrize("system", FILES)
def test_agencies_are_those_of_the_world(system: str) -> None:
    found = manifest(system)
    for entry in (found.agency, *found.agencies):
        known = agencies.ALL[entry.code]
        assert (entry.name, entry.kind, entry.jurisdiction) == (known.name, known.kind, known.jurisdiction)


def test_every_facility_and_station_has_a_manifest_that_speaks_for_it() -> None:
    spoken_for = {entry.code for system in FILES for entry in manifest(system).agencies}
    expected = {agency.code for agency in agencies.FACILITIES["320000"]} | {
        agency.code for agency in agencies.COMMUNITY.values()
    }
    assert expected <= spoken_for


def test_the_police_win_over_the_facility_over_the_community() -> None:
    order = ["jiangsu-police", "jiangsu-facility", "jiangsu-community"]
    precedences = [manifest(system).precedence for system in order]
    assert precedences == sorted(precedences)
    assert len(set(precedences)) == 3


@pytest.mark.parametrize("system", FILES)
def test_biometrics_and_passwords_are_never_mapped(system: str) -> None:
    text = yaml.safe_dump(manifest(system).model_dump(mode="json")["entities"])
    assert not any(word in text for word in ("iris_data", "user_pwd", "faceId"))


def test_five_places_are_five_columns() -> None:
    fields = manifest("jiangsu-police").datasets("PersonRecord")[0].fields
    places_mapped = [
        fields[name].path
        for name in ("domicileCode", "residenceCode", "executionPlaceCode", "responsiblePoliceCodes", "idNumber")
    ]
    assert len(set(places_mapped)) == 5


@pytest.mark.parametrize("province", places.PROVINCE_NAMES)
def test_the_list_of_townships_is_the_world_s(province: str) -> None:
    listed = yaml.safe_load((AGENCIES / province / "townships.yaml").read_text(encoding="utf-8"))
    assert listed == dict(places.TOWNSHIPS[places.PROVINCE_NAMES[province]])
