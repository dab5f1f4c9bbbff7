"""Dirty values: each form of columns.md's kind is read, flagged and kept; nothing ever raises."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.decode import decode_bytes, decode_value, encode_value, key_of
from adapters.forms.dates import CHINA
from adapters.manifest import FieldMap
from schema.codes.gb11643 import check_digit
from schema.entities import Kind
from schema.enums import Quality

OLD = "329901750101123"
NEW = "32990119750101123" + check_digit("32990119750101123")
WITH_X = next(seventeen + "X" for n in range(100, 999) if check_digit(seventeen := f"32990119800101{n}") == "X")


def decoded(kind: str, raw: object, field: str = "somewhere", **spec: object) -> tuple[object, list[Quality]]:
    value, flags = decode_value(field, FieldMap.model_validate({"path": "x", "type": kind, **spec}), raw)
    assert all(flag.field == field for flag in flags)
    return value, [flag.quality for flag in flags]


@pytest.mark.parametrize(
    "marker", ["", "  ", "无", "不详", "未设置", "--请选择--", "-", "null", "NULL", "\u3000", None]
)
@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_null_markers_are_null_in_every_kind(kind: str, marker: str | None) -> None:
    assert decoded(kind, marker) == (None, [])


def test_a_manifest_adds_null_markers() -> None:
    assert decoded("text", "待补录", null=("待补录",)) == (None, [])


@pytest.mark.parametrize(
    "written",
    [
        "20240305",
        "20240305101500",
        "20240305101500123",
        "2024-03-05",
        "2024-3-5",
        "2024/03/05 10:15:00",
        "2024.3.5",
        "2024年3月5日",
        "2024年03月05日10时15分",
        "２０２４－０３－０５",
        "2024-03-05T10:15:00+08:00",
        "2024-03-04T23:00:00Z",
        date(2024, 3, 5),
        datetime(2024, 3, 5, 10, 15),
        datetime(2024, 3, 4, 23, tzinfo=UTC),
    ],
)
def test_one_day_is_read_from_every_form(written: object) -> None:
    assert decoded("date", written) == (date(2024, 3, 5), [])


@pytest.mark.parametrize("written", ["2024-03", "2024年3月", "202403", "2024.3", "2024/03"])
def test_a_month_alone_is_its_first_day(written: str) -> None:
    assert decoded("date", written) == (date(2024, 3, 1), [])


@pytest.mark.parametrize("written", ["99991231", "9999-12-31", "29991231", "99991231235959", date(9999, 12, 31)])
def test_the_placeholder_for_no_end_is_null_and_flagged(written: object) -> None:
    assert decoded("date", written) == (None, [Quality.OPEN_ENDED])


@pytest.mark.parametrize(
    "written", ["20240230", "20241301", "2024", "五月", "2024-02-30", "2024315", "0", "2024-3-5x"]
)
def test_an_impossible_date_is_malformed(written: str) -> None:
    assert decoded("date", written) == (None, [Quality.MALFORMED])


def test_the_zero_date_is_null() -> None:
    assert decoded("date", "0000-00-00") == (None, [])
    assert decoded("date", "0000-00-00 00:00:00") == (None, [])


def test_epochs_are_read_where_the_manifest_says_so() -> None:
    assert decoded("date", 1709600000000, formats=("epoch_ms",)) == (date(2024, 3, 5), [])
    assert decoded("date", "1709600000", formats=("epoch_s",)) == (date(2024, 3, 5), [])


def test_the_manifests_formats_come_first() -> None:
    assert decoded("date", "05/03/2024", formats=("%d/%m/%Y",)) == (date(2024, 3, 5), [])
    assert decoded("date", "2024315", formats=("%Y%m%d",)) == (None, [Quality.MALFORMED])


def test_a_moment_without_zone_is_chinese_time() -> None:
    value, flags = decoded("datetime", "20240305101500123")
    assert value == datetime(2024, 3, 5, 10, 15, 0, 123000, CHINA)
    assert flags == []


@pytest.mark.parametrize(("field", "flags"), [("birthDate", [Quality.FUTURE_DATE]), ("dueEndOn", []), ("endsOn", [])])
def test_a_future_date_is_flagged_where_it_cannot_be(field: str, flags: list[Quality]) -> None:
    assert decoded("date", "28000101", field) == (date(2800, 1, 1), flags)


def test_fifteen_digits_become_eighteen() -> None:
    assert decoded("id_number", OLD) == (NEW, [Quality.UPGRADED_FROM_15])


def test_a_lower_case_x_is_normalised() -> None:
    assert decoded("id_number", WITH_X.lower()) == (WITH_X, [Quality.NORMALISED])


def test_a_wrong_check_digit_is_kept_and_flagged() -> None:
    wrong = NEW[:17] + ("1" if NEW[17] != "1" else "2")
    assert decoded("id_number", wrong) == (wrong, [Quality.CHECKSUM_FAILED])


def test_half_an_id_number_is_malformed() -> None:
    assert decoded("id_number", NEW[:11]) == (None, [Quality.MALFORMED])


def test_other_id_numbers_are_read_as_id_numbers() -> None:
    assert decoded("texts", f"{OLD};{WITH_X.lower()}", "otherIdNumbers") == (
        (NEW, WITH_X),
        [Quality.UPGRADED_FROM_15, Quality.NORMALISED],
    )


@pytest.mark.parametrize("dot", "•・‧･")
def test_the_dot_of_a_name_has_one_form(dot: str) -> None:
    assert decoded("text", f"阿依古丽{dot}买买提", "name") == ("阿依古丽·买买提", [Quality.NORMALISED])
    assert decoded("text", f"某{dot}某", "summary") == (f"某{dot}某", [])


def test_a_name_that_fills_its_column_is_flagged_truncated() -> None:
    name = "迪丽热巴·迪力木拉提·阿不都"
    cut = name.encode("gb18030")[:20].decode("gb18030")
    assert decoded("text", cut, max_bytes=20) == (cut, [Quality.TRUNCATED])
    assert decoded("text", cut, max_bytes=30) == (cut, [])


def test_a_name_cut_within_a_character_loses_the_half_and_is_flagged() -> None:
    assert decoded("text", "迪丽热巴".encode()[:10]) == ("迪丽热", [Quality.TRUNCATED])
    assert decoded("text", "迪丽热\ufffd") == ("迪丽热", [Quality.TRUNCATED])
    assert decoded("text", "迪\ufffd热") == ("迪\ufffd热", [Quality.MALFORMED])


def test_utf8_columns_count_their_own_bytes() -> None:
    name = "迪丽热巴迪力木拉提阿"
    assert decoded("text", name, max_bytes=30, byte_encoding="utf-8") == (name, [Quality.TRUNCATED])


@pytest.mark.parametrize(
    ("written", "months"),
    [
        ("三年", 36),
        ("3年", 36),
        ("36", 36),
        ("３６", 36),
        ("36个月", 36),
        ("三十六个月", 36),
        ("1年6个月", 18),
        ("一年半", 18),
        ("两年", 24),
        ("半年", 6),
        ("十八个月", 18),
        ("一年零六个月", 18),
        (36, 36),
        (Decimal(36), 36),
        (36.0, 36),
    ],
)
def test_terms_are_months(written: object, months: int) -> None:
    assert decoded("integer", written, "termMonths") == (months, [])


def test_counts_may_carry_their_unit() -> None:
    assert decoded("integer", "30天", "reductionDays") == (30, [])
    assert decoded("integer", "1,200", "points") == (1200, [])


@pytest.mark.parametrize("written", ["三思", "8.5", "9999999999999", "NaN", "1e999999", "十百十"])
def test_what_is_no_whole_number_is_malformed(written: str) -> None:
    assert decoded("integer", written) == (None, [Quality.MALFORMED])


def test_codes_are_mapped_and_an_unknown_one_is_flagged() -> None:
    values = {"1": "MALE", "2": "FEMALE", "男": "MALE"}
    assert decoded("enum", "1", values=values) == ("MALE", [])
    assert decoded("enum", 2, values=values) == ("FEMALE", [])
    assert decoded("enum", "２", values=values) == ("FEMALE", [])
    assert decoded("enum", "7", values=values) == (None, [Quality.UNMAPPED_CODE])
    assert decoded("enum", "不详", values=values) == (None, [])


def test_a_mapped_null_marker_is_a_value() -> None:
    assert decoded("boolean", "无", values={"有": True, "无": False}) == (False, [])


def test_inverted_flags_are_a_code_map() -> None:
    assert decoded("boolean", "0", values={"0": True, "1": False}) == (True, [])
    assert decoded("boolean", False, values={"0": True, "1": False}) == (True, [])


@pytest.mark.parametrize(("raw", "value"), [("1", True), ("否", False), (1, True), (False, False), ("Y", True)])
def test_plain_flags_need_no_map(raw: object, value: bool) -> None:
    assert decoded("boolean", raw) == (value, [])


def test_a_flag_in_unknown_words_is_flagged() -> None:
    assert decoded("boolean", "也许") == (None, [Quality.UNMAPPED_CODE])


def test_a_retired_region_is_kept_and_flagged() -> None:
    assert decoded("code", "320106", "domicileCode") == ("320106", [])
    assert decoded("code", "320107", "domicileCode") == ("320107", [Quality.RETIRED_CODE])
    assert decoded("code", "320107", "agencyCode") == ("320107", [])


def test_many_substances_are_split_and_cleaned() -> None:
    raw = "海洛因;冰毒；海洛因、无，K粉"
    assert decoded("texts", raw) == (("海洛因", "冰毒", "K粉"), [])
    assert decoded("texts", "海洛因#冰毒", separator="#") == (("海洛因", "冰毒"), [])
    assert decoded("texts", ["海洛因", None, "冰毒"]) == (("海洛因", "冰毒"), [])


def test_a_list_that_fills_its_column_is_flagged_truncated() -> None:
    assert decoded("texts", "海洛因;冰毒;K", max_bytes=12) == (("海洛因", "冰毒", "K"), [Quality.TRUNCATED])
    assert decoded("texts", "海洛因;冰毒", max_bytes=30) == (("海洛因", "冰毒"), [])


def test_an_unknown_code_among_many_costs_only_itself() -> None:
    assert decoded("texts", "1,9", values={"1": "海洛因"}) == (("海洛因",), [Quality.UNMAPPED_CODE])


@pytest.mark.parametrize("label", [None, "gb2312", "GBK", "gb18030"])
def test_names_only_gb18030_has_survive_any_label(label: str | None) -> None:
    text = '<?xml version="1.0" encoding="GB2312"?><姓名>李䶮·张堃𬭊</姓名>'
    assert decode_bytes(text.encode("gb18030"), label) == text.replace("GB2312", "UTF-8")


def test_utf8_without_a_label_stays_utf8() -> None:
    assert decode_bytes('{"xm": "李䶮"}'.encode()) == '{"xm": "李䶮"}'
    assert decode_bytes(b"\xef\xbb\xbf{}") == "{}"


def test_a_wrong_label_does_not_lose_the_text() -> None:
    assert decode_bytes("张三".encode(), "gb2312-made-up") == "张三"
    assert decode_bytes("张三".encode("gb18030"), "utf-8") == "张三"


@given(st.binary(max_size=60), st.sampled_from([None, "gb2312", "utf-8", "latin-1", "nonsense", "utf-16"]))
def test_bytes_always_decode(body: bytes, label: str | None) -> None:
    assert isinstance(decode_bytes(body, label), str)


def test_filter_values_take_the_forms_of_the_agency() -> None:
    mapped = FieldMap(path="x", values={"1": "MALE", "男": "MALE", "2": "FEMALE"})
    assert encode_value(mapped, Kind.ENUM, "MALE") == ("1", "男")
    assert encode_value(mapped, Kind.ENUM, "UNKNOWN") == ()
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in NEW)
    assert encode_value(FieldMap(path="x"), Kind.ID_NUMBER, NEW) == (NEW, OLD, full_width)
    assert encode_value(FieldMap(path="x"), Kind.ID_NUMBER, WITH_X)[:2] == (WITH_X, WITH_X.lower())
    assert encode_value(FieldMap(path="x", formats=("%Y%m%d",)), Kind.DATE, date(2024, 3, 5)) == ("20240305",)
    assert "阿・买" in encode_value(FieldMap(path="x"), Kind.TEXT, "阿·买")
    inverted = FieldMap(path="x", values={"0": True, "1": False})
    assert encode_value(inverted, Kind.BOOLEAN, True) == ("0",)


RAW = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=24),
    st.from_regex(r"[0-9年月日./\- :TZ+一二三十百半两个零]{1,20}", fullmatch=True),
    st.binary(max_size=24),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.lists(st.text(max_size=4), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
TYPES = {
    "text": str,
    "integer": int,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
    "enum": str,
    "id_number": str,
    "code": str,
    "texts": tuple,
}


@given(RAW, st.sampled_from(sorted(TYPES)), st.sampled_from(["name", "termMonths", "domicileCode", "otherIdNumbers"]))
def test_decoding_never_raises_and_keeps_its_promise(raw: object, kind: str, field: str) -> None:
    value, flags = decode_value(field, FieldMap.model_validate({"path": "x", "type": kind}), raw)
    assert value is None or type(value) is TYPES[kind]
    assert all(flag.field == field for flag in flags)


@given(RAW)
def test_a_key_is_text_or_nothing(raw: object) -> None:
    assert key_of(raw) is None or key_of(raw) == str(key_of(raw)).strip() != ""
