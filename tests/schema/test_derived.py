"""Where somebody stands, told from rows of several agencies; the seams are the point."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.contract import Provenance, Record
from gateway.execution.handles import Handles
from schema.derived import current_measure, eligibility, execution_place, stage, status
from schema.enums import CaseStage, PersonStatus
from schema.file import CaseFile, Frame, PersonFile, Row

TODAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def row(entity: str, **values: object) -> Row:
    key = f"{entity}-{sorted(values.items(), key=str)}"
    record = Record(key, "person", values, Provenance("facility", "rows", key, NOW))
    return Row(entity, values, record, Frame(Handles(b"k" * 32), {}))


def days(count: int) -> date:
    return TODAY - timedelta(days=count)


def isolation(ended: date | None, **more: object) -> Row:
    return row("Measure", kind="COMPULSORY_ISOLATION", startsOn=days(900), endedOn=ended, **more)


def recovery(**values: object) -> Row:
    return row("Measure", kind="COMMUNITY_RECOVERY", **values)


def order(decided: date) -> Row:
    return row("Decision", kind="COMMUNITY_RECOVERY_ORDER", decidedOn=decided)


def file(*rows: Row, **values: object) -> PersonFile:
    grouped: dict[str, tuple[Row, ...]] = {}
    for one in rows:
        grouped[one.entity] = (*grouped.get(one.entity, ()), one)
    return PersonFile("p1_x", values, {}, (CaseFile("p1_x", "day", Handles(b"k" * 32), grouped),), None, None)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (file(isolation(None)), PersonStatus.IN_ISOLATION),
        (file(isolation(days(40))), PersonStatus.RELEASED_NOT_ORDERED),
        (file(isolation(days(40)), order(days(50))), PersonStatus.ORDERED_NOT_REPORTED),
        (file(isolation(days(40)), recovery(orderedOn=days(45))), PersonStatus.ORDERED_NOT_REPORTED),
        (
            file(isolation(days(40)), recovery(orderedOn=days(45), startsOn=days(30), reportedOn=days(30))),
            PersonStatus.IN_COMMUNITY_RECOVERY,
        ),
        (
            file(
                isolation(days(400)),
                recovery(orderedOn=days(400), startsOn=days(390), reportedOn=days(390), endedOn=days(5)),
            ),
            PersonStatus.COMPLETED,
        ),
        (file(isolation(days(40)), row("Measure", kind="AFTERCARE", startsOn=days(39))), PersonStatus.IN_AFTERCARE),
        (file(isolation(days(40)), diedOn=days(3)), PersonStatus.DECEASED),
        (file(), PersonStatus.UNKNOWN),
        (file(row("Measure", kind="COMMUNITY_TREATMENT", startsOn=days(9))), PersonStatus.IN_COMMUNITY_TREATMENT),
    ],
)
def test_status_names_the_stretch_or_the_seam(person: PersonFile, expected: PersonStatus) -> None:
    assert status(person, TODAY) is expected


def test_an_order_of_an_earlier_journey_does_not_count_for_this_release() -> None:
    assert status(file(isolation(days(40)), order(days(800))), TODAY) is PersonStatus.RELEASED_NOT_ORDERED


def test_community_recovery_does_not_run_before_the_report_in() -> None:
    waiting = recovery(orderedOn=days(20), startsOn=days(20))
    assert status(file(isolation(days(25)), waiting), TODAY) is PersonStatus.ORDERED_NOT_REPORTED


def test_the_residential_measure_binds_before_the_community_one() -> None:
    held = isolation(None)
    person = file(held, row("Measure", kind="AFTERCARE", startsOn=days(3)))
    assert current_measure(person, TODAY) == held.order


def test_a_measure_whose_kind_could_not_be_read_costs_nothing_else() -> None:
    unread = row("Measure", kind=None, startsOn=days(2))
    held = isolation(None)
    assert current_measure(file(unread, held), TODAY) == held.order
    assert status(file(unread, held), TODAY) is PersonStatus.IN_ISOLATION
    assert current_measure(file(unread), TODAY) in {None, unread.order}
    assert stage((file(unread).cases or ())[0], TODAY) is CaseStage.UNKNOWN


def test_eligibility_answers_without_a_reason_and_ends_with_the_measure() -> None:
    due = TODAY + timedelta(days=200)
    answer = eligibility(file(recovery(startsOn=days(10), reportedOn=days(10), dueEndOn=due)), TODAY)
    assert {(one.eligible, one.until) for one in answer.values()} == {(True, due)}


def test_nothing_on_record_is_neither_yes_nor_no() -> None:
    assert {one.eligible for one in eligibility(file(), TODAY).values()} == {None}


def test_the_execution_place_is_never_taken_from_domicile_or_residence() -> None:
    person = file(isolation(days(3)), domicileCode="320106", residenceCode="320102")
    assert execution_place(person, TODAY) is None


def test_a_running_measure_says_where_it_is_executed() -> None:
    running = recovery(startsOn=days(5), reportedOn=days(5), executionPlaceCode="320102901")
    person = file(running, executionPlaceCode="320106")
    assert execution_place(person, TODAY) == "320102901"


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ((order(days(3)),), CaseStage.DECIDED),
        ((isolation(None),), CaseStage.ISOLATED),
        ((isolation(days(9)),), CaseStage.RELEASED),
        ((isolation(days(9)), order(days(12))), CaseStage.ORDERED),
        ((isolation(days(99)), recovery(startsOn=days(90), reportedOn=days(90))), CaseStage.IN_COMMUNITY),
        (
            (isolation(days(999)), recovery(startsOn=days(950), reportedOn=days(950), endedOn=days(2))),
            CaseStage.CLOSED,
        ),
    ],
)
def test_a_case_comes_as_far_as_its_rows_say(case: tuple[Row, ...], expected: CaseStage) -> None:
    (only,) = file(*case).cases or ()
    assert stage(only, TODAY) is expected
