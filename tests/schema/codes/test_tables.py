from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import pytest

from schema import enums
from schema.codes import EDUCATION, ETHNIC_GROUPS, ETHNIC_GROUPS_ROMANISED, MARITAL_STATUS, RELATION, SEX

FOLDED = [
    (SEX, enums.Sex),
    (MARITAL_STATUS, enums.MaritalStatus),
    (EDUCATION, enums.Education),
    (RELATION, enums.Relation),
]


@pytest.mark.parametrize(("table", "words"), FOLDED)
def test_a_table_reaches_every_member_and_no_other(table: Mapping[str, str], words: type[Enum]) -> None:
    assert set(table.values()) == set(words.__members__)


@pytest.mark.parametrize("table", [SEX, MARITAL_STATUS, EDUCATION, RELATION, ETHNIC_GROUPS, ETHNIC_GROUPS_ROMANISED])
def test_a_table_cannot_be_changed(table: Mapping[str, str]) -> None:
    with pytest.raises(TypeError):
        table["0"] = "changed"  # type: ignore[index]


@pytest.mark.parametrize(
    ("table", "code", "name"),
    [
        (SEX, "1", "MALE"),
        (SEX, "2", "FEMALE"),
        (MARITAL_STATUS, "23", "REMARRIED_TO_SAME"),
        (MARITAL_STATUS, "40", "DIVORCED"),
        (EDUCATION, "14", "GRADUATE_SCHOOL"),
        (EDUCATION, "61", "SENIOR_HIGH"),
        (EDUCATION, "81", "PRIMARY"),
        (RELATION, "12", "SPOUSE"),
        (RELATION, "31", "CHILD"),
        (RELATION, "38", "OTHER"),
        (RELATION, "52", "PARENT"),
        (RELATION, "55", "OTHER"),
        (RELATION, "7", "SIBLING"),
        (ETHNIC_GROUPS, "01", "汉族"),
        (ETHNIC_GROUPS, "05", "维吾尔族"),
        (ETHNIC_GROUPS, "36", "毛南族"),
        (ETHNIC_GROUPS, "56", "基诺族"),
        (ETHNIC_GROUPS_ROMANISED, "22", "She"),
        (ETHNIC_GROUPS_ROMANISED, "49", "Gin"),
    ],
)
def test_codes_mean_what_the_standard_says(table: Mapping[str, str], code: str, name: str) -> None:
    assert table[code] == name


def test_there_are_fifty_six_ethnic_groups_and_two_codes_of_the_police() -> None:
    assert list(ETHNIC_GROUPS) == [f"{number:02}" for number in range(1, 57)] + ["97", "98"]
    assert list(ETHNIC_GROUPS_ROMANISED) == list(ETHNIC_GROUPS)
    assert len(set(ETHNIC_GROUPS.values())) == len(set(ETHNIC_GROUPS_ROMANISED.values())) == 58
