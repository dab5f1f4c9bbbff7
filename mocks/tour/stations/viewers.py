"""The same person, asked for by four viewers with the very same query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mocks.tour.ask import Answer
from mocks.tour.page import Cell, Tone
from mocks.tour.tour import Tour
from mocks.tour.words import system, word

QUERY = """query Card($id: ID!) {
  person(id: $id) {
    name idNumber birthDate phones status controlStatus
    drugUse { firstUsedOn } family { name }
    cases { edges { node { assessments { stage } } } }
    health { hivPositive treatments { kind } }
    eligibility(for: TEMPORARY_RELIEF) { eligible until }
  }
}"""

VIEWERS: Final[Mapping[str, str]] = {
    "aftercare-officer": "aftercare officer 后续照管",
    "police-query": "police with a case no. 公安",
    "clerk": "civil-affairs clerk 民政",
    "self-2": "he himself 本人",
}

Read = Callable[[Mapping[str, Any]], object]


def _marks(person: Mapping[str, Any]) -> object:
    cases = (person["cases"] or {}).get("edges") or ()
    found = [mark for edge in cases for mark in edge["node"]["assessments"] or ()]
    return f"{len(found)} on record" if found else None


def _relief(person: Mapping[str, Any]) -> object:
    found = person["eligibility"]
    return found and (f"yes, until {found['until']}" if found["eligible"] else "no")


def _first_use(person: Mapping[str, Any]) -> object:
    found = str((person["drugUse"] or {}).get("firstUsedOn") or "")
    return (f"in {found[:4]}" if found.endswith("-01-01") else found) or None  # a masked date is its year alone


def _hiv(person: Mapping[str, Any]) -> object:
    found = (person["health"] or {}).get("hivPositive")
    return None if found is None else ("positive 阳性" if found else "negative 阴性")


ROWS: Final[tuple[tuple[str, str, Read], ...]] = (
    ("name 姓名", "name", lambda one: one["name"]),
    ("id number 身份证号", "idNumber", lambda one: one["idNumber"]),
    ("born 出生日期", "birthDate", lambda one: one["birthDate"]),
    ("phones 电话", "phones", lambda one: " ".join(one["phones"] or ()) or None),
    ("where he stands 状态", "status", lambda one: one["status"] and word(one["status"])),
    ("assessments 诊断评估", "cases.edges.node.assessments", _marks),
    ("family 家庭", "family", lambda one: one["family"] and f"{len(one['family'])} relatives"),
    ("first use 初次吸毒", "drugUse.firstUsedOn", _first_use),
    ("police register 动态管控", "controlStatus", lambda one: one["controlStatus"] and word(one["controlStatus"])),
    (
        "hospital 医疗",
        "health.treatments",
        lambda one: " ".join(word(each["kind"]) for each in (one["health"] or {}).get("treatments") or ()) or None,
    ),
    ("HIV status 艾滋病", "health.hivPositive", _hiv),
    ("relief? 临时救助资格", "eligibility", _relief),
)


def show_viewers(tour: Tour) -> None:
    """Side by side, field by field: shown, masked or denied."""
    page = tour.page
    page.say(
        "A token says who you are, for whom you work and what for (your purpose 查询目的). Policies that quote the "
        "law decide field by field, before anything of the answer is put together."
    )
    page.ask("Each of four people, one after the other,", QUERY)
    answers = {profile: tour.asker.ask(profile, QUERY, {"id": tour.person("hiv")}) for profile in VIEWERS}
    page.table(
        ("", *VIEWERS.values()),
        [(label, *(_cell(answer, path, read) for answer in answers.values())) for label, path, read in ROWS],
    )
    _timings(tour, answers)
    told = {profile: answer.root("person")["health"] or {} for profile, answer in answers.items()}
    page.gap()
    page.check(
        {profile for profile, one in told.items() if one.get("hivPositive") is not None} == {"self-2"},
        "his HIV status was shown to nobody but himself (艾滋病防治条例 39)",
    )
    clerk = answers["clerk"].root("person")
    page.check(
        clerk["eligibility"]["eligible"] is True and all(clerk[name] is None for name in ("name", "status", "cases")),
        "the clerk learns that relief is due and until when, and nothing of drugs, custody or even the name",
    )
    page.check(
        answers["aftercare-officer"].effects.get("person.idNumber") == "MASK",
        "the aftercare officer sees enough of the id number to tell two people apart, no more",
    )
    page.notice("Four people sent the same query. What differs is who they are and what they ask for.")


def _cell(answer: Answer, path: str, read: Read) -> Cell:
    effect = _effect(answer.effects, f"person.{path}")
    value = read(answer.root("person"))
    if effect == "DENY":
        return Cell("✗ denied", Tone.BAD)
    if value is None:
        return Cell("nothing on record", Tone.DIM)
    return Cell(f"{value} (masked)", Tone.WARN) if effect == "MASK" else Cell(str(value), Tone.GOOD)


def _effect(effects: Mapping[str, str], path: str) -> str | None:
    """The effect on a path; a denied path denies all that lies under it."""
    parts = path.split(".")
    above = (".".join(parts[:end]) for end in range(len(parts), 1, -1))
    return next((effects[one] for one in above if one in effects), None)


def _timings(tour: Tour, answers: Mapping[str, Answer]) -> None:
    page = tour.page
    page.gap()
    page.say("Read while they waited, in milliseconds (two figures where an agency runs two services):")
    owners: dict[str, list[str]] = {}
    for source in dict.fromkeys(source for answer in answers.values() for source in answer.sources):
        owners.setdefault(system(source), []).append(source)
    page.table(
        ("system", *VIEWERS.values()),
        [(owner, *(_taken(answer, sources) for answer in answers.values())) for owner, sources in owners.items()],
    )


def _taken(answer: Answer, sources: list[str]) -> str:
    return " and ".join(f"{answer.sources[one]:.0f}" for one in sources if one in answer.sources) or "—"
