from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.authorization.masks import MASKS, apply, harden, strictest
from schema.entities import Kind
from schema.label import Label

NUMBER = "329901199003070018"


@pytest.mark.parametrize(
    ("mask", "value", "kind", "left"),
    [
        ("name_initial", "张三", Kind.TEXT, "张*"),
        ("name_initial", "迪丽热巴·迪力木拉提", Kind.TEXT, "迪*"),
        ("name_initial", ("小三", "阿四"), Kind.TEXTS, ("小*", "阿*")),
        ("name_initial", "MALE", Kind.ENUM, None),
        ("name_initial", date(1990, 3, 7), Kind.DATE, date(1990, 1, 1)),
        ("name_initial", "", Kind.TEXT, None),
        ("id_edges", NUMBER, Kind.ID_NUMBER, "329*************18"),
        ("id_edges", "E1234567", Kind.TEXT, "E******7"),
        ("id_edges", "1234", Kind.TEXT, None),
        ("id_edges", "PASSPORT", Kind.ENUM, None),
        ("id_edges", (NUMBER, "bad"), Kind.TEXTS, ("329*************18",)),
        ("id_ends", NUMBER, Kind.ID_NUMBER, "3****************8"),
        ("year_only", date(1999, 12, 31), Kind.DATE, date(1999, 1, 1)),
        ("year_only", datetime(1999, 12, 31, 23), Kind.DATETIME, date(1999, 1, 1)),
        ("year_only", ("冰毒",), Kind.TEXTS, None),
        ("year_only", "1999-12-31", Kind.TEXT, None),
        ("region_only", "320102003", Kind.CODE, "320102"),
        ("region_only", "某某路1号", Kind.TEXT, None),
        ("region_only", "某某路1号", None, None),
        ("phone_tail", "13812345612", Kind.TEXT, "138****12"),
        ("phone_tail", ("13812345612", "025-123"), Kind.TEXTS, ("138****12",)),
        ("phone_tail", ("025-123",), Kind.TEXTS, None),
        ("redact", "anything", Kind.TEXT, None),
        (None, "anything", Kind.TEXT, None),
        ("no_such_mask", "anything", Kind.TEXT, None),
    ],
)
def test_a_mask_leaves_what_its_name_says(mask: str | None, value: object, kind: Kind | None, left: object) -> None:
    assert apply(mask, value, kind) == left


@given(
    st.sampled_from(list(MASKS)),
    st.one_of(st.none(), st.text(), st.integers(), st.dates(), st.booleans(), st.lists(st.text()), st.binary()),
    st.none() | st.sampled_from(list(Kind)),
)
def test_no_mask_fails_on_any_value(mask: str, value: object, kind: Kind | None) -> None:
    apply(mask, value, kind)


@given(st.sampled_from(["id_edges", "id_ends"]), st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_an_id_mask_keeps_at_most_five_characters_and_the_length(mask: str, number: str) -> None:
    left = apply(mask, number, Kind.ID_NUMBER)
    assert isinstance(left, str)
    assert len(left) == 18
    assert len(left.replace("*", "")) == (5 if mask == "id_edges" else 2)


def test_a_mask_that_raises_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_value: object, _kind: Kind | None) -> object:
        raise ValueError("bad value")

    monkeypatch.setitem(MASKS, "redact", broken)
    assert apply("redact", "secret") is None


def test_the_strictest_of_several_masks_is_used() -> None:
    assert strictest(["id_edges", "id_ends"]) == "id_ends"
    assert strictest(["id_edges", "redact"]) == "redact"
    assert strictest([]) == "redact"


@pytest.mark.parametrize(
    ("visible", "mask"),
    [({Label.EXISTENCE}, "id_edges"), ({Label.IDENTITY}, "id_ends"), ({Label.CONTACT}, "id_ends")],
)
def test_a_birth_date_or_county_beside_it_hardens_the_id_mask(visible: set[Label], mask: str) -> None:
    assert harden("id_edges", Label.ID_NUMBER, visible) == mask
