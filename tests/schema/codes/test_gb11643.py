from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.codes import IdNumber, check_digit, is_valid, parse, upgrade

DAYS = st.dates(date(1900, 1, 1), date(2026, 12, 31))
SYNTHETIC_REGIONS = st.integers(329901, 329999)


@st.composite
def valid_numbers(draw: st.DrawFn) -> str:
    born, sequence = draw(DAYS), draw(st.integers(1, 999))
    seventeen = f"{draw(SYNTHETIC_REGIONS)}{born:%Y%m%d}{sequence:03}"
    return seventeen + check_digit(seventeen)


def test_the_standards_example_of_an_upgrade() -> None:
    assert upgrade("110105491231002") == "11010519491231002X"


def test_a_fifteen_digit_number_says_the_same_as_its_eighteen_characters() -> None:
    old, new = parse("110105491231002"), parse("11010519491231002X")
    assert old == IdNumber("11010519491231002X", "110105", date(1949, 12, 31), "FEMALE", True, True, False)
    assert new == IdNumber("11010519491231002X", "110105", date(1949, 12, 31), "FEMALE", False, True, False)


@pytest.mark.parametrize("sequence", ["996", "997", "998", "999"])
def test_the_sequences_of_centenarians_mean_the_century_before(sequence: str) -> None:
    assert upgrade(f"329901810203{sequence}")[6:14] == "18810203"


def test_the_sequence_below_the_centenarians_means_this_century() -> None:
    assert upgrade("329901810203995")[6:14] == "19810203"


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        " 11010519491231002X ",
        "110105 19491231 002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231002ｘ",
        "110105\u300019491231\u00a0002X\n",
    ],
)
def test_other_ways_of_writing_are_read_and_marked(written: str) -> None:
    found = parse(written)
    assert found is not None
    assert (found.value, found.normalised, found.checksum_ok) == ("11010519491231002X", True, True)


def test_a_wrong_check_digit_is_kept_and_marked() -> None:
    found = parse("110105194912310021")
    assert found is not None
    assert (found.value, found.checksum_ok) == ("110105194912310021", False)
    assert not is_valid("110105194912310021")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "无",
        "12345",
        "1101051949123100X2",
        "110105194902300021",
        "110105490230002",
        "110105179912310021",
        "11010519491231002XX",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "110105000000000000",
        "-10105194912310021",
    ],
)
def test_junk_is_not_a_number(junk: str) -> None:
    assert parse(junk) is None
    assert not is_valid(junk)


@given(st.text(max_size=24))
def test_reading_never_raises(text: str) -> None:
    found = parse(text)
    assert found is None or len(found.value) == 18


@given(st.text(alphabet="0123456789Xx ０９Ｘ", max_size=20))
def test_what_was_read_is_read_again_unchanged(text: str) -> None:
    found = parse(text)
    if found is not None:
        again = parse(found.value)
        assert again is not None
        assert (again.value, again.normalised, again.upgraded) == (found.value, False, False)


@given(valid_numbers())
def test_every_single_digit_error_is_caught(number: str) -> None:
    for place in range(17):
        for digit in "0123456789":
            if digit != number[place]:
                assert not is_valid(number[:place] + digit + number[place + 1 :])


@given(valid_numbers())
def test_every_adjacent_transposition_is_caught(number: str) -> None:
    for place in range(17):
        first, second = number[place], number[place + 1]
        if first != second:
            assert not is_valid(number[:place] + second + first + number[place + 2 :])


@given(valid_numbers())
def test_the_parts_are_read_where_they_stand(number: str) -> None:
    found = parse(number)
    assert found is not None
    assert found.checksum_ok
    assert found.region == number[:6]
    assert f"{found.birth_date:%Y%m%d}" == number[6:14]
    assert found.sex == ("MALE" if number[16] in "13579" else "FEMALE")


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), SYNTHETIC_REGIONS, st.integers(1, 995))
def test_fifteen_digits_are_the_eighteen_without_century_and_check(born: date, region: int, sequence: int) -> None:
    found = parse(f"{region}{born:%y%m%d}{sequence:03}")
    assert found is not None
    assert found.value[:17] == f"{region}{born:%Y%m%d}{sequence:03}"
    assert found.upgraded
    assert found.checksum_ok


@pytest.mark.parametrize("wrong", ["32990119800101001X9", "3299018001010", "", "32990119800101ABC"])
def test_errors_and_representations_tell_no_number(wrong: str) -> None:
    for function in (check_digit, upgrade):
        with pytest.raises(ValueError, match="give") as raised:
            function(wrong)
        assert "3299" not in str(raised.value)
    assert "1101" not in repr(parse("11010519491231002X"))
