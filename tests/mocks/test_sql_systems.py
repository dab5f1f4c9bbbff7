"""The SQL systems are built alike on SQLite, PostgreSQL and MariaDB, and each holds its own partial view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mocks.jiangsu import community, facility, police
from mocks.world import World
from mocks.zhejiang import community as zhejiang
from tests import services
from tests.mocks.tables import column, rows

Urls = Mapping[str, str]


@pytest.fixture
def postgresql() -> Iterator[str]:
    with services.postgresql_url() as url:
        yield url


@pytest.fixture
def mariadb() -> Iterator[str]:
    with services.mariadb_url() as url:
        yield url


async def counted(url: str, tables: list[Table]) -> dict[str, int]:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return {
                table.name: await connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables
            }
    finally:
        await engine.dispose()


@pytest.mark.postgresql
async def test_police_on_postgresql_hold_what_they_hold_on_sqlite(
    world: World, sql_urls: Urls, postgresql: str
) -> None:
    await police.build(world, postgresql)
    tables = list(police.METADATA.tables.values())
    assert await counted(postgresql, tables) == await counted(sql_urls["jiangsu-police"], tables)


@pytest.mark.mariadb
async def test_the_facility_on_mariadb_holds_what_it_holds_on_sqlite(
    world: World, sql_urls: Urls, mariadb: str
) -> None:
    await facility.build(world, mariadb)
    tables = list(facility.METADATA.tables.values())
    assert await counted(mariadb, tables) == await counted(sql_urls["jiangsu-facility"], tables)


@pytest.mark.mariadb
async def test_both_community_products_are_built_on_mariadb(world: World, sql_urls: Urls, mariadb: str) -> None:
    for module in (community, zhejiang):
        await module.build(world, mariadb)
        tables = list(module.METADATA.tables.values())
        assert await counted(mariadb, tables) == await counted(sql_urls[module.SYSTEM], tables)


async def test_building_again_replaces_everything(world: World, sql_urls: Urls) -> None:
    url, tables = sql_urls["zhejiang-community"], list(zhejiang.METADATA.tables.values())
    before = await counted(url, tables)
    await zhejiang.build(world, url)
    assert await counted(url, tables) == before


def test_the_police_register_everybody_of_the_province_once(world: World, sql_urls: Urls) -> None:
    keys = rows(sql_urls["jiangsu-police"], "SELECT C_BH FROM T_SDRY_XDRYXX WHERE N_YXX = 1")
    assert sorted(key for (key,) in keys) == sorted(police.person_key(life) for life in world.held_in("320000"))


def test_the_police_know_no_other_province_s_decisions(sql_urls: Urls) -> None:
    for table in ("T_XZZLSQJDJDS", "T_XZZLSQKFJDS", "T_QZGLJDJDS", "T_JCJDTZS"):
        assert all(code.startswith("32") for code in column(sql_urls["jiangsu-police"], table, "banandanweiid"))


def test_the_facility_holds_one_row_per_stay(world: World, sql_urls: Urls) -> None:
    codes = rows(sql_urls["jiangsu-facility"], "SELECT jdrybm FROM BaseAddicts WHERE ACTFLAG = '1'")
    assert sorted(code for (code,) in codes) == sorted(stay.code for stay in facility.stays(world))
    assert any(stay.turn for stay in facility.stays(world)), "somebody came twice"


def test_the_facility_does_not_know_who_was_only_treated_in_the_community(world: World, sql_urls: Urls) -> None:
    assert world.story("minor").id_number not in column(sql_urls["jiangsu-facility"], "BaseAddicts", "zjhm")


def test_the_community_knows_who_was_ordered_and_has_not_reported(world: World, sql_urls: Urls) -> None:
    life = world.story("ordered_not_reported")
    found = rows(
        sql_urls["jiangsu-community"],
        f"SELECT recovery_state, start_date FROM Bane_RecoveryInfo WHERE user_identify = '{life.id_number}'",
    )
    assert found == [("未报到未移交", None)]


def test_the_community_does_not_know_who_was_never_ordered(world: World, sql_urls: Urls) -> None:
    numbers = column(sql_urls["jiangsu-community"], "Bane_User", "user_identify")
    assert world.story("never_ordered").id_number not in numbers


def test_the_cross_province_person_recovers_in_zhejiang_only(world: World, sql_urls: Urls) -> None:
    number = world.story("cross_province").id_number
    assert number in column(sql_urls["zhejiang-community"], "sqjk_rehab_person", "identityCard")
    assert number in column(sql_urls["jiangsu-facility"], "BaseAddicts", "zjhm")
    assert number not in column(sql_urls["jiangsu-community"], "Bane_User", "user_identify")
