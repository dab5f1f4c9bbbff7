"""What of somebody's merged records may influence who may see them, one piece after the other."""

from __future__ import annotations

from dataclasses import replace as changed
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.authorization.decision import Evidence
from gateway.authorization.facts import derive_facts
from gateway.execution.evidence import evidence
from gateway.execution.ties import LONGEST
from schema.file import Row
from tests.gateway.authorization.people import VIEWER
from tests.schema.test_derived import TODAY, file, recovery, row

DAY = timedelta(days=1)
ME, OTHER = VIEWER.agency, "ORG-2"


def known(*rows: Row, records: tuple[Row, ...] = (), **values: object) -> Evidence:
    return evidence(replace(file(*rows, **values), records=records), (), ME, TODAY)


@pytest.mark.parametrize(
    ("born", "minor"),
    [
        (date(2008, 11, 1), False),  # eighteen today
        (date(2008, 11, 2), True),  # tomorrow
        (date(2008, 12, 1), True),
        (date(1990, 1, 1), False),
        (date(2026, 10, 1), True),
        (None, False),
    ],
)
def test_somebody_is_a_minor_until_the_day_of_eighteen(born: date | None, minor: bool) -> None:
    assert known(birthDate=born).under_18 is minor


@pytest.mark.parametrize(("said", "sealed"), [([], False), ([False], False), ([False, True], True), ([True], True)])
def test_one_source_that_says_sealed_is_enough(said: list[bool], sealed: bool) -> None:
    records = tuple(row("PersonRecord", sealed=one, name=f"{place}") for place, one in enumerate(said))
    assert known(records=records).sealed is sealed


@pytest.mark.parametrize(("status", "lifted"), [("LIFTED", True), ("UNDER_CONTROL", False), (None, False)])
def test_control_is_lifted_where_the_register_says_so(status: str | None, lifted: bool) -> None:
    assert known(controlStatus=status).control_lifted is lifted


@pytest.mark.parametrize(
    ("values", "held", "active"),
    [
        ({"agencyCode": ME, "startsOn": TODAY - DAY}, True, True),
        ({"agencyCode": ME, "startsOn": TODAY - DAY, "endedOn": TODAY}, True, False),
        ({"agencyCode": ME, "startsOn": TODAY - 9 * DAY, "endedOn": TODAY - DAY}, True, False),
        ({"agencyCode": ME, "startsOn": TODAY + DAY}, True, False),
        ({"agencyCode": OTHER, "startsOn": TODAY - DAY}, False, False),
    ],
)
def test_an_agency_is_responsible_while_its_own_measure_runs(
    values: dict[str, Any], held: bool, active: bool
) -> None:
    found = known(row("Measure", kind="COMMUNITY_TREATMENT", **values))
    assert (bool(found.measure_agencies), bool(found.active_agencies)) == (held, active)
    facts = derive_facts(VIEWER, found)
    assert (facts.formerly, facts.responsible) == (held, active)


def test_another_agencys_running_measure_makes_nobody_responsible_who_had_one_before() -> None:
    ended = row("Measure", kind="COMMUNITY_TREATMENT", agencyCode=ME, startsOn=TODAY - 9 * DAY, endedOn=TODAY - DAY)
    runs = row("Measure", kind="COMMUNITY_RECOVERY", agencyCode=OTHER, startsOn=TODAY - DAY, reportedOn=TODAY - DAY)
    facts = derive_facts(VIEWER, known(ended, runs))
    assert (facts.formerly, facts.responsible) == (True, False)


def test_a_measure_that_waits_a_decision_and_an_agreement_each_tie_their_own_agency() -> None:
    rows = {
        "awaiting_agencies": recovery(orderedOn=TODAY - DAY, agencyCode=ME),
        "decision_agencies": row("Decision", number="A-1", agencyCode=ME),
        "agreement_agencies": row("Agreement", agencyCode=ME, signedOn=TODAY - DAY),
    }
    for name, one in rows.items():
        found = known(one)
        assert [tie for tie in rows if getattr(found, tie)] == [name]
        theirs = row(one.entity, **{**one.values, "agencyCode": OTHER})
        assert not getattr(known(theirs), name)
    numbered = derive_facts(changed(VIEWER, case_number="A-1"), known(rows["decision_agencies"]))
    assert numbered.legal_order


@pytest.mark.parametrize(("ended", "closed"), [(TODAY - LONGEST - DAY, True), (TODAY - LONGEST, False)])
def test_a_file_is_closed_by_its_measures(ended: date, closed: bool) -> None:
    assert known(row("Measure", kind="COMMUNITY_TREATMENT", agencyCode=ME, endedOn=ended)).file_closed is closed
    assert not known().file_closed


def test_places_are_told_apart() -> None:
    found = known(executionPlaceCode="320102003", residenceCode="320102", domicileCode="330106")
    assert (found.execution_place, found.residence, found.domicile) == ("320102003", "320102", "330106")
