from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.authorization.policy_set import DIRECTORY, REQUIRED
from gateway.policy.check import check
from tests.gateway.policy.conftest import Changed

ON = '@id("new") @basis("an article") '
AUDIT = 'principal.purpose == Yiti::Purpose::"AUDIT"'
ADDED = [
    (
        "POLICY_DEAD",
        'permit (principal in Yiti::Role::"AUDITOR", action, resource)'
        f' when {{ {AUDIT} && principal.purpose == Yiti::Purpose::"HANDOFF" }};',
        "applies to nobody",
    ),
    (
        "POLICY_DEAD",
        'permit (principal in Yiti::Role::"AUDITOR", action, resource == Yiti::Label::"AUDIT")'
        ' when { resource in Yiti::LabelGroup::"eligibility" };',
        "applies to nobody",
    ),
    (
        "POLICY_DEAD",
        'permit (principal in Yiti::Role::"SUBJECT", action, resource)'
        ' when { principal in Yiti::Role::"AUDITOR" };',  # no token bears both
        "applies to nobody",
    ),
    (
        "POLICY_CLAUSE_DEAD",
        'forbid (principal in Yiti::Role::"AUDITOR", action, resource == Yiti::Label::"EXISTENCE")'
        f' when {{ {AUDIT} && principal.forwarded }} unless {{ principal.purpose == Yiti::Purpose::"HANDOFF" }};',
        r"its `unless` \(purpose, HANDOFF\) can never hold",
    ),
    (
        "POLICY_CLAUSE_DEAD",
        'forbid (principal in Yiti::Role::"AUDITOR", action, resource == Yiti::Label::"EXISTENCE") when {'
        ' principal.forwarded || resource == Yiti::Label::"FAMILY" };',
        "alternative 2 of its `when`",
    ),
    (
        "POLICY_OVERRIDDEN",
        'permit (principal in Yiti::Role::"CIVIL_AFFAIRS_CLERK", action in Yiti::Action::"see",'
        ' resource == Yiti::Label::"FAMILY") when { principal.responsible };',
        "permits nothing",
    ),
    (
        "POLICY_SHADOWED",
        'permit (principal in Yiti::Role::"AUDITOR", action == Yiti::Action::"view",'
        f' resource == Yiti::Label::"PUBLIC") when {{ {AUDIT} }};',
        "says so already",
    ),
    (
        "POLICY_MASK_MISSING",
        'permit (principal in Yiti::Role::"TOWNSHIP_WORKER", action == Yiti::Action::"viewMasked",'
        ' resource == Yiti::Label::"HEALTH")'
        ' when { principal.responsible && principal.purpose == Yiti::Purpose::"AFTERCARE" };',
        "names no mask",
    ),
    (
        "POLICY_MASK_UNUSED",
        '@mask("year_only") permit (principal in Yiti::Role::"TOWNSHIP_WORKER", action == Yiti::Action::"view",'
        ' resource == Yiti::Label::"HEALTH")'
        ' when { principal.responsible && principal.purpose == Yiti::Purpose::"AFTERCARE" };',
        "never opens viewMasked",
    ),
    ("POLICY_NAME_UNKNOWN", 'permit (principal, action, resource == Yiti::Label::"HEALHT");', "HEALHT"),
    ("POLICY_SYNTAX", "permit (principal, action);", "resource"),
]


@pytest.mark.parametrize(("code", "text", "said"), ADDED)
def test_a_bad_policy_is_found_with_its_line(changed: Changed, code: str, text: str, said: str) -> None:
    directory = changed({"90_new.cedar": f"// why\n\n{ON}{text}\n"})
    new = [one for one in check(directory).findings if one.file == "90_new.cedar"]
    assert [(one.code, one.line) for one in new] == [(code, 3)]
    assert re.search(said, new[0].message)
    assert new[0].fix


def test_the_policies_in_force_have_no_finding() -> None:
    checked = check(DIRECTORY)
    assert checked.findings == ()
    assert checked.policies is not None


LIMIT = (
    "    purpose: Purpose,",
    "    purpose: Purpose,\n    level?: Long,       // of trust\n    until?: Long,       // of a badge",
)


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("principal has level && principal.level + 9223372036854775807 > 3", "POLICY_MAY_FAIL"),
        ("principal has until && principal.until > 3", None),
        ("principal has level && principal.level > 3", None),
        ("principal has level && principal.level > principal.level", "POLICY_UNPROVEN"),
        ('"a" like "*"', "POLICY_UNPROVEN"),
    ],
)
def test_a_guard_that_could_fail_is_found(changed: Changed, condition: str, code: str | None) -> None:
    guard = (
        f'{ON}forbid (principal in Yiti::Role::"AUDITOR", action, resource == Yiti::Label::"AUDIT")'
        f" when {{ {condition} }};"
    )
    directory = changed({"90_new.cedar": guard}, dict([LIMIT]))
    assert {one.code for one in check(directory).findings if one.file == "90_new.cedar"} == (
        {code} if code else set()
    )


def test_a_policy_that_tightens_a_mask_stands_behind_nobody(changed: Changed) -> None:
    masked = (
        'permit (principal in Yiti::Role::"AFTERCARE_OFFICER", action == Yiti::Action::"viewMasked",'
        ' resource == Yiti::Label::"DRUG_USE")'
        ' when { principal.purpose == Yiti::Purpose::"AFTERCARE" && principal.responsible };'
    )
    tighter = changed({"90_new.cedar": f'{ON}@mask("redact") {masked}'})
    looser = changed({"90_new.cedar": f'{ON}@mask("name_initial") {masked}'})
    assert _codes(tighter) == set()
    assert _codes(looser) == {"POLICY_SHADOWED"}


def _codes(directory: Path) -> set[str]:
    return {one.code for one in check(directory).findings if one.file == "90_new.cedar"}


def test_an_unused_group_is_found(changed: Changed) -> None:
    directory = changed(replaced={"\nroles:\n": "\n  spare: [FAMILY]\nroles:\n"})
    (found,) = check(directory).findings
    assert (found.file, found.code) == ("groups.yaml", "POLICY_GROUP_UNUSED")
    assert "spare" in (directory / "groups.yaml").read_text(encoding="utf-8").splitlines()[found.line - 1]


def test_a_fact_without_its_meaning_is_found(changed: Changed) -> None:
    directory = changed(replaced={"    forwarded: Bool,": "    stray?: Bool,\n    forwarded: Bool,"})
    (found,) = check(directory).findings
    assert (found.file, found.code) == ("schema.cedarschema", "POLICY_FACT_UNEXPLAINED")
    assert "stray" in (directory / "schema.cedarschema").read_text(encoding="utf-8").splitlines()[found.line - 1]


def test_every_code_is_documented_and_none_else() -> None:
    root = Path(__file__).parents[3]
    page = (root / "docs" / "policy-tools.md").read_text(encoding="utf-8")
    written = (root / "gateway" / "policy" / "check.py", root / "gateway" / "authorization" / "policy_set.py")
    codes = {code for path in written for code in re.findall(r'"(POLICY_[A-Z_]+)"', path.read_text(encoding="utf-8"))}
    codes |= {f"POLICY_{name.upper()}_MISSING" for name in REQUIRED}
    assert len(codes) > 20
    assert set(re.findall(r"`(POLICY_[A-Z_]+)`", page)) == codes
