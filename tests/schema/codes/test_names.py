from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.codes import normalise_name

DOTS = ("·", "•", "・", "‧", "･", "●", ".", "．")


@pytest.mark.parametrize("dot", DOTS)
def test_every_dot_becomes_the_middle_dot(dot: str) -> None:
    assert normalise_name(f"买买提{dot}艾山") == ("买买提·艾山", dot != "·")


def test_compatibility_normalisation_would_not_have_done_it() -> None:
    assert len({unicodedata.normalize("NFKC", dot) for dot in DOTS[:5]}) > 1


@pytest.mark.parametrize("written", ["张 三", " 张三 ", "张\u3000三", "张三\u200b", "\ufeff张三"])
def test_spaces_of_chinese_names_go(written: str) -> None:
    assert normalise_name(written) == ("张三", True)


def test_spaces_around_the_dot_go() -> None:
    assert normalise_name("阿依古丽 · 吐尔逊") == ("阿依古丽·吐尔逊", True)


def test_latin_names_keep_one_space_and_their_full_stop() -> None:
    assert normalise_name(" Ｊｏｈｎ  Q. Ｐublic ") == ("John Q. Public", True)
    assert normalise_name("John Q. Public") == ("John Q. Public", False)


@pytest.mark.parametrize("name", ["张三", "䶮", "𬭊", "欧阳\U00030edd", "·", "", "神\ufa19"])
def test_a_name_in_its_spelling_stays(name: str) -> None:
    assert normalise_name(name) == (name, False)


@given(st.text(alphabet=st.sampled_from(["张", "䶮", "a", "Ｂ", " ", "\u3000", *DOTS])))
def test_doing_it_twice_changes_nothing_more(text: str) -> None:
    value, changed = normalise_name(text)
    assert normalise_name(value) == (value, False)
    assert changed == (value != text)
