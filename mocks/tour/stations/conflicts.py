"""Sources that disagree, and values that are not what they should be: shown, never silently repaired."""

from __future__ import annotations

from typing import Any, Final

from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import system, word

QUERY = """query Conflicts($id: ID!) {
  person(id: $id) {
    name birthDate
    conflicts { field chosen because values { value record { source { id } asOf } } }
  }
}"""

QUALITY = """query Quality($county: String!) {
  persons(filter: { responsibleJurisdiction: { under: $county } }, first: 50) {
    edges { node {
      name idNumber birthDate controlStatus domicile { address }
      records { source { id } quality { field quality } } } }
  }
}"""

_REASONS: Final = {
    "PRECEDENCE": "that register stands nearest to the fact",
    "QUALITY": "the other one bears a flag",
    "NEWEST": "it is the newest",
}
_FEWEST = 2


def show_conflicts(tour: Tour) -> None:
    """Both values, who says which, and why one was chosen."""
    page = tour.page
    page.say(
        "The facility misheard a name years ago; the register knows better. A merge that hides this is a lie, so the "
        "graph answers with one value and tells what else was said, by whom, and why it chose."
    )
    page.ask("An aftercare officer 后续照管人员", QUERY)
    answer = tour.asker.ask("aftercare-officer", QUERY, {"id": tour.person("conflict")})
    person = answer.root("person")
    shown = [one for one in person["conflicts"] if one["field"] in {"name", "birthDate"}]
    page.table(
        ("field", "value", "said by", "chosen?"),
        [row for one in shown for row in _rows(one)],
    )
    tour.tell_sources(answer)
    named = {one["field"]: one for one in shown}
    page.check(
        all(len({one["value"] for one in conflict["values"]}) >= _FEWEST for conflict in shown)
        and named["name"]["chosen"] == person["name"],
        "both names are there with their sources; the answer uses the chosen one",
    )
    page.notice(f"The reason stands in the answer itself: “{named['name']['because']}”.")
    _quality(tour)


def _rows(conflict: dict[str, Any]) -> list[tuple[str | Cell, ...]]:
    said: dict[str, list[str]] = {}
    for one in conflict["values"]:
        said.setdefault(one["value"], []).append(system(one["record"]["source"]["id"]))
    rows: list[tuple[str | Cell, ...]] = []
    for value, sources in said.items():
        chosen = value == conflict["chosen"]
        reason = _REASONS.get(conflict["because"].partition(":")[0], "")
        tone = Tone.GOOD if chosen else Tone.WARN
        rows.append(
            (
                word(conflict["field"]) if not rows else "",
                Cell(value, tone),
                ", ".join(dict.fromkeys(sources)),
                Cell(f"✓ {reason}" if chosen else "kept beside it", tone),
            )
        )
    return rows


def _quality(tour: Tour) -> None:
    page, county = tour.page, tour.stage.world.story("conflict").residence
    page.ask("Real data are dirty. The same officer, of the whole county,", QUALITY)
    answer = tour.asker.ask("aftercare-officer", QUALITY, {"county": county})
    people = [edge["node"] for edge in answer.root("persons")["edges"]]
    first: dict[str, tuple[str, str, str]] = {}
    found = 0
    for person in people:
        for record in person["records"]:
            for flag in record["quality"]:
                found += 1
                told = (person["name"], system(record["source"]["id"]), word(flag["field"]))
                first.setdefault(flag["quality"], told)
    page.table(
        ("what was noticed", "of whose", "in the record of", "for example"),
        [(Cell(word(kind), Tone.WARN), field, source, name) for kind, (name, source, field) in first.items()],
    )
    tour.tell_sources(answer)
    page.check(
        found > 0,
        f"{found} flags on {len(people)} people; every flagged value was kept, and no row was dropped for it",
    )
