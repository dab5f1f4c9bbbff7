"""Where the imitation world plays: real counties of GB/T 2260, invented townships and streets."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

JIANGSU: Mapping[str, str] = {
    "320104": "南京市秦淮区",
    "320115": "南京市江宁区",
    "320205": "无锡市锡山区",
    "320282": "宜兴市",
    "320312": "徐州市铜山区",
    "320402": "常州市天宁区",
    "320481": "溧阳市",
    "320506": "苏州市吴中区",
    "320583": "昆山市",
    "320614": "南通市海门区",
    "320682": "如皋市",
    "320812": "淮安市清江浦区",
    "320902": "盐城市亭湖区",
    "321003": "扬州市邗江区",
    "321102": "镇江市京口区",
    "321183": "句容市",
}
ZHEJIANG: Mapping[str, str] = {
    "330102": "杭州市上城区",
    "330106": "杭州市西湖区",
    "330113": "杭州市临平区",
    "330203": "宁波市海曙区",
    "330402": "嘉兴市南湖区",
    "330482": "平湖市",
    "330502": "湖州市吴兴区",
    "330782": "义乌市",
}
ELSEWHERE: Mapping[str, str] = {
    "340111": "合肥市包河区",
    "341181": "天长市",
    "341802": "宣城市宣州区",
    "340503": "马鞍山市花山区",
    "360102": "南昌市东湖区",
    "500101": "重庆市万州区",
    "653101": "喀什市",
    "150102": "呼和浩特市新城区",
}
COUNTIES: Mapping[str, str] = {**JIANGSU, **ZHEJIANG, **ELSEWHERE}

PROVINCES: Mapping[str, Mapping[str, str]] = {"320000": JIANGSU, "330000": ZHEJIANG}
PROVINCE_NAMES: Mapping[str, str] = {"jiangsu": "320000", "zhejiang": "330000"}

RETIRED: Mapping[str, str] = {
    "320614": "320684",  # Haimen was a county-level city until 2020
    "321183": "321123",  # Jurong was a county until 1995
    "330102": "330104",  # Jianggan was merged into Shangcheng in 2021
}
"""Today's code -> the code that old tables still carry."""

_TOWNSHIPS = ("青禾街道", "望湖镇", "双槐乡", "听松街道", "白鹭镇", "南塘街道", "石桥镇", "云溪街道", "东篱镇")
_STREETS = ("桂花路", "望江巷", "新民路", "平安里", "柳堤路", "学前街", "大丰路", "澄清巷")


def _townships(counties: Mapping[str, str]) -> Mapping[str, str]:
    return {
        f"{county}{901 + position}": _TOWNSHIPS[(index * 2 + position) % len(_TOWNSHIPS)]
        for index, county in enumerate(counties)
        for position in range(2)
    }


TOWNSHIPS: Mapping[str, Mapping[str, str]] = {code: _townships(counties) for code, counties in PROVINCES.items()}
"""Province -> township code (nine digits, 9xx was never assigned) -> invented name."""


def townships_of(county: str) -> tuple[str, ...]:
    """The township codes of one county; none outside the two provinces."""
    return tuple(code for townships in TOWNSHIPS.values() for code in townships if code.startswith(county))


def township_name(code: str) -> str:
    """County and township, as a letter would be addressed."""
    return COUNTIES[code[:6]] + TOWNSHIPS[code[:2] + "0000"][code]


def address(random: Random, county: str) -> str:
    """An invented address in a real county."""
    return f"{COUNTIES[county]}{random.choice(_STREETS)}{random.randint(1, 299)}号{random.randint(1, 30)}室"
