"""Bytes to text as Chinese systems really encode it, and the words that mean that there is nothing."""

from __future__ import annotations

import re
from decimal import Decimal

REPLACEMENT = "\ufffd"
NULL_MARKERS = frozenset(
    {"", "无", "不详", "未知", "未设置", "未填", "--请选择--", "请选择", "-", "--", "/", "null", "none", "nil", "n/a"}
)
# what pads a value: every white space of Unicode, the NUL of C programs, a byte order mark
PADDING = "\x00\ufeff" + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_DECLARATION = re.compile(rb"""^(\s*<\?xml\b[^>]*?)\s+encoding\s*=\s*("[^"]*"|'[^']*')""")
_DOUBLE_BYTE = frozenset({"gb2312", "gbk", "gb18030", "gb_2312-80", "cp936", "euc-cn", "x-gbk"})
_OTHERS = frozenset({"big5", "utf-16", "utf-16le", "utf-16be"})
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def half_width(text: str) -> str:
    """Full-width ASCII forms as ASCII: for codes, numbers and dates, never for names or addresses."""
    return text if text.isascii() else text.translate(_FULL_WIDTH)


def is_null(text: str, further: tuple[str, ...] = ()) -> bool:
    """Whether a stripped text is a marker for an empty value."""
    return text.lower() in NULL_MARKERS or text in further


def decode_bytes(body: bytes, encoding: str | None = None) -> str:
    """The text of an answer's body; never raises. An undecodable character becomes U+FFFD.

    A body labelled with any of the GB family is GB18030, whatever its label says: systems label GBK as GB2312,
    and characters of names exist only in GB18030. Without a label UTF-8 is tried before GB18030, because
    most UTF-8 text also passes as GB18030. An XML declaration is rewritten to UTF-8, for parsers that obey it.
    """
    named = (encoding or "").strip().strip("\"'").lower() or _declared(body)
    return _drop_declaration(_decode(body, _candidates(named)))


def _declared(body: bytes) -> str:
    match = _DECLARATION.match(body[:200])
    return match.group(2).strip(b"\"'").decode("ascii", "replace").lower() if match else ""


def _candidates(named: str) -> tuple[str, ...]:
    if named in _DOUBLE_BYTE:
        return ("gb18030", "utf-8")
    if named in _OTHERS:
        return (named, "utf-8-sig", "gb18030")
    return ("utf-8-sig", "gb18030")  # also for latin-1: servers' default label, which no Chinese text obeys


def _decode(body: bytes, encodings: tuple[str, ...]) -> str:
    for encoding in encodings:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode(encodings[0], "replace")


def _drop_declaration(text: str) -> str:
    return re.sub(
        r"""^(\s*<\?xml\b[^>]*?)\s+encoding\s*=\s*("[^"]*"|'[^']*')""", r'\1 encoding="UTF-8"', text, count=1
    )


def text_of(raw: object) -> str | None:
    """One raw value as stripped text, or None for nothing. Numbers lose a fraction of zero, bytes are decoded."""
    if type(raw) is str:
        return raw.strip(PADDING)
    if raw is None:
        return None
    if isinstance(raw, bytes | bytearray | memoryview):
        return _column_bytes(bytes(raw)).strip(PADDING)
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, Decimal) and raw.is_finite() and abs(raw) < 10**40 and raw == raw.to_integral_value():
        return str(int(raw))
    return str(raw).strip(PADDING)


def _column_bytes(body: bytes) -> str:
    """A column's bytes; one that was cut inside a character ends in U+FFFD."""
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):
            try:
                text = body[: len(body) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return text + (REPLACEMENT if cut else "")
    return body.decode("gb18030", "replace")


def is_cut(text: str, max_bytes: int | None, encoding: str) -> bool:
    """Whether a text fills its column so far that no further character like its last one had room."""
    if text.endswith(REPLACEMENT):
        return True
    if max_bytes is None or not text:
        return False
    width = len(text[-1].encode(encoding, "replace"))
    return len(text.encode(encoding, "replace")) > max_bytes - width
