"""Case: one rehabilitation journey, and what was assessed, signed, visited and tested on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from msgspec import Struct

from schema.advice import Advice, Clause, Confidence
from schema.declare import (
    columns_of,
    derived_field,
    grouped,
    newest_first,
    oldest_first,
    rows_of,
    shown_rows,
    sourced,
)
from schema.derived import advice_of
from schema.entities import ENTITIES
from schema.enums import (
    AdviceOutcome,
    AssessmentStage,
    CaseStage,
    GoodFair,
    PassFail,
    TestMethod,
    TestResult,
    VisitKind,
)
from schema.file import CaseFile, PersonFile, Values
from schema.label import Label
from schema.measure import Agreement, Decision, Measure, MeasureRow, measure, measure_rows
from schema.node import Connection, Node, connect, itself
from schema.reading import Many, Objects, Paged
from schema.shown import Identified
from schema.timeline import TELLINGS, TimelineEvent, timeline

if TYPE_CHECKING:
    from schema.person import Person

_ASSESSMENT = ENTITIES["Assessment"]
_VISIT = ENTITIES["Visit"]
_TEST = ENTITIES["DrugTest"]


@strawberry.type(description="The clause that decided.")
class AdviceRule:
    """A rule's article and how well its text is known."""

    id: strawberry.ID
    article: str
    text: str
    confidence: Confidence


@strawberry.type(description="What the rules say: MUST, NOT_REQUIRED or UNSPECIFIED, with the clause.")
class RuleOutcome:
    """An outcome; `rule` is null where no rule speaks."""

    outcome: AdviceOutcome
    rule: AdviceRule | None


def _rule(clause: Clause | None) -> AdviceRule | None:
    if clause is None:
        return None
    return AdviceRule(
        id=strawberry.ID(clause.id), article=clause.article, text=clause.text, confidence=clause.confidence
    )


def outcome(advice: Advice | None) -> RuleOutcome | None:
    """An advice of the graph."""
    return RuleOutcome(outcome=advice.outcome, rule=_rule(advice.clause)) if advice else None


@strawberry.type(description="诊断评估: four dimensions (强制隔离戒毒诊断评估办法 6).")
class Assessment(Identified):
    """One assessment of a facility."""

    stage: AssessmentStage | None = sourced(_ASSESSMENT["stage"])
    assessed_on: date | None = sourced(_ASSESSMENT["assessedOn"])
    detoxification: PassFail | None = sourced(_ASSESSMENT["detoxification"])
    recovery: PassFail | None = sourced(_ASSESSMENT["recovery"])
    conduct: PassFail | None = sourced(_ASSESSMENT["conduct"])
    social_adaptation: GoodFair | None = sourced(_ASSESSMENT["socialAdaptation"])
    advised: bool | None = sourced(
        _ASSESSMENT["advised"], description="What the facility did advise; compare `advice`."
    )
    early_release: bool | None = sourced(_ASSESSMENT["earlyRelease"])
    extension_months: int | None = sourced(_ASSESSMENT["extensionMonths"])
    advice: RuleOutcome | None = sourced(
        *columns_of("Assessment", "detoxification", "recovery", "conduct", "socialAdaptation", "earlyRelease"),
        read=lambda root: outcome(advice_of(root.row)),
        term="责令社区康复建议(R1-R3)",
        description="What R1-R3 say of these four marks.",
    )


@strawberry.type(description="走访")
class Visit(Identified):
    """One follow-up."""

    visited_on: date | None = sourced(_VISIT["visitedOn"])
    kind: VisitKind | None = sourced(_VISIT["kind"])
    outcome: str | None = sourced(_VISIT["outcome"])
    agency_name: str | None = sourced(_VISIT["agencyName"])


@strawberry.type(description="吸毒检测")
class DrugTest(Identified):
    """One test, due or done."""

    due_on: date | None = sourced(_TEST["dueOn"])
    tested_on: date | None = sourced(_TEST["testedOn"])
    method: TestMethod | None = sourced(_TEST["method"])
    result: TestResult | None = sourced(_TEST["result"])
    site: str | None = sourced(_TEST["site"])


def page_of(info: strawberry.Info, rows: Sequence[Any], first: int, after: str | None, of: str) -> Any:
    """One page of rows that are at hand."""
    return info.context.reader.slice(rows, _id, first, after, of)


def _id(row: Any) -> str:
    found: str = row.id
    return found


_by_start = oldest_first("Measure", "startsOn")
_newest_visits = newest_first("Visit", "visitedOn")
_newest_tests = newest_first("DrugTest", "testedOn")


def _measure_rows(roots: Objects) -> list[list[MeasureRow] | None]:
    return measure_rows(_by_start(roots), [root.file for root in roots])


def _measures(root: Case) -> list[Measure] | None:
    (found,) = _measure_rows((root,))
    return None if found is None else [measure(one.row, one.case) for one in found]


def _visits(root: Any, info: strawberry.Info, first: int = 20, after: str | None = None) -> Connection[Visit] | None:
    (rows,) = _newest_visits((root,))
    if rows is None:
        return None
    page = page_of(info, rows, first, after, f"{root.file.id}.visits")
    return connect(page, lambda row: Visit(row=row, values=row.values), itself)


def _drug_tests(
    root: Any, info: strawberry.Info, first: int = 20, after: str | None = None
) -> Connection[DrugTest] | None:
    (rows,) = _newest_tests((root,))
    if rows is None:
        return None
    page = page_of(info, rows, first, after, f"{root.file.id}.drugTests")
    return connect(page, lambda row: DrugTest(row=row, values=row.values), itself)


def _timeline(
    root: Any, info: strawberry.Info, first: int = 50, after: str | None = None
) -> Connection[TimelineEvent] | None:
    if root.file.rows.get("Measure") is None:
        return None
    page = page_of(info, timeline(root.file), first, after, f"{root.file.id}.timeline")
    return connect(page, lambda event: event)


_TOLD = tuple(
    column
    for telling in TELLINGS
    for column in columns_of(
        telling.entity,
        telling.column,
        *(("kind",) if telling.only else ()),
        *((telling.detail,) if telling.detail else ()),
    )
) + columns_of("Event", "at", "kind", "summary")


@strawberry.federation.type(
    keys=["id"],
    description="个案: one rehabilitation journey, from the first decision to the end of the last measure, "
    "across agencies and provinces.",
)
class Case(Node):
    """Derived by grouping what all sources hold; no agency keeps it."""

    id: strawberry.ID = strawberry.field(resolver=lambda root: root.file.id, description="Opaque.")
    file: strawberry.Private[CaseFile]
    owner: strawberry.Private[PersonFile]
    derived: strawberry.Private[Values]

    person: Annotated[Person, strawberry.lazy("schema.person")] | None = grouped(
        Label.EXISTENCE, "本人", lambda root: _person_of(root)
    )
    opened_on: date | None = derived_field("openedOn")
    closed_on: date | None = derived_field("closedOn")
    stage: CaseStage | None = derived_field("stage")
    measures: list[Measure] | None = rows_of(
        ENTITIES["Measure"], _measures, columns=columns_of("Measure", "kind", "startsOn"), reading=Many(_measure_rows)
    )
    decisions: list[Decision] | None = shown_rows(
        ENTITIES["Decision"],
        oldest_first("Decision", "decidedOn"),
        Decision,
        columns=columns_of("Decision", "kind", "number", "decidedOn"),
    )
    assessments: list[Assessment] | None = shown_rows(
        _ASSESSMENT,
        newest_first("Assessment", "assessedOn"),
        Assessment,
        columns=columns_of("Assessment", "assessedOn"),
    )
    community_recovery_advice: RuleOutcome | None = derived_field(
        "communityRecoveryAdvice",
        read=lambda root: outcome(root.derived.get("communityRecoveryAdvice")),
        description="What R1-R3 say of the newest assessment before release.",
    )
    agreements: list[Agreement] | None = shown_rows(
        ENTITIES["Agreement"],
        newest_first("Agreement", "signedOn"),
        Agreement,
        columns=columns_of("Agreement", "signedOn"),
    )
    visits: Connection[Visit] | None = rows_of(
        _VISIT, _visits, columns=columns_of("Visit", "visitedOn"), reading=Paged(_newest_visits)
    )
    drug_tests: Connection[DrugTest] | None = rows_of(
        _TEST, _drug_tests, columns=columns_of("DrugTest", "testedOn", "dueOn"), reading=Paged(_newest_tests)
    )
    timeline: Connection[TimelineEvent] | None = rows_of(
        ENTITIES["Event"],
        _timeline,
        columns=_TOLD,
        label=Label.CUSTODY,
        term="时间线",
        description="Everything that happened, oldest first; events of labels that you may not see are left out.",
    )

    @classmethod
    async def resolve_reference(cls, info: strawberry.Info, id: strawberry.ID) -> Case | None:
        """Federation: a case of ours by its id."""
        found = await info.context.reader.case(id, info)
        return case(*found) if found else None


def case(owner: PersonFile, file: CaseFile) -> Case:
    """A case of the graph."""
    return Case(file=file, owner=owner, derived=file.derived)


class CaseRow(Struct, frozen=True, gc=False):
    """What stands for a case: it has all that the resolvers read."""

    owner: PersonFile
    file: CaseFile
    derived: Values


def case_row(owner: PersonFile, file: CaseFile) -> CaseRow:
    """What stands for a case."""
    return CaseRow(owner, file, file.derived)


def _person_of(root: Case) -> Any:
    from schema.person import person  # the two nouns hold each other; one import has to wait

    return person(root.owner)
