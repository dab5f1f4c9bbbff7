"""What an agency's raw value means as a canonical one: dirty data is decoded, flagged and kept, never a failure.

A bad value costs its own field (null and a Flag). What comes out is always what the column's Kind says or None: the
gateway does not look at it again. Nothing here raises for a value, and no message or flag repeats one.
adapters/rows.py decodes whole rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from adapters.contract import Flag, Key, Value
from adapters.encode import encode_value
from adapters.forms import dates, numbers, people
from adapters.forms.texts import (
    NULL_MARKERS,
    PADDING,
    REPLACEMENT,
    decode_bytes,
    half_width,
    is_cut,
    is_null,
    text_of,
)
from adapters.manifest import FieldMap, TypeName
from schema.enums import Quality

__all__ = [
    "DEFAULT_SEPARATOR",
    "NULL_MARKERS",
    "Decode",
    "Decoded",
    "as_of_decoder",
    "decode_bytes",
    "decode_value",
    "encode_value",
    "field_decoder",
    "key_of",
    "text_of",
]

Decoded = tuple[Value, tuple[Flag, ...]]
Decode = Callable[[object], Decoded]
"""Gives one raw value as the canonical one, and what was noticed. Never raises."""

DEFAULT_SEPARATOR = r"[;；,，、/|]"
TERM_FIELDS = frozenset({"termMonths", "extensionMonths"})
MAY_BE_FUTURE = frozenset({"dueEndOn", "dueOn", "endsOn"})
_YES = frozenset({"1", "true", "t", "y", "yes", "是", "有"})
_NO = frozenset({"0", "false", "f", "n", "no", "否", "没有"})


def key_of(raw: object) -> Key | None:
    """A key as text, or None where the row has none. Keys are opaque: nothing but the padding is taken off."""
    if type(raw) is str:
        text: str | None = raw.strip(PADDING)
    else:
        text = None if isinstance(raw, list | dict) else text_of(raw)
    if not text or REPLACEMENT in text or (len(text) == 4 and text.lower() == "null"):
        return None
    return text


def decode_value(field: str, spec: FieldMap, raw: object) -> Decoded:
    """One raw value as the canonical one that `spec.type` promises, and what was noticed. Never raises."""
    if spec.type == "texts":
        return _texts(field, spec, raw if isinstance(raw, list | tuple) else (raw,))
    return _one(field, spec, raw, spec.type or "text")


def _one(field: str, spec: FieldMap, raw: object, kind: TypeName) -> Decoded:
    if isinstance(raw, list | tuple):
        raw = next((item for item in raw if item is not None), None)
    if isinstance(raw, dict):
        return None, (Flag(field, Quality.MALFORMED),)
    text = text_of(raw)
    if text is None:
        return None, ()
    if spec.values:
        return _mapped(field, spec, raw, text)
    if is_null(text, spec.null):
        return None, ()
    return _DECODERS[kind](field, spec, raw, text)


def field_decoder(field: str, spec: FieldMap) -> Decode:
    """What decodes a field's raw value; where the field has several paths or none, a tuple of raw values."""
    if spec.constant is not None:
        return _constant(field, spec, spec.constant)
    if spec.path is None:
        missing: Decoded = None, (Flag(field, Quality.MISSING),)
        return lambda _raw: missing
    if isinstance(spec.path, str):
        return lambda raw: decode_value(field, spec, raw)
    decode = _decoder_of_several(field, spec)
    return lambda raws: decode(raws if isinstance(raws, list | tuple) else (raws,))


def _decoder_of_several(field: str, spec: FieldMap) -> Callable[[Sequence[object]], Decoded]:
    between = spec.joined
    if between is not None:
        return lambda raws: decode_value(field, spec, _put_together(spec, between, raws))
    if spec.type == "texts":
        return lambda raws: _texts(field, spec, _flattened(raws))
    return lambda raws: _first(field, spec, raws)


def _first(field: str, spec: FieldMap, raws: Iterable[object]) -> Decoded:
    """The first value that is there."""
    noticed: tuple[Flag, ...] = ()
    for raw in raws:
        value, flags = decode_value(field, spec, raw)
        if value is not None:
            return value, flags
        noticed = noticed or flags
    return None, noticed


def _put_together(spec: FieldMap, between: str, raws: Iterable[object]) -> str | None:
    """The parts that are there, as one text."""
    parts = [text for raw in raws if (text := text_of(raw) if not isinstance(raw, list | dict) else None)]
    return between.join(part for part in parts if not is_null(part, spec.null)) or None


def _constant(field: str, spec: FieldMap, constant: str | int | bool) -> Decode:
    if spec.type in {"date", "datetime", "texts"}:
        unmapped = spec.model_copy(update={"values": {}})
        return lambda _raw: decode_value(field, unmapped, constant)  # what a date means may depend on the day
    fixed: Decoded = constant, ()
    return lambda _raw: fixed


def _flattened(raws: Iterable[object]) -> tuple[object, ...]:
    found: list[object] = []
    for raw in raws:
        found.extend(raw) if isinstance(raw, list | tuple) else found.append(raw)
    return tuple(found)


def as_of_decoder(spec: FieldMap) -> Callable[[Sequence[object]], datetime | None]:
    """What gives the moment at which the agency says that a row was true, from the raw values at the spec's paths."""

    def decode(raws: Sequence[object]) -> datetime | None:
        for raw in raws:
            text = text_of(raw)
            if text and not is_null(text, spec.null):
                return _moment("asOf", spec, raw, text)[0]
        return None

    return decode


def _mapped(field: str, spec: FieldMap, raw: object, text: str) -> Decoded:
    for candidate in (text, half_width(text), "1" if raw is True else "0" if raw is False else text):
        if candidate in spec.values:
            return spec.values[candidate], ()
    if is_null(text, spec.null):
        return None, ()
    return None, (Flag(field, Quality.UNMAPPED_CODE),)


def _text(field: str, spec: FieldMap, _raw: object, text: str) -> Decoded:
    flags = []
    if is_cut(text, spec.max_bytes, spec.byte_encoding):
        flags.append(Flag(field, Quality.TRUNCATED))
        text = text.rstrip(REPLACEMENT)
    if REPLACEMENT in text:
        flags.append(Flag(field, Quality.MALFORMED))
    if field in people.NAME_FIELDS:
        text, changed = people.name(text)
        if changed:
            flags.append(Flag(field, Quality.NORMALISED))
    return text or None, tuple(flags)


def _integer(field: str, _spec: FieldMap, raw: object, text: str) -> Decoded:
    if isinstance(raw, bool):
        return int(raw), ()
    number = numbers.months(text) if field in TERM_FIELDS else numbers.whole(text)
    return number, () if number is not None else (Flag(field, Quality.MALFORMED),)


def _boolean(field: str, _spec: FieldMap, _raw: object, text: str) -> Decoded:
    word = half_width(text).lower()
    if word in _YES or word in _NO:
        return word in _YES, ()
    return None, (Flag(field, Quality.UNMAPPED_CODE),)


def _enum(field: str, _spec: FieldMap, _raw: object, _text: str) -> Decoded:
    """An enum without a code map: the manifest gives each one its own names and terms as the map."""
    return None, (Flag(field, Quality.UNMAPPED_CODE),)


def _moment(field: str, spec: FieldMap, raw: object, text: str) -> tuple[datetime | None, tuple[Flag, ...]]:
    if text.replace("-", "").startswith("00000000"):
        return None, ()  # the zero date of MySQL
    found = dates.moment(raw if isinstance(raw, datetime) else text, spec.formats, spec.zone)
    if found is None:
        return None, (Flag(field, Quality.MALFORMED),)
    if dates.is_open_ended(found):
        return None, (Flag(field, Quality.OPEN_ENDED),)
    future = field not in MAY_BE_FUTURE and found.date() > datetime.now(dates.CHINA).date()
    return found, (Flag(field, Quality.FUTURE_DATE),) if future else ()


def _date(field: str, spec: FieldMap, raw: object, text: str) -> Decoded:
    found, flags = _moment(field, spec, raw, text)
    return found.date() if found else None, flags


def _datetime(field: str, spec: FieldMap, raw: object, text: str) -> Decoded:
    return _moment(field, spec, raw, text)


def _id_number(field: str, _spec: FieldMap, _raw: object, text: str) -> Decoded:
    return _flagged(field, people.id_number(text))


def _code(field: str, _spec: FieldMap, _raw: object, text: str) -> Decoded:
    code = half_width(text)
    if REPLACEMENT in code:
        return None, (Flag(field, Quality.MALFORMED),)
    retired = field in people.REGION_FIELDS and people.is_retired_region(code)
    return code, (Flag(field, Quality.RETIRED_CODE),) if retired else ()


_DECODERS: dict[TypeName, Callable[[str, FieldMap, object, str], Decoded]] = {
    "text": _text,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "enum": _enum,
    "id_number": _id_number,
    "code": _code,
}


def _flagged(field: str, found: tuple[str | None, tuple[Quality, ...]]) -> Decoded:
    return found[0], tuple(Flag(field, quality) for quality in found[1])


def _texts(field: str, spec: FieldMap, raws: Iterable[object]) -> Decoded:
    """Distinct parts in their order; a part that cannot be read is left out and flagged."""
    kind: TypeName = "id_number" if field in people.ID_NUMBER_FIELDS else "text"
    found: list[str] = []
    flags: list[Flag] = []
    for raw in raws:
        text = text_of(raw) if not isinstance(raw, dict | list | tuple) else None
        if text is None:
            continue
        for part in _parts(text, spec.separator or DEFAULT_SEPARATOR):
            value, noticed = _one(field, spec, part, kind)
            flags.extend(flag for flag in noticed if flag not in flags)
            if isinstance(value, str) and value not in found:
                found.append(value)
        cut = Flag(field, Quality.TRUNCATED)
        if cut not in flags and is_cut(text, spec.max_bytes, spec.byte_encoding):
            flags.append(cut)
    return tuple(found) or None, tuple(flags)


def _parts(text: str, separator: str) -> tuple[str, ...]:
    # "N/A" and "--请选择--" hold separators themselves
    return (text,) if is_null(text) else people.split(text, separator)
