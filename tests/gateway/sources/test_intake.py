"""Whose values are looked at one by one, and what is looked at whoever answers."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Flag, Malformed, Provenance, Record, Refused, keeps_kinds
from adapters.drivers.rest import RestAdapter
from adapters.drivers.soap import SoapAdapter
from adapters.drivers.sql import SqlAdapter
from adapters.drivers.subgraph import SubgraphAdapter
from gateway.sources.intake import admit
from schema.enums import Quality
from tests.gateway.sources.memory import FETCHED_AT, MemoryAdapter

FIELDS = frozenset({"name", "sex"})
ORIGIN = Provenance("jiangsu-police", "T", "A", FETCHED_AT)


def a_row(values: dict[str, object], person: str = "A") -> Record:
    return Record("A", person, values, ORIGIN)


def test_our_drivers_vouch_for_kinds_and_an_adapter_that_says_nothing_does_not() -> None:
    class Says(MemoryAdapter):
        keeps_kinds: ClassVar[bool] = True

    made: list[type[Any]] = [RestAdapter, SoapAdapter, SqlAdapter, SubgraphAdapter, Says, MemoryAdapter]
    assert [keeps_kinds(kind.__new__(kind)) for kind in made] == [True, True, True, True, True, False]


def test_an_adapter_cannot_vouch_by_an_attribute_of_the_object() -> None:
    adapter: Any = MemoryAdapter.__new__(MemoryAdapter)
    adapter.keeps_kinds = True
    assert not keeps_kinds(adapter)


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.parametrize(
    "item",
    [a_row({"name": "张三", "sex": "MALE"}, "B"), [a_row({"name": "张三", "sex": "MALE"}, "B")], "row", 7, ["row"]],
)
def test_a_row_of_somebody_else_or_of_another_shape_never_gets_in(item: object, vouched: bool) -> None:
    answer = admit("PersonRecord", ("A", "B"), FIELDS, {"A": item}, keeps_kinds=vouched)
    assert (dict(answer.found), answer.codes) == ({}, (Malformed.code,))


@pytest.mark.parametrize("vouched", [True, False])
def test_only_the_fields_asked_for_get_in(vouched: bool) -> None:
    more = a_row({"name": "张三", "sex": "MALE", "phones": ("1",)})
    fewer = a_row({"name": "张三"})
    answer = admit("PersonRecord", ("A",), FIELDS, {"A": (more, fewer)}, keeps_kinds=vouched)
    first, second = answer.found["A"]
    assert (first.values, first.flags) == ({"name": "张三", "sex": "MALE"}, ())
    assert (second.values, second.flags) == ({"name": "张三", "sex": None}, (Flag("sex", Quality.MISSING),))


@pytest.mark.parametrize("vouched", [True, False])
def test_one_bad_row_costs_only_itself(vouched: bool) -> None:
    good = a_row({"name": "张三", "sex": "MALE"})
    answer = admit("PersonRecord", ("A",), FIELDS, {"A": [good, a_row(dict(good.values), "B")]}, keeps_kinds=vouched)
    assert (answer.found, answer.codes) == ({"A": (good,)}, (Malformed.code,))


def test_values_are_looked_at_unless_they_are_vouched_for() -> None:
    row = a_row({"name": "张三", "sex": 7})
    checked = admit("PersonRecord", ("A",), FIELDS, {"A": row}).found["A"]
    assert (checked[0].values["sex"], checked[0].flags) == (None, (Flag("sex", Quality.MALFORMED),))
    assert admit("PersonRecord", ("A",), FIELDS, {"A": row}, keeps_kinds=True).found["A"] == (row,)


ROWS = st.builds(
    lambda person, values, kind: Record("A", person, values, ORIGIN) if kind else values,
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([{"name": "张三", "sex": None}, {"sex": "MALE", "name": None}, {"name": "张三"}, {}]),
    st.sampled_from([True] * 9 + [False]),
)
ITEMS = ROWS | st.lists(ROWS, max_size=3) | st.lists(ROWS, max_size=3).map(tuple) | st.just(Refused("no")) | st.none()


@given(st.dictionaries(st.sampled_from(["A", "B", "D"]), ITEMS), st.sampled_from([0, 8]))
def test_everybody_at_once_is_everybody_one_by_one(raw: dict[str, object], few: int) -> None:
    found: dict[str, tuple[Record, ...]] = {}
    codes: set[str] = set()
    for key, item in raw.items():
        # somebody who was not asked for keeps an answer from being judged at once
        answer = admit("PersonRecord", ("A", "B"), FIELDS, {key: item, "nobody": ()}, keeps_kinds=True)
        found |= answer.found
        codes |= set(admit("PersonRecord", ("A", "B"), FIELDS, {key: item}, keeps_kinds=True).codes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.sources.intake._FEW", few)
        whole = admit("PersonRecord", ("A", "B"), FIELDS, raw, keeps_kinds=True)
    assert (whole.found, set(whole.codes)) == (found, codes)
