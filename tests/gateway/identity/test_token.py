from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.token import TokenService, is_token
from schema.codes import gb11643

KEY = bytes(range(32))
service = TokenService(KEY, "2026")

_FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


@st.composite
def fifteen(draw: st.DrawFn) -> str:
    """A first-generation number of nobody: its region code was never assigned."""
    region = draw(st.integers(329901, 329999))
    born = draw(st.dates(date(1900, 1, 1), date(1999, 12, 31)))
    return f"{region}{born:%y%m%d}{draw(st.integers(0, 995)):03d}"


@given(fifteen())
def test_every_way_of_writing_a_number_mints_the_same_token(old: str) -> None:
    new = gb11643.upgrade(old)
    spaced = f" {new[:6]} {new[6:14]} {new[14:]} "
    written = {old, new, new.lower(), new.translate(_FULL_WIDTH), old.translate(_FULL_WIDTH), spaced}
    assert {service.mint(text) for text in written} == {service.mint(new)}


@given(fifteen())
def test_a_token_has_the_form_of_a_person_id_and_tells_nothing_of_the_number(old: str) -> None:
    token = service.mint(old)
    assert token is not None
    assert is_token(token)
    assert len(token) == 29
    assert old[6:12] not in token


@given(fifteen(), fifteen())
def test_two_numbers_mint_two_tokens(one: str, other: str) -> None:
    assert (service.mint(one) == service.mint(other)) == (one == other)


@given(fifteen())
def test_a_wrong_check_digit_mints_a_token_of_its_own(old: str) -> None:
    new = gb11643.upgrade(old)
    wrong = new[:17] + ("0" if new[17] != "0" else "1")
    token = service.mint(wrong)
    assert token is not None
    assert token != service.mint(new)
    assert token == service.mint(wrong.translate(_FULL_WIDTH))


@given(fifteen())
def test_another_key_or_epoch_mints_another_token(old: str) -> None:
    others = {TokenService(KEY[::-1], "2026").mint(old), TokenService(KEY, "2027").mint(old)}
    assert service.mint(old) not in others
    assert TokenService(KEY, "2026").mint(old) == service.mint(old)


@given(st.text(max_size=40))
def test_what_is_no_number_mints_nothing_and_raises_nothing(text: str) -> None:
    assert (service.mint(text) is None) == (gb11643.parse(text) is None)


@pytest.mark.parametrize("text", ["", "无", "不详", "0" * 18, "1" * 18, "9" * 15, "12345"])
def test_placeholders_are_no_numbers(text: str) -> None:
    assert service.mint(text) is None


def test_documents_are_written_many_ways_and_told_apart_by_kind() -> None:
    passport = service.mint_document("PASSPORT", "e12345678")
    assert passport is not None
    assert passport == service.mint_document("PASSPORT", " Ｅ1234 5678 ")
    assert passport != service.mint_document("OTHER", "E12345678")
    assert is_token(passport)


@pytest.mark.parametrize(
    ("kind", "number"),
    [("PASSPORT", ""), ("PASSPORT", "无"), ("PASSPORT", "00000000"), ("LIBRARY_CARD", "E12345678")],
)
def test_what_cannot_be_a_document_number_mints_nothing(kind: str, number: str) -> None:
    assert service.mint_document(kind, number) is None


def test_a_resident_id_is_the_citizen_identity_number() -> None:
    assert service.mint_document("RESIDENT_ID", "329901900101001") == service.mint("329901900101001")


def test_local_tokens_differ_by_source_and_key() -> None:
    tokens = {service.mint_local("a", "1"), service.mint_local("a", "2"), service.mint_local("b", "1")}
    assert len(tokens) == 3
    assert all(is_token(token) for token in tokens)


@pytest.mark.parametrize(
    "text", ["", "p1_", "p1_" + "a" * 25, "p1_" + "A" * 26, "p2_" + "a" * 26, "p1_" + "a" * 25 + "b"]
)
def test_other_texts_are_no_tokens(text: str) -> None:
    assert not is_token(text)
    assert not TokenService.is_token(text)


def test_a_short_key_is_refused_and_a_service_shows_no_key() -> None:
    with pytest.raises(ValueError, match="too short"):
        TokenService(b"short", "2026")
    with pytest.raises(ValueError, match="epoch"):
        TokenService(KEY, "")
    assert repr(service) == "TokenService(epoch='2026')"
