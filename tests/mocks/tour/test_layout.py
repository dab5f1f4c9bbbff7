"""The tour's layout: nothing is lost, nothing is wider than the terminal, colour only where it is wanted."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.tour.page import Cell, Page, Tone, UnmetExpectation
from mocks.tour.progress import Progress
from mocks.tour.widths import clip, pad, pieces, width, wrap

MIXED = st.text(st.sampled_from("ab ,.(){}中文，。（模拟）é—…✓"), max_size=80)


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("ab") == 2
    assert width("民政") == 4
    assert width("e\u0301") == 1
    assert pad("民政", 6) == "民政  "


@given(MIXED)
def test_pieces_are_the_whole_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@given(MIXED, st.integers(2, 40))
def test_wrapping_keeps_every_character_and_the_width(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line) <= columns for line in lines)


@given(MIXED, st.integers(2, 40))
def test_clipping_keeps_the_width(text: str, columns: int) -> None:
    assert width(clip(text, columns)) <= columns


def test_a_term_stays_together_where_it_can() -> None:
    assert wrap("in community recovery 社区康复中", 24) == ["in community recovery", "社区康复中"]


def test_a_table_is_no_wider_than_its_page() -> None:
    out = StringIO()
    page = Page(out, columns=60)
    page.table(("一", "two"), [("江苏公安吸毒人员库与执法办案系统" * 2, Cell("words " * 20, Tone.GOOD)), ("", "x")])
    lines = out.getvalue().splitlines()
    assert max(width(line) for line in lines) <= 60
    assert "".join("".join(line[:32] for line in lines).split()).count("江") <= 2


def test_a_pipe_gets_no_colour_and_a_terminal_gets_it_unless_told_otherwise() -> None:
    assert not Page.of(StringIO(), {"TERM": "xterm"}).colour
    assert Page.of(Terminal(), {"TERM": "xterm"}).colour
    assert not Page.of(Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}).colour
    assert not Page.of(Terminal(), {"TERM": "dumb"}).colour


def test_a_coloured_cell_is_padded_as_if_it_were_plain() -> None:
    plain, coloured = StringIO(), StringIO()
    for out, colour in ((plain, False), (coloured, True)):
        Page(out, colour=colour).table(("姓名", "b"), [(Cell("丁", Tone.BAD), "c")])
    bare = coloured.getvalue()
    for tone in Tone:
        bare = bare.replace(f"\033[{tone.value}m", "")
    assert [line.rstrip() for line in bare.replace("\033[0m", "").splitlines()] == plain.getvalue().splitlines()


def test_a_claim_that_does_not_hold_is_never_ticked() -> None:
    out = StringIO()
    page = Page(out)
    page.check(True, "the sun rises")
    with pytest.raises(UnmetExpectation, match="the moon is square"):
        page.check(False, "the moon is square")
    assert page.checked == 1
    assert "square" not in out.getvalue()


def test_progress_is_one_line_on_a_terminal_and_plain_lines_elsewhere() -> None:
    for out, lines in ((Terminal(), 1), (StringIO(), 3)):
        progress = Progress(out)
        progress("江苏后续照管平台")
        progress("starting")
        progress.done("ready")
        assert out.getvalue().count("\n") == lines
        assert "ready" in out.getvalue()
