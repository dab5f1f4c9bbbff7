"""The imitation world is the same each time and holds what the field complains of."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from mocks import agencies, places
from mocks.courses import TRUTH_TABLE, months_after, must_be_advised
from mocks.life import Life
from mocks.people import check_digit
from mocks.world import World, populate
from schema import enums


def age_at(life: Life, day: date) -> int:
    return day.year - life.birth_date.year - ((day.month, day.day) < (life.birth_date.month, life.birth_date.day))


def released(life: Life) -> list[date]:
    return [
        term.ended_on
        for term in life.terms
        if term.kind == "COMPULSORY_ISOLATION" and term.ended_on and term.end_reason in ("EXPIRED", "EARLY_RELEASE")
    ]


def test_the_same_seed_gives_the_same_world(world: World) -> None:
    assert populate() == world
    assert populate(seed=7) != world


def test_a_smaller_world_has_the_same_stories() -> None:
    small = populate(people=30)
    assert len(small.lives) == 30
    assert small.story("cross_province").provinces == ("320000", "330000")


def test_each_life_stands_at_its_number(world: World) -> None:
    assert [life.number for life in world.lives] == list(range(400))


def test_id_numbers_are_valid_and_of_a_region_never_assigned(world: World) -> None:
    numbers = [n for life in world.lives for n in (life.id_number, life.second_id_number) if n]
    assert all(number[:4] == "3299" and number[4:6] != "00" for number in numbers)
    assert all(check_digit(number[:17]) == number[17] for number in numbers)
    assert all(
        life.id_number
        and life.id_number[6:14] == f"{life.birth_date:%Y%m%d}"
        and (int(life.id_number[16]) % 2 == 1) == (life.sex == "MALE")
        for life in world.lives
    )


def test_exactly_one_number_is_borne_by_two_people(world: World) -> None:
    counts = Counter(life.id_number for life in world.lives)
    assert [count for count in counts.values() if count > 1] == [2]


def test_people_divide_between_the_provinces_as_said(world: World) -> None:
    held = Counter(life.provinces for life in world.lives)
    assert 35 <= held[("330000",)] <= 55
    assert held[("320000", "330000")] >= 10
    outside = [life for life in world.held_in("320000") if not life.domicile.startswith("32")]
    assert 0.03 <= len(outside) / len(world.held_in("320000")) <= 0.12


def test_journeys_run_over_both_provinces_in_both_directions(world: World) -> None:
    ways = set()
    for life in world.lives:
        isolated = [t.agency_code[:2] for t in life.terms if t.kind == "COMPULSORY_ISOLATION"]
        recovered = [t.agency_code[:2] for t in life.terms if t.kind == "COMMUNITY_RECOVERY"]
        ways |= {(first, second) for first in isolated for second in recovered}
    assert ways == {("32", "32"), ("33", "33"), ("32", "33"), ("33", "32")}


def test_every_row_of_the_truth_table_was_assessed(world: World) -> None:
    rows = {
        (mark.detoxification, mark.recovery, mark.conduct, mark.social_adaptation)
        for life in world.lives
        for mark in life.marks
        if mark.stage == "BEFORE_EXPIRY"
    }
    assert rows == set(TRUTH_TABLE)


def test_fifteen_of_the_sixteen_rows_must_be_advised() -> None:
    assert [row for row in TRUTH_TABLE if not must_be_advised(row)] == [("PASS", "PASS", "PASS", "GOOD")]


def test_four_stages_were_assessed_of_somebody(world: World) -> None:
    assert {mark.stage for life in world.lives for mark in life.marks} == set(enums.AssessmentStage.__members__)


def test_some_were_advised_yet_never_ordered(world: World) -> None:
    forgotten = [
        life
        for life in world.lives
        if released(life)
        and any(mark.advised for mark in life.marks)
        and not any(term.kind == "COMMUNITY_RECOVERY" for term in life.terms)
    ]
    assert len(forgotten) >= 10


def test_some_never_reported_and_some_reported_late(world: World) -> None:
    orders = [t for life in world.lives for t in life.terms if t.kind == "COMMUNITY_RECOVERY"]
    assert sum(term.reported_on is None for term in orders) >= 8
    late = [t for t in orders if t.reported_on and t.received_on and t.reported_on - t.received_on > timedelta(15)]
    assert len(late) >= 8


def test_measures_clocks_start_where_the_law_says(world: World) -> None:
    for term in (term for life in world.lives for term in life.terms):
        if term.kind == "COMPULSORY_ISOLATION":
            assert term.starts_on == term.decided_on
        if term.kind in ("COMMUNITY_TREATMENT", "COMMUNITY_RECOVERY"):
            assert term.starts_on == term.reported_on
            assert term.due_end_on == (months_after(term.reported_on, 36) if term.reported_on else None)


def test_nothing_has_happened_after_today(world: World) -> None:
    for life in world.lives:
        assert all(happening.on <= world.today for happening in life.happenings)
        assert all(mark.assessed_on <= world.today for mark in life.marks)
        for term in life.terms:
            for day in (term.decided_on, term.starts_on, term.ended_on, term.reported_on, term.release_notice_on):
                assert day is None or day <= world.today


def test_every_kind_of_person_is_there(world: World) -> None:
    lives = world.lives
    assert sum(life.hiv_positive for life in lives) >= 3
    assert sum(life.sealed for life in lives) >= 3
    assert sum(life.died_on is not None for life in lives) >= 2
    assert sum(life.control_status == "LIFTED" for life in lives) >= 10
    assert sum(life.control_entered_on is None for life in lives) >= 10
    assert sum(life.second_id_number is not None for life in lives) >= 4
    assert sum(life.former_name is not None for life in lives) >= 8
    assert sum("·" in life.name for life in lives) >= 5
    assert sum(age_at(life, life.first_caught_on) < 18 for life in lives) >= 5
    assert any(character in life.name for life in lives for character in "䶮𬭊堃")


def test_all_six_measures_and_happenings_exist(world: World) -> None:
    assert {term.kind for life in world.lives for term in life.terms} == set(enums.MeasureKind.__members__)
    happened = {happening.kind for life in world.lives for happening in life.happenings}
    assert happened == {"test", "visit", "agreement", "grant", "treatment", "job", "course", "event"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("test", enums.TestMethod),
        ("visit", enums.VisitKind),
        ("agreement", enums.AgreementKind),
        ("grant", enums.SupportKind),
        ("treatment", enums.TreatmentKind),
        ("job", enums.EmploymentStatus),
        ("event", enums.EventKind),
    ],
)
def test_happenings_use_the_words_of_the_graph(world: World, kind: str, words: type[enums.Enum]) -> None:
    used = {happening.what for life in world.lives for happening in life.happenings if happening.kind == kind}
    assert used
    assert used <= set(words.__members__)


def test_lives_use_the_words_of_the_graph(world: World) -> None:
    for life in world.lives:
        assert life.sex in enums.Sex.__members__
        assert life.education in enums.Education.__members__
        assert life.marital_status in enums.MaritalStatus.__members__
        assert life.control_status in enums.ControlStatus.__members__
        assert all(relative.relation in enums.Relation.__members__ for relative in life.family)
        for term in life.terms:
            assert term.end_reason is None or term.end_reason in enums.EndReason.__members__
            assert term.phase is None or term.phase in enums.IsolationPhase.__members__


def test_every_agency_named_is_one_of_the_list(world: World) -> None:
    for life in world.lives:
        codes = {term.agency_code for term in life.terms} | {happening.agency_code for happening in life.happenings}
        assert codes <= set(agencies.ALL)
        places_named = {term.execution_place for term in life.terms if term.execution_place}
        assert all(place in places.TOWNSHIPS[place[:2] + "0000"] for place in places_named)


def test_agencies_have_one_code_each_and_kinds_of_the_graph() -> None:
    assert len({agency.name for agency in agencies.ALL.values()}) == len(agencies.ALL)
    assert {agency.kind for agency in agencies.ALL.values()} <= set(enums.AgencyKind.__members__)


# ---- the people of the tour ------------------------------------------------------------------------------------


def test_cross_province_is_isolated_here_and_recovers_there(world: World) -> None:
    isolation, recovery, care = world.story("cross_province").terms
    assert isolation.agency_code.startswith("32")
    assert recovery.agency_code.startswith("33")
    assert recovery.reported_on is not None
    assert care.custodian is not None


def test_ordered_not_reported_is_weeks_overdue(world: World) -> None:
    order = world.story("ordered_not_reported").terms[-1]
    assert order.reported_on is None
    assert order.received_on is not None
    assert world.today - order.received_on > timedelta(30)


def test_never_ordered_was_advised_and_never_entered(world: World) -> None:
    life = world.story("never_ordered")
    assert [term.kind for term in life.terms] == ["COMPULSORY_ISOLATION"]
    assert life.marks[-1].advised
    assert life.control_entered_on is None


def test_relief_applicant_asked_for_relief_and_looks_for_work(world: World) -> None:
    kinds = {(happening.kind, happening.what) for happening in world.story("relief_applicant").happenings}
    assert {("grant", "TEMPORARY_RELIEF"), ("job", "UNEMPLOYED")} <= kinds


def test_out_of_province_gets_no_aftercare(world: World) -> None:
    life = world.story("out_of_province")
    assert life.domicile.startswith("34")
    assert life.residence.startswith("32")
    assert not any(term.kind == "AFTERCARE" for term in life.terms)


def test_nobody_of_another_province_is_looked_after_where_they_live(world: World) -> None:
    strangers = [life for life in world.lives if life.domicile[:2] != life.residence[:2]]
    assert strangers
    assert not any(term.kind == "AFTERCARE" for life in strangers for term in life.terms)


def test_minor_is_under_eighteen_today(world: World) -> None:
    assert age_at(world.story("minor"), world.today) < 18


def test_sealed_hiv_conflict_and_two_numbers_are_what_they_say(world: World) -> None:
    assert world.story("sealed").sealed
    assert world.story("hiv").hiv_positive
    assert world.story("conflict").former_name
    assert world.story("two_numbers").second_id_number
