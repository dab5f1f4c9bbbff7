"""Whoever is judged in company is judged as if alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.authorization.decision import Decision, Evidence
from gateway.authorization.facts import derive_all, derive_facts
from gateway.authorization.standing import NO_STANDING, Standing
from gateway.execution.evidence import evidence, evidence_of_all
from gateway.execution.house import House
from gateway.execution.judging import Judging
from gateway.execution.mask import Mask
from gateway.execution.plan import Plan
from gateway.sources.reading import Holders, Reading
from schema.derived import CASE_DERIVATIONS, PERSON_DERIVATIONS
from schema.entities import ENTITIES
from schema.file import PersonFile, Row
from schema.label import Label
from tests.gateway.execution.random_world import PEOPLE, SOURCES, Dice
from tests.gateway.execution.world import TODAY, viewer
from tests.gateway.sources.memory import a_call

SEEDS = range(40)
EVERYTHING = {name: frozenset(entity.columns) for name, entity in ENTITIES.items()}


@pytest.mark.parametrize("seed", SEEDS)
async def test_files_and_decisions_do_not_depend_on_who_else_is_judged(seed: int) -> None:
    house, holders, reading = await _read(seed)
    assert _judged(house, reading, holders) == [
        one for token in holders for one in _judged(house, reading, {token: holders[token]})
    ]


@pytest.mark.parametrize("seed", SEEDS)
async def test_evidence_and_facts_do_not_depend_on_who_else_there_is(seed: int) -> None:
    people, agency, standing = await _people(seed)
    codes = [frozenset({f"32{source}"}) for source in SOURCES * 2][: len(people)]
    found = evidence_of_all(people, codes, agency, TODAY)
    assert found == [evidence(one, said, agency, TODAY) for one, said in zip(people, codes, strict=True)]
    asking = replace(viewer(), agency=agency, case_number="01", person=people[0].id)
    facts = derive_all(asking, found, standing)
    assert facts == [derive_facts(asking, one, standing) for one in found]


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_mask_leaves_of_many_files_what_it_leaves_of_each(seed: int) -> None:
    house, holders, reading = await _read(seed)
    derived = [*PERSON_DERIVATIONS, *CASE_DERIVATIONS]
    judged = _judged(house, reading, holders)
    everybody = [file for file, _ in judged]
    for _, decision in judged:
        mask = Mask(decision, derived, TODAY)
        assert mask.files(everybody) == [mask.file(one) for one in everybody]


def test_what_nobody_has_is_nothing_of_anybody() -> None:
    bare = PersonFile("p1_a", {}, {}, (), (), ())
    (found,) = evidence_of_all([bare], [frozenset()], "ORG-1", TODAY)
    empty = {name for name in Evidence.__struct_fields__ if not getattr(found, name)}
    assert empty == set(Evidence.__struct_fields__) - {"person"}


def test_on_a_leap_day_who_was_born_on_the_first_of_march_is_a_minor_still() -> None:
    leap = TODAY.replace(year=2028, month=2, day=29)
    for born, minor in ((leap.replace(year=2010, month=3, day=1), True), (leap.replace(year=2010, day=28), False)):
        (found,) = evidence_of_all([PersonFile("p1_a", {"birthDate": born}, {}, (), (), ())], [()], "ORG-1", leap)
        assert found.under_18 is minor


# ---- what is judged -----------------------------------------------------------------------------------------------


async def _read(seed: int) -> tuple[House, Holders, Reading]:
    house = Dice(seed).house(reference=False).engine._house
    holders = {token: found for token in PEOPLE if (found := house.index.holders(token))}
    return house, holders, await house.sources.read(holders, EVERYTHING, a_call())


def _judged(house: House, reading: Reading, holders: Holders) -> list[tuple[PersonFile, Decision]]:
    plan = Plan()
    plan.shows_conflicts = True
    judging = Judging(house, viewer(), NO_STANDING, TODAY, reading, EVERYTHING, plan)
    files, decisions = judging.people(list(holders), [tuple(found) for found in holders.values()])
    return list(zip(files, decisions, strict=True))


async def _people(seed: int) -> tuple[list[PersonFile], str, Standing]:
    """Some people, an agency that is tied to some of them, and what the registers say."""
    house, holders, reading = await _read(seed)
    people = [file for file, _ in _judged(house, reading, holders)]
    codes = [row.values.get("agencyCode") for one in people for row in _rows(one) if row.values.get("agencyCode")]
    opened: Mapping[str, frozenset[Label]] = {people[-1].id: frozenset({Label.HEALTH})}
    standing = Standing(consented=opened, family=frozenset({people[0].id}), break_glass=opened)
    return people, str(codes[seed % len(codes)]) if codes else "ORG-1", standing


def _rows(one: PersonFile) -> list[Row]:
    return [row for case in one.cases or () for rows in case.rows.values() for row in rows or ()]
