"""What decodes the raw values of one field, by subscription: the usual forms at a glance, the others by decode.py.

A cell notes what it noticed of a value in the list that it was given, and hands out the value alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final, Protocol, TypeGuard, cast

from adapters.contract import Flag, Value
from adapters.decode import DEFAULT_SEPARATOR, Decode, Decoded, field_decoder
from adapters.forms import people
from adapters.forms.texts import NULL_MARKERS, PADDING, REPLACEMENT
from adapters.manifest import FieldMap
from schema.enums import Quality

_KEPT_TYPES: Final = frozenset({"date", "datetime", "enum", "code", "boolean", "integer"})
_MOST_KEPT: Final = 4_096
_LIST: Final = frozenset({list})


def _lines_of(usual: str) -> re.Pattern[str]:
    return re.compile(rf"{usual}(?:\n{usual})*")


# no padding, nothing damaged; a line each, as a column is looked at in one go
_VISIBLE: Final = rf"[^\s\x00\ufeff{REPLACEMENT}]+"
_USUAL_TEXTS: Final = _lines_of(rf"{_VISIBLE}(?: {_VISIBLE})*")
_USUAL_NAMES: Final = _lines_of("[\u4e00-\u9fff]+")
_WORDS: Final = _lines_of(r"\w+")  # none of which the usual separators part


class Cell(Protocol):
    """One field. `cell[raw]` may raise TypeError for a list or a mapping, `decoded` raises for nothing."""

    def __getitem__(self, raw: object, /) -> Value: ...

    def decoded(self, raw: object) -> Value:
        """The canonical value, without any short cut."""
        ...

    def at_once(self, column: Sequence[object]) -> Sequence[Value] | None:
        """The canonical values of many rows where all of them are of the usual form; TypeError as for one."""
        ...


def cell_of(field: str, spec: FieldMap, noticed: list[Flag]) -> Cell:
    """The fitting kind of cell. `raw` is a tuple of raw values where the field has several paths or none."""
    decode = field_decoder(field, spec)
    if not isinstance(spec.path, str) or spec.constant is not None:
        return _Any(decode, noticed)
    if spec.type in _KEPT_TYPES:
        return _Kept(decode, noticed)
    is_plain = spec.max_bytes is None and not spec.values
    if is_plain and spec.type in {"text", None}:
        return _Text(decode, noticed, spec.null, is_name=field in people.NAME_FIELDS)
    if is_plain and spec.type == "texts" and field not in people.NAME_FIELDS | people.ID_NUMBER_FIELDS:
        return _Texts(decode, noticed, spec.null, spec.separator)
    return _Any(decode, noticed)


class _Any:
    """Whatever needs the whole way."""

    __slots__ = ("_decode", "_noticed")

    def __init__(self, decode: Decode, noticed: list[Flag]) -> None:
        self._decode = decode
        self._noticed = noticed

    def __getitem__(self, raw: object, /) -> Value:
        value, flags = self._decode(raw)
        self._noticed += flags
        return value

    def decoded(self, raw: object) -> Value:
        """The canonical value."""
        return _Any.__getitem__(self, raw)

    def at_once(self, column: Sequence[object]) -> Sequence[Value] | None:  # noqa: ARG002 - the protocol's shape
        """Nothing is known of their usual form."""
        return None


class _Kept(dict[object, Value]):
    """A code, date or number as it was decoded before: there are few of them, and decoding is most of a read.

    Names, texts and document numbers are never kept. Nor is what depends on the day.
    """

    __slots__ = ("_decode", "_flagged", "_noticed")

    def __init__(self, decode: Decode, noticed: list[Flag]) -> None:
        super().__init__({None: None})
        self._decode = decode
        self._noticed = noticed
        self._flagged: dict[str, Decoded] = {}

    def __missing__(self, raw: object) -> Value:
        if type(raw) is not str:
            return self.decoded(raw)
        found = self._flagged.get(raw)
        if found is None:
            found = self._decode(raw)
            self._keep(raw, found)
        self._noticed += found[1]
        return found[0]

    def decoded(self, raw: object) -> Value:
        """The canonical value."""
        value, flags = self._decode(raw)
        self._noticed += flags
        return value

    def at_once(self, column: Sequence[object]) -> Sequence[Value] | None:
        """Those met before, and the others one by one."""
        return list(map(self.__getitem__, column))

    def _keep(self, raw: str, found: Decoded) -> None:
        value, flags = found
        if len(self) + len(self._flagged) > _MOST_KEPT:
            self.clear()
            self._flagged.clear()
            self[None] = None
        if not flags:
            self[raw] = value
        elif all(flag.quality is not Quality.FUTURE_DATE for flag in flags):
            self._flagged[raw] = found


class _Text(_Any):
    """A text that is neither damaged nor a marker for an empty value, and if a name, written in the one way."""

    __slots__ = ("_is_name", "_null")

    def __init__(self, decode: Decode, noticed: list[Flag], null: tuple[str, ...], *, is_name: bool) -> None:
        super().__init__(decode, noticed)
        self._null = frozenset(null)
        self._is_name = is_name

    def __getitem__(self, raw: object, /) -> Value:
        if type(raw) is str:
            text = raw.strip(PADDING)
            if (
                REPLACEMENT not in text
                and text.lower() not in NULL_MARKERS
                and text not in self._null
                and not (self._is_name and people.name(text)[1])
            ):
                return text
        elif raw is None:
            return None
        return _Any.__getitem__(self, raw)

    def at_once(self, column: Sequence[object]) -> Sequence[Value] | None:
        """Texts as they are."""
        usual = _USUAL_NAMES if self._is_name else _USUAL_TEXTS
        return column if _are_usual(column, usual, self._null) else None


class _Texts(_Any):
    """A list of such texts, or one, none of which is to be parted."""

    __slots__ = ("_null", "_parted", "_parts_words")

    def __init__(self, decode: Decode, noticed: list[Flag], null: tuple[str, ...], separator: str | None) -> None:
        super().__init__(decode, noticed)
        self._null = frozenset(null)
        self._parted = re.compile(separator or DEFAULT_SEPARATOR).search
        self._parts_words = separator is not None

    def __getitem__(self, raw: object, /) -> Value:
        if raw is None:
            return None
        found: list[str] = []
        for item in raw if type(raw) is list else (raw,):
            if type(item) is not str:
                break
            text = item.strip(PADDING)
            if REPLACEMENT in text or text.lower() in NULL_MARKERS or text in self._null or self._parted(text):
                break
            if text not in found:
                found.append(text)
        else:
            return tuple(found) or None
        return _Any.__getitem__(self, raw)

    def at_once(self, column: Sequence[object]) -> Sequence[Value] | None:
        """Lists of words, none of them empty."""
        if self._parts_words or not all(column) or not _LIST.issuperset(map(type, column)):
            return None
        lists = cast(Sequence[list[object]], column)
        usual = _are_usual(list(chain.from_iterable(lists)), _WORDS, self._null)
        return list(map(tuple, map(dict.fromkeys, lists))) if usual else None


def _are_usual(column: Sequence[object], usual: re.Pattern[str], null: frozenset[str]) -> TypeGuard[Sequence[str]]:
    """Whether all are texts of a usual form, of which none means that there is nothing."""
    try:
        text = "\n".join(cast(Sequence[str], column))
    except TypeError:
        return False
    texts = cast(Sequence[str], column)
    return (
        usual.fullmatch(text) is not None
        and text.count("\n") == len(texts) - 1
        and NULL_MARKERS.isdisjoint(map(str.lower, texts))
        and null.isdisjoint(texts)
    )
