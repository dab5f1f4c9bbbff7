from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.codes import REGIONS, Region, Regions
from schema.codes.region_table import published
from schema.enums import JurisdictionLevel

TOWNSHIPS = Regions({"320614101": "海门街道", "320614102": "三星镇"})


def test_a_county_has_name_level_parent_and_path() -> None:
    assert REGIONS.get("320614") == Region("320614", "海门区", "COUNTY", date(2020, 1, 1), None, "320600")
    assert REGIONS.path("320614") == ("江苏省", "南通市", "海门区")


def test_levels_are_those_of_the_graph() -> None:
    codes = ("320000", "320600", "320614", "320614101")
    levels = [REGIONS.level(code) for code in codes]
    assert levels == ["PROVINCE", "CITY", "COUNTY", "TOWNSHIP"]
    assert set(levels) < set(JurisdictionLevel.__members__)


def test_a_retired_code_keeps_its_name_and_its_dates() -> None:
    region = REGIONS.get("371202")
    assert region == Region("371202", "莱城区", "COUNTY", date(1992, 1, 1), date(2018, 12, 25), "371200")
    assert REGIONS.path("371202") == ("山东省", "莱芜市", "莱城区")


@pytest.mark.parametrize(
    ("code", "on", "name"),
    [
        ("320800", date(1999, 12, 31), "淮阴市"),
        ("320800", date(2001, 1, 1), "淮安市"),
        ("500110", date(2000, 6, 1), "万盛区"),
        ("500110", date(2012, 6, 1), "綦江区"),
        ("430300", date(1990, 6, 1), "湘潭市"),
        ("320684", date(2021, 6, 1), None),
        ("320614", date(2019, 6, 1), None),
    ],
)
def test_a_code_had_other_names_on_other_days(code: str, on: date, name: str | None) -> None:
    region = REGIONS.get(code, on)
    assert (region.name if region else None) == name


@pytest.mark.parametrize(
    ("code", "province"), [("429004", "420000"), ("469001", "460000"), ("659012", "650000"), ("419001", "410000")]
)
def test_counties_that_a_province_administers_have_it_as_parent(code: str, province: str) -> None:
    assert REGIONS.parent(code) == province
    assert len(REGIONS.path(code)) == 2
    assert code in REGIONS.children(province)


def test_districts_of_a_municipality_stand_under_it_without_a_city_between() -> None:
    assert REGIONS.path("310106") == ("上海市", "静安区")
    assert "310106" in REGIONS.children("310000")
    assert "310106" in REGIONS.children("310100")
    assert REGIONS.is_under("310106", "310100")


def test_children_are_the_codes_assigned_today() -> None:
    assert REGIONS.children("320600") == ("320612", "320613", "320614", "320623", "320681", "320682", "320685")
    assert len(REGIONS.children("370000")) == 16
    assert REGIONS.children("320614") == ()


@pytest.mark.parametrize("code", ["653228", "653229", "330113", "540481", "659012", "710000", "810000"])
def test_the_newest_codes_are_there(code: str) -> None:
    assert REGIONS.is_current(code)
    assert REGIONS.current(code) == (code,)


def test_no_code_between_329901_and_329999_was_ever_assigned() -> None:
    assert not any(REGIONS.assigned(str(code)) or REGIONS.known(str(code)) for code in range(329901, 330000))


@pytest.mark.parametrize(
    "junk", ["", "32", "3206", "32061", "320614x", "３２０６１４", "32061410", "9" * 40, " 320614", "²" * 6]
)
def test_junk_is_nowhere(junk: str) -> None:
    assert REGIONS.get(junk) is None
    assert REGIONS.name(junk) is REGIONS.level(junk) is REGIONS.parent(junk) is None
    assert REGIONS.path(junk) == REGIONS.children(junk) == REGIONS.successors(junk) == REGIONS.current(junk) == ()
    assert not any(claim(junk) for claim in (REGIONS.known, REGIONS.assigned, REGIONS.is_current))
    assert not any(REGIONS.is_under(*pair) for pair in ((junk, "320000"), ("320614", junk), (junk, junk)))


def test_townships_given_are_named_and_listed() -> None:
    assert TOWNSHIPS.get("320614101") == Region("320614101", "海门街道", "TOWNSHIP", None, None, "320614")
    assert TOWNSHIPS.path("320614101") == ("江苏省", "南通市", "海门区", "海门街道")
    assert TOWNSHIPS.path("320614101001") == ("江苏省", "南通市", "海门区", "海门街道")
    assert TOWNSHIPS.children("320614") == ("320614101", "320614102")


def test_a_township_not_given_is_placed_but_not_known() -> None:
    assert not REGIONS.known("320614101")
    assert REGIONS.assigned("320614101")
    assert REGIONS.parent("320614101") == "320614"
    assert REGIONS.path("320614101") == ("江苏省", "南通市", "海门区")


def test_a_wrong_list_of_townships_is_refused_without_telling_its_entries() -> None:
    with pytest.raises(ValueError, match="2 of the townships") as raised:
        Regions({"320614": "海门区", "320614000": "海门区", "320614101": "海门街道"})
    assert "3206" not in str(raised.value)


def test_regions_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TOWNSHIPS.townships = {}  # type: ignore[misc]
    with pytest.raises(TypeError):
        TOWNSHIPS.townships["320614103"] = "无"  # type: ignore[index]


@pytest.mark.parametrize(
    ("long", "short"), [("320614000000", "320614"), ("320614101000", "320614101"), ("320600000", "320600")]
)
def test_a_code_ending_in_zeros_means_the_shorter_one(long: str, short: str) -> None:
    assert TOWNSHIPS.get(long) == TOWNSHIPS.get(short)
    assert REGIONS.is_under(long, short)
    assert REGIONS.is_under(short, long)


@given(st.sampled_from(sorted(published().spans)))
def test_every_code_has_a_name_and_lies_under_itself(code: str) -> None:
    assert REGIONS.name(code)
    assert REGIONS.assigned(code)
    assert REGIONS.is_under(code, code)


def test_every_current_code_lies_under_all_above_it() -> None:
    table = published()
    for code in filter(table.is_current, table.spans):
        above = REGIONS.parent(code)
        while above:
            assert REGIONS.is_under(code, above), (code, above)
            assert not REGIONS.is_under(above, code), (code, above)
            above = REGIONS.parent(above)


def test_every_province_and_city_of_today_has_a_parent_of_today() -> None:
    table = published()
    parents = {table.parents[code] for code in table.spans if table.is_current(code) and code in table.parents}
    assert all(table.is_current(parent) for parent in parents)
    assert {code for code in table.spans if table.is_current(code) and code not in table.parents} == {
        code for code in table.spans if table.is_current(code) and code.endswith("0000")
    }


def test_a_place_was_formerly_what_its_digits_do_not_show() -> None:
    assert "320684" in REGIONS.formerly("320614")
    assert "321123" in REGIONS.formerly("321183")
    assert "320684901" in REGIONS.formerly("320614901")


@pytest.mark.parametrize("code", ["320000", "320600", "330100", "330113", "500000", "370100"])
def test_what_a_place_was_formerly_lies_in_it(code: str) -> None:
    assert all(REGIONS.is_under(old, code) for old in REGIONS.formerly(code))
