"""A person whose journey runs over both provinces: one answer, decided on twice."""

from __future__ import annotations

from typing import Any

from mocks.tour.page import Cell, Tone, UnmetExpectation
from mocks.tour.tour import Tour
from mocks.tour.words import LABELS, system, word

QUERY = """query Journey($id: ID!) {
  person(id: $id) {
    name status idNumber
    cases { edges { node {
      measures { kind startsOn endedOn agency { name } record { source { id } peer } }
      assessments { assessedOn record { source { id } peer } }
      decisions { kind } } } }
    family { name record { source { id } } }
    drugUse { firstUsedOn } health { treatments { kind } }
  }
}"""

DECIDED = """query Forwarded($id: ID!, $since: DateTime!) {
  accesses(filter: { person: $id, since: $since }, first: 20) {
    edges { node { subject purpose via fields { label effect policies } } }
  }
}"""


def show_journey(tour: Tour) -> None:
    """Zhejiang asks; Jiangsu's facility answers through Jiangsu's gateway, by Jiangsu's own policy."""
    page, life = tour.page, tour.stage.world.story("cross_province")
    page.say(
        f"{life.name} was isolated in Jiangsu (江苏) and recovers at home in Zhejiang (浙江), two provinces with "
        "nothing in common but a pseudonym (化名 id) that both can compute and nobody can turn back "
        "into an id number."
    )
    page.ask("An aftercare officer 后续照管人员 in Zhejiang", QUERY)
    answer = tour.asker.ask("aftercare-officer", QUERY, {"id": tour.person("cross_province")}, province="zhejiang")
    person = answer.root("person")
    cases = [edge["node"] for edge in person["cases"]["edges"]]
    measures = sorted((one for case in cases for one in case["measures"]), key=lambda one: str(one["startsOn"]))
    marks = [one for case in cases for one in case["assessments"] or ()]
    page.say(f"{person['name']}: {word(person['status'])}", Tone.STRONG)
    page.table(
        ("from", "to", "measure 措施", "carried out by", "read from"),
        [
            (word(one["startsOn"]), one["endedOn"] or "today", word(one["kind"]), one["agency"]["name"], _origin(one))
            for one in measures
        ],
    )
    page.say(f"and {len(marks)} assessments 诊断评估, all read from {_origins(marks)}", indent="  ")
    tour.tell_sources(answer)
    page.check(
        {one["record"]["source"]["id"].partition("-")[0] for one in measures} == {"jiangsu", "zhejiang"},
        "one journey, its records from both provinces, each bearing the province that holds it",
    )
    _decided_again(tour)


def _origin(one: dict[str, Any]) -> str:
    record = one["record"]
    if record["peer"]:
        return f"Jiangsu 江苏: {system(record['source']['id'])}"
    return f"Zhejiang 浙江: {system(record['source']['id']).partition(' (')[0]}"


def _origins(marks: list[dict[str, Any]]) -> str:
    return ", ".join(sorted({_origin(one) for one in marks})) or "nowhere"


def _decided_again(tour: Tour) -> None:
    page = tour.page
    page.ask("What did Jiangsu let go? Jiangsu's auditor 审计人员", DECIDED)
    variables = {"id": tour.person("cross_province"), "since": tour.began.isoformat()}
    entries = [edge["node"] for edge in tour.asker.ask("auditor", DECIDED, variables).root("accesses")["edges"]]
    entry = next((one for one in entries if one["via"]), None)
    if entry is None:
        raise UnmetExpectation("Jiangsu's access log bears no record of the question that Zhejiang forwarded")
    effects: dict[str, set[str]] = {}
    for one in entry["fields"]:
        effects.setdefault(one["effect"], set()).add(one["label"])
    page.table(
        ("Jiangsu decided", "on what of its own records"),
        [
            (Cell("✓ shown", Tone.GOOD), _labels(effects.get("ALLOW", set()))),
            (Cell("masked", Tone.WARN), _labels(effects.get("MASK", set()))),
            (Cell("✗ stayed home", Tone.BAD), _labels(effects.get("DENY", set()))),
        ],
    )
    page.gap()
    rules = sorted({policy for one in entry["fields"] for policy in one["policies"]})
    page.check(
        entry["via"] == ["yiti-zhejiang"] and {"FAMILY", "DRUG_USE", "POLICE"} <= effects.get("DENY", set()),
        f"Jiangsu's own policy decided again, over the Zhejiang officer's signed identity ({', '.join(rules)})",
    )
    page.notice(
        "A province gives what a handover needs, and keeps the family, drug use and the police's own records home."
    )


def _labels(labels: set[str]) -> str:
    return ", ".join(LABELS[one] for one in LABELS if one in labels) or "nothing"
