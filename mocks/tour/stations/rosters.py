"""Lists for those who must not lose anybody: who has not reported, who was never ordered, and a way without gaps."""

from __future__ import annotations

from datetime import date
from typing import Any

from mocks.life import Life
from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import system, word

NOT_REPORTED = """query NotReported($township: String!) {
  persons(filter: { responsibleJurisdiction: { under: $township },
      status: { in: [ORDERED_NOT_REPORTED, IN_COMMUNITY_RECOVERY] } }, first: 20) {
    edges { node { id name status releasedOn
      cases { edges { node {
        measures { ... on CommunityRecovery { orderedOn reportedOn } } } } } } }
  }
}"""

NEVER_ORDERED = """query NeverOrdered($county: String!) {
  persons(filter: { responsibleJurisdiction: { under: $county },
      status: { in: [RELEASED_NOT_ORDERED] } },
      orderBy: { field: RELEASED_ON, direction: DESC }, first: 20) {
    edges { node { id name idNumber releasedOn records { quality { quality } }
      cases { edges { node { communityRecoveryAdvice { outcome rule { text } } } } } } }
  }
}"""

WAY = """query Way($id: ID!) {
  person(id: $id) {
    name status
    cases { edges { node {
      measures { kind startsOn endedOn agency { name } record { source { id } } } } } }
  }
}"""

_DAYS = 15


def show_rosters(tour: Tour) -> None:
    """Two lists over all systems of the province, and one whole way."""
    tour.page.say(
        "After isolation the police order community recovery (责令社区康复), and within fifteen days the person must "
        "report to the township. Between the two, people get lost: the facility has let go, the township never met "
        "them."
    )
    _not_reported(tour)
    _never_ordered(tour)
    _nobody_let_go(tour)


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
    _tell_doubtful(tour, people)
    tour.page.notice("Only the facility knows the marks, only the police the orders, only the station who came.")


def _tell_doubtful(tour: Tour, people: list[dict[str, Any]]) -> None:
    """Who may be in the list only because a wrong id number keeps two records apart."""
    doubtful = [
        one["name"]
        for one in people
        if any(flag["quality"] == "CHECKSUM_FAILED" for record in one["records"] for flag in record["quality"])
    ]
    if doubtful:
        tour.page.say(
            f"({', '.join(doubtful)}: the id number on record fails its check digit 校验位不符, so an order under "
            "the right number would not be found. Nobody is joined by guessing; the flag says where to look.)",
            Tone.DIM,
            "  ",
        )


def _advice(person: dict[str, Any]) -> dict[str, Any] | None:
    edges = person["cases"]["edges"]
    found: dict[str, Any] | None = edges[0]["node"]["communityRecoveryAdvice"] if edges else None
    return found


def _because(advice: dict[str, Any] | None) -> str:
    if advice is None:
        return "—"
    text = advice["rule"]["text"] if advice["rule"] else ""
    return f"{word(advice['outcome'])}: {text}" if advice["outcome"] == "MUST" else "need not be advised 可不建议"


def _nobody_let_go(tour: Tour) -> None:
    life = resident(tour.stage.world.lives)
    tour.page.gap()
    tour.page.say("And when nobody lets go: somebody who went on to a rehabilitation centre (戒毒康复所) by choice.")
    tour.page.ask("The same officer", WAY)
    answer = tour.asker.ask("aftercare-officer", WAY, {"id": tour.stage.person_id(life)})
    person = answer.root("person")
    measures = [one for edge in person["cases"]["edges"] for one in edge["node"]["measures"]]
    tour.page.say(f"{person['name']}: {word(person['status'])}", Tone.STRONG)
    tour.page.table(
        ("from", "to", "measure 措施", "carried out by", "read from"),
        [
            (
                word(one["startsOn"]),
                one["endedOn"] or "today",
                word(one["kind"]),
                one["agency"]["name"],
                system(one["record"]["source"]["id"]),
            )
            for one in sorted(measures, key=lambda one: str(one["startsOn"]))
        ],
    )
    tour.tell_sources(answer)
    holders = {one["record"]["source"]["id"] for one in measures}
    tour.page.check(
        "jiangsu-centre" in holders and len(holders) > 1,
        f"each stretch of the way is read from the agency that walked it: {len(holders)} systems, one journey",
    )


def resident(lives: tuple[Life, ...]) -> Life:
    """Somebody who stayed in the centre, with as long a way as there is, whose record is not sealed."""
    found = [
        life
        for life in lives
        if not life.sealed
        and life.id_number
        and life.second_id_number is None
        and any(term.kind == "REHABILITATION_STAY" for term in life.terms)
    ]
    return max(found, key=lambda life: (len({term.kind for term in life.terms}), -life.number))
