"""Read through its adapter, a system gives back what the life says, as far as the system knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date

import pytest

from adapters.contract import Call, Compare, Deadline, Op, Record, Search
from adapters.drivers.sql import SqlAdapter
from mocks.dirt import Dirt
from mocks.jiangsu import community, facility, police
from mocks.life import Life
from mocks.world import World
from mocks.zhejiang import community as zhejiang
from schema.enums import Quality
from tests import services
from tests.mocks.test_sql_manifests import AGENCIES, FILES, SYSTEMS, load

Open = Callable[[str], SqlAdapter]


@pytest.fixture
async def opened(sql_urls: Mapping[str, str]) -> AsyncIterator[Open]:
    """Opens a system's adapter by its id."""
    adapters: list[SqlAdapter] = []

    def open_one(system: str) -> SqlAdapter:
        environment = {SYSTEMS[system].variable: sql_urls[system]}
        adapters.append(SqlAdapter(load(AGENCIES / FILES[system], environment)))
        return adapters[-1]

    yield open_one
    for adapter in adapters:
        await adapter.aclose()


def a_call() -> Call:
    return Call("r-1", "tester", "320000990000", "HANDOFF", Deadline.after(10))


async def person_of(adapter: SqlAdapter, key: str) -> Record:
    fields = adapter.capabilities["PersonRecord"].fields
    found = (await adapter.fetch("PersonRecord", [key], fields, a_call()))[key]
    assert isinstance(found, Record)
    return found


async def related_to(adapter: SqlAdapter, entity: str, key: str) -> list[Record]:
    fields = adapter.capabilities[entity].fields
    found = (await adapter.related(entity, [key], fields, a_call())).get(key, ())
    assert not isinstance(found, Exception)
    return list(found)


def clean(world: World, system: str) -> list[Life]:
    """The tour's people whom the system holds: nothing of theirs is dirty."""
    held = {"zhejiang-community": zhejiang.PREFIX, "jiangsu-community": community.PREFIX}
    lives = [world.story(name) for name in world.stories if name != "conflict"]
    return [life for life in lives if community.terms_of(life, held[system])]


async def test_the_police_give_back_each_person_of_the_tour(world: World, opened: Open) -> None:
    adapter = opened("jiangsu-police")
    for name in world.stories:
        life = world.story(name)
        if "320000" not in life.provinces:
            continue
        values = (await person_of(adapter, police.person_key(life))).values
        assert values["name"] == life.name
        assert values["idNumber"] == life.id_number
        assert values["otherIdNumbers"] == ((life.second_id_number,) if life.second_id_number else None)
        assert values["sex"] == life.sex
        assert values["birthDate"] == life.birth_date
        assert values["ethnicity"] == life.ethnicity
        assert values["education"] == life.education
        assert values["maritalStatus"] == life.marital_status
        assert values["domicileCode"] == life.domicile
        assert values["residenceCode"] == life.residence
        assert values["executionPlaceCode"] == police.execution_place(life)
        assert values["phones"] == life.phones
        assert values["substances"] == life.substances
        assert values["firstCaughtOn"] == life.first_caught_on
        assert values["controlStatus"] == life.control_status
        assert values["controlEnteredOn"] == life.control_entered_on
        assert values["sealed"] is life.sealed


async def test_the_police_give_back_every_decision_of_theirs(world: World, opened: Open) -> None:
    adapter = opened("jiangsu-police")
    life = world.story("cross_province")
    found = await related_to(adapter, "Decision", police.person_key(life))
    by_kind = {record.values["kind"]: record.values for record in found}
    isolation, recovery = life.terms[0], life.terms[1]
    assert set(by_kind) == {"COMPULSORY_ISOLATION_ORDER", "COMMUNITY_RECOVERY_ORDER"}
    assert by_kind["COMPULSORY_ISOLATION_ORDER"]["decidedOn"] == isolation.decided_on
    assert by_kind["COMPULSORY_ISOLATION_ORDER"]["termMonths"] == 24
    assert by_kind["COMMUNITY_RECOVERY_ORDER"]["decidedOn"] == recovery.ordered_on
    assert by_kind["COMMUNITY_RECOVERY_ORDER"]["number"] == recovery.decision_number
    assert by_kind["COMMUNITY_RECOVERY_ORDER"]["termMonths"] == 36
    assert by_kind["COMMUNITY_RECOVERY_ORDER"]["executionPlaceCode"] == recovery.execution_place


async def test_the_facility_gives_back_the_stay_and_its_four_assessments(world: World, opened: Open) -> None:
    adapter = opened("jiangsu-facility")
    stay = next(stay for stay in facility.stays(world) if stay.life == world.story("never_ordered"))
    (measure,) = await related_to(adapter, "Measure", stay.code)
    term = stay.term
    assert measure.values["startsOn"] == term.starts_on
    assert measure.values["dueEndOn"] == term.due_end_on
    assert measure.values["endedOn"] == term.ended_on
    assert measure.values["endReason"] == term.end_reason
    assert measure.values["status"] == "COMPLETED"
    assert measure.values["agencyCode"] == term.agency_code
    assert measure.values["collected"] is term.collected is False
    assert measure.values["releaseNoticeOn"] == term.release_notice_on
    found = await related_to(adapter, "Assessment", stay.code)
    read = {
        (record.values["stage"], record.values["assessedOn"], record.values["recovery"], record.values["advised"])
        for record in found
    }
    assert read == {(mark.stage, mark.assessed_on, mark.recovery, mark.advised) for mark in stay.life.marks}
    assert len(found) == 4


async def test_the_facility_gives_back_the_family(world: World, opened: Open) -> None:
    stay = next(stay for stay in facility.stays(world) if stay.life == world.story("hiv"))
    found = await related_to(opened("jiangsu-facility"), "FamilyMember", stay.code)
    assert [(r.values["name"], r.values["relation"], r.values["phone"]) for r in found] == [
        (relative.name, relative.relation, relative.phone) for relative in stay.life.family
    ]


@pytest.mark.parametrize("system", ["jiangsu-community", "zhejiang-community"])
async def test_the_community_gives_back_measures_agreements_tests_and_visits(
    world: World, opened: Open, system: str
) -> None:
    adapter = opened(system)
    module = {"jiangsu-community": community, "zhejiang-community": zhejiang}[system]
    key_of = {"jiangsu-community": community.user_key, "zhejiang-community": zhejiang.person_key}[system]
    lives = clean(world, system)
    assert lives
    for life in lives:
        key = key_of(life)
        measures = await related_to(adapter, "Measure", key)
        assert [
            (r.values["kind"], r.values["reportedOn"], r.values["dueEndOn"], r.values["endedOn"]) for r in measures
        ] == [(t.kind, t.reported_on, t.due_end_on, t.ended_on) for t in community.terms_of(life, module.PREFIX)]
        tests = await related_to(adapter, "DrugTest", key)
        assert sorted((r.values["dueOn"], r.values["result"]) for r in tests) == sorted(
            (test.on, test.result) for test in community.happenings_of(life, "test", module.PREFIX)
        )
        visits = await related_to(adapter, "Visit", key)
        assert len(visits) == len(community.happenings_of(life, "visit", module.PREFIX))
        agreements = await related_to(adapter, "Agreement", key)
        assert [r.values["signedOn"] for r in agreements] == [
            agreement.on for agreement in community.happenings_of(life, "agreement", module.PREFIX)
        ]


async def test_zhejiang_reads_its_inverted_flag_the_right_way_round(world: World, opened: Open) -> None:
    life = world.story("cross_province")
    (measure,) = [
        record
        for record in await related_to(opened("zhejiang-community"), "Measure", zhejiang.person_key(life))
        if record.values["kind"] == "COMMUNITY_RECOVERY"
    ]
    assert life.terms[0].ended_on == life.terms[1].received_on
    assert measure.values["collected"] is True


async def test_hiv_is_known_to_the_community_only(world: World, opened: Open) -> None:
    life = world.story("hiv")
    assert (await person_of(opened("jiangsu-community"), community.user_key(life))).values["hivPositive"] is True
    for system in ("jiangsu-police", "jiangsu-facility"):
        assert "hivPositive" not in opened(system).capabilities["PersonRecord"].fields


async def test_police_and_facility_tell_two_things_about_the_contested_person(world: World, opened: Open) -> None:
    life = world.story("conflict")
    stay = next(stay for stay in facility.stays(world) if stay.life == life)
    theirs = (await person_of(opened("jiangsu-police"), police.person_key(life))).values
    ours = (await person_of(opened("jiangsu-facility"), stay.code)).values
    assert theirs["idNumber"] == ours["idNumber"] == life.id_number
    for field in ("name", "birthDate", "residenceCode", "maritalStatus", "education"):
        assert theirs[field] != ours[field], field


async def test_every_key_is_listed_once_with_the_numbers_it_is_known_by(world: World, opened: Open) -> None:
    adapter = opened("jiangsu-police")
    entries, after = [], None
    while True:
        page = await adapter.keys(a_call(), after)
        entries += page.entries
        after = page.after
        if after is None:
            break
    assert {entry.key for entry in entries} == {police.person_key(life) for life in world.held_in("320000")}
    two = world.story("two_numbers")
    (entry,) = [entry for entry in entries if entry.key == police.person_key(two)]
    assert set(entry.id_numbers) == {two.id_number, two.second_id_number}


async def test_dirt_is_flagged_and_no_row_is_lost(world: World, opened: Open) -> None:
    adapter = opened("jiangsu-police")
    keys = [police.person_key(life) for life in world.held_in("320000")]
    found = await adapter.fetch("PersonRecord", keys, adapter.capabilities["PersonRecord"].fields, a_call())
    assert len(found) == len(keys)
    flagged = {
        (flag.field, flag.quality) for record in found.values() if isinstance(record, Record) for flag in record.flags
    }
    assert {
        ("idNumber", Quality.UPGRADED_FROM_15),
        ("idNumber", Quality.CHECKSUM_FAILED),
        ("idNumber", Quality.NORMALISED),
        ("name", Quality.TRUNCATED),
        ("name", Quality.NORMALISED),
        ("domicileCode", Quality.RETIRED_CODE),
        ("education", Quality.UNMAPPED_CODE),
        ("firstUsedOn", Quality.FUTURE_DATE),
    } <= flagged
    assert not adapter.dropped


async def test_fifteen_digits_are_upgraded_to_the_true_number(world: World, opened: Open) -> None:
    dirt = Dirt(world, police.SYSTEM)
    life = next(life for life in world.held_in("320000") if len(dirt.id_number(life) or "") == 15)
    assert (await person_of(opened("jiangsu-police"), police.person_key(life))).values["idNumber"] == life.id_number


async def search(adapter: SqlAdapter, *where: Compare) -> set[str]:
    keys: set[str] = set()
    after = None
    while True:
        page = await adapter.search("PersonRecord", Search(where, ["name"], 50, after), a_call())
        keys |= {record.key for record in page.records}
        if page.after is None:
            return keys
        after = page.after


async def test_people_are_found_by_number_name_place_and_birth_date(world: World, opened: Open) -> None:
    adapter, life = opened("jiangsu-police"), world.story("ordered_not_reported")
    key = police.person_key(life)
    assert await search(adapter, Compare("idNumber", Op.EQ, life.id_number)) == {key}
    assert key in await search(adapter, Compare("name", Op.PREFIX, life.name[:1]))
    assert key in await search(adapter, Compare("birthDate", Op.EQ, date(1985, 1, 26)))
    there = await search(adapter, Compare("executionPlaceCode", Op.UNDER, "321183901"))
    assert key in there
    assert there == {
        police.person_key(one) for one in world.held_in("320000") if police.execution_place(one) == "321183901"
    }
    everybody = await search(adapter, Compare("residenceCode", Op.UNDER, "321183"))
    assert everybody == {police.person_key(one) for one in world.held_in("320000") if one.residence == "321183"}


async def test_a_softly_deleted_row_is_not_there(opened: Open) -> None:
    adapter = opened("jiangsu-police")
    page = await adapter.keys(a_call())
    assert not any(entry.key.startswith("D") for entry in page.entries)


# ---- the same system on another database -----------------------------------------------------------------------


async def everything(adapter: SqlAdapter) -> dict[tuple[str, str], dict[str, object]]:
    """Every record of every entity: (entity, key) -> values."""
    keys, after = [], None
    while True:
        page = await adapter.keys(a_call(), after)
        keys += [entry.key for entry in page.entries]
        after = page.after
        if after is None:
            break
    found: dict[tuple[str, str], dict[str, object]] = {}
    for entity, capability in adapter.capabilities.items():
        for records in (await adapter.related(entity, keys, capability.fields, a_call())).values():
            assert not isinstance(records, Exception)
            found |= {(entity, record.key): dict(record.values) for record in records}
    return found


async def elsewhere(system: str, url: str) -> dict[tuple[str, str], dict[str, object]]:
    adapter = SqlAdapter(load(AGENCIES / FILES[system], {SYSTEMS[system].variable: url}))
    try:
        return await everything(adapter)
    finally:
        await adapter.aclose()


@pytest.mark.postgresql
async def test_police_on_postgresql_say_what_they_say_on_sqlite(world: World, opened: Open) -> None:
    with services.postgresql_url() as url:
        await police.build(world, url)
        read = await elsewhere("jiangsu-police", url)
    assert read == await everything(opened("jiangsu-police"))
    assert len(read) > 800


@pytest.mark.mariadb
async def test_the_facility_on_mariadb_says_what_it_says_on_sqlite(world: World, opened: Open) -> None:
    with services.mariadb_url() as url:
        await facility.build(world, url)
        read = await elsewhere("jiangsu-facility", url)
    assert read == await everything(opened("jiangsu-facility"))
    assert len(read) > 800


@pytest.mark.mariadb
async def test_zhejiang_s_community_on_mariadb_says_what_it_says_on_sqlite(world: World, opened: Open) -> None:
    with services.mariadb_url() as url:
        await zhejiang.build(world, url)
        read = await elsewhere("zhejiang-community", url)
    assert read == await everything(opened("zhejiang-community"))
