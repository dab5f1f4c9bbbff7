"""The demo's tour over running systems: what it tells is so, and it says when it is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from mocks.stage import Stage
from mocks.tour.afterwards import by_hand, tell_where
from mocks.tour.ask import Asker
from mocks.tour.page import Page, UnmetExpectation
from mocks.tour.run import walk
from mocks.tour.stations import STATIONS
from mocks.tour.stations.outage import VICTIM, show_outage
from mocks.tour.tour import Tour
from mocks.tour.widths import width
from tests.provinces.asking import ask
from tests.provinces.interference import Interference

ROOT = Path(__file__).parents[2]


def made(stage: Stage, line: Interference, out: StringIO, raw: Path) -> Tour:
    @contextmanager
    def kill(system: str) -> Iterator[None]:
        assert system == VICTIM
        with line.fault("dropped"):
            yield

    return Tour(stage, Page(out, columns=100), Asker(stage, raw), kill)


@pytest.fixture(scope="module")
def tour(stage: Stage, line: Interference, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tour, list[str]]:
    """The whole tour, walked once, and the text of each station."""
    out = StringIO()
    given = made(stage, line, out, tmp_path_factory.mktemp("raw"))
    walk(given)
    parts = out.getvalue().split("─" * 100 + "\n")
    return given, parts[1:]


def test_every_station_is_walked_and_fits_the_page(tour: tuple[Tour, list[str]]) -> None:
    _, parts = tour
    assert [part.splitlines()[0] for part in parts] == [
        f"{number}/{len(STATIONS)}  {title}" for number, (title, _) in enumerate(STATIONS, 1)
    ]
    assert max(width(line) for part in parts for line in part.splitlines()) <= 100
    assert all("✓" in part for part in parts)


def test_the_systems_are_named_with_their_places(tour: tuple[Tour, list[str]]) -> None:
    given, (systems, *_) = tour
    for url in given.stage.urls.values():
        assert f"{url}/graphql" in systems
    for told in (
        "jiangsu-police.db",
        "zhejiang-community.db",
        "SOAP",
        "FHIR",
        "all 13 services answer",
        "11 systems",
    ):
        assert told in systems


def test_four_viewers_stand_side_by_side(tour: tuple[Tour, list[str]]) -> None:
    given, (_, viewers, *_) = tour
    (hiv,) = (line for line in viewers.splitlines() if "HIV status 艾滋病" in line)
    assert hiv.count("✗ denied") == 3
    assert hiv.endswith("positive 阳性")
    assert "(masked)" in viewers
    number = given.stage.world.story("hiv").id_number
    assert viewers.count(str(number)) == 2, "the police and he himself"


def test_the_rosters_find_who_is_falling_between(tour: tuple[Tour, list[str]]) -> None:
    given, (_, _, rosters, *_) = tour
    assert f"✓ {given.stage.world.story('ordered_not_reported').name} was ordered" in rosters
    assert f"✓ {given.stage.world.story('never_ordered').name} had to be advised" in rosters
    assert "too many" in rosters
    assert "stay in a centre" in rosters


def test_the_journey_names_both_provinces_and_what_stayed_home(tour: tuple[Tour, list[str]]) -> None:
    journey = tour[1][3]
    (home,) = (line for line in journey.splitlines() if "✗ stayed home" in line)
    assert "family 家庭" in home
    assert "police decisions 公安决定" in home
    assert "X01-across-provinces" in journey


def test_a_conflict_shows_both_values(tour: tuple[Tour, list[str]]) -> None:
    conflicts = tour[1][4]
    assert "吴晓燕" in conflicts
    assert "吴小燕" in conflicts
    assert "PRECEDENCE" in conflicts
    assert "flags on" in conflicts


def test_the_outage_names_the_one_that_failed(tour: tuple[Tour, list[str]]) -> None:
    outage = tour[1][5]
    assert "error SOURCE_" in outage
    assert VICTIM in outage
    assert "null" in outage


def test_the_log_tells_who_asked_and_nobody_is_given_away(tour: tuple[Tour, list[str]]) -> None:
    log = tour[1][6]
    assert log.count('{"data":{"person":null}}') == 2
    assert "via yiti-zhejiang" in log
    assert "on record twice" in log


def test_the_summary_counts_eleven_systems_in_milliseconds(tour: tuple[Tour, list[str]]) -> None:
    given, parts = tour
    assert "✓ 11 separate systems in two provinces" in parts[7]
    rows = [line for line in parts[7].splitlines() if line.endswith(" ms")]
    assert len(rows) == 11
    kept = sorted(given.asker.raw.glob("*.json"))
    assert len(kept) == len(given.asker.asked)
    assert {"query", "answer", "viewer"} <= set(json.loads(kept[0].read_text(encoding="utf-8")))


def test_a_tour_that_is_not_so_says_what(stage: Stage, line: Interference, tmp_path: Path) -> None:
    @contextmanager
    def nothing(_: str) -> Iterator[None]:
        yield

    out = StringIO()
    given = made(stage, line, out, tmp_path)
    unharmed = Tour(given.stage, given.page, given.asker, nothing)
    with pytest.raises(UnmetExpectation, match="civil affairs"):
        show_outage(unharmed)
    assert "✓ what civil affairs" not in out.getvalue()


def test_the_auditors_log_lists_the_gateways_own_exchanges_too(stage: Stage) -> None:
    query = """{ accesses(filter: { subject: "yiti-zhejiang" }, first: 1) {
        edges { node { operation purpose agency { name } } } } }"""
    answer = ask(stage, "auditor", query)
    assert "errors" not in answer
    (entry,) = (edge["node"] for edge in answer["data"]["accesses"]["edges"])
    assert (entry["operation"], entry["purpose"]) == ("locator", None)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines that are told use curl")
def test_what_is_told_for_afterwards_works(stage: Stage, line: Interference, tmp_path: Path) -> None:
    out = StringIO()
    page = made(stage, line, out, tmp_path).page
    tell_where(stage, page)
    for line_told in by_hand(stage):
        assert line_told in out.getvalue()
    script = "\n".join(by_hand(stage))
    asked = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    assert json.loads(asked.stdout) == {
        "data": {"viewer": {"subject": "staff-aftercare-officer", "purpose": "AFTERCARE"}}
    }


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for left processes in /proc")
def test_an_interrupted_demo_ends_what_it_started(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mocks.tour", "--once"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as demo:
        assert demo.stdout is not None
        said = ""
        for told in demo.stdout:
            said += told
            if "starting gateway of zhejiang" in told:
                assert left(tmp_path)
                os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: everybody in the foreground
        assert demo.wait(180) == 130
    assert "Traceback" not in said
    assert said.rstrip().endswith("Interrupted.")
    assert not left(tmp_path)


def left(directory: Path) -> list[str]:
    """Processes that were started for that directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(directory / "var").encode() in told:
                found.append(entry.name)
    return found
