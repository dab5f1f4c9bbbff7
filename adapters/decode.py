"""What an agency's raw value means as a canonical one: dirty data is decoded, flagged and kept, never a failure.

A bad value costs its own field (null and a Flag); a row whose key cannot be read is dropped and counted.
Nothing here raises for a value, and no message or flag repeats one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from adapters.contract import Flag, Key, Provenance, Record, Value
from adapters.encode import encode_value
from adapters.forms import dates, numbers, people
from adapters.forms.texts import NULL_MARKERS, REPLACEMENT, decode_bytes, half_width, is_cut, is_null, text_of
from adapters.manifest import Dataset, FieldMap, Manifest, TypeName
from schema.enums import Quality

__all__ = [
    "NULL_MARKERS",
    "Read",
    "decode_bytes",
    "decode_row",
    "decode_value",
    "encode_value",
    "is_present",
    "key_of",
    "record_of",
    "text_of",
]

Read = Callable[[str], object]
"""Gives the raw value at one path of a row; None for an absent one. JSON lists may be returned as lists."""
Decoded = tuple[Value, tuple[Flag, ...]]

DEFAULT_SEPARATOR = r"[;；,，、/|]"
TERM_FIELDS = frozenset({"termMonths", "extensionMonths"})
MAY_BE_FUTURE = frozenset({"dueEndOn", "dueOn", "endsOn"})
_KEPT_TYPES = frozenset({"date", "datetime", "enum", "code", "boolean", "integer"})
_MOST_KEPT = 4_096
_KEPT: dict[int, tuple[FieldMap, dict[str, Decoded]]] = {}
_YES = frozenset({"1", "true", "t", "y", "yes", "是", "有"})
_NO = frozenset({"0", "false", "f", "n", "no", "否", "没有"})


def decode_row(dataset: Dataset, read: Read, fields: Collection[str]) -> tuple[dict[str, Value], tuple[Flag, ...]]:
    """Exactly the canonical fields asked for, and what was noticed.

    A field that this dataset does not map is null and flagged MISSING: another dataset of the entity may have it.
    """
    values: dict[str, Value] = {}
    flags: list[Flag] = []
    for field in fields:
        spec = dataset.fields.get(field)
        if spec is None:
            values[field] = None
            flags.append(Flag(field, Quality.MISSING))
            continue
        values[field], noticed = _decode_field(field, spec, read)
        flags.extend(noticed)
    return values, tuple(flags)


def record_of(
    manifest: Manifest,
    dataset: Dataset,
    read: Read,
    fields: Collection[str],
    fetched_at: datetime,
    *,
    person: Key | None = None,
    dropped: Counter[str] | None = None,
) -> Record | None:
    """One row as a Record, or None: softly deleted, outside `where`, or without a readable key.

    `person` is whom the row was asked for, where the row itself does not say. A row without a key or person is
    counted in `dropped` under the dataset's name.
    """
    if not is_present(dataset, read):
        return None
    key = key_of(read(dataset.key))
    owner = person or (key_of(read(dataset.person)) if dataset.person else key)
    if key is None or owner is None:
        if dropped is not None:
            dropped[dataset.dataset] += 1
        return None
    values, flags = decode_row(dataset, read, fields)
    provenance = Provenance(
        source=manifest.id,
        dataset=dataset.dataset,
        record=key,
        fetched_at=fetched_at,
        as_of=_as_of(dataset, read),
        jurisdiction=manifest.jurisdiction,
    )
    return Record(key, owner, values, provenance, flags)


def key_of(raw: object) -> Key | None:
    """A key as text, or None where the row has none. Keys are opaque: nothing but the padding is taken off."""
    text = text_of(raw) if not isinstance(raw, list | dict) else None
    return text if text and REPLACEMENT not in text and text.lower() != "null" else None


def is_present(dataset: Dataset, read: Read) -> bool:
    """Whether a row is there at all: neither softly deleted nor outside the dataset's constant conditions."""
    if dataset.deleted is not None and text_of(read(dataset.deleted.path)) in dataset.deleted.values:
        return False
    return all(text_of(read(path)) == value for path, value in dataset.where.items())


def _remembered(field: str, spec: FieldMap, raw: str) -> Decoded:
    """A code, date or number as it was decoded before: there are few of them, and decoding is most of a read.

    Names, texts and document numbers are never kept. Nor is what depends on the day.
    """
    if spec.type not in _KEPT_TYPES:
        return decode_value(field, spec, raw)
    kept = _KEPT.get(id(spec))
    if kept is None or kept[0] is not spec:
        kept = _KEPT[id(spec)] = (spec, {})
    found = kept[1].get(raw)
    if found is None:
        found = decode_value(field, spec, raw)
        if not any(flag.quality is Quality.FUTURE_DATE for flag in found[1]):
            if len(kept[1]) >= _MOST_KEPT:
                kept[1].clear()
            kept[1][raw] = found
    return found


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


def _decode_field(field: str, spec: FieldMap, read: Read) -> Decoded:
    if spec.constant is not None:
        return _constant(field, spec, spec.constant)
    if spec.path is None:
        return None, (Flag(field, Quality.MISSING),)
    if isinstance(spec.path, str):
        raw = read(spec.path)
        return _remembered(field, spec, raw) if type(raw) is str else decode_value(field, spec, raw)
    if spec.joined is not None:
        return decode_value(field, spec, _put_together(spec, spec.joined, (read(path) for path in spec.path)))
    if spec.type == "texts":
        return _texts(field, spec, _flattened(read(path) for path in spec.path))
    noticed: tuple[Flag, ...] = ()
    for path in spec.path:
        value, flags = decode_value(field, spec, read(path))
        if value is not None:
            return value, flags
        noticed = noticed or flags
    return None, noticed


def _put_together(spec: FieldMap, between: str, raws: Iterable[object]) -> str | None:
    """The parts that are there, as one text."""
    parts = [text for raw in raws if (text := text_of(raw) if not isinstance(raw, list | dict) else None)]
    return between.join(part for part in parts if not is_null(part, spec.null)) or None


def _constant(field: str, spec: FieldMap, constant: str | int | bool) -> Decoded:
    if spec.type in {"date", "datetime", "texts"}:
        return decode_value(field, spec.model_copy(update={"values": {}}), constant)
    return constant, ()


def _flattened(raws: Iterable[object]) -> tuple[object, ...]:
    found: list[object] = []
    for raw in raws:
        found.extend(raw) if isinstance(raw, list | tuple) else found.append(raw)
    return tuple(found)


def _as_of(dataset: Dataset, read: Read) -> datetime | None:
    spec = dataset.as_of
    if spec is None or spec.path is None:
        return None
    for path in (spec.path,) if isinstance(spec.path, str) else spec.path:
        raw = read(path)
        text = text_of(raw)
        if text and not is_null(text, spec.null):
            return _moment("asOf", spec, raw, text)[0]
    return None


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
    """An enum without a code map: manifest.load gives each one its own names and terms as the map."""
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
