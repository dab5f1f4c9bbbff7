"""The six measures (措施), and the rows that belong to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import strawberry
from msgspec import Struct, defstruct

from schema.agency import AGENCY, Agency, agency_of
from schema.declare import grouped, rows_of, sourced
from schema.entities import ENTITIES
from schema.enums import AgreementKind, DecisionKind, EndReason, IsolationPhase, MeasureKind, MeasureStatus
from schema.file import CaseFile, Row, Values
from schema.jurisdiction import Jurisdiction, region_in
from schema.label import Label
from schema.node import row_id
from schema.shown import Identified
from schema.source import SourceRecord, record

_MEASURE = ENTITIES["Measure"]
_DECISION = ENTITIES["Decision"]
_AGREEMENT = ENTITIES["Agreement"]


_read_place, _PLACE = region_in("executionPlaceCode")


@strawberry.type(description="决定: what the police decided.")
class Decision(Identified):
    """One decision of a public security organ."""

    kind: DecisionKind | None = sourced(_DECISION["kind"])
    number: str | None = sourced(_DECISION["number"])
    decided_on: date | None = sourced(_DECISION["decidedOn"])
    agency: Agency | None = sourced(_DECISION["agencyCode"], _DECISION["agencyName"], read=agency_of, reading=AGENCY)
    term_months: int | None = sourced(_DECISION["termMonths"])
    starts_on: date | None = sourced(_DECISION["startsOn"])
    ends_on: date | None = sourced(_DECISION["endsOn"])
    execution_place: Jurisdiction | None = sourced(_DECISION["executionPlaceCode"], read=_read_place, reading=_PLACE)
    served_on: date | None = sourced(_DECISION["servedOn"])


def decision(row: Row) -> Decision:
    """A decision of the graph."""
    return Decision(row=row, values=row.values)


@strawberry.type(description="协议")
class Agreement(Identified):
    """What somebody signed, and with whom."""

    kind: AgreementKind | None = sourced(_AGREEMENT["kind"])
    signed_on: date | None = sourced(_AGREEMENT["signedOn"])
    ends_on: date | None = sourced(_AGREEMENT["endsOn"])
    agency: Agency | None = sourced(
        _AGREEMENT["agencyCode"], _AGREEMENT["agencyName"], read=agency_of, reading=AGENCY
    )


def agreement(row: Row) -> Agreement:
    """An agreement of the graph."""
    return Agreement(row=row, values=row.values)


_AGREEMENT_OF = {
    "COMMUNITY_TREATMENT": "COMMUNITY_TREATMENT",
    "COMMUNITY_RECOVERY": "COMMUNITY_RECOVERY",
    "REHABILITATION_STAY": "REHABILITATION",
    "AFTERCARE": "AFTERCARE",
    "VOLUNTARY_TREATMENT": "VOLUNTARY",
}


def _decision_of(root: Measure) -> Decision | None:
    """The decision with this measure's number."""
    number = root.row.values.get("decisionNumber")
    rows = root.case.rows.get("Decision") or ()
    found = next((row for row in rows if number and row.values.get("number") == number), None)
    return decision(found) if found else None


def _agreement_of(root: Measure) -> Agreement | None:
    """The newest agreement of this measure's kind in the case."""
    kind = _AGREEMENT_OF.get(str(root.row.values.get("kind")))
    rows = [row for row in root.case.rows.get("Agreement") or () if row.values.get("kind") == kind]
    newest = max(rows, key=lambda row: str(row.values.get("signedOn") or ""), default=None)
    return agreement(newest) if newest else None


def _agreement_field() -> Any:
    return rows_of(
        _AGREEMENT,
        _agreement_of,
        columns=(_AGREEMENT["kind"], _AGREEMENT["signedOn"]),
        description="The newest of this measure's kind.",
    )


@strawberry.interface(description="措施: one stretch of a journey, run by one agency.")
class Measure:
    """What the six have in common."""

    id: strawberry.ID = row_id()
    row: strawberry.Private[Row]
    case: strawberry.Private[CaseFile]
    values: strawberry.Private[Values]

    kind: MeasureKind | None = sourced(_MEASURE["kind"])
    agency: Agency | None = sourced(_MEASURE["agencyCode"], _MEASURE["agencyName"], read=agency_of, reading=AGENCY)
    decision: Decision | None = rows_of(
        _DECISION, _decision_of, columns=(_DECISION["number"], _MEASURE["decisionNumber"])
    )
    starts_on: date | None = sourced(_MEASURE["startsOn"])
    due_end_on: date | None = sourced(_MEASURE["dueEndOn"])
    ended_on: date | None = sourced(_MEASURE["endedOn"])
    end_reason: EndReason | None = sourced(_MEASURE["endReason"])
    status: MeasureStatus | None = sourced(_MEASURE["status"])
    execution_place: Jurisdiction | None = sourced(_MEASURE["executionPlaceCode"], read=_read_place, reading=_PLACE)
    record: SourceRecord | None = grouped(Label.EXISTENCE, "来源记录", lambda root: record(root.row))


@strawberry.type(description="强制隔离戒毒: two years from the decision (禁毒法 47, 戒毒条例 27).")
class CompulsoryIsolation(Measure):
    """Phases, early release or extension, release and collection."""

    phase: IsolationPhase | None = sourced(_MEASURE["phase"])
    extension_months: int | None = sourced(_MEASURE["extensionMonths"])
    reduction_days: int | None = sourced(_MEASURE["reductionDays"])
    release_notice_on: date | None = sourced(
        _MEASURE["releaseNoticeOn"], description="Due three days before release (戒毒条例 34)."
    )
    collected: bool | None = sourced(_MEASURE["collected"])
    collected_by: str | None = sourced(_MEASURE["collectedBy"])


@strawberry.type(description="戒毒康复: a voluntary agreement with a centre (禁毒法 49, 戒毒条例 41).")
class RehabilitationStay(Measure):
    """A stay with points."""

    points: int | None = sourced(_MEASURE["points"])
    agreement: Agreement | None = _agreement_field()


@strawberry.type(description="社区戒毒: three years from report-in (戒毒条例 14).")
class CommunityTreatment(Measure):
    """Ordered by the police, run by a township."""

    ordered_on: date | None = sourced(_MEASURE["orderedOn"])
    reported_on: date | None = sourced(_MEASURE["reportedOn"])
    agreement: Agreement | None = _agreement_field()


@strawberry.type(description="社区康复: up to three years; report-in within 15 days of the order (戒毒条例 37, 38).")
class CommunityRecovery(Measure):
    """Advised by the facility, ordered by the police, run by a township."""

    ordered_on: date | None = sourced(_MEASURE["orderedOn"])
    reported_on: date | None = sourced(_MEASURE["reportedOn"])
    agreement: Agreement | None = _agreement_field()


@strawberry.type(description="自愿戒毒: a hospital's own record (戒毒条例 9-12).")
class VoluntaryTreatment(Measure):
    """Agreed with a hospital."""

    agreement: Agreement | None = _agreement_field()


@strawberry.type(description="后续照管: by the judicial administration, or a custodian when out of province.")
class Aftercare(Measure):
    """Agreement, visits, custodian."""

    custodian: str | None = sourced(_MEASURE["custodian"])
    agreement: Agreement | None = _agreement_field()


MEASURES: dict[str, type[Measure]] = {
    "COMPULSORY_ISOLATION": CompulsoryIsolation,
    "REHABILITATION_STAY": RehabilitationStay,
    "COMMUNITY_TREATMENT": CommunityTreatment,
    "COMMUNITY_RECOVERY": CommunityRecovery,
    "VOLUNTARY_TREATMENT": VoluntaryTreatment,
    "AFTERCARE": Aftercare,
}


class MeasureRow(Struct, frozen=True, gc=False):
    """A measure's row in its case: has what the resolvers of the six types read, and stands for their objects."""

    row: Row
    case: CaseFile
    values: Values


def _row_class(shape: type[Measure]) -> Any:
    """Of its own for each type, because an interface asks an object's class which type it is."""
    definition = shape.__strawberry_definition__  # type: ignore[attr-defined]  # set by Strawberry
    name, namespace = f"{shape.__name__}Row", {"__strawberry_definition__": definition}
    return defstruct(name, [], bases=(MeasureRow,), namespace=namespace, frozen=True, gc=False)


_ROWS: dict[object, Callable[[Row, CaseFile, Values], MeasureRow]] = {
    kind: _row_class(shape) for kind, shape in MEASURES.items()
}


def measure_rows(lists: Sequence[Sequence[Row] | None], cases: Iterable[CaseFile]) -> list[list[MeasureRow] | None]:
    """Measures' rows by case, each of a class for its kind; rows whose kind could not be read are left out."""
    found: list[list[MeasureRow] | None] = []
    for rows, case in zip(lists, cases, strict=True):
        if rows is None:
            found.append(None)
            continue
        kept = []
        for row in rows:
            values = row.values
            shape = _ROWS.get(values.get("kind"))
            if shape is not None:
                kept.append(shape(row, case, values))
        found.append(kept)
    return found


def measure(row: Row, case: CaseFile) -> Measure:
    """A measure of the graph, of the type of its kind; KeyError for a row whose kind could not be read."""
    return MEASURES[str(row.values.get("kind"))](row=row, case=case, values=row.values)
