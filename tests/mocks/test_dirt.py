"""Every kind of dirt lies in the tables that were built, and the same dirt each time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import pytest

from mocks.dirt import DOTS, NULL_MARKERS, Dirt, Kind
from mocks.people import check_digit
from mocks.world import World
from tests.mocks.tables import column, rows

Urls = Mapping[str, str]
NUMBERS = {
    "jiangsu-police": ("T_SDRY_XDRYXX", "C_SFZHM"),
    "jiangsu-facility": ("BaseAddicts", "zjhm"),
    "jiangsu-community": ("Bane_User", "user_identify"),
    "zhejiang-community": ("sqjk_rehab_person", "identityCard"),
}
NAMES = {
    "jiangsu-police": ("T_SDRY_XDRYXX", "C_XM"),
    "jiangsu-facility": ("BaseAddicts", "xm"),
    "jiangsu-community": ("Bane_User", "user_name"),
    "zhejiang-community": ("sqjk_rehab_person", "realName"),
}


@pytest.fixture(scope="module")
def numbers(sql_urls: Urls) -> list[str]:
    return [number for system, where in NUMBERS.items() for number in column(sql_urls[system], *where)]


def test_some_numbers_have_fifteen_digits_and_only_of_people_born_before_2000(numbers: list[str]) -> None:
    old = [number for number in numbers if re.fullmatch(r"\d{15}", number)]
    assert len(old) >= 5
    assert all(number[:4] == "3299" for number in old)


def test_some_check_characters_are_lower_case(numbers: list[str]) -> None:
    assert any(number.endswith("x") for number in numbers)


def test_some_check_digits_are_wrong(numbers: list[str]) -> None:
    assert any(
        check_digit(number[:17]) != number[17].upper()
        for number in numbers
        if re.fullmatch(r"[0-9]{17}[0-9Xx]", number)
    )


def test_some_numbers_are_full_width(numbers: list[str]) -> None:
    assert any("\uff10" <= number[0] <= "\uff19" for number in numbers)


def test_two_people_have_one_number(sql_urls: Urls) -> None:
    found = rows(
        sql_urls["jiangsu-police"],
        "SELECT C_SFZHM FROM T_SDRY_XDRYXX WHERE N_YXX = 1 GROUP BY C_SFZHM HAVING count(DISTINCT C_XM) > 1",
    )
    assert len(found) == 1


def test_the_facility_knows_somebody_by_another_number_than_the_police(world: World, sql_urls: Urls) -> None:
    life = world.story("two_numbers")
    police = column(sql_urls["jiangsu-police"], "T_SDRY_XDRYXX", "C_SFZHM")
    facility = column(sql_urls["jiangsu-facility"], "BaseAddicts", "zjhm")
    assert life.id_number in police
    assert life.id_number not in facility
    assert life.second_id_number in facility


def test_the_facility_keeps_names_from_before_they_were_changed(world: World, sql_urls: Urls) -> None:
    former = {life.former_name for life in world.lives if life.former_name}
    assert former & set(column(sql_urls["jiangsu-facility"], "BaseAddicts", "xm"))


def test_the_dot_of_names_stands_in_five_code_points(sql_urls: Urls) -> None:
    found = {
        character
        for system, where in NAMES.items()
        for name in column(sql_urls[system], *where)
        for character in name
    }
    assert set(DOTS) <= found


def test_names_are_cut_at_the_column_s_byte_width(world: World, sql_urls: Urls) -> None:
    names = column(sql_urls["jiangsu-police"], "T_SDRY_XDRYXX", "C_XM")
    assert max(len(name.encode("gb18030")) for name in names) <= 30
    whole = max((life.name for life in world.held_in("320000")), key=len)
    assert len(whole.encode("gb18030")) > 30
    assert any(len(name.encode("gb18030")) >= 28 for name in names)


def test_some_regions_are_as_they_were_before_a_merger(sql_urls: Urls) -> None:
    regions = column(sql_urls["jiangsu-facility"], "BaseAddicts", "hjszd")
    assert {"320684", "321123"} & set(regions)


def test_dates_stand_in_several_forms_and_some_are_none(sql_urls: Urls) -> None:
    url = sql_urls["jiangsu-facility"]
    dates = [
        value
        for table, names in {
            "BaseAddicts": ("csrq", "qzgljdksrq", "qzgljdjsrq"),
            "JZPG": ("PGRQ",),
            "JC": ("JCRQ",),
        }.items()
        for name in names
        for value in column(url, table, name)
    ]
    forms = Counter(re.sub(r"\d", "9", value) for value in dates)
    assert {"9999-99-99", "99999999", "9999/99/99", "9999年99月99日", "9999.99.99"} <= set(forms)
    assert any(value.endswith("1341") for value in dates)


def test_no_end_is_written_as_99991231(sql_urls: Urls) -> None:
    assert "9999-12-31" in column(sql_urls["jiangsu-facility"], "BaseAddicts", "qzgljdjsrq")
    assert "99991231101500" in column(sql_urls["jiangsu-police"], "T_QZGLJDJDS", "zhongzhishijian")


def test_some_dates_have_not_come_yet(world: World, sql_urls: Urls) -> None:
    used = column(sql_urls["jiangsu-police"], "T_SDRY_XDRYXX", "D_CCXD")
    assert any(day > world.today.isoformat() for day in used)


def test_nothing_is_written_in_many_words(sql_urls: Urls) -> None:
    values = column(sql_urls["jiangsu-police"], "T_SDRY_XDRYXX", "C_CH")
    assert set(NULL_MARKERS) <= set(values)


def test_booleans_are_inverted(world: World, sql_urls: Urls) -> None:
    sealed = rows(sql_urls["jiangsu-police"], "SELECT count(*) FROM T_SDRY_XDRYXX WHERE N_CXZT = 0 AND N_YXX = 1")
    assert sealed == [(sum(life.sealed for life in world.held_in("320000")),)]
    assert {"0", "1"} <= set(column(sql_urls["zhejiang-community"], "sqjk_measure", "seamlessJoint"))


def test_several_drugs_stand_in_one_string(sql_urls: Urls) -> None:
    assert any(";" in drugs for drugs in column(sql_urls["jiangsu-community"], "Bane_User", "bane_type"))
    assert any("," in drugs for drugs in column(sql_urls["zhejiang-community"], "sqjk_rehab_person", "drugTypes"))


def test_some_codes_are_in_no_list(sql_urls: Urls) -> None:
    assert "99X" in column(sql_urls["jiangsu-police"], "T_SDRY_XDRYXX", "C_WHCD")


def test_some_rows_are_deleted_by_a_flag_only(sql_urls: Urls) -> None:
    for system, table, flag, gone in (
        ("jiangsu-police", "T_SDRY_XDRYXX", "N_YXX", "0"),
        ("jiangsu-facility", "BaseAddicts", "ACTFLAG", "0"),
        ("jiangsu-community", "Bane_User", "ISDEL", "1"),
        ("zhejiang-community", "sqjk_rehab_person", "delFlag", "2"),
    ):
        assert gone in column(sql_urls[system], table, flag), system


def test_a_default_stands_where_nobody_asked(world: World, sql_urls: Urls) -> None:
    women = {life.name for life in world.lives if life.sex == "FEMALE"}
    wrong = rows(sql_urls["jiangsu-community"], "SELECT user_name FROM Bane_User WHERE user_sex = '男'")
    assert women & {name for (name,) in wrong}


def test_rare_characters_survive(world: World, sql_urls: Urls) -> None:
    rare = {life.name for life in world.held_in("320000") if any(c in life.name for c in "䶮𬭊堃㛃")}
    assert rare
    assert rare <= set(column(sql_urls["jiangsu-police"], "T_SDRY_XDRYXX", "C_XM"))


def test_the_tour_s_people_are_clean(world: World) -> None:
    dirt = Dirt(world, "jiangsu-police")
    for name in world.stories:
        life = world.story(name)
        assert dirt.id_number(life) == life.id_number
        assert dirt.name(life) == life.name
        assert not any(dirt.strikes(kind, life, 1.0) for kind in Kind)


def test_the_same_world_gets_the_same_dirt(world: World) -> None:
    first, second = Dirt(world, "jiangsu-police"), Dirt(world, "jiangsu-police")
    assert [first.id_number(life) for life in world.lives] == [second.id_number(life) for life in world.lives]
    assert first.planted == second.planted
