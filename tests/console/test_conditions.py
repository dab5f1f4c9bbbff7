"""Conditions: what an address may hold, and that no number of a person comes to stand in one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.event import EventRecord, Kind
from gateway.audit.search.persons import AuditTokens
from gateway.console.conditions import NAMES, read, read_form, recordable
from gateway.console.errors import BadCondition
from schema.codes import check_digit
from tests.console.house import NUMBER, PERSON, TOKENS

AUDIT = AuditTokens(b"a" * 32)
TOKEN = AUDIT.token(PERSON)


def test_an_address_becomes_conditions() -> None:
    asked = read({"person": TOKEN, "purpose": "AFTERCARE", "since": "2026-11-01", "until": "2026-11-01", "x": "y"})
    found = asked.conditions()
    assert found.persons == (TOKEN,)
    assert found.purposes == ("AFTERCARE",)
    assert found.since == datetime(2026, 10, 31, 16, tzinfo=UTC)  # the day begins in China
    assert found.until == datetime(2026, 11, 1, 16, tzinfo=UTC)  # and is part of it
    assert asked.but(purpose="", label="HEALTH") == {
        "person": TOKEN,
        "since": "2026-11-01",
        "until": "2026-11-01",
        "label": "HEALTH",
    }


@pytest.mark.parametrize("written", [NUMBER, f" {NUMBER.lower()} ", PERSON, TOKEN])
def test_the_form_turns_whatever_names_a_person_into_their_token(written: str) -> None:
    assert read_form({"person": written}, TOKENS.mint, AUDIT.token).words == {"person": TOKEN}


@pytest.mark.parametrize("written", ["张三", "13800138000", "t1_short", "p1_short", "0"])
def test_what_names_nobody_is_refused_without_repeating_it(written: str) -> None:
    with pytest.raises(BadCondition) as caught:
        read_form({"person": written}, TOKENS.mint, AUDIT.token)
    assert written not in str(caught.value) or len(written) == 1


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"agency"}))
@pytest.mark.parametrize("value", [NUMBER, NUMBER[:6] + NUMBER[8:17], "13800138000", f"x:{NUMBER}", f"{NUMBER}/y"])
def test_no_address_takes_a_number_of_a_person(name: str, value: str) -> None:
    with pytest.raises(BadCondition):
        read({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("purpose", "CURIOSITY"),
        ("kind", "everything"),
        ("since", "2026-13-01"),
        ("since", "20261101"),
        ("field", "person name"),
        ("request", "short"),
        ("agency", "机关"),
        ("label", "identity"),
    ],
)
def test_unknown_words_are_refused(name: str, value: str) -> None:
    with pytest.raises(BadCondition) as caught:
        read({name: value})
    assert caught.value.condition == name
    assert value not in str(caught.value)


@given(st.text(max_size=60), st.sampled_from(sorted(NAMES)))
def test_whatever_an_address_holds_can_be_put_on_record(value: str, name: str) -> None:
    try:
        asked = read({name: value})
    except BadCondition:
        return
    EventRecord(
        at=datetime.now(UTC),
        kind=Kind.CONSOLE,
        action="search",
        outcome="OK",
        jurisdiction="320000",
        persons=asked.persons,
        references=asked.recorded(),
    )


def test_what_the_log_cannot_spell_is_only_named() -> None:
    assert recordable("official", "staff(7)") == "official:-"
    assert recordable("agency", "320000900000") == "agency:320000900000"


@given(st.from_regex(r"[1-6][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{3}", fullmatch=True))
def test_no_citizens_number_passes(body: str) -> None:
    for name in NAMES:
        if name != "agency":
            with pytest.raises(BadCondition):
                read({name: body + check_digit(body)})
