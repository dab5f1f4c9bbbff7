"""A system dies in the middle of the tour: what the next answer looks like."""

from __future__ import annotations

from mocks.tour.ask import Answer
from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import system, word

QUERY = """query Help($id: ID!) {
  person(id: $id) {
    name status
    support { grants { kind startedOn } employments { status } trainings { course } }
  }
}"""

VICTIM = "jiangsu-civil-affairs"


def show_outage(tour: Tour) -> None:
    """The whole answer, a killed system, the partial answer."""
    page, variables = tour.page, {"id": tour.person("relief_applicant")}
    page.say(
        "A woman in community recovery gets relief from civil affairs (民政) and a course from the labour office."
    )
    page.ask("An aftercare officer 后续照管人员", QUERY)
    whole = tour.asker.ask("aftercare-officer", QUERY, variables)
    with tour.kill(VICTIM):
        page.say(f"Now {system(VICTIM)} is gone: its process was killed, and the same question is asked again.")
        partial = tour.asker.ask("aftercare-officer", QUERY, variables, whole=False)
    page.gap()
    page.table(
        ("", "before", "after"),
        [
            (label, *(_cell(answer, part) for answer in (whole, partial)))
            for label, part in (
                ("name 姓名", "name"),
                ("where she stands 状态", "status"),
                ("relief 救助", "grants"),
                ("work 就业", "employments"),
                ("training 培训", "trainings"),
                ("milliseconds", "milliseconds"),
                ("services that answered", "sources"),
            )
        ],
    )
    page.gap()
    for error in partial.errors:
        page.say(f"error {error['extensions']['code']}: {error['message']}", Tone.BAD, "  ")
    page.gap()
    before, after = whole.root("person"), partial.root("person")
    page.check(
        bool(before["support"]["grants"]) and not after["support"]["grants"],
        "what civil affairs alone knows is missing: null, not made up and not an old copy",
    )
    page.check(
        all(before[name] == after[name] for name in ("name", "status"))
        and all(before["support"][name] == after["support"][name] for name in ("employments", "trainings")),
        "everything else arrived, unchanged",
    )
    page.check(
        [error["extensions"].get("source") for error in partial.errors] == [VICTIM],
        "one error, and it names the system that did not answer",
    )
    again = tour.asker.ask("aftercare-officer", QUERY, variables)
    page.check(again.root("person") == before, "started again, it is asked again: the answer is whole as before")
    page.notice("A dead system costs its own fields and nothing more, and it never looks like an empty answer.")


def _cell(answer: Answer, part: str) -> Cell:
    if part == "milliseconds":
        return Cell(f"{answer.milliseconds:.0f}", Tone.DIM)
    if part == "sources":
        return Cell(str(len(answer.sources)), Tone.DIM)
    person = answer.root("person")
    if part in {"name", "status"}:
        return Cell(word(person[part]))
    found = person["support"][part]
    if not found:
        return Cell("null", Tone.BAD)
    return Cell(
        ", ".join(word(one.get("kind") or one.get("status") or one.get("course")) for one in found), Tone.GOOD
    )
