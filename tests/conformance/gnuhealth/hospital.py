"""Synthetic people of a GNU Health hospital: written through its own model layer, then read back through it.

No name, number or address belongs to anybody: the region codes of the numbers were never assigned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from schema.codes.gb11643 import check_digit
from tests.conformance.gnuhealth.rpc import Row, Session


@dataclass(frozen=True, slots=True)
class Visit:
    """One evaluation; moments are UTC, as Tryton keeps them."""

    start: datetime
    end: datetime | None
    kind: str
    diagnosis: str


@dataclass(frozen=True, slots=True)
class Patient:
    """A person as a clerk would enter one; `ref` is GNU Health's person unique identifier."""

    family: str
    given: str
    ref: str
    born: date | None
    gender: str
    marital: str | None = None
    street: str | None = None
    phones: tuple[str, ...] = ()
    passport: str | None = None
    active: bool = True
    visits: tuple[Visit, ...] = ()


def number(seventeen: str) -> str:
    """A whole identity number from its first seventeen digits."""
    return seventeen + check_digit(seventeen)


DEPENDENCE = ("F11.2", "阿片类依赖综合征")
PSYCHOSIS = ("F15.5", "兴奋剂所致精神病性障碍")
INFECTION = ("B20.1", "HIV病造成的其他细菌性感染")
HOUSE = "云岭康复医院（虚构）"

PATIENTS = (
    Patient(
        "沈",
        "知远",
        number("32990119870314211"),
        date(1987, 3, 14),
        "m",
        "m",
        "青禾路12号3幢202室",
        ("13900000001", "051200000001"),
        visits=(
            # half past two in the night of the second of March in China
            Visit(datetime(2024, 3, 1, 18, 30), datetime(2024, 3, 20, 2, 0), "inpatient", "F11.2"),
            Visit(datetime(2024, 5, 6, 1, 0), datetime(2024, 5, 6, 2, 0), "outpatient", "F11.2"),
        ),
    ),
    Patient(
        "顾",
        "明霞",
        number("32990219911105642"),
        date(1991, 11, 5),
        "f",
        "d",
        "听松巷7号",
        ("13900000002",),
        visits=(
            Visit(datetime(2025, 1, 10, 1, 0), None, "inpatient", "F15.5"),
            Visit(datetime(2025, 2, 11, 1, 0), datetime(2025, 2, 11, 2, 0), "outpatient", "B20.1"),
        ),
    ),
    Patient(
        "迪丽热巴", "阿不都", number("32990319950720112").lower(), date(1995, 7, 20), "f", "s", passport="E00000001"
    ),
    Patient("欧阳", "𬭊", "329904680512331", date(1968, 5, 12), "m", "w"),
    Patient("陆", "远舟", "329905198002292171", date(1980, 2, 29), "m", "c"),
    Patient("贺", "青", number("32990619990901438"), date(1999, 9, 1), "nb", "x", phones=("13900000006",)),
    Patient("无名", "女", "NN-0007", None, "u"),
    Patient("许", "退", number("32990819760606219"), date(1976, 6, 6), "m", active=False, phones=("13900000008",)),
)


def fill(session: Session) -> None:
    """Enter everybody: parties, patients, evaluations, diseases, appointments."""
    house = _institution(session)
    doctor = _doctor(session, house)
    conditions = {
        code: session.create("gnuhealth.pathology", [{"code": code, "name": name}])[0]
        for code, name in (DEPENDENCE, PSYCHOSIS, INFECTION)
    }
    for patient in PATIENTS:
        _patient(session, patient, house, doctor, conditions)


def _institution(session: Session) -> int:
    values: Row = {"name": HOUSE, "is_institution": True, "fed_country": "CHN"}
    party = session.create("party.party", [values])[0]
    values = {"party": party, "code": "YL01", "institution_type": "hospital", "public_level": "public"}
    return session.create("gnuhealth.institution", [values])[0]


def _doctor(session: Session, house: int) -> int:
    """The health professional behind the user who is logged in, with a telephone of his own."""
    values: Row = {
        "name": "守正",
        "lastname": "方",
        "ref": number("32990919700101331"),
        "gender": "m",
        "is_person": True,
        "is_healthprof": True,
        "internal_user": 1,
        "fed_country": "CHN",
        "contact_mechanisms": [["create", [{"type": "mobile", "value": "13900000009"}]]],
    }
    party = session.create("party.party", [values])[0]
    return session.create("gnuhealth.healthprofessional", [{"party": party, "code": "D01", "institution": house}])[0]


def _patient(session: Session, patient: Patient, house: int, doctor: int, conditions: dict[str, int]) -> None:
    party = session.create("party.party", [_party(patient)])[0]
    row = session.create("gnuhealth.patient", [{"party": party}])[0]
    for visit in patient.visits:
        _evaluation(session, row, visit, house, doctor, conditions)
        values: Row = {
            "patient": row,
            "pathology": conditions[visit.diagnosis],
            "diagnosed_date": visit.start.date(),
            "healthprof": doctor,
            "institution": house,
        }
        session.create("gnuhealth.patient.disease", [values])
    if not patient.active:
        session.write("party.party", [party], {"active": False})


def _party(patient: Patient) -> Row:
    values: Row = {
        "name": patient.given,
        "lastname": patient.family,
        "name_representation": "cjk",
        "ref": patient.ref,
        "dob": patient.born,
        "gender": patient.gender,
        "marital_status": patient.marital,
        "is_person": True,
        "is_patient": True,
        "fed_country": "CHN",
        "addresses": [["create", [{"street": patient.street}]]] if patient.street else [],
        "contact_mechanisms": [["create", [{"type": "mobile", "value": phone} for phone in patient.phones]]],
    }
    if patient.passport:
        values["alternative_identification"] = True
        values["alternative_ids"] = [["create", [{"alternative_id_type": "passport", "code": patient.passport}]]]
    return values


def _evaluation(
    session: Session, patient: int, visit: Visit, house: int, doctor: int, conditions: dict[str, int]
) -> None:
    values: Row = {
        "patient": patient,
        "evaluation_start": visit.start,
        "evaluation_type": visit.kind,
        "diagnosis": conditions[visit.diagnosis],
        "institution": house,
        "healthprof": doctor,
        "discharge_reason": "home",
    }
    evaluation = session.create("gnuhealth.patient.evaluation", [values])
    if visit.end is not None:
        session.press("gnuhealth.patient.evaluation", "end_evaluation", evaluation)
        session.write("gnuhealth.patient.evaluation", evaluation, {"evaluation_endtime": visit.end})


def testimony(session: Session) -> dict[str, list[Row]]:
    """What GNU Health's own layer says about everybody, to hold the adapter's answers against."""
    parties = ["rec_name", "name", "lastname", "ref", "dob", "gender", "marital_status", "active", "mobile"]
    evaluations = [
        "patient.party.id",
        "evaluation_start",
        "evaluation_endtime",
        "evaluation_type",
        "diagnosis.code",
        "diagnosis.name",
        "institution.rec_name",
        "state",
    ]
    everybody: list[object] = [["is_patient", "=", True], ["active", "in", [True, False]]]
    return {
        "parties": session.read("party.party", everybody, parties),
        "addresses": session.read("party.address", [], ["party", "street"]),
        "phones": session.read("party.contact_mechanism", [], ["party", "value"]),
        "documents": session.read("gnuhealth.person_alternative_identification", [], ["party", "code"]),
        "evaluations": session.read("gnuhealth.patient.evaluation", [], evaluations),
        "diseases": session.read(
            "gnuhealth.patient.disease", [], ["patient.party.id", "pathology.code", "diagnosed_date"]
        ),
    }
