"""Makes the imitation world: a seeded population and what became of everybody, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random

from mocks import courses, journeys, people
from mocks.courses import Course
from mocks.life import Life, Term
from mocks.people import Registry
from mocks.places import ELSEWHERE, JIANGSU, ZHEJIANG
from mocks.stories import Teller

_ZHEJIANG_SHARE = 0.11  # people who are entirely Zhejiang's
_ACROSS_SHARE = 0.02  # each way: held in one province, at home in the other
_OUTSIDE_SHARE = 0.03  # households elsewhere
_NEVER_ENTERED = 0.06  # released, yet never entered into dynamic control


@dataclass(frozen=True, slots=True)
class World:
    """Everybody, as it really went, on `today`; `stories` names the people of the tour."""

    lives: tuple[Life, ...]
    today: date
    seed: int
    stories: Mapping[str, int]

    def story(self, name: str) -> Life:
        """One person of the tour; see mocks/stories.py."""
        return self.lives[self.stories[name]]

    def held_in(self, province: str) -> tuple[Life, ...]:
        """Everybody of whom some agency of the province ("320000") holds a record."""
        return tuple(life for life in self.lives if province in life.provinces)


def populate(seed: int = 20260101, people: int = 400, today: date = date(2026, 11, 1)) -> World:
    """A world of that many people; the same arguments give the same world."""
    random = Random(seed)
    registry = Registry(random)
    told = {name: tell(number) for number, (name, tell) in enumerate(Teller(random, registry, today).tales().items())}
    lives = [_settle(life, course, None, today) for life, course in told.values()]
    lives[tuple(told).index("never_ordered")] = replace(
        lives[tuple(told).index("never_ordered")], control_entered_on=None, control_status="LOST"
    )
    turn = 0
    for number in range(len(lives), people):
        life, course = _draw(random, registry, number, today)
        if courses.months_after(life.birth_date, 20 * 12) > today:
            caught = journeys.travel_young(course)
        elif course.province == "320000" and turn < len(courses.TRUTH_TABLE):
            caught, turn = journeys.travel(course, turn), turn + 1
        else:
            caught = journeys.travel(course, len(courses.TRUTH_TABLE))
        lives.append(_settle(life, course, caught, today))
    lives[len(told) :] = _twin(lives[len(told) :])
    return World(tuple(lives), today, seed, {name: number for number, name in enumerate(told)})


def _draw(random: Random, registry: Registry, number: int, today: date) -> tuple[Life, Course]:
    roll = random.random()
    here, there = random.choice(tuple(JIANGSU)), random.choice(tuple(ZHEJIANG))
    residence, domicile, caught_in = here, here, here
    if roll < _ZHEJIANG_SHARE:
        residence = domicile = caught_in = there
    elif roll < _ZHEJIANG_SHARE + _ACROSS_SHARE:
        residence = domicile = there
    elif roll < _ZHEJIANG_SHARE + 2 * _ACROSS_SHARE:
        caught_in = there
    elif roll < _ZHEJIANG_SHARE + 2 * _ACROSS_SHARE + _OUTSIDE_SHARE:
        domicile = random.choice(tuple(ELSEWHERE))
    elif roll < 0.3:
        domicile = random.choice(tuple(JIANGSU))
    born = None
    if random.random() < 0.03:
        born = date(today.year - random.randint(16, 17), random.randint(1, 12), random.randint(1, 28))
    life = people.person(random, registry, number, residence=residence, domicile=domicile, born=born)
    return life, Course(random, today, caught_in, life.sex, home=residence, household=domicile)


def _settle(life: Life, course: Course, caught: date | None, today: date) -> Life:
    """Join a person and their course, and derive what follows from it."""
    terms = tuple(course.terms)
    first = caught or min(term.decided_on for term in terms if term.decided_on)
    died = next((term.ended_on for term in terms if term.end_reason == "DIED"), None)
    used = min(life.first_used_on, first - timedelta(days=200))
    entered = course.random.random() >= _NEVER_ENTERED
    status = _control(course, died, today)
    return replace(
        life,
        first_used_on=used,
        first_caught_on=first,
        control_status=status if entered or status in ("DECEASED", "LIFTED") else "LOST",
        control_entered_on=first + timedelta(days=course.random.randint(0, 20)) if entered else None,
        died_on=died,
        terms=terms,
        marks=tuple(course.marks),
        happenings=tuple(sorted(course.happenings, key=lambda happening: happening.on)),
        provinces=courses.provinces_of(course),
    )


def is_overdue(term: Term, today: date) -> bool:
    """Whether somebody was ordered into the community and has not reported within fifteen days."""
    if term.execution_place is None or term.received_on is None or term.reported_on is not None:
        return False
    return today > term.received_on + timedelta(days=15)


def _control(course: Course, died: date | None, today: date) -> str:
    if died:
        return "DECEASED"
    if any(term.ended_on is None and term.kind == "COMPULSORY_ISOLATION" for term in course.terms):
        return "UNDER_CONTROL"
    if any(is_overdue(term, today) for term in course.terms):
        return "LOST"
    relapses = [happening.on for happening in course.happenings if happening.result == "POSITIVE"]
    starts = [
        term.ended_on if term.kind == "COMPULSORY_ISOLATION" else term.starts_on
        for term in course.terms
        if term.kind in ("COMPULSORY_ISOLATION", "COMMUNITY_TREATMENT")
    ]
    clean_since = max([*(start for start in starts if start), *relapses], default=today)
    lifted = courses.months_after(clean_since, 36) <= today
    return "LIFTED" if lifted else "CLEAN_UNDER_THREE_YEARS"


def _twin(lives: list[Life]) -> list[Life]:
    """重号: one pair of different people bears the same id number, as old registers had it."""
    plain = [
        life
        for life in lives
        if life.sex == "MALE" and life.second_id_number is None and life.provinces == ("320000",)
    ]
    if len(plain) < 2:
        return lives
    plain.sort(key=lambda life: life.birth_date)
    first, second = min(pairwise(plain), key=lambda pair: pair[1].birth_date - pair[0].birth_date)
    shared = replace(second, id_number=first.id_number, birth_date=first.birth_date)
    return [shared if life is second else life for life in lives]
