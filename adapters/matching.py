"""Whether a decoded value meets a canonical condition: the meaning of each operator, once for all drivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

from adapters.contract import Compare, Op, Value
from schema.codes.region_table import normal, prefix


def meets(compare: Compare, value: Value) -> bool:
    """Whether the value meets the condition; an empty value meets none."""
    if value is None:
        return False
    match compare.op:
        case Op.EQ:
            return value == compare.value
        case Op.IN:
            return isinstance(compare.value, tuple | list | frozenset | set) and value in compare.value
        case Op.PREFIX:
            return str(value).startswith(str(compare.value))
        case Op.UNDER:
            return str(value).startswith(region_prefix(str(compare.value)))
        case Op.LT:
            return _before(value, compare.value)
        case Op.GT:
            return _before(compare.value, value)


def meets_all(where: Iterable[Compare], values: Mapping[str, Value]) -> bool:
    """Whether all conditions hold."""
    return all(meets(compare, values.get(compare.field)) for compare in where)


def meeting(where: Sequence[Compare]) -> Callable[[Mapping[str, Value]], bool]:
    """What says of many rows whether all conditions hold."""
    if len(where) == 1 and where[0].op is Op.UNDER:  # as most lists are asked for
        field, begins = where[0].field, region_prefix(str(where[0].value))
        return lambda values: (value := values.get(field)) is not None and str(value).startswith(begins)
    return lambda values: meets_all(where, values)


def region_prefix(code: str) -> str:
    """What the codes of all places under a region begin with: 320000 gives 32, 320100 gives 3201."""
    return prefix(normal(code) or code)


def _before(first: object, second: object) -> bool:
    if isinstance(first, datetime) and isinstance(second, datetime):
        return first < second
    if isinstance(first, date) and isinstance(second, date):
        return _day(first) < _day(second)
    return isinstance(first, int) and isinstance(second, int) and first < second


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
