"""Rows read straight from JSON are the rows that reading the whole document gives, or none are."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Malformed
from adapters.drivers.http import Answer
from adapters.drivers.rest import JsonWire
from adapters.drivers.wire import AtOnce
from adapters.manifest import Endpoint
from tests.adapters.over_http.test_rest_json import VALUES

PLACES = (
    "@",
    "[]",
    "rows",
    "data.rows",
    "data.rows[]",
    "[].parts[]",
    "data.rows[].parts[]",
    "[].parts[].more.rest[]",
)
NAMES = ("no", "person", "姓名", "parts", "no")
MEMBERS = st.sampled_from(
    ["no", "person", "姓名", "parts", "rows", "data", "more", "rest", "other", 'quo"ted', "\u007f"]
)
OBJECTS = st.recursive(
    st.dictionaries(MEMBERS, VALUES, max_size=4),
    lambda below: st.dictionaries(MEMBERS, VALUES | st.lists(below, max_size=3) | below, max_size=4),
    max_leaves=8,
)


def fitting(place: str) -> st.SearchStrategy[object]:
    """Documents that hold rows at this place."""
    found: st.SearchStrategy[object] = OBJECTS
    steps = [step for part in place.replace("[]", ".[]").split(".") if (step := part.strip("@"))]
    for step in reversed(steps if "[]" in steps else [*steps, "[]"]):
        if step == "[]":
            found = st.lists(found, max_size=3)
        else:
            below, name = found, step
            found = st.builds(lambda more, at, name=name: {**more, name: at}, OBJECTS, st.none() | below)
    return found


def both(content: bytes, place: str, names: Sequence[str] = NAMES) -> tuple[object, object]:
    """What is read straight, and what of the whole document; as text, because a value that is true equals 1."""
    wire = JsonWire("js-x", None)
    wire.check(place, "rows")
    straight = straight_of([place], names)
    answer = Answer(200, content, "application/json")
    found = straight(answer)
    try:
        rows = list(wire.rows(wire.parse(answer), place))
        whole: object = repr(list(wire.sought(names)([row for row in rows if wire.is_row(row)])))
    except Malformed:
        whole = "malformed"
    return None if found is None else repr(list(found[0])), whole


def straight_of(places: Sequence[str], names: Sequence[str] = NAMES) -> AtOnce:
    """What reads all places at once."""
    found = JsonWire("js-x", None).at_once([(Endpoint(path="files", rows=place), names) for place in places])
    assert found is not None
    return found


@given(st.data(), st.sampled_from(PLACES), st.booleans(), st.sampled_from([None, 2]))
def test_documents_that_fit_are_read_alike(
    data: st.DataObject, place: str, escaped: bool, indent: int | None
) -> None:
    document = data.draw(fitting(place) | VALUES | OBJECTS)
    content = json.dumps(document, ensure_ascii=escaped, indent=indent).encode()
    straight, whole = both(content, place)
    assert straight in (None, whole)


@given(st.data(), st.sampled_from(PLACES))
def test_documents_that_were_damaged_are_read_alike(data: st.DataObject, place: str) -> None:
    text = json.dumps(data.draw(fitting(place)), ensure_ascii=False)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 4)))
    put = data.draw(
        st.sampled_from(["", "null", "[]", "{}", "1e999", "NaN", "-0", "\\ud800", "\x01", "\ufeff", ",", '"', "0"])
    )
    straight, whole = both((text[:start] + put + text[end:]).encode(), place)
    assert straight in (None, whole)


TOGETHER = (
    ("[]", "[].parts[]"),
    ("[].parts[]", "[].parts[].more.rest[]", "[].rows[]"),
    ("data.rows[]", "rows[]", "rows"),
)


@given(st.data(), st.sampled_from(TOGETHER))
def test_places_of_one_document_are_read_as_each_alone(data: st.DataObject, places: Sequence[str]) -> None:
    names = ("no", "person", "no")
    content = json.dumps(data.draw(fitting(data.draw(st.sampled_from(places))))).encode()
    answer = Answer(200, content, "application/json")
    together = straight_of(places, names)(answer)
    if together is not None:
        assert [[repr(list(rows))] for rows in together] == [
            [repr(list(rows)) for rows in straight_of([place], names)(answer) or ()] for place in places
        ]


def test_several_places_of_a_usual_document_are_read_at_once() -> None:
    document = [
        {"no": "C1", "other": [1], "parts": [{"no": "C1-1", "person": "C1"}], "rows": None},
        {"no": "C2", "parts": [], "rows": [{"person": "C2", "no": "C2-1"}, {}]},
    ]
    read = straight_of(("[]", "[].parts[]", "[].rows[]"), ("no", "person"))
    assert read(Answer(200, json.dumps(document).encode(), "application/json")) == [
        [("C1", None), ("C2", None)],
        [("C1-1", "C1")],
        [("C2-1", "C2"), (None, None)],
    ]


def test_one_value_of_a_row_is_read_where_further_rows_stand_in_it() -> None:
    read = straight_of(("[]", "[].parts[]"), ("no",))
    found = read(Answer(200, b'[{"no": 1, "parts": [{"no": 2}]}]', "application/json"))
    assert [[raws[0] for raws in rows] for rows in found or ()] == [[1], [2]]


@pytest.mark.parametrize("places", [("[]", "rows"), ("[].parts[]", "[].parts.more[]")])
def test_places_that_exclude_each_other_are_left_to_whoever_reads_the_whole(places: Sequence[str]) -> None:
    wire = JsonWire("js-x", None)
    assert wire.at_once([(Endpoint(path="files", rows=place), ("no",)) for place in places]) is None
    of_the_rows = [
        (Endpoint(path="files", rows="[]"), ("parts",)),
        (Endpoint(path="files", rows="[].parts[]"), ("no",)),
    ]
    assert wire.at_once(of_the_rows) is None


@pytest.mark.parametrize(
    ("place", "document"),
    [
        ("@", [{"no": 1}]),
        ("rows", {"rows": [{"no": 1}], "total": 1}),
        ("data.rows", {"data": {"rows": [{"no": 1}]}}),
        ("[].parts[]", [{"parts": []}, {}, {"parts": None}, {"parts": [{"no": 1, "other": [{}]}]}]),
        ("[].parts[].more.rest[]", [{"parts": [{"more": {"rest": [{"no": 1}]}}, {"more": None}]}]),
    ],
)
def test_usual_shapes_are_read_straight(place: str, document: object) -> None:
    assert both(json.dumps(document).encode(), place) == (("[(1, None, None, None, 1)]",) * 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"no": 12345678901234567890123, "no": 32990120240305000000123}]', "[(32990120240305000000123,)]"),
        (
            '[{"no": 18446744073709551616}, {"no": -9223372036854775809}]',
            "[(18446744073709551616,), (-9223372036854775809,)]",
        ),
        ('[{"no": 1e400}]', None),
        ('[{"n\\u006f": "\\ud83d\\ude00"}, {"no": null}, {}]', "[('\U0001f600',), (None,), (None,)]"),
        ('[{"no": "\\ud800"}]', None),
        ('[{"no": 1}, null]', None),
        ('{"no": 1}', None),
        ("\ufeff[]", None),
        ("[", None),
    ],
)
def test_surprises_are_left_to_whoever_reads_the_whole(text: str, expected: str | None) -> None:
    straight, whole = both(text.encode(), "@", ("no",))
    assert straight == expected
    assert straight in (None, whole)


def test_nothing_is_read_straight_where_more_than_rows_is_needed() -> None:
    wire = JsonWire("js-x", None)
    for more in ({"rows": "[0]"}, {"envelope": {"data": "data"}}, {"pages": {"kind": "number", "size": 10}}):
        assert wire.at_once([(Endpoint.model_validate({"path": "files", **more}), ("no",))]) is None
    assert wire.at_once([(Endpoint(path="files"), ("no", "a.b"))]) is None


@pytest.mark.parametrize(("kind", "charset"), [("text/html", None), ("application/json", "gbk")])
def test_other_types_and_encodings_are_left_to_whoever_reads_the_whole(kind: str, charset: str | None) -> None:
    read = straight_of(["@"], ("no",))
    assert read(Answer(200, b"[]", kind, charset)) is None
    assert read(Answer(200, b"[]", "application/json", "utf-8")) == [[]]
