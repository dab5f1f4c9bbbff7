"""A manifest's mistakes stop the start with the path, what is wrong and the fix; what it leaves out is filled in."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.capabilities import capabilities_of
from adapters.contract import Op
from adapters.editor_schema import editor_schema
from adapters.loading import load, load_directory
from adapters.manifest import Manifest, ManifestError
from schema.entities import ENTITIES

SOUND: dict[str, Any] = {
    "contract": "1.0",
    "id": "js-station",
    "version": "1.0.0",
    "name": "社区戒毒工作站",
    "owner": "禁毒办",
    "jurisdiction": "320000",
    "agency": {"code": "320106001", "name": "工作站", "kind": "COMMUNITY_STATION", "jurisdiction": "320106"},
    "source": {"kind": "sql", "url": "${STATION_URL}"},
    "entities": {
        "PersonRecord": {
            "dataset": "Bane_User",
            "key": "user_id",
            "as_of": {"path": "updated"},
            "fields": {
                "name": {"path": "user_name", "filter": ["eq", "prefix"]},
                "sex": {"path": "user_sex"},
                "idNumber": {"path": "user_identify"},
                "domicileCode": {"path": "birth_url", "filter": ["under"]},
                "phones": {"path": ["move_phone", "attn_phone"]},
                "birthDate": {"path": "user_birth", "formats": ["%Y%m%d"], "filter": ["lt"]},
            },
        },
        "Measure": [
            {
                "dataset": "Bane_RecoveryInfo",
                "key": "ri_id",
                "join": {"column": "user_identify", "table": "Bane_User", "on": "user_identify", "key": "user_id"},
                "fields": {
                    "kind": {"constant": "COMMUNITY_RECOVERY"},
                    "endReason": {"path": "end_reason", "values": {"死亡": "DIED"}},
                },
            },
            {"dataset": "Bane_Treatment", "key": "id", "person": "user_id", "fields": {"startsOn": {"path": "s"}}},
        ],
    },
}
ENVIRONMENT = {"STATION_URL": "sqlite+aiosqlite:///station.db"}
REST = {"kind": "rest", "base_url": "http://127.0.0.1"}
Edit = Callable[[dict[str, Any]], object]


def written(directory: Path, edit: Edit = lambda raw: None, name: str = "adapter.yaml") -> Path:
    raw = copy.deepcopy(SOUND)
    edit(raw)
    path = directory / name
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


def person(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["entities"]["PersonRecord"]
    return found


def test_types_and_code_maps_are_filled_in(tmp_path: Path) -> None:
    manifest = load(written(tmp_path), ENVIRONMENT)
    (people,) = manifest.datasets("PersonRecord")
    assert {name: spec.type for name, spec in people.fields.items()} == {
        "name": "text",
        "sex": "enum",
        "idNumber": "id_number",
        "domicileCode": "code",
        "phones": "texts",
        "birthDate": "date",
    }
    assert people.fields["sex"].values["男"] == "MALE"
    assert people.fields["sex"].values["FEMALE"] == "FEMALE"
    assert people.as_of is not None
    assert people.as_of.type == "datetime"
    assert manifest.source.kind == "sql"
    assert [dataset.dataset for dataset in manifest.datasets("Measure")] == ["Bane_RecoveryInfo", "Bane_Treatment"]
    assert manifest.datasets("Visit") == ()


def test_capabilities_are_what_the_manifest_declares(tmp_path: Path) -> None:
    found = capabilities_of(load(written(tmp_path), ENVIRONMENT))
    assert found["PersonRecord"].filters == {
        "name": {Op.EQ, Op.PREFIX},
        "domicileCode": {Op.UNDER},
        "birthDate": {Op.LT},
    }
    assert found["Measure"].fields == {"kind", "endReason", "startsOn"}


MISTAKES: list[tuple[Edit, str]] = [
    (lambda raw: raw.pop("owner"), "owner: is missing. Add it."),
    (lambda raw: raw.update(presedence=3), "presedence: unknown word. Did you mean precedence?"),
    (lambda raw: raw["source"].update(urll="x"), "source.urll: unknown word. Did you mean url?"),
    (lambda raw: raw["source"].update(kind="sqll"), "source: "),
    (lambda raw: raw["source"].update(url="${NOT_SET}"), "source.url: ${NOT_SET} is not set. Set that variable."),
    (
        lambda raw: raw["agency"].update(kind="COMUNITY_STATION"),
        "agency.kind: no agency kind COMUNITY_STATION. Did you mean COMMUNITY_STATION?",
    ),
    (
        lambda raw: raw["entities"].update(Mesure=raw["entities"].pop("Measure")),
        "entities.Mesure.0: no entity Mesure. Did you mean Measure?",
    ),
    (
        lambda raw: person(raw)["fields"].update(birthdate={"path": "x"}),
        "entities.PersonRecord.fields.birthdate: PersonRecord has no field birthdate. Did you mean birthDate?",
    ),
    (
        lambda raw: person(raw)["fields"]["birthDate"].update(format=["%Y"]),
        "entities.PersonRecord.fields.birthDate.format: unknown word. Did you mean formats?",
    ),
    (
        lambda raw: person(raw)["fields"]["birthDate"].update(type="text"),
        "entities.PersonRecord.fields.birthDate: type is text, but PersonRecord.birthDate is date. Leave type out.",
    ),
    (
        lambda raw: person(raw)["fields"]["sex"].update(values={"1": "MAIL"}),
        "entities.PersonRecord.fields.sex: values: Sex has no MAIL. Did you mean MALE?",
    ),
    (
        lambda raw: person(raw)["fields"]["sex"].update(values={1: "MALE"}),
        "entities.PersonRecord.fields.sex.values.1: a code reads as a number here. Put it in quotes",
    ),
    (
        lambda raw: person(raw)["fields"].update(sealed={"path": "x", "values": {"1": "yes"}}),
        "entities.PersonRecord.fields.sealed: values: sealed is boolean, so 'yes' must be a bool.",
    ),
    (
        lambda raw: raw["entities"]["Measure"][0]["fields"].update(points={"constant": 2**31}),
        "entities.Measure.0.fields.points: constant: 2147483648 is beyond 2147483647. Write a smaller number.",
    ),
    (
        lambda raw: raw["entities"]["Measure"][0]["fields"].update(points={"path": "P", "values": {"1": 2**31}}),
        "entities.Measure.0.fields.points: values: points: 2147483648 is beyond 2147483647. Write a smaller number.",
    ),
    (
        lambda raw: raw["entities"]["Measure"][0]["fields"].update(startsOn={"path": "KSRQ", "current": True}),
        "entities.Measure.0.fields.startsOn: current: says something of region codes alone. Leave it out.",
    ),
    (
        lambda raw: raw["entities"]["Measure"][0]["fields"].update(kind={"constant": "COMMUNITY"}),
        "entities.Measure.0.fields.kind: constant: MeasureKind has no COMMUNITY.",
    ),
    (
        lambda raw: person(raw)["fields"].update(name={}),
        "entities.PersonRecord.fields.name: needs either path or constant. Write one of the two.",
    ),
    (
        lambda raw: person(raw).update(person="x"),
        "entities.PersonRecord.person: a PersonRecord's key is the person key. Leave person and join out.",
    ),
    (
        lambda raw: raw["entities"]["Measure"][1].pop("person"),
        "entities.Measure.1: needs either person (the column with the person key) or join.",
    ),
    (
        lambda raw: person(raw).update(fetch={"path": "x"}),
        "entities.PersonRecord.fetch: a table has no endpoints. Leave endpoints out.",
    ),
    (
        lambda raw: person(raw)["fields"]["name"].update(filter={"eq": "xm"}),
        "entities.PersonRecord.fields.name.filter: a column has no parameters.",
    ),
    (
        lambda raw: person(raw)["fields"]["name"].update(filter=["lt"]),
        "entities.PersonRecord.fields.name.filter: lt does not apply to text. Leave it out.",
    ),
    (
        lambda raw: person(raw)["fields"]["birthDate"].update(formats=["%d/%m/%Y"]),
        "entities.PersonRecord.fields.birthDate.filter: text written as %d/%m/%Y does not sort by time.",
    ),
    (
        lambda raw: person(raw)["fields"]["phones"].update(separator="(["),
        "entities.PersonRecord.fields.phones.separator: is no regular expression.",
    ),
    (
        lambda raw: (raw.update(source=REST), raw["entities"].pop("Measure")),
        "entities.PersonRecord.fetch: nothing says how PersonRecord is read. Add that endpoint.",
    ),
    (
        lambda raw: raw.update(source=REST),
        "entities.Measure.0.join: only a sql source joins, this one is rest. Leave it out.",
    ),
]


@pytest.mark.parametrize(("edit", "message"), MISTAKES)
def test_a_mistake_is_explained(tmp_path: Path, edit: Edit, message: str) -> None:
    path = written(tmp_path, edit)
    with pytest.raises(ManifestError) as raised:
        load(path, ENVIRONMENT)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_broken_yaml_and_no_mapping_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "adapter.yaml"
    for text in ("a: [", "- 1", ""):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ManifestError, match=r"adapter\.yaml"):
            load(path, {})


def test_words_that_yaml_takes_for_booleans_are_words(tmp_path: Path) -> None:
    text = yaml.safe_dump(SOUND, allow_unicode=True).replace("'on': user_identify", "on: user_identify")
    assert "on: user_identify" in text
    path = tmp_path / "adapter.yaml"
    codes = "path: user_sex\n        values: {Y: MALE, no: FEMALE}"
    path.write_text(text.replace("path: user_sex", codes), encoding="utf-8")
    (people,) = load(path, ENVIRONMENT).datasets("PersonRecord")
    assert people.fields["sex"].values == {"Y": "MALE", "no": "FEMALE"}


def test_a_directory_gives_its_manifests_by_id(tmp_path: Path) -> None:
    written(tmp_path, lambda raw: raw.update(id="js-z"), "a.yaml")
    written(tmp_path, lambda raw: raw.update(id="js-a"), "b.yaml")
    assert [manifest.id for manifest in load_directory(tmp_path, ENVIRONMENT)] == ["js-a", "js-z"]


def test_two_manifests_with_one_id_are_refused(tmp_path: Path) -> None:
    written(tmp_path, name="a.yaml")
    written(tmp_path, name="b.yaml")
    with pytest.raises(ManifestError, match=r"js-station is the id of .*a\.yaml too"):
        load_directory(tmp_path, ENVIRONMENT)


def test_a_directory_without_manifests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="holds no manifest"):
        load_directory(tmp_path, ENVIRONMENT)


def test_editors_know_every_entity_and_field() -> None:
    schema = json.loads(json.dumps(editor_schema()))
    assert set(schema["properties"]["entities"]["properties"]) == set(ENTITIES)
    fields = schema["$defs"]["Dataset.Decision"]["properties"]["fields"]["properties"]
    assert set(fields) == set(ENTITIES["Decision"].columns)
    assert "EXTENSION" in fields["kind"]["description"]


def test_a_manifest_survives_a_round_trip(tmp_path: Path) -> None:
    manifest = load(written(tmp_path), ENVIRONMENT)
    assert Manifest.model_validate(manifest.model_dump()) == manifest


def test_the_schema_for_editors_is_what_the_code_says() -> None:
    kept = Path(__file__).parents[2] / "adapters" / "schema" / "adapter-1.0.json"
    printed = json.dumps(editor_schema(), ensure_ascii=False, indent=1) + "\n"
    assert kept.read_text(encoding="utf-8") == printed, "print adapters.editor_schema.editor_schema() there again"


def test_every_manifest_names_the_schema_for_editors() -> None:
    agencies = Path(__file__).parents[2] / "adapters" / "agencies"
    manifests = [path for path in agencies.glob("*/*.yaml") if path.name != "townships.yaml"]
    assert len(manifests) == 15
    for path in manifests:
        named = path.read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
        assert (path.parent / named).is_file(), path
