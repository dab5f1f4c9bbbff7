"""Whole rows: short cuts give what the long way gives, and nothing of one row shows in another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Flag
from adapters.decode import decode_value
from adapters.forms.dates import CHINA
from adapters.manifest import Dataset, Deleted, FieldMap
from adapters.rows import Rows, by_call
from schema.enums import Quality
from tests.adapters.test_decode import RAW, TYPES

ROW = {"K": " A1 ", "XM": "张三", "SC": "0", "P1": "13900000000", "P2": "无", "GX": "20240305101500"}


def dataset(**more: object) -> Dataset:
    fields = {
        "name": {"path": "XM", "type": "text"},
        "phones": {"path": ["P1", "P2"], "type": "texts"},
        "sex": {"constant": "MALE", "type": "enum"},
        "residenceAddress": {"path": ["P2", "P1"], "type": "text"},
    }
    return Dataset.model_validate({"dataset": "T", "key": "K", "fields": fields, "as_of": {"path": "GX"}, **more})


def rows(of: Dataset) -> Rows:
    return Rows("js-x", "320000", of, by_call)


def test_a_row_gives_exactly_what_was_asked() -> None:
    values, flags = rows(dataset()).decoder(["name", "phones", "sex", "residenceAddress"]).values(ROW.get)
    assert values == {
        "name": "张三",
        "phones": ("13900000000",),
        "sex": "MALE",
        "residenceAddress": "13900000000",
    }
    assert flags == ()


def test_a_field_of_another_dataset_is_missing_here() -> None:
    assert rows(dataset()).decoder(["ethnicity"]).values(ROW.get) == (
        {"ethnicity": None},
        (Flag("ethnicity", Quality.MISSING),),
    )


def test_a_record_knows_where_it_came_from() -> None:
    now = datetime.now(UTC)
    found = rows(dataset(person="K")).decoder(["name"]).record(ROW.get, now)
    assert found is not None
    assert (found.key, found.person, found.provenance.dataset) == ("A1", "A1", "T")
    assert (found.provenance.source, found.provenance.jurisdiction) == ("js-x", "320000")
    assert found.provenance.as_of == datetime(2024, 3, 5, 10, 15, tzinfo=CHINA)


def test_a_row_without_key_is_dropped_and_counted() -> None:
    found = rows(dataset())
    row = {**ROW, "K": " "}
    assert found.decoder(["name"]).record(row.get, datetime.now(UTC)) is None
    assert found.dropped == {"T": 1}


def test_deleted_rows_and_rows_outside_the_conditions_are_absent() -> None:
    now = datetime.now(UTC)
    deleted = dataset(deleted=Deleted(path="SC", values=("0",)))
    assert rows(deleted).decoder([]).record(ROW.get, now) is None
    assert rows(dataset(where={"SC": "1"})).decoder([]).record(ROW.get, now) is None
    assert rows(dataset(where={"SC": "0"})).decoder([]).record(ROW.get, now) is not None


SPECS: list[Mapping[str, object]] = [
    {},
    {"null": ("待补录", "张三")},
    {"separator": "(;)|x"},
    {"max_bytes": 6},
]
TEXTS = st.sampled_from(
    [
        "张三",
        " 阿．买 ",
        "A·B",
        "王\ufffd",
        "无",
        "N/A",
        "待补录",
        "1，2",
        "a;b",
        "１３９",
        "\x00甲\ufeff",
        "99991231",
    ]
)
FIELDS = ["name", "aliases", "termMonths", "domicileCode", "otherIdNumbers", "residenceAddress"]


@given(st.one_of(RAW, TEXTS, st.lists(TEXTS, max_size=3)), st.sampled_from(sorted(TYPES)), st.sampled_from(SPECS))
def test_short_cuts_give_what_the_long_way_gives(raw: object, kind: str, spec: Mapping[str, object]) -> None:
    maps = {field: FieldMap.model_validate({"path": field, "type": kind, **spec}) for field in FIELDS}
    decoder = rows(Dataset(dataset="T", key="K", fields=maps)).decoder(FIELDS)
    expected = {field: decode_value(field, each, raw) for field, each in maps.items()}
    for _ in range(2):  # the second time from what was kept
        values, flags = decoder.values(dict.fromkeys(FIELDS, raw).get)
        # by their text, as a value that is true equals 1
        assert repr(values) == repr({field: value for field, (value, _) in expected.items()})
        assert flags == tuple(flag for _, noticed in expected.values() for flag in noticed)


def test_equal_raw_values_of_different_types_are_told_apart() -> None:
    decoder = rows(dataset(fields={"points": {"path": "P", "type": "boolean"}})).decoder(["points"])
    read = [decoder.values({"P": raw}.get)[0]["points"] for raw in ("1", 1, True, 1.5, "1.5", None)]
    assert read == [True, True, True, None, None, None]


def test_what_was_noticed_of_one_row_shows_in_no_other() -> None:
    decoder = rows(dataset(fields={"sex": {"path": "XB", "type": "date"}})).decoder(["sex"])
    read = [decoder.values({"XB": raw}.get)[1] for raw in ("somewhen", "2024-03-05", ["somewhen"], {}, "somewhen")]
    malformed = (Flag("sex", Quality.MALFORMED),)
    assert read == [malformed, (), malformed, malformed, malformed]


def test_a_date_in_the_future_is_judged_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    day = datetime.now(CHINA).date() + timedelta(days=40)
    decoder = rows(dataset(fields={"bornOn": {"path": "D", "type": "date"}})).decoder(["bornOn"])
    assert decoder.values({"D": day.isoformat()}.get) == ({"bornOn": day}, (Flag("bornOn", Quality.FUTURE_DATE),))

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(day.year + 1, 1, 1, tzinfo=CHINA)

    monkeypatch.setattr("adapters.decode.datetime", Later)
    assert decoder.values({"D": day.isoformat()}.get) == ({"bornOn": day}, ())


def test_what_is_kept_is_bounded() -> None:
    decoder = rows(dataset(fields={"code": {"path": "C", "type": "code"}})).decoder(["code"])
    codes = [str(number) for number in range(10_000)]
    assert [decoder.values({"C": code}.get)[0]["code"] for code in [*codes, *codes]] == [*codes, *codes]
    cell = decoder.cells["code"]
    assert isinstance(cell, dict)
    assert len(cell) <= 4_098


def test_fields_may_share_a_column_and_have_none() -> None:
    fields = {
        "name": {"path": "XM"},
        "romanisedName": {"path": "XM"},
        "birthDate": {"constant": "20240305", "type": "date"},
        "formerNames": {"path": ["P2", "XM"], "type": "texts"},
    }
    decoder = rows(dataset(fields=fields, person="K")).decoder([*fields, "sex"])
    found = decoder.record(ROW.get, datetime.now(UTC))
    assert found is not None
    assert found.values == {
        "name": "张三",
        "romanisedName": "张三",
        "birthDate": date(2024, 3, 5),
        "formerNames": ("张三",),
        "sex": None,
    }
    assert found.flags == (Flag("sex", Quality.MISSING),)


@pytest.mark.parametrize("raw", [2**31, -(2**31) - 1, "2147483648", "1e12", 10**30, "99999999999个月", 2.0**31])
@pytest.mark.parametrize("field", ["points", "termMonths"])
def test_an_integer_that_no_int_of_the_graph_can_carry_is_malformed(field: str, raw: object) -> None:
    decoder = rows(dataset(fields={field: {"path": "P", "type": "integer"}})).decoder([field])
    for _ in range(2):
        assert decoder.values({"P": raw}.get) == ({field: None}, (Flag(field, Quality.MALFORMED),))
    assert decoder.values({"P": 2**31 - 1}.get) == ({field: 2**31 - 1}, ())
