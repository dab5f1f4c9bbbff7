"""The rehabilitation hospitals' FHIR R4 face: search Bundles with links, references, a laboratory's own codes.

Resources stand as JSON beside the columns that can be searched by. Codes of tests are the laboratory's own
catalogue and illustrative.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

from sqlalchemy import MetaData, Text, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mocks.dirt import Dirt
from mocks.fill import Row, fill, table
from mocks.life import Happening, Life
from mocks.store import Row as Stored
from mocks.store import Statement, Store, application, listed, number
from mocks.world import World

IDENTITY_CARD = "urn:oid:2.16.156.10011.1.3"
ICD = "http://hl7.org/fhir/sid/icd-10"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
LABORATORY = "urn:jiangsu:hospital:laboratory"

Resource = dict[str, object]

_METADATA = MetaData()
RESOURCES = table(_METADATA, "resource", "id", "type patient code identifier updated content")
RESOURCES.c.content.type = Text()
_TYPES = ("Patient", "Encounter", "Condition", "Observation")
_GENDERS = {"MALE": "male", "FEMALE": "female", "UNKNOWN": "unknown", "UNSPECIFIED": "other"}
_MARITAL = {"UNMARRIED": "S", "DIVORCED": "D", "WIDOWED": "W"}
_CLASSES = {"INPATIENT": ("IMP", "inpatient encounter"), "OUTPATIENT": ("AMB", "ambulatory")}
_MAINTENANCE = {"coding": [{"system": "urn:jiangsu:hospital:service", "code": "MMT"}], "text": "药物维持治疗"}
_RESULTS = {"NEG": "阴性", "POS": "阳性"}


async def build(world: World, url: str) -> None:
    """Write everybody who was ever treated: patient, encounters, diagnoses, tests."""
    dirt = Dirt(world, "jiangsu-hospital")
    rows: list[Row] = []
    for life in world.lives:
        treated = [happening for happening in life.happenings if happening.kind == "treatment"]
        if treated:
            patient = f"js-{life.number:06d}"
            rows += [
                _stored(patient, treated[-1].on, resource) for resource in _resources(dirt, life, patient, treated)
            ]
    await fill(url, _METADATA, {RESOURCES: rows})


def _stored(patient: str, updated: date, resource: Resource) -> Row:
    identifiers = resource.get("identifier")
    code = resource.get("code")
    coding = code["coding"][0]["code"] if isinstance(code, dict) else None
    return {
        "id": resource["id"],
        "type": resource["resourceType"],
        "patient": patient,
        "code": coding,
        "identifier": identifiers[0]["value"] if isinstance(identifiers, list) and identifiers else None,
        "updated": updated.isoformat(),
        "content": json.dumps({**resource, "meta": {"lastUpdated": f"{updated}T08:00:00+08:00"}}, ensure_ascii=False),
    }


def _resources(dirt: Dirt, life: Life, patient: str, treated: list[Happening]) -> Iterator[Resource]:
    yield _patient(dirt, life, patient)
    for turn, treatment in enumerate(treated):
        yield _encounter(patient, turn, treatment)
    for turn, diagnosis in enumerate(dict.fromkeys(treatment.text or "" for treatment in treated)):
        onset = next(treatment.on for treatment in treated if treatment.text == diagnosis)
        yield {
            "resourceType": "Condition",
            "id": f"{patient}-c{turn}",
            "subject": _reference(patient),
            "code": _diagnosis(diagnosis),
            "onsetDateTime": onset.isoformat(),
        }
    yield from _tests(life, patient, treated)


def _patient(dirt: Dirt, life: Life, patient: str) -> Resource:
    called = dirt.name(life, old=0.2)
    names: list[Resource] = [{"use": "official", "text": called}]
    if life.former_name and life.former_name != called:
        names.append({"use": "old", "text": life.former_name})
    identifiers: list[Resource] = []
    if card := dirt.id_number(life):
        identifiers.append({"system": IDENTITY_CARD, "value": card})
    if life.passport:
        identifiers.append({"type": {"coding": [{"code": "PPN"}]}, "value": life.passport})
    resource: Resource = {
        "resourceType": "Patient",
        "id": patient,
        "active": True,
        "identifier": identifiers,
        "name": names,
        "gender": _GENDERS[life.sex],
        "birthDate": life.birth_date.isoformat(),
        "telecom": [{"system": "phone", "value": phone} for phone in life.phones],
        "address": [{"use": "home", "text": life.residence_address}],
        "maritalStatus": {"coding": [{"code": _MARITAL.get(life.marital_status, "M")}]},
    }
    return {**resource, "deceasedDateTime": life.died_on.isoformat()} if life.died_on else resource


def _encounter(patient: str, turn: int, treatment: Happening) -> Resource:
    code, display = _CLASSES.get(treatment.what, _CLASSES["OUTPATIENT"])
    period: Resource = {"start": f"{treatment.on}T09:00:00+08:00"}
    if treatment.until:
        period["end"] = f"{treatment.until}T15:00:00+08:00"
    return {
        "resourceType": "Encounter",
        "id": f"{patient}-e{turn}",
        "status": "finished" if treatment.until else "in-progress",
        "class": {"code": code, "display": display},
        "type": [_MAINTENANCE] if treatment.what == "METHADONE" else [],
        "subject": _reference(patient),
        "period": period,
        "serviceProvider": {"display": treatment.agency_name},
        "reasonCode": [_diagnosis(treatment.text or "")],
    }


def _diagnosis(text: str) -> Resource:
    code, _, display = text.partition(" ")
    return {"coding": [{"system": ICD, "code": code, "display": display}], "text": display}


def _tests(life: Life, patient: str, treated: list[Happening]) -> Iterator[Resource]:
    """A urine test at the door of every inpatient, and everybody's HIV antibodies."""
    inpatient = [treatment for treatment in treated if treatment.what == "INPATIENT"]
    for turn, stay in enumerate(inpatient):
        found = "POS" if (stay.text or "").startswith("F1") else "NEG"
        yield _observation(f"{patient}-u{turn}", patient, ("urine-drug-screen", "尿液毒品筛查"), found, stay)
    found = "POS" if life.hiv_positive else "NEG"
    yield _observation(f"{patient}-h0", patient, ("hiv-antibody", "HIV抗体"), found, treated[0])


def _observation(number_: str, patient: str, test: tuple[str, str], found: str, treatment: Happening) -> Resource:
    code, text = test
    return {
        "resourceType": "Observation",
        "id": number_,
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": LABORATORY, "code": code, "display": text}]},
        "subject": _reference(patient),
        "effectiveDateTime": f"{treatment.on + timedelta(days=1)}T10:00:00+08:00",
        "performer": [{"display": treatment.agency_name}],
        "valueCodeableConcept": {"coding": [{"system": INTERPRETATION, "code": found, "display": _RESULTS[found]}]},
    }


def _reference(patient: str) -> Resource:
    return {"reference": f"Patient/{patient}"}


def app(url: str) -> ASGIApp:
    """The server: read and search of four resource types."""
    store = Store(url)

    async def read(request: Request) -> Response:
        kind, number_ = request.path_params["type"], request.path_params["id"]
        rows = await store.rows(_of_type(kind).where(RESOURCES.c.id == number_))
        if not rows:
            return _outcome("not-found", 404)
        return _fhir(rows[0]["content"] or "{}")

    async def search(request: Request) -> Response:
        kind = request.path_params["type"]
        if kind not in _TYPES:
            return _outcome("not-supported", 404)
        try:
            statement = _narrowed(kind, request.query_params)
        except KeyError:
            return _outcome("invalid", 400)
        offset = number(request.query_params.get("_offset"), 0)
        count = min(max(1, number(request.query_params.get("_count"), 50)), 100)
        rows, total = await store.page(statement.order_by(RESOURCES.c.id), offset, count)
        return _fhir(json.dumps(_bundle(request, rows, total, offset, count), ensure_ascii=False))

    return application(
        store,
        [Route("/fhir/metadata", _metadata), Route("/fhir/{type}", search), Route("/fhir/{type}/{id}", read)],
        header="X-Api-Key",
        variable="JIANGSU_HOSPITAL_SECRET",
        refusal=lambda: _outcome("security", 401),
    )


async def _metadata(_: Request) -> Response:
    return _fhir(json.dumps({"resourceType": "CapabilityStatement", "status": "active", "fhirVersion": "4.0.1"}))


def _of_type(kind: str) -> Statement:
    return select(RESOURCES.c.id, RESOURCES.c.content).where(RESOURCES.c.type == kind)


def _narrowed(kind: str, parameters: Mapping[str, str]) -> Statement:
    """The searched resources; a parameter that the server does not know is a KeyError."""
    statement = _of_type(kind)
    for name, value in parameters.items():
        if name in ("_count", "_offset", "_sort", "_format"):
            continue
        wanted = [part.rpartition("|" if name in ("identifier", "code") else "/")[2] for part in listed(value)]
        columns = {"_id": "id", "code": "code", **({"identifier": "identifier"} if kind == "Patient" else {})}
        if kind != "Patient":
            columns |= {"patient": "patient", "subject": "patient"}
        statement = statement.where(RESOURCES.c[columns[name]].in_(wanted))
    return statement


def _bundle(request: Request, rows: list[Stored], total: int, offset: int, count: int) -> Resource:
    links = [{"relation": "self", "url": str(request.url)}]
    if offset + len(rows) < total:
        following = {**request.query_params, "_count": count, "_offset": offset + count}
        links.append({"relation": "next", "url": str(request.url.replace(query=urlencode(following)))})
    entries = [
        {
            "fullUrl": f"urn:js:{row['id']}",
            "resource": json.loads(row["content"] or "{}"),
            "search": {"mode": "match"},
        }
        for row in rows
    ]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": total, "link": links}
    return {**bundle, "entry": entries} if entries else bundle


def _fhir(content: str, status: int = 200) -> Response:
    return Response(content.encode(), status, media_type="application/fhir+json")


def _outcome(code: str, status: int) -> Response:
    issue = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}
    return _fhir(json.dumps(issue), status)
