"""JSON is read quickly where that loses nothing, and otherwise by the standard parser: the outcome is the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Malformed
from adapters.drivers.http import Answer
from adapters.drivers.rest import JsonWire

NUMBERS = st.integers() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=12) | st.from_regex(r"[0-9]{15,24}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4),
    max_leaves=12,
)


def parsed(content: bytes, charset: str | None = None) -> object:
    return JsonWire("js-x", None).parse(Answer(200, content, "application/json", charset))


@given(st.lists(VALUES, max_size=4), st.booleans())
def test_every_document_is_read_as_the_standard_parser_reads_it(document: object, escaped: bool) -> None:
    text = json.dumps(document, ensure_ascii=escaped)
    assert repr(parsed(text.encode())) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        '{"key": 32990120240305000000123}',
        '{"key": -9223372036854775809, "other": 18446744073709551616}',
        '[[1, 1234567890123456789012345.5], {"n":12345678901234567890}]',
        '{"text": "\\ud800"}',
        '{"far": 1e400}',
        '{"twice": 1, "twice": 2}',
        '\ufeff{"mark": 1}',
    ],
)
@pytest.mark.parametrize("charset", [None, "UTF-8", "utf8"])
def test_what_only_the_standard_parser_takes_or_keeps_is_kept(text: str, charset: str | None) -> None:
    assert repr(parsed(text.encode(), charset)) == repr(json.loads(text.removeprefix("\ufeff")))


@pytest.mark.parametrize(
    "text", ['{"a": Infinity}', '{"a": 1,}', "{'a': 1}", '{"a": "\x01"}', '{"a": 12345678901234567890']
)
def test_what_is_no_json_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parsed(text.encode())


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"a": 1, "b": {"c": [2]}}, (1, [2], None)),
        ({"b": [1]}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_what_is_sought_of_a_row_is_what_each_path_gives(row: object, expected: tuple[object, ...]) -> None:
    wire = JsonWire("js-x", None)
    paths = ("a", "b.c", "length(a)")
    for path in paths:
        wire.check(path, "row")
    assert list(wire.sought(paths)([row, row])) == [expected, expected]
    singly = [wire.sought((path,))([row]) for path in paths]
    assert [list(rows) for rows in singly] == [[(value,)] for value in expected]


def test_plain_names_are_read_as_paths_are() -> None:
    wire = JsonWire("js-x", None)
    rows = wire.sought(("姓名", "no", "姓名"))([{"姓名": "张三"}, {"姓名": None, "no": 1}])
    assert list(rows) == [("张三", None, "张三"), (None, 1, None)]
