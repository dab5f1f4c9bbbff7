"""Rows decoded column by column: the same records as one by one, whatever is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.columns import keys_of
from adapters.contract import Flag
from adapters.decode import key_of
from adapters.manifest import Dataset
from adapters.rows import RowDecoder, Rows, by_call
from schema.enums import Quality
from tests.adapters.test_decode import RAW, TYPES
from tests.adapters.test_rows import SPECS, TEXTS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = st.one_of(
    st.sampled_from(
        ["A1", " A2 ", "", "null", "NULL", "\ufeffA3", "4\ufffd", "A\n5", "\n", "甲", "a b", 7, None, True]
    ),
    RAW,
)
CELLS = st.one_of(RAW, TEXTS, st.lists(TEXTS, max_size=3), st.sampled_from(["1", "0", 1, True, 1.0, "2024-03-05"]))
MORE: Sequence[Mapping[str, object]] = (
    {},
    {"person": "P"},
    {"as_of": {"path": "P"}},
    {"deleted": {"path": "D", "values": ["1"]}},
    {"where": {"D": "1"}},
)


def decoder_of(kind: str, spec: Mapping[str, object], more: Mapping[str, object]) -> tuple[RowDecoder, Rows]:
    fields = {
        "name": {"path": "F1", "type": kind, **spec},
        "termMonths": {"path": "F2", "type": kind, **spec},
        "domicileCode": {"path": "F2", "type": kind, **spec},
        "phones": {"path": ["F1", "F2"], "type": "texts"},
        "sex": {"constant": "MALE", "type": "enum"},
        "birthDate": {"constant": "29991231", "type": "date"},
    }
    dataset = Dataset.model_validate({"dataset": "T", "key": "K", "fields": fields, **more})
    rows = Rows("js-x", "320000", dataset, by_call)
    return rows.decoder([*fields, "ethnicity"]), rows


def raws_of(decoder: RowDecoder, rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    return [
        tuple(dict(zip(("K", "P", "D", "F1", "F2"), row, strict=True))[path] for path in decoder.paths)
        for row in rows
    ]


@given(
    st.lists(st.tuples(KEYS, KEYS, CELLS, CELLS, CELLS), max_size=9),
    st.sampled_from(sorted(TYPES)),
    st.sampled_from(SPECS),
    st.sampled_from(MORE),
    st.booleans(),
)
@example([("A", "P", "1", None, "x")] * 6, "enum", {}, {}, False)
def test_many_rows_give_what_each_gives(
    rows: list[tuple[object, ...]], kind: str, spec: Mapping[str, object], more: Mapping[str, object], asked: bool
) -> None:
    many, of_many = decoder_of(kind, spec, more)
    single, of_single = decoder_of(kind, spec, more)
    raws = raws_of(many, rows)
    persons = [f"person {place}" for place in range(len(rows))] if asked else None
    for _ in range(2):  # the second time from what was kept
        found = many.records(raws, NOW, persons)
        expected = [single.recorded(raw, NOW, persons[place] if persons else None) for place, raw in enumerate(raws)]
        # by their text, as a value that is true equals 1
        assert repr(found) == repr(expected)
    assert of_many.dropped == of_single.dropped


USUAL = st.one_of(
    st.text("张三王", min_size=1, max_size=3),
    st.text("张三A1 \n·.\u3000\ufffd", max_size=4),
    st.sampled_from(["无", "NULL", "n/a", "待补录", "a;b", "1390", "阿 买", "--"]),
)
LISTS = st.lists(st.text("张1a_;", min_size=1, max_size=3), min_size=1, max_size=3) | st.lists(USUAL, max_size=2)


@given(
    st.lists(USUAL, min_size=4, max_size=6) | st.lists(LISTS | st.none(), min_size=4, max_size=6),
    st.sampled_from(["text", "texts", "id_number"]),
    st.sampled_from(SPECS),
    st.sampled_from(["name", "aliases", "residenceAddress", "otherIdNumbers", "substances"]),
)
def test_columns_of_usual_values_give_what_each_gives(
    column: list[object], kind: str, spec: Mapping[str, object], field: str
) -> None:
    fields = {field: {"path": "F", "type": kind, **spec}}
    dataset = Dataset.model_validate({"dataset": "T", "key": "K", "fields": fields})
    decoder = Rows("js-x", "320000", dataset, by_call).decoder([field])
    raws = [("A", raw) for raw in column]
    assert repr(decoder.records(raws, NOW)) == repr([decoder.recorded(raw, NOW) for raw in raws])


@given(st.lists(KEYS, max_size=6))
def test_keys_of_a_column_are_the_keys_of_its_values(column: list[object]) -> None:
    assert list(keys_of(column)) == [key_of(raw) for raw in column]


def test_what_was_noticed_of_one_row_shows_in_no_other() -> None:
    decoder, _ = decoder_of("date", {}, {})
    rows = [("A", "P", None, text, "2024-03-05") for text in ("2024-03-05", "somewhen", None, ["somewhen"], {})]
    found = decoder.records(raws_of(decoder, rows), NOW)
    noticed = [flag in record.flags for record in found if record for flag in (Flag("name", Quality.MALFORMED),)]
    assert noticed == [False, True, False, True, True]


def test_a_decoder_of_nothing_gives_records_without_values() -> None:
    _, rows = decoder_of("text", {}, {})
    found = rows.decoder(()).records([(f"A{number}",) for number in range(6)], NOW)
    assert [(record.key, record.values) for record in found if record] == [(f"A{number}", {}) for number in range(6)]
