"""Each guard holds by itself: it denies even where another policy permits everything, and only it does so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.authorization.decide import CedarAuthorizer
from gateway.authorization.decision import Effect, Facts
from gateway.authorization.policy_set import DIRECTORY
from schema.label import Label
from tests.gateway.authorization.people import facts

EVERYTHING = '@id("everything") @basis("for this test only") permit (principal, action, resource);'

CASES: list[tuple[str, Facts, Label]] = [
    # guard, facts of which it denies, label
    ("G01-sealed", facts("AFTERCARE_OFFICER", "AFTERCARE", record_sealed=True), Label.EXISTENCE),
    ("G01-sealed", facts("TOWNSHIP_WORKER", "HANDOFF", record_sealed=True, responsible=True), Label.CUSTODY),
    ("G02-control-lifted", facts("POLICE_CASE_OFFICER", "HANDOFF", control_lifted=True), Label.EXISTENCE),
    ("G02-control-lifted", facts("POLICE_CASE_OFFICER", "STATUTORY_QUERY", control_lifted=True), Label.POLICE),
    ("G03-hiv", facts("FACILITY_ASSESSOR", "ASSESSMENT", responsible=True, legal_basis=True), Label.HEALTH_HIV),
    ("G03-hiv", facts("FACILITY_ASSESSOR", "ASSESSMENT", is_self=True), Label.HEALTH_HIV),
    ("G04-minors", facts("FACILITY_ASSESSOR", "ASSESSMENT", minor=True, responsible=True), Label.FAMILY),
    ("G04-minors", facts("FACILITY_ASSESSOR", "ASSESSMENT", minor=True, responsible=True), Label.HEALTH),
    ("G04-minors", facts("TOWNSHIP_WORKER", "HANDOFF", minor=True, in_my_tree=True), Label.FAMILY),
    ("G05-subject-self-only", facts("SUBJECT", "OWN_ACCESS"), Label.EXISTENCE),
    ("G06-clerk-eligibility-only", facts("CIVIL_AFFAIRS_CLERK", "SUPPORT"), Label.CUSTODY),
    ("G06-clerk-eligibility-only", facts("CIVIL_AFFAIRS_CLERK", "SUPPORT", legal_basis=True), Label.DRUG_USE),
    ("G07-auditor-oversight-only", facts("AUDITOR", "AUDIT"), Label.IDENTITY),
    ("G08-stays-home", facts("FACILITY_ASSESSOR", "ASSESSMENT", forwarded=True), Label.HEALTH),
    ("G08-stays-home", facts("AUDITOR", "AUDIT", forwarded=True), Label.AUDIT),
    ("G10-purpose-assessment", facts("AFTERCARE_OFFICER", "ASSESSMENT"), Label.ASSESSMENT),
    ("G11-purpose-handoff", facts("FACILITY_ASSESSOR", "HANDOFF"), Label.CUSTODY),
    ("G12-purpose-aftercare", facts("POLICE_CASE_OFFICER", "AFTERCARE"), Label.CONTACT),
    ("G13-purpose-support", facts("FACILITY_ASSESSOR", "SUPPORT"), Label.SUPPORT),
    ("G14-purpose-statutory-query", facts("TOWNSHIP_WORKER", "STATUTORY_QUERY", legal_basis=True), Label.CUSTODY),
    ("G15-purpose-audit", facts("TOWNSHIP_WORKER", "AUDIT"), Label.AUDIT),
    ("G04-minors", facts("SOCIAL_WORKER", "AFTERCARE", minor=True, assigned=True), Label.HEALTH),
    (
        "G06-clerk-eligibility-only",
        facts("TAX_CLERK", "SUPPORT", consented=frozenset({Label.SUPPORT})),
        Label.SUPPORT,
    ),
    ("G09-file-closed", facts("AFTERCARE_OFFICER", "AFTERCARE", file_sealed=True, in_my_tree=True), Label.CUSTODY),
    (
        "G09-file-closed",
        facts("POLICE_CASE_OFFICER", "HANDOFF", file_sealed=True, my_decision=True),
        Label.ASSESSMENT,
    ),
    ("G17-purpose-treatment", facts("AFTERCARE_OFFICER", "TREATMENT", responsible=True), Label.HEALTH),
    ("G19-statistics-without-rows", facts("STATISTICIAN", "STATISTICS", in_my_tree=True), Label.EXISTENCE),
    ("G20-supervisor-duties-only", facts("SUPERVISOR", "AUDIT", in_my_tree=True), Label.CUSTODY),
    ("G21-relative-by-consent-only", facts("RELATIVE", "OWN_ACCESS"), Label.EXISTENCE),
    (
        "G21-relative-by-consent-only",
        facts("RELATIVE", "OWN_ACCESS", is_family_with_consent=True, consented=frozenset({Label.EXISTENCE})),
        Label.CUSTODY,
    ),
    (
        "G21-relative-by-consent-only",
        facts("RELATIVE", "OWN_ACCESS", consented=frozenset({Label.CUSTODY})),
        Label.CUSTODY,
    ),
    ("G16-purpose-own-access", facts("TOWNSHIP_WORKER", "OWN_ACCESS", is_self=True), Label.CUSTODY),
]

OPEN: list[tuple[Facts, Label]] = [
    # where a guard must let through
    (facts("POLICE_CASE_OFFICER", "STATUTORY_QUERY", record_sealed=True, legal_basis=True), Label.POLICE),
    (facts("SUBJECT", "OWN_ACCESS", record_sealed=True, is_self=True), Label.POLICE),
    (facts("AUDITOR", "AUDIT", record_sealed=True), Label.EXISTENCE),
    (facts("AUDITOR", "AUDIT", record_sealed=True), Label.AUDIT),
    (facts("POLICE_CASE_OFFICER", "STATUTORY_QUERY", control_lifted=True, legal_basis=True), Label.POLICE),
    (facts("AFTERCARE_OFFICER", "AFTERCARE", control_lifted=True, in_my_tree=True), Label.CUSTODY),
    (facts("SUBJECT", "OWN_ACCESS", is_self=True), Label.HEALTH_HIV),
    (facts("SUBJECT", "OWN_ACCESS", is_self=True, minor=True), Label.HEALTH),
    (facts("FACILITY_RELEASE_OFFICER", "HANDOFF", minor=True, responsible=True), Label.FAMILY),
    (facts("SUBJECT", "OWN_ACCESS", is_self=True, forwarded=True), Label.AUDIT),
    (facts("SUBJECT", "OWN_ACCESS", is_self=True, file_sealed=True), Label.ASSESSMENT),
    (facts("POLICE_CASE_OFFICER", "STATUTORY_QUERY", file_sealed=True, legal_basis=True), Label.CUSTODY),
    (facts("HOSPITAL_DOCTOR", "TREATMENT", file_sealed=True, formerly=True), Label.HEALTH),
    (facts("HOSPITAL_DOCTOR", "TREATMENT", minor=True, formerly=True), Label.HEALTH),
    (facts("HOSPITAL_DOCTOR", "TREATMENT", consented=frozenset({Label.HEALTH_HIV})), Label.HEALTH_HIV),
    (facts("SOCIAL_WORKER", "AFTERCARE", minor=True, consented=frozenset({Label.HEALTH})), Label.HEALTH),
    (facts("HOSPITAL_DOCTOR", "TREATMENT", record_sealed=True, break_glass=frozenset({Label.FAMILY})), Label.FAMILY),
    (
        facts("RELATIVE", "OWN_ACCESS", is_family_with_consent=True, consented=frozenset({Label.CUSTODY})),
        Label.CUSTODY,
    ),
]


@pytest.fixture(scope="module")
def wide_open(tmp_path_factory: pytest.TempPathFactory) -> CedarAuthorizer:
    directory = tmp_path_factory.mktemp("policies")
    shutil.copytree(DIRECTORY, directory, dirs_exist_ok=True)
    (directory / "99_everything.cedar").write_text(EVERYTHING, encoding="utf-8")
    return CedarAuthorizer.load(directory)


def _without(guard: str, directory: Path) -> CedarAuthorizer:
    shutil.copytree(DIRECTORY, directory, dirs_exist_ok=True)
    (directory / "99_everything.cedar").write_text(EVERYTHING, encoding="utf-8")
    guards = (directory / "00_guards.cedar").read_text(encoding="utf-8")
    kept = [text for text in guards.split("@id(") if not text.startswith(f'"{guard}"')]
    (directory / "00_guards.cedar").write_text("@id(".join(kept), encoding="utf-8")
    return CedarAuthorizer.load(directory)


@pytest.mark.parametrize(("guard", "known", "label"), CASES)
def test_a_guard_denies_what_everything_else_permits(
    wide_open: CedarAuthorizer, guard: str, known: Facts, label: Label
) -> None:
    grant = wide_open.decide(known)[label]
    assert (grant.effect, grant.policies, grant.may_filter) == (Effect.DENY, (guard,), False)


@pytest.mark.parametrize(("guard", "known", "label"), CASES)
def test_without_the_guard_the_label_would_be_open(tmp_path: Path, guard: str, known: Facts, label: Label) -> None:
    assert _without(guard, tmp_path).decide(known)[label].effect is Effect.ALLOW


def test_every_guard_is_tried(authorizer: CedarAuthorizer) -> None:
    guards = {policy.id for policy in authorizer.policies.policies.values() if policy.forbids}
    assert guards == {guard for guard, _, _ in CASES} | {"G18-purpose-statistics"}


def test_only_those_who_count_may_count_for_statistics(wide_open: CedarAuthorizer, tmp_path: Path) -> None:
    known = facts("AFTERCARE_OFFICER", "STATISTICS", in_my_tree=True)
    assert Label.CUSTODY not in wide_open.permitted(known, "aggregate")
    assert Label.CUSTODY in _without("G18-purpose-statistics", tmp_path).permitted(known, "aggregate")


@pytest.mark.parametrize(("known", "label"), OPEN)
def test_a_guard_lets_through_whom_the_law_names(authorizer: CedarAuthorizer, known: Facts, label: Label) -> None:
    assert authorizer.decide(known)[label].effect is Effect.ALLOW
