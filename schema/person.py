"""Person: everything the agencies hold of one human being, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any

import strawberry

from schema.access import AccessConnection, access_page
from schema.agency import Agency, agency
from schema.case import Case, CaseRow, case, case_row, page_of
from schema.consent import Consent, consent
from schema.declare import columns_of, derived_field, grouped, newest_first, rows_of, shown_rows, sourced
from schema.entities import ENTITIES
from schema.enums import (
    ControlStatus,
    DocumentKind,
    Education,
    MaritalStatus,
    NameKind,
    PersonStatus,
    Relation,
    Sex,
    SupportKind,
    TreatmentKind,
)
from schema.file import PersonFile, Row, Values
from schema.jurisdiction import Jurisdiction, Place, placed, region_in
from schema.label import Label
from schema.measure import MEASURES, Measure, measure
from schema.node import Connection, Node, connect
from schema.reading import Above, Objects, Paged
from schema.shown import Shown
from schema.source import ETHNICITY, Conflict, Ethnicity, SourceRecord, conflict, ethnicity_of, record
from schema.support import Eligibility, SupportRecord, support_group

_PERSON = ENTITIES["PersonRecord"]
_TREATMENT = ENTITIES["Treatment"]
_FAMILY = ENTITIES["FamilyMember"]


@strawberry.type(description="另一个名字")
class PersonName:
    """A former name, an alias, a romanised name."""

    value: str
    kind: NameKind


@strawberry.type(description="证件")
class Document:
    """A document and its number."""

    kind: DocumentKind
    number: str


@strawberry.type(description="家庭成员")
class FamilyMember(Shown):
    """A relative."""

    name: str | None = sourced(_FAMILY["name"])
    relation: Relation | None = sourced(_FAMILY["relation"])
    phone: str | None = sourced(_FAMILY["phone"])


@strawberry.type(description="吸毒史")
class DrugUseHistory:
    """What is registered of somebody's drug use."""

    values: strawberry.Private[Values]

    first_used_on: date | None = sourced(_PERSON["firstUsedOn"])
    first_caught_on: date | None = sourced(_PERSON["firstCaughtOn"])
    substances: list[str] | None = sourced(_PERSON["substances"])
    use_method: str | None = sourced(_PERSON["useMethod"])
    registered_on: date | None = sourced(_PERSON["registeredOn"])


@strawberry.type(description="医疗")
class Treatment(Shown):
    """One stay or course of treatment."""

    kind: TreatmentKind | None = sourced(_TREATMENT["kind"])
    started_on: date | None = sourced(_TREATMENT["startedOn"])
    ended_on: date | None = sourced(_TREATMENT["endedOn"])
    facility_name: str | None = sourced(_TREATMENT["facilityName"])
    diagnosis_code: str | None = sourced(_TREATMENT["diagnosisCode"])
    diagnosis: str | None = sourced(_TREATMENT["diagnosis"])


@strawberry.type(description="健康")
class HealthRecord:
    """Treatments; HIV status under a label of its own (艾滋病防治条例 39)."""

    file: strawberry.Private[PersonFile]
    values: strawberry.Private[Values]

    treatments: list[Treatment] | None = shown_rows(
        _TREATMENT, newest_first("Treatment", "startedOn"), Treatment, columns=columns_of("Treatment", "startedOn")
    )
    hiv_positive: bool | None = sourced(_PERSON["hivPositive"])


def _other_names(root: Any) -> list[PersonName] | None:
    found = [
        *((name, NameKind.FORMER) for name in root.values.get("formerNames") or ()),
        *((name, NameKind.ALIAS) for name in root.values.get("aliases") or ()),
        *((name, NameKind.ROMANISED) for name in (root.values.get("romanisedName"),) if name),
    ]
    return [PersonName(value=value, kind=kind) for value, kind in found]


def _documents(root: Any) -> list[Document] | None:
    values = root.values
    numbers = [values.get("idNumber"), *(values.get("otherIdNumbers") or ())]
    found = [Document(kind=DocumentKind.RESIDENT_ID, number=number) for number in numbers if number]
    if number := values.get("documentNumber"):
        found.append(Document(kind=DocumentKind[values.get("documentKind") or "OTHER"], number=number))
    return found


def _responsible_police(root: Any, info: strawberry.Info) -> list[Agency] | None:
    codes = root.values.get("responsiblePoliceCodes")
    return None if codes is None else [agency(info.context.reader.agency(code)) for code in codes]


_execution_place, _EXECUTION_PLACE = region_in("executionPlace", derived=True)


def _current_measure(root: Any) -> Measure | None:
    wanted = root.derived.get("currentMeasure")
    for file in root.file.cases or ():
        for row in file.rows.get("Measure") or ():
            if row.order == wanted and row.values.get("kind") in MEASURES:
                return measure(row, file)
    return None


def _cases(root: Any, info: strawberry.Info, first: int = 20, after: str | None = None) -> Connection[Case] | None:
    if root.file.cases is None:
        return None
    owner = root.file
    page = page_of(info, owner.cases, first, after, f"{owner.id}.cases")
    return connect(page, partial(case, owner), partial(case_row, owner))


def _case_rows(roots: Objects) -> list[list[CaseRow] | None]:
    found: list[list[CaseRow] | None] = []
    for root in roots:
        owner: PersonFile = root.file
        if owner.cases is not None and len(owner.cases) == 1:  # as most have
            (only,) = owner.cases
            found.append([CaseRow(owner, only, only.derived)])
        else:
            found.append(None if owner.cases is None else [case_row(owner, one) for one in owner.cases])
    return found


def _family(roots: Objects) -> list[Sequence[Row] | None]:
    return [root.file.rows.get("FamilyMember") for root in roots]


def _eligibility(root: Any, kind: Annotated[SupportKind, strawberry.argument(name="for")]) -> Eligibility | None:
    answers = root.derived.get("eligibility")
    if answers is None:
        return None
    answer = answers[kind.name]
    return Eligibility(eligible=answer.eligible, until=answer.until)


def _consents(root: Any, info: strawberry.Info) -> list[Consent] | None:
    found = info.context.desk.consents_of(root.file.id)
    return None if found is None else [consent(one) for one in found]


async def _accesses(
    root: Any, info: strawberry.Info, first: int = 20, after: str | None = None
) -> AccessConnection | None:
    return access_page(await info.context.reader.accesses_of(root.file.id, first, after))


@strawberry.federation.type(
    keys=["id"],
    description="人员: a person across agencies and provinces. The id is a federation-wide pseudonym.",
)
class Person(Node):
    """Merged from every source that knows the person; a conflict shows all values."""

    file: strawberry.Private[PersonFile]
    values: strawberry.Private[Values]
    derived: strawberry.Private[Values]

    name: str | None = sourced(_PERSON["name"])
    other_names: list[PersonName] | None = sourced(
        _PERSON["formerNames"], _PERSON["aliases"], _PERSON["romanisedName"], read=_other_names, term="其他姓名"
    )
    id_number: str | None = sourced(_PERSON["idNumber"])
    documents: list[Document] | None = sourced(
        _PERSON["idNumber"],
        _PERSON["otherIdNumbers"],
        _PERSON["documentNumber"],
        _PERSON["documentKind"],
        read=_documents,
        term="证件",
    )
    sex: Sex | None = sourced(_PERSON["sex"])
    birth_date: date | None = sourced(_PERSON["birthDate"])
    ethnicity: Ethnicity | None = sourced(_PERSON["ethnicity"], read=ethnicity_of, reading=ETHNICITY)
    education: Education | None = sourced(_PERSON["education"])
    marital_status: MaritalStatus | None = sourced(_PERSON["maritalStatus"])
    died_on: date | None = sourced(_PERSON["diedOn"])
    domicile: Place | None = placed("domicile", "户籍地")
    residence: Place | None = placed("residence", "现居住地")
    execution_place: Jurisdiction | None = derived_field(
        "executionPlace", read=_execution_place, reading=_EXECUTION_PLACE
    )
    responsible_police: list[Agency] | None = sourced(
        _PERSON["responsiblePoliceCodes"], read=_responsible_police, description="May be two: 双向管控."
    )
    control_status: ControlStatus | None = sourced(_PERSON["controlStatus"])
    control_entered_on: date | None = sourced(_PERSON["controlEnteredOn"])
    phones: list[str] | None = sourced(_PERSON["phones"])
    family: list[FamilyMember] | None = shown_rows(
        _FAMILY, _family, FamilyMember, columns=columns_of("FamilyMember", "relation")
    )
    status: PersonStatus | None = derived_field("status")
    released_on: date | None = derived_field("releasedOn")
    current_measure: Measure | None = derived_field("currentMeasure", read=_current_measure)
    cases: Connection[Case] | None = rows_of(
        ENTITIES["Measure"],
        _cases,
        label=Label.CUSTODY,
        term="个案",
        description="Newest first.",
        reading=Paged(_case_rows),
    )
    drug_use: DrugUseHistory | None = grouped(
        Label.DRUG_USE, "吸毒史", lambda root: DrugUseHistory(values=root.values), reading=Above()
    )
    health: HealthRecord | None = grouped(
        Label.HEALTH, "健康", lambda root: HealthRecord(file=root.file, values=root.values), reading=Above()
    )
    support: SupportRecord | None = support_group()
    eligibility: Eligibility | None = derived_field(
        "eligibility", read=_eligibility, description="Programme rule over the measures; never says why."
    )
    records: list[SourceRecord] | None = rows_of(
        _PERSON,
        lambda root: None if root.file.records is None else [record(row) for row in root.file.records],
        term="各来源记录",
        description="Each source's own view of this person, side by side.",
    )
    conflicts: list[Conflict] | None = rows_of(
        _PERSON,
        lambda root: (
            None if root.file.disagreements is None else [conflict(found) for found in root.file.disagreements]
        ),
        term="来源间的不一致",
        description="What sources disagree about, with all values.",
    )
    consents: list[Consent] | None = grouped(Label.AUDIT, "同意", _consents)
    accesses: AccessConnection | None = grouped(Label.AUDIT, "查阅记录", _accesses)

    @classmethod
    async def resolve_reference(cls, info: strawberry.Info, id: strawberry.ID) -> Person | None:
        """Federation: a person of ours by the federation-wide id; many at once are read as one batch."""
        file = await info.context.reader.person(id, info)
        return person(file) if file else None


def person(file: PersonFile) -> Person:
    """A person of the graph."""
    return Person(id=strawberry.ID(file.id), file=file, values=file.values, derived=file.derived)
