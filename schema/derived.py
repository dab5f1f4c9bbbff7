"""Fields that no agency holds and that follow from what several hold together.

A derivation reads the unmasked file, before anything is shown, and bears a label of its own. Where that label
is not the label of an input, `declassifies` says why so much and no more may be told; a missing reason stops the
start (DeclarationError).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, TypeVar

from schema.advice import Advice, advise
from schema.entities import Column, column
from schema.enums import CaseStage, PersonStatus, SupportKind
from schema.file import CaseFile, PersonFile, Row
from schema.label import Label

Subject = TypeVar("Subject", PersonFile, CaseFile)


@dataclass(frozen=True, slots=True)
class Derivation(Generic[Subject]):
    """One derived field: what it needs, what it is, how it follows. `compute` gets the file and today's date."""

    name: str
    label: Label
    term: str
    needs: tuple[Column, ...]
    compute: Callable[[Subject, date], object]
    declassifies: str | None = None

    def __post_init__(self) -> None:
        open_labels = {self.label, Label.PUBLIC, Label.EXISTENCE}
        foreign = {need.label for need in self.needs} - open_labels
        if foreign and not self.declassifies:
            raise DerivationError(
                f"{self.name}: computed from {sorted(foreign)} but shown as {self.label}. "
                "Give it a stricter label, or say in `declassifies` why it may be told."
            )


class DerivationError(Exception):
    """A derived field that would tell more than its label says; stops the start."""

    code = "DERIVATION"


@dataclass(frozen=True, slots=True)
class Eligible:
    """An answer without its reason."""

    eligible: bool | None
    until: date | None


_OPEN_ENDED = date.max
_RECENT = timedelta(days=3 * 366)  # a release older than the longest order (戒毒条例 37: three years) is history

_RESIDENTIAL = (
    ("COMPULSORY_ISOLATION", PersonStatus.IN_ISOLATION),
    ("REHABILITATION_STAY", PersonStatus.IN_REHABILITATION_CENTRE),
    ("COMMUNITY_TREATMENT", PersonStatus.IN_COMMUNITY_TREATMENT),
)
_COMMUNITY = ("COMMUNITY_TREATMENT", "COMMUNITY_RECOVERY", "AFTERCARE")


def _rows(subject: PersonFile | CaseFile, entity: str) -> tuple[Row, ...]:
    return subject.rows.get(entity) or ()


def all_rows(person: PersonFile, entity: str) -> tuple[Row, ...]:
    """An entity's rows of all cases, the newest case first."""
    cases = person.cases or ()
    if len(cases) == 1:
        return _rows(cases[0], entity)
    return tuple([row for case in cases for row in _rows(case, entity)])


def rows_of_all(people: Sequence[PersonFile], entity: str) -> list[tuple[Row, ...]]:
    """`all_rows` of each of some people."""
    cases = [person.cases or () for person in people]
    return [
        (held[0].rows.get(entity) or ()) if len(held) == 1 else all_rows(person, entity) if held else ()
        for person, held in zip(people, cases, strict=True)
    ]


def _on(row: Row, name: str) -> date | None:
    value = row.values.get(name)
    return value if isinstance(value, date) else None


def is_running(row: Row, today: date) -> bool:
    """Whether a measure has begun and has not ended by `today`.

    Community recovery begins with the report-in (戒毒条例 38), everything else with its start.
    """
    get: Any = row.values.get  # dates are dates or None: they were certified where they came in
    starts = get("startsOn")
    begun = get("reportedOn") if get("kind") == "COMMUNITY_RECOVERY" else starts
    if begun is None or (starts is not None and starts > today):
        return False
    ended = get("endedOn")
    return ended is None or ended > today


def _newest(rows: Iterable[Row], name: str) -> Row | None:
    dated = [row for row in rows if _on(row, name) is not None]
    if not dated:
        return None
    return max(dated, key=lambda row: _on(row, name) or date.min, default=None)


def _of_kind(rows: Iterable[Row], kind: str) -> list[Row]:
    return [row for row in rows if row.values.get("kind") == kind]


def release_of(measures: Sequence[Row], today: date) -> date | None:
    """The day on which somebody last left isolation, if that is in the past."""
    ended = [day for row in _of_kind(measures, "COMPULSORY_ISOLATION") if (day := _on(row, "endedOn"))]
    return max((day for day in ended if day <= today), default=None)


def _is_ordered(measures: Sequence[Row], decisions: Sequence[Row], released: date) -> bool:
    """Whether community recovery was ordered for that release; an order may precede it by some weeks."""
    since = released - timedelta(days=120)
    orders = [_on(row, "decidedOn") for row in _of_kind(decisions, "COMMUNITY_RECOVERY_ORDER")]
    orders += [_on(row, "orderedOn") for row in _of_kind(measures, "COMMUNITY_RECOVERY")]
    return any(day is not None and day >= since for day in orders)


def status(person: PersonFile, today: date) -> PersonStatus:
    """Where somebody stands between the agencies today."""
    measures, decisions = all_rows(person, "Measure"), all_rows(person, "Decision")
    if person.values.get("diedOn") is not None:
        return PersonStatus.DECEASED
    if not measures and not decisions:
        return PersonStatus.UNKNOWN
    running = [row for row in measures if is_running(row, today)]
    kinds = {row.values.get("kind") for row in running}
    for kind, answer in _RESIDENTIAL:
        if kind in kinds:
            return answer
    if "COMMUNITY_RECOVERY" in kinds:
        return PersonStatus.IN_COMMUNITY_RECOVERY
    return _between(measures, decisions, kinds, today)


def _between(measures: Sequence[Row], decisions: Sequence[Row], kinds: set[object], today: date) -> PersonStatus:
    """Where somebody stands who is in no residential or community measure: the seams."""
    released = release_of(measures, today)
    recoveries = _of_kind(measures, "COMMUNITY_RECOVERY")
    if released is not None and today - released < _RECENT:
        done = any((ended := _on(row, "endedOn")) is not None and ended >= released for row in recoveries)
        if not done:
            if _is_ordered(measures, decisions, released):
                return PersonStatus.ORDERED_NOT_REPORTED
            if "AFTERCARE" not in kinds:
                return PersonStatus.RELEASED_NOT_ORDERED
    if "AFTERCARE" in kinds:
        return PersonStatus.IN_AFTERCARE
    if "VOLUNTARY_TREATMENT" in kinds:
        return PersonStatus.IN_VOLUNTARY_TREATMENT
    return PersonStatus.COMPLETED if any(_on(row, "endedOn") for row in measures) else PersonStatus.UNKNOWN


def current_measure(person: PersonFile, today: date) -> tuple[str, str, str] | None:
    """Which measure (by its origin's order) binds somebody today: residential before community before voluntary."""
    order = [kind for kind, _ in _RESIDENTIAL] + ["COMMUNITY_RECOVERY", "AFTERCARE", "VOLUNTARY_TREATMENT"]
    # A measure whose kind could not be read binds nobody that we could name.
    running = [
        row for row in all_rows(person, "Measure") if row.values.get("kind") in order and is_running(row, today)
    ]
    ranked = sorted(running, key=lambda row: order.index(str(row.values["kind"])))
    if ranked:
        return ranked[0].order
    newest = _newest(all_rows(person, "Measure"), "startsOn")
    return newest.order if newest else None


def released_on(person: PersonFile, today: date) -> date | None:
    """The last release from isolation."""
    return release_of(all_rows(person, "Measure"), today)


def execution_place(person: PersonFile, today: date) -> str | None:
    """执行地: what a running measure says, else what a register says. Never taken from domicile or residence."""
    return place_of(all_rows(person, "Measure"), person, today)


def place_of(measures: Sequence[Row], person: PersonFile, today: date) -> str | None:
    """The execution place of somebody whose measures are at hand."""
    placed = [row for row in measures if row.values.get("executionPlaceCode")]
    newest: Row | None = None
    if placed:
        running = [row for row in placed if is_running(row, today)]
        newest = _newest(running, "startsOn") or _newest(placed, "orderedOn")
    place = newest.values.get("executionPlaceCode") if newest else person.values.get("executionPlaceCode")
    return str(place) if place else None


def eligibility(person: PersonFile, today: date) -> Mapping[str, Eligible]:
    """Programme rule: community measures and aftercare open every kind of support until they are due to end.

    The basis is the duty to help (禁毒法 34, 52; 戒毒条例 7, 39), not a benefit's own means test, which stays with
    the agency that grants it. No measure on record means not eligible; nothing on record at all means unknown.
    """
    measures = all_rows(person, "Measure")
    running = [row for row in measures if row.values.get("kind") in _COMMUNITY and is_running(row, today)]
    ends = [_on(row, "dueEndOn") or _OPEN_ENDED for row in running]
    until = max(ends, default=None)
    answer = Eligible(bool(running) if measures else None, None if until in (None, _OPEN_ENDED) else until)
    return {kind.name: answer for kind in SupportKind}


def advice(case: CaseFile, _today: date) -> Advice | None:
    """R1-R3 of the newest assessment before release; that of the stage before expiry if there is one."""
    assessments = _rows(case, "Assessment")
    final = [row for row in assessments if row.values.get("stage") == "BEFORE_EXPIRY"]
    newest = _newest(final or assessments, "assessedOn")
    return advice_of(newest) if newest else None


def advice_of(assessment: Row) -> Advice | None:
    """R1-R3 of one assessment."""
    values = assessment.values
    marks = [values.get(name) for name in ("detoxification", "recovery", "conduct", "socialAdaptation")]
    first, second, third, fourth = (mark if isinstance(mark, str) else None for mark in marks)
    return advise(first, second, third, fourth, early_release=values.get("earlyRelease") is True)


def opened_on(case: CaseFile, _today: date) -> date | None:
    """The first decision or the first day of the first measure."""
    get: Any = case.rows.get  # days are days or None: they were certified where they came in
    days = [day for row in get("Measure") or () if (day := row.values.get("startsOn")) is not None]
    days += [day for row in get("Decision") or () if (day := row.values.get("decidedOn")) is not None]
    return min(days, default=None)


def closed_on(case: CaseFile, today: date) -> date | None:
    """The end of the last measure, when all have ended."""
    measures = _rows(case, "Measure")
    ended = [day for row in measures if (day := _on(row, "endedOn")) is not None and day <= today]
    return max(ended) if measures and len(ended) == len(measures) else None


def stage(case: CaseFile, today: date) -> CaseStage:
    """How far a journey has come."""
    measures, decisions = _rows(case, "Measure"), _rows(case, "Decision")
    running = {row.values.get("kind") for row in measures if is_running(row, today)}
    if "COMPULSORY_ISOLATION" in running or "REHABILITATION_STAY" in running:
        return CaseStage.ISOLATED
    if running & {"COMMUNITY_TREATMENT", "COMMUNITY_RECOVERY", "VOLUNTARY_TREATMENT"}:
        return CaseStage.IN_COMMUNITY
    if "AFTERCARE" in running:
        return CaseStage.AFTERCARE
    released = release_of(measures, today)
    waiting = [row for row in _of_kind(measures, "COMMUNITY_RECOVERY") if _on(row, "endedOn") is None]
    ended_recovery = any(_on(row, "endedOn") for row in _of_kind(measures, "COMMUNITY_RECOVERY"))
    if released is not None and not ended_recovery:
        if waiting or _is_ordered(measures, decisions, released):
            return CaseStage.ORDERED
        return CaseStage.RELEASED if today - released < _RECENT else CaseStage.CLOSED
    if measures:
        return CaseStage.CLOSED if all(_on(row, "endedOn") for row in measures) else CaseStage.UNKNOWN
    return CaseStage.DECIDED if decisions else CaseStage.UNKNOWN


def _columns(entity: str, *names: str) -> tuple[Column, ...]:
    return tuple(column(entity, name) for name in names)


_MEASURES = _columns(
    "Measure",
    "kind",
    "decisionNumber",
    "startsOn",
    "dueEndOn",
    "endedOn",
    "orderedOn",
    "reportedOn",
    "executionPlaceCode",
)
_ORDERS = _columns("Decision", "kind", "number", "decidedOn")
_MARKS = _columns(
    "Assessment",
    "stage",
    "assessedOn",
    "detoxification",
    "recovery",
    "conduct",
    "socialAdaptation",
    "earlyRelease",
)
_ORDER_SHOWS = (
    "Whether community recovery was ordered tells the receiving side whom to expect (戒毒条例 37, 38); number, "
    "authority and text of the order stay POLICE."
)
_NUMBER_JOINS = "The decision's number only joins the reports of one measure and is not shown."
_DEATH_SHOWS = "That somebody is dead ends every duty; the date stays IDENTITY."

PERSON_DERIVATIONS: Mapping[str, Derivation[PersonFile]] = {
    one.name: one
    for one in (
        Derivation(
            "status",
            Label.CUSTODY,
            "当前状态",
            (*_MEASURES, *_ORDERS, column("PersonRecord", "diedOn")),
            status,
            f"{_ORDER_SHOWS} {_DEATH_SHOWS}",
        ),
        Derivation("currentMeasure", Label.CUSTODY, "当前措施", _MEASURES, current_measure, _NUMBER_JOINS),
        Derivation("releasedOn", Label.CUSTODY, "最近出所日期", _MEASURES, released_on, _NUMBER_JOINS),
        Derivation(
            "executionPlace",
            Label.CUSTODY,
            "执行地",
            (*_MEASURES, column("PersonRecord", "executionPlaceCode")),
            execution_place,
            _NUMBER_JOINS,
        ),
        Derivation(
            "eligibility",
            Label.ELIGIBILITY,
            "资格核验",
            _MEASURES,
            eligibility,
            "A yes or no and an end date without the reason is all that a granting agency may have "
            "(治安管理处罚法 136, 禁毒法 52, 70).",
        ),
    )
}

CASE_DERIVATIONS: Mapping[str, Derivation[CaseFile]] = {
    one.name: one
    for one in (
        Derivation(
            "openedOn",
            Label.CUSTODY,
            "立案日期",
            (*_MEASURES, *_ORDERS),
            opened_on,
            "The day a journey began is its first measure's or decision's day; the decision itself stays POLICE.",
        ),
        Derivation("closedOn", Label.CUSTODY, "结案日期", _MEASURES, closed_on, _NUMBER_JOINS),
        Derivation("stage", Label.CUSTODY, "阶段", (*_MEASURES, *_ORDERS), stage, _ORDER_SHOWS),
        Derivation(
            "communityRecoveryAdvice",
            Label.ASSESSMENT,
            "责令社区康复建议(R1-R3)",
            _MARKS,
            advice,
        ),
    )
}

DERIVATIONS: Mapping[str, Derivation[PersonFile] | Derivation[CaseFile]] = {
    **PERSON_DERIVATIONS,
    **CASE_DERIVATIONS,
}
