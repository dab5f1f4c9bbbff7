"""Closed words have a word in both languages."""

from __future__ import annotations

import pytest

from gateway.audit.event import ACTIONS, Kind
from gateway.audit.search import Facet, Step
from gateway.console.conditions import NAMES
from gateway.console.language import languages
from gateway.console.words import Words
from schema.enums import Purpose, Role
from schema.label import Label


@pytest.mark.parametrize("code", ["zh", "en"])
def test_no_word_of_the_log_is_shown_bare(code: str) -> None:
    words = Words(languages()[code])
    said = {
        **{f"purpose {one.name}": words.purpose(one.name) != one.name for one in Purpose},
        **{f"role {one.name}": words.role(one.name) != one.name for one in Role},
        **{f"label {one.value}": words.label(one.value) not in {one.value} - {"HIV"} for one in Label},
        **{f"kind {one.value}": words.kind(one.value) != one.value for one in Kind},
        **{f"facet {one.value}": words.facet(one.value) != one.value for one in Facet},
        **{f"step {one.value}": words.step(one.value) != one.value for one in Step},
        **{f"condition {one}": words.condition(one) != one for one in NAMES},
        **{f"effect {one}": words.effect(one) != one for one in ("ALLOW", "MASK", "DENY")},
        **{f"outcome {one}": words.outcome(one) != one for one in ("OK", "PARTIAL", "DENIED", "REFUSED", "FAILED")},
    }
    assert [name for name, is_said in said.items() if not is_said] == []


def test_every_action_is_said_in_chinese() -> None:
    words = Words(languages()["zh"])
    actions = frozenset().union(*ACTIONS.values())
    assert [one for one in sorted(actions) if words.action(one) == one] == []


def test_a_word_that_is_unknown_is_shown_as_it_stands() -> None:
    words = Words(languages()["zh"])
    assert words.purpose("CURIOSITY") == "CURIOSITY"
    assert words.error("UNKNOWN") == words.error("INTERNAL")


@pytest.mark.parametrize("name", ["code", "page", "step", "entries", "policy_version", "witness"])
def test_a_detail_of_an_event_is_said_in_both_languages(name: str) -> None:
    zh, en = (Words(languages()[code]).detail(name) for code in ("zh", "en"))
    assert name not in {zh, en}
    assert zh != en
    assert Words(languages()["zh"]).detail("something-new") == "something-new"
