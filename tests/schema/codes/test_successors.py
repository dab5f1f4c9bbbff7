from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from schema.codes import REGIONS
from schema.codes.region_table import published

# One line a change: the retired code, its name then, the codes of today.
CHANGES = """
320684 海门市 320614
320621 海安县 320685
320602 崇川区 320613
320611 港闸区 320613
320683 通州市 320612
321123 句容县 321183
320283 锡山市 320205 320206 320211
320586 吴县市 320506 320507
320502 沧浪区 320508
320584 吴江市 320509
320103 白下区 320104
320107 下关区 320106
320122 江浦县 320111
320705 新浦区 320706
320802 清河区 320812
321088 江都市 321012
329012 昆山市 320583
320202 崇安区 320213
330103 下城区 330105
330104 江干区 330102 330114
330184 余杭市 330110
330183 富阳市 330111
330204 江东区 330212
330621 绍兴县 330603 330602
332522 青田县 331121
332582 丽水市 331102
310119 南汇区 310115
310225 南汇县 310115
310103 卢湾区 310101
310102 南市区 310101
310108 闸北区 310106
310230 崇明县 310151
371200 莱芜市 370116 370117
371202 莱城区 370116
371203 钢城区 370117
370634 长岛县 370614
370205 四方区 370203
370284 胶南市 370211
372922 曹县 371721
372501 聊城市 371502
510202 渝中区 500103
510212 沙坪坝区 500106
510216 万盛区 500110
510223 綦江县 500110
510230 大足县 500111
510221 长寿县 500115
510281 永川市 500118
511221 开县 500154
513523 黔江土家族苗族自治县 500114
350402 梅列区 350404
410306 吉利区 410308
540422 米林县 540481
450127 横县 450181
120107 塘沽区 120116
340721 铜陵县 340706
342601 巢湖市 340181
342101 阜阳市 341202 341203 341204
362101 赣州市 360702
412322 商丘县 411403
"""


@pytest.mark.parametrize("change", CHANGES.split("\n")[1:-1])
def test_a_retired_code_leads_to_the_codes_of_today(change: str) -> None:
    old, name, *today = change.split(" ")
    assert REGIONS.name(old) == name
    assert not REGIONS.is_current(old)
    assert set(REGIONS.current(old)) == set(today)
    assert all(REGIONS.is_current(code) for code in today)


def test_one_step_and_all_steps_differ_where_a_code_changed_twice() -> None:
    assert REGIONS.successors("310225") == ("310119",)
    assert REGIONS.current("310225") == ("310115",)


@pytest.mark.parametrize("name", ["successors.csv", "renamings.csv"])
def test_the_tables_name_retired_codes_and_assigned_successors_once(name: str) -> None:
    rows = list(csv.DictReader(files("schema.codes").joinpath(name).read_text("utf-8").splitlines()))
    assert len({(row["old"], row["new"]) for row in rows}) == len(rows)
    for row in rows:
        assert REGIONS.assigned(row["old"]), row
        assert REGIONS.assigned(row["new"]), row
        assert not REGIONS.is_current(row["old"]), row


def test_every_succession_ends() -> None:
    table = published()
    for old in table.successors:
        seen, ahead = {old}, set(table.successors[old])
        while ahead:
            assert old not in ahead
            seen |= ahead
            ahead = {after for code in ahead for after in table.successors.get(code, ())} - seen
        assert all(table.is_current(code) or code in table.spans for code in REGIONS.current(old))


@pytest.mark.parametrize("province", ["31", "32", "33", "37", "50"])
def test_every_county_of_these_provinces_retired_since_1995_has_its_successor(province: str) -> None:
    table = published()
    retired = [
        code
        for code, spans in table.spans.items()
        if code.startswith(province) and spans[-1].valid_to >= "1995" and spans[-1].name not in {"市辖区", "县", "市"}
    ]
    assert retired
    assert [code for code in retired if not REGIONS.current(code)] == []


@pytest.mark.parametrize(
    ("code", "ancestor"),
    [
        ("320684", "320614"),  # the record is older than the change
        ("320614", "320684"),  # the viewer's agency is
        ("320684", "320600"),
        ("320684", "320000"),
        ("320684101", "320614"),
        ("320684101", "320614101"),  # only the county's digits changed
        ("320614101002", "320684101"),
        ("371202", "370100"),
        ("371202101", "370116"),
        ("370116", "371200"),
        ("371202", "371200"),
        ("330104", "330100"),
        ("330104001", "330100"),
        ("310108", "310106"),
        ("310106", "310108"),  # merged whole, so its officers answer for the new district
        ("510212", "500000"),
        ("510212", "500106"),
        ("500110", "510200"),
        ("329026", "320614"),
        ("429004001", "420000"),
        ("320699", "320600"),  # newer than the table: placed by its digits
    ],
)
def test_places_lie_under(code: str, ancestor: str) -> None:
    assert REGIONS.is_under(code, ancestor)


@pytest.mark.parametrize(
    ("code", "ancestor"),
    [
        ("320614", "320613"),
        ("320600", "320614"),
        ("320614", "320614101"),
        ("320614101", "320614102"),
        ("321183", "330000"),
        ("510212", "510000"),  # left Sichuan with Chongqing
        ("371202", "371300"),
        ("370102", "371200"),  # Laiwu is in Jinan, Jinan is not in Laiwu
        ("330104", "330102"),  # only a part of it
        ("330102", "330104"),  # holds more than the old district
        ("330114", "330104"),  # holds a part of Xiaoshan too
        ("500101", "510200"),  # joined the municipality, was never in the old city
        ("320211", "320283"),
        ("310106005", "310108005"),  # a township never widens to the county it went to
        ("310106", "310108005"),
        ("320614", "329900"),  # no such ancestor was ever assigned
    ],
)
def test_places_do_not_lie_under(code: str, ancestor: str) -> None:
    assert not REGIONS.is_under(code, ancestor)


def test_a_divided_place_leads_to_all_its_parts() -> None:
    assert REGIONS.successors("330104") == ("330102", "330114")
    assert REGIONS.successors("330104001") == ("330102", "330114")
    assert REGIONS.successors("320684101") == ("320614101",)
