"""Lists for the people who must not lose anybody: not reported, never ordered, in the centre."""

from __future__ import annotations

from datetime import date
from typing import Any

from mocks.life import Life
from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import word

NOT_REPORTED = """query NotReported($township: String!) {
  persons(filter: { responsibleJurisdiction: { under: $township },
      status: { in: [ORDERED_NOT_REPORTED, IN_COMMUNITY_RECOVERY] } }, first: 20) {
    totalCount
    edges { node { id name status releasedOn
      cases { edges { node { measures { ... on CommunityRecovery { orderedOn reportedOn } } } } } } }
  }
}"""

NEVER_ORDERED = """query NeverOrdered($county: String!) {
  persons(filter: { responsibleJurisdiction: { under: $county }, status: { in: [RELEASED_NOT_ORDERED] } },
      orderBy: { field: RELEASED_ON, direction: DESC }, first: 20) {
    totalCount
    edges { node { id name status releasedOn
      cases { edges { node { communityRecoveryAdvice { outcome rule { text } } } } } } }
  }
}"""

IN_CENTRE = """query InCentre($county: String!) {
  persons(filter: { responsibleJurisdiction: { under: $county }, status: { in: [IN_REHABILITATION_CENTRE] } },
      first: 20) {
    edges { node { id name status currentMeasure { kind startsOn agency { name } } } }
  }
}"""

_DAYS = 15


def show_rosters(tour: Tour) -> None:
    """Three lists over all systems of the province."""
    tour.page.say(
        "After isolation the police order community recovery (责令社区康复), and within fifteen days the person must "
        "report to the township. Between the two, people get lost: the facility has let go, the township never met "
        "them."
    )
    _not_reported(tour)
    _never_ordered(tour)
    _in_centre(tour)


def _not_reported(tour: Tour) -> None:
    life = tour.stage.world.story("ordered_not_reported")
    township = next(term.execution_place for term in life.terms if term.execution_place)
    tour.page.ask("A township worker 街道专职人员", NOT_REPORTED)
    answer = tour.asker.ask("township-worker", NOT_REPORTED, {"township": township})
    people = [edge["node"] for edge in answer.root("persons")["edges"]]
    late = {one["id"] for one in people if one["status"] == "ORDERED_NOT_REPORTED"}
    tour.page.table(
        ("name 姓名", "where they stand 状态", "released", "ordered", "reported", "since the order"),
        [_reporting(tour.stage.world.today, one, one["id"] in late) for one in people],
    )
    tour.tell_sources(answer)
    tour.page.check(
        tour.person("ordered_not_reported") in late,
        f"{life.name} was ordered into community recovery and never came; without this list nobody would ask",
    )


def _reporting(today: date, person: dict[str, Any], late: bool) -> tuple[Cell, ...]:
    orders = [
        measure
        for edge in person["cases"]["edges"]
        for measure in edge["node"]["measures"]
        if measure.get("orderedOn")
    ]
    last: dict[str, Any] = max(orders, key=lambda one: str(one["orderedOn"]), default={})
    tone = Tone.BAD if late else Tone.PLAIN
    waiting = ""
    if late and last:
        days = (today - date.fromisoformat(last["orderedOn"])).days
        waiting = f"{days} days, {days - _DAYS} too many" if days > _DAYS else f"{days} days"
    texts = (
        person["name"],
        word(person["status"]),
        word(person["releasedOn"]),
        word(last.get("orderedOn")),
        word(last.get("reportedOn")),
        waiting,
    )
    return tuple(Cell(str(text), tone) for text in texts)


def _never_ordered(tour: Tour) -> None:
    life = tour.stage.world.story("never_ordered")
    tour.page.ask("An aftercare officer 后续照管人员", NEVER_ORDERED)
    answer = tour.asker.ask("aftercare-officer", NEVER_ORDERED, {"county": life.residence})
    people = [edge["node"] for edge in answer.root("persons")["edges"]]
    advised = {one["id"]: advice for one in people if (advice := _advice(one)) and advice["outcome"] == "MUST"}
    tour.page.table(
        ("name 姓名", "released", "what the rules say of the facility's marks", "order 责令"),
        [
            (
                Cell(one["name"], Tone.BAD if one["id"] in advised else Tone.PLAIN),
                word(one["releasedOn"]),
                _because(_advice(one)),
                "none",
            )
            for one in people
        ],
    )
    tour.tell_sources(answer)
    tour.page.check(
        tour.person("never_ordered") in advised,
        f"{life.name} had to be advised for recovery by the rules, was released, and no order was ever made",
    )
    tour.page.notice("Only the facility knows the marks, only the police the orders, only the station who came.")


def _advice(person: dict[str, Any]) -> dict[str, Any] | None:
    edges = person["cases"]["edges"]
    found: dict[str, Any] | None = edges[0]["node"]["communityRecoveryAdvice"] if edges else None
    return found


def _because(advice: dict[str, Any] | None) -> str:
    if advice is None:
        return "—"
    text = advice["rule"]["text"] if advice["rule"] else ""
    return f"{word(advice['outcome'])}: {text}" if advice["outcome"] == "MUST" else "need not be advised 可不建议"


def _in_centre(tour: Tour) -> None:
    life = resident(tour.stage.world.lives)
    tour.page.ask(
        "The same officer, of those who chose a rehabilitation centre (戒毒康复所) by themselves,", IN_CENTRE
    )
    answer = tour.asker.ask("aftercare-officer", IN_CENTRE, {"county": life.residence})
    people = [edge["node"] for edge in answer.root("persons")["edges"]]
    tour.page.table(
        ("name 姓名", "where they stand 状态", "since", "where"),
        [
            (
                one["name"],
                word(one["status"]),
                word((one["currentMeasure"] or {}).get("startsOn")),
                ((one["currentMeasure"] or {}).get("agency") or {}).get("name") or "—",
            )
            for one in people
        ],
    )
    tour.tell_sources(answer)
    tour.page.check("jiangsu-centre" in answer.sources, "the centre's own system had its part in the answer")


def resident(lives: tuple[Life, ...]) -> Life:
    """Somebody whom the centre has a record of, if possible somebody who is there today."""
    stays = [
        (term.ended_on is None, str(term.starts_on), life)
        for life in lives
        for term in life.terms
        if term.kind == "REHABILITATION_STAY" and life.residence.startswith("32")
    ]
    return max(stays, key=lambda one: one[:2])[2]
