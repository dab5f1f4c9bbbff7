"""What each filter operator means on decoded values."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.contract import Compare, Op
from adapters.cursors import CursorSeal, Invalid
from adapters.matching import meets, meets_all, region_prefix


@pytest.mark.parametrize(
    ("op", "asked", "value", "holds"),
    [
        (Op.EQ, "x", "x", True),
        (Op.EQ, "x", None, False),
        (Op.IN, ("x", "y"), "y", True),
        (Op.IN, ("x", "y"), "z", False),
        (Op.IN, "xyz", "x", False),
        (Op.PREFIX, "张", "张三", True),
        (Op.UNDER, "320100", "320106", True),
        (Op.UNDER, "320100", "320200", False),
        (Op.UNDER, "320000", "320614101", True),
        (Op.UNDER, "320614000", "320614101", True),
        (Op.UNDER, "320614101", "320614102", False),
        (Op.LT, date(2024, 1, 2), date(2024, 1, 1), True),
        (Op.LT, date(2024, 1, 1), date(2024, 1, 1), False),
        (Op.GT, date(2024, 1, 1), datetime(2024, 1, 1, 12, tzinfo=UTC), False),
        (Op.GT, 3, 4, True),
        (Op.GT, 3, "4", False),
    ],
)
def test_an_operator_holds(op: Op, asked: object, value: object, holds: bool) -> None:
    assert meets(Compare("field", op, asked), value) is holds


def test_all_conditions_must_hold() -> None:
    where = (Compare("a", Op.EQ, 1), Compare("b", Op.EQ, 2))
    assert meets_all(where, {"a": 1, "b": 2})
    assert not meets_all(where, {"a": 1})


def test_a_region_prefix_keeps_what_is_meant() -> None:
    codes = ("320000", "320100", "320106", "320614101", "320614000000")
    assert [region_prefix(code) for code in codes] == ["32", "3201", "320106", "320614101", "320614"]


def test_a_sealed_position_opens_only_where_it_was_sealed() -> None:
    seal = CursorSeal("js-x")
    cursor = seal.seal(1, "329901198001011012", "scope")
    assert "3299" not in cursor
    assert seal.open(cursor, "scope") == (1, "329901198001011012")
    assert len(cursor) == len(seal.seal(1, "7", "scope"))
    for other, scope in ((CursorSeal("js-x"), "scope"), (seal, "other")):
        with pytest.raises(Invalid):
            other.open(cursor, scope)
