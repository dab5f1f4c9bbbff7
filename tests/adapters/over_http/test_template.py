"""Templates keep a value a value, whatever it is."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Invalid
from adapters.drivers.template import Scope, Template
from adapters.manifest import Endpoint

TEXTS = st.text(min_size=1)


def sent(template: Template, key: str) -> Scope | None:
    """The scope, or None where the template refuses the key."""
    scope = Scope(keys=(key,), values={"x": key})
    try:
        template.target(scope)
        template.body(scope)
    except Invalid:
        return None
    return scope


@given(TEXTS)
def test_a_value_is_one_segment_one_parameter_and_one_string(key: str) -> None:
    template = Template(
        Endpoint(
            method="POST",
            path="a/{key}/b",
            query={"q": "{key}"},
            body={"k": "{key}", "all": ["{keys}"], "x": "{value:x}"},
        ),
        "test",
    )
    scope = sent(template, key)
    if scope is None:
        assert key in (".", "..") or not key.isprintable()
        return
    path, _, query = template.target(scope).partition("?")
    assert [unquote(part) for part in path.split("/")] == ["a", key, "b"]
    assert parse_qsl(query, keep_blank_values=True) == [("q", key)]
    assert json.loads(json.dumps(template.body(scope))) == {"k": key, "all": [[key]], "x": key}


@given(TEXTS)
def test_a_value_inside_a_longer_text_ends_no_literal(key: str) -> None:
    template = Template(Endpoint(method="POST", body={"Condition": "K = '{key}'"}), "test")
    scope = sent(template, key)
    if scope is not None:
        assert template.body(scope) is not None
        assert set(key).isdisjoint("'\"\\;%()=*, \t\r\n")
        assert "--" not in key


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_joined_list_has_as_many_parts_as_keys(keys: list[str]) -> None:
    template = Template(Endpoint(query={"ids": "{keys}"}), "test")
    try:
        query = template.target(Scope(keys=tuple(keys))).partition("?")[2]
    except Invalid:
        return
    joined = parse_qsl(query, keep_blank_values=True)[0][1]
    assert joined.split(",") == keys or len(keys) == 1


@pytest.mark.parametrize("value", ["a\r\nX-Role: chief", "a\nb", "\x00", "\ud800"])
def test_a_header_holds_no_control_character(value: str) -> None:
    template = Template(Endpoint(headers={"X-Key": "{key}"}), "test")
    with pytest.raises(Invalid):
        template.headers(Scope(keys=(value,)))


def test_a_placeholder_without_a_value_leaves_its_parameter_out() -> None:
    template = Template(
        Endpoint(
            method="POST", query={"c": "{cursor}"}, headers={"X": "{cursor}"}, body={"c": "{cursor}", "n": None}
        ),
        "test",
    )
    assert (template.target(Scope()), template.headers(Scope()), template.body(Scope())) == ("", {}, {"n": None})
