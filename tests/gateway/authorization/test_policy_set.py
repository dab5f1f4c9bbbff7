from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.authorization.policy_set import DIRECTORY, PolicyError, inspect, read_policies
from schema.enums import AgencyKind, Clearance, Purpose

HEAD = '@id("new") @basis("an article") '
VIEW = 'permit (principal, action == Yiti::Action::"view", resource)'


def copy(tmp_path: Path) -> Path:
    directory = tmp_path / "policies"
    shutil.copytree(DIRECTORY, directory)
    return directory


REFUSED = [
    ("permit (principal, action, resource);", "lacks @id"),
    ('@id("new") permit (principal, action, resource);', r"@id\('new'\) lacks @basis"),
    ('@id("new") @basis(" ") permit (principal, action, resource);', "lacks @basis"),
    ('@id("U01-public") @basis("an article") permit (principal, action, resource);', r"second policy.*U01-public"),
    (HEAD + '@bassis("x") permit (principal, action, resource);', "@bassis"),
    (HEAD + '@mask("last4") permit (principal, action, resource);', r"@mask\('last4'\)"),
    (HEAD + '@mask("redact") forbid (principal, action, resource);', "a permit may name"),
    (HEAD + VIEW + " when { principal.sealled };", "sealled"),
    (HEAD + 'permit (principal, action == Yiti::Action::"peek", resource);', "peek"),
    (HEAD + 'permit (principal in Yiti::Role::"JANITOR", action, resource);', "JANITOR"),
    (HEAD + 'permit (principal in Yiti::RoleGroup::"carers", action, resource);', "carers"),
    (HEAD + 'permit (principal, action, resource == Yiti::Label::"HEALHT");', "HEALHT"),
    (HEAD + VIEW + ' when { resource in [Yiti::Label::"HEALTH", Yiti::Label::"HELTH"] };', "HELTH"),
    (HEAD + 'permit (principal, action, resource in Yiti::LabelGroup::"privat");', "privat"),
    (HEAD + VIEW + ' when { principal.purpose == Yiti::Purpose::"MARKETING" };', "MARKETING"),
    (HEAD + "permit (principal == ?principal, action, resource);", "template"),
    (HEAD + "permit (principal, action);", "resource"),
]


@pytest.mark.parametrize(("text", "named"), REFUSED)
def test_a_bad_policy_stops_the_start_and_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    directory = copy(tmp_path)
    (directory / "90_new.cedar").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=f"90_new.cedar.*{named}"):
        read_policies(directory)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("labels: {personal: [HEALHT]}\nroles: {}", "labels.personal lists HEALHT"),
        ("labels: {}\nroles: {community: [JANITOR]}", "roles.community lists JANITOR"),
        ("labels: []", "labels must map"),
        ("labels: {a: 1}\nroles: {}", "labels must map"),
        ("labels: {", "not YAML"),
    ],
)
def test_a_bad_group_stops_the_start(tmp_path: Path, text: str, named: str) -> None:
    directory = copy(tmp_path)
    (directory / "groups.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=f"groups.yaml.*{named}"):
        read_policies(directory)


def test_a_bad_schema_stops_the_start(tmp_path: Path) -> None:
    directory = copy(tmp_path)
    (directory / "schema.cedarschema").write_text("namespace Yiti {", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"schema\.cedarschema: not a Cedar schema"):
        read_policies(directory)


def test_a_missing_schema_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"schema\.cedarschema: cannot be read"):
        read_policies(tmp_path)


def test_no_policy_at_all_stops_the_start(tmp_path: Path) -> None:
    directory = copy(tmp_path)
    for path in directory.glob("*.cedar"):
        path.unlink()
    with pytest.raises(PolicyError, match="no policy"):
        read_policies(directory)


def test_the_schema_knows_every_purpose_and_kind_of_agency() -> None:
    text = (DIRECTORY / "schema.cedarschema").read_text(encoding="utf-8")
    assert all(f'"{member.name}"' in text for enum in (Purpose, AgencyKind, Clearance) for member in enum)


def test_every_policy_names_its_ground() -> None:
    policies = read_policies().policies.values()
    assert len(policies) >= 30
    assert all(len(policy.basis) > 10 for policy in policies)


def test_everything_wrong_is_found_at_once_each_with_its_line(tmp_path: Path) -> None:
    directory = copy(tmp_path)
    (directory / "90_new.cedar").write_text(
        "// a comment; with a semicolon\n"
        f'{HEAD}{VIEW}\n  when {{ principal.purpose == Yiti::Purpose::"AUDIT" }};\n'
        f"{HEAD}{VIEW}\n  when {{\n    principal.sealled }};\n"
        "permit (principal, action);\n"
        '@id("other; one")\npermit (principal, action, resource == Yiti::Label::"HEALHT");\n',
        encoding="utf-8",
    )
    found = {(one.line, one.code) for one in inspect(directory).findings}
    assert found == {
        (4, "POLICY_ID_TWICE"),
        (6, "POLICY_TYPE"),
        (7, "POLICY_SYNTAX"),
        (8, "POLICY_BASIS_MISSING"),
        (9, "POLICY_NAME_UNKNOWN"),
    }


def test_an_empty_list_of_groups_is_named(tmp_path: Path) -> None:
    directory = copy(tmp_path)
    (directory / "groups.yaml").write_text("", encoding="utf-8")
    with pytest.raises(PolicyError, match="labels must map"):
        read_policies(directory)


def test_a_policy_is_known_by_its_place() -> None:
    for policy in read_policies().policies.values():
        lines = (DIRECTORY / policy.file).read_text(encoding="utf-8").splitlines()
        assert lines[policy.line - 1] == f'@id("{policy.id}")'


@pytest.mark.parametrize(
    ("declared", "instead"),
    [("clearance: Clearance,", "//"), ("minor: Bool,", "//"), ("minor: Bool,", "minor: Label,"), ('"NONE", ', "")],
)
def test_a_schema_without_a_fact_that_is_derived_stops_the_start(tmp_path: Path, declared: str, instead: str) -> None:
    directory = copy(tmp_path)
    for path in directory.glob("*.cedar"):
        path.unlink()
    (directory / "90_new.cedar").write_text(HEAD + "permit (principal, action, resource);", encoding="utf-8")
    schema = directory / "schema.cedarschema"
    text = schema.read_text(encoding="utf-8")
    assert text.count(declared) == 1
    assert read_policies(directory)
    schema.write_text(text.replace(declared, instead), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"schema\.cedarschema.*derives"):
        read_policies(directory)
