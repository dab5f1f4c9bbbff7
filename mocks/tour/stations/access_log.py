"""Who looked: the access log of the questions just asked, and the answer that gives nobody away."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mocks.tour.page import Cell, Tone, UnmetExpectation
from mocks.tour.tour import Tour
from mocks.tour.words import purpose

QUERY = """query Log($since: DateTime!) {
  accesses(filter: { since: $since }, first: 100) {
    edges { node {
      at subject agency { name } purpose operation persons via peers outcome
      fields { effect } entry { index leafHash } } }
  }
}"""

NOBODY = """query Nobody($id: ID!) {
  person(id: $id) { id name status records { recordId } }
}"""

_SHOWN = 12
_ABOUT_NOBODY = {"Sources", "Log"}


def show_access_log(tour: Tour) -> None:
    """Both provinces' logs, and two questions that must look alike."""
    page = tour.page
    page.say(
        "Every access was written to the log before its answer was released: who, for which agency and purpose, "
        "whose record, and what became of each field. No value is in it. Where it cannot be "
        "written, nothing is answered."
    )
    _nobody(tour)
    page.ask("Jiangsu's auditor 审计人员", QUERY)
    here, there = _log(tour, "jiangsu"), _log(tour, "zhejiang")
    page.table(
        ("at (UTC)", "who", "of", "purpose", "question", "shown/ masked/ denied"),
        [_row(one) for one in here[:_SHOWN]],
    )
    asked = {one.operation for one in tour.asker.asked if one.province == "jiangsu"} - _ABOUT_NOBODY
    recorded = {one["operation"] for one in here}
    page.gap()
    page.say(f"the newest {min(_SHOWN, len(here))} of {len(here)} entries since the tour began", Tone.DIM, "  ")
    page.check(asked <= recorded, "every question of this tour about a person is in the log")
    newest, oldest = here[0]["entry"], here[-1]["entry"]
    page.check(
        [one["entry"]["index"] for one in here] == list(range(newest["index"], oldest["index"] - 1, -1)),
        f"entries are numbered without a gap to hide in; number {newest['index']} bears the hash "
        f"{newest['leafHash'][:16]}…",
    )
    _both_sides(tour, here, there)


def _log(tour: Tour, province: str) -> list[dict[str, Any]]:
    answer = tour.asker.ask("auditor", QUERY, {"since": tour.began.isoformat()}, province=province)
    return [edge["node"] for edge in answer.root("accesses")["edges"]]


def _row(entry: dict[str, Any]) -> tuple[str | Cell, ...]:
    effects = Counter(one["effect"] for one in entry["fields"])
    counts = f"{effects['ALLOW']}/{effects['MASK']}/{effects['DENY']}"
    subject = entry["subject"]
    who = subject.removeprefix("staff-").replace("-", " ") if subject.startswith("staff-") else subject
    if entry["via"]:
        who += f", via {' and '.join(entry['via'])}"
    return (
        Cell(entry["at"][11:19], Tone.DIM),
        who,
        entry["agency"]["name"].replace("（模拟）", ""),
        purpose(entry["purpose"]),
        _question(entry),
        Cell(counts + (f" {entry['outcome']}" if entry["outcome"] != "OK" else ""), Tone.WARN),
    )


def _question(entry: dict[str, Any]) -> str:
    name = "(forwarded)" if entry["operation"] == "Peer" else entry["operation"]
    people = len(entry["persons"])
    return f"{name}, of {people} people" if people > 1 else str(name)


def _brief(entry: dict[str, Any]) -> tuple[str | Cell, ...]:
    at, who, _, _, question, counts = _row(entry)
    return at, who, question, counts


def _nobody(tour: Tour) -> None:
    page, theirs = tour.page, tour.person("ordered_not_reported")
    nobody = theirs[:-4] + ("aaaa" if not theirs.endswith("aaaa") else "bbbb")
    page.ask("A township worker in Zhejiang, of a stranger in Jiangsu, then of an id that nobody has,", NOBODY)
    bodies = [
        tour.asker.ask("township-worker", NOBODY, {"id": one}, province="zhejiang").raw for one in (theirs, nobody)
    ]
    page.table(
        ("asked for", "the whole answer"),
        [("somebody who is not theirs to know", bodies[0].decode()), ("nobody at all", bodies[1].decode())],
    )
    page.gap()
    page.check(
        bodies[0] == bodies[1],
        "“unknown” and “not yours to know” are the same bytes: nobody can find out who is in these systems by asking",
    )


def _both_sides(tour: Tour, here: list[dict[str, Any]], there: list[dict[str, Any]]) -> None:
    page = tour.page
    asked = next((one for one in there if one["operation"] == "Journey"), None)
    held = next((one for one in here if asked and one["via"] and set(one["persons"]) & set(asked["persons"])), None)
    if asked is None or held is None:
        raise UnmetExpectation("the question that crossed the border is not on record on both sides")
    page.gap()
    page.say("The question of station 4 crossed the border, so it is on record twice, with each its own decisions:")
    page.table(
        ("whose log", "at (UTC)", "who", "question", "shown/ masked/ denied"),
        [(whose, *_brief(entry)) for whose, entry in (("Zhejiang 浙江", asked), ("Jiangsu 江苏", held))],
    )
    page.gap()
    page.check(
        asked["subject"] == held["subject"] and asked["peers"] == ["jiangsu-gateway"],
        "both name the officer who really asked, not the gateway that passed it on",
    )
    page.notice("An auditor sees who looked at what and by which rule, and never what they saw.")
