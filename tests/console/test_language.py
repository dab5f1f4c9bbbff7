"""Both languages: how one is chosen, and that the catalogue lacks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import gateway.console
from gateway.console.language import LOCALE, languages, negotiate

ROOM = Path(gateway.console.__path__[0])
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "mark": None, "text": None, "gettext": None}


def used() -> Iterator[str]:
    for _, _, message, _, _ in extract_from_dir(ROOM, METHODS, {"templates/**.html": {"trimmed": "true"}}, KEYWORDS):
        yield message if isinstance(message, str) else message[0]


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        (None, None, "zh"),
        (None, "en", "en"),
        (None, "en-GB,en;q=0.9,zh;q=0.8", "en"),
        (None, "fr,zh-TW;q=0.5,en;q=0.4", "zh"),
        (None, "en;q=0,zh;q=0.1", "zh"),
        (None, "de", "zh"),
        (None, ";;;,q=,en;q=x", "zh"),
        ("en", "zh", "en"),
        ("xx", "en", "en"),
    ],
)
def test_the_reader_chooses_then_the_browser(chosen: str | None, accepted: str | None, expected: str) -> None:
    assert negotiate(chosen, accepted).code == expected


def test_every_text_is_in_the_catalogue_and_nothing_else() -> None:
    with (LOCALE / "zh" / "LC_MESSAGES" / "console.po").open("rb") as source:
        catalogue = read_po(source, locale="zh")
    written = {str(message.id): message for message in catalogue if message.id}
    needed = set(used())
    assert len(needed) > 100
    assert sorted(needed - set(written)) == []
    assert sorted(set(written) - needed) == []
    assert [key for key, message in written.items() if not message.string or message.fuzzy] == []
    assert not catalogue.obsolete


def test_placeholders_are_the_same_in_both_languages() -> None:
    with (LOCALE / "zh" / "LC_MESSAGES" / "console.po").open("rb") as source:
        messages = [message for message in read_po(source, locale="zh") if message.id]
    for message in messages:
        for mark in ("%(", "{"):
            named = {part.split(")")[0].split("}")[0] for part in str(message.id).split(mark)[1:]}
            said = {part.split(")")[0].split("}")[0] for part in str(message.string).split(mark)[1:]}
            assert named == said, message.id


def test_days_and_moments_are_chinas() -> None:
    at = datetime(2026, 10, 31, 17, 5, 9, tzinfo=UTC)
    chinese, english = languages()["zh"], languages()["en"]
    assert chinese.time(at) == english.time(at) == "2026-11-01 01:05:09"
    assert chinese.day(at.date()) == "2026年10月31日"
    assert english.day(at.date()) == "31 Oct 2026"
    assert english.number(1234567) == "1,234,567"
