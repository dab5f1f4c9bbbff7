"""FHIR AuditEvent R4 (hl7.org/fhir/R4/auditevent.html), one resource in a line as in FHIR's bulk data.

Codes are DICOM's (audit event ids) and FHIR's where there is one, and the graph's own words beside them. Who stands
as the agent that asked, each person as an entity of the kind Person, the operation as a query without its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from gateway.audit.event import EventRecord, Kind
from gateway.audit.export.format import Token
from gateway.audit.record import AccessRecord
from gateway.audit.search import Entry

Json = dict[str, Any]

DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
OUR_WORDS: Final = "urn:yiti:code"
_ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_SOURCE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_PARTY: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

_OUTCOMES: Final = {"OK": "0", "PARTIAL": "4", "DENIED": "8", "REFUSED": "8", "FAILED": "12"}
_PURPOSES: Final = {  # where v3-PurposeOfUse has a word for it
    "TREATMENT": ("TREAT", "treatment"),
    "OWN_ACCESS": ("PATRQT", "patient requested"),
    "AUDIT": ("HCOMPL", "health compliance"),
    "STATUTORY_QUERY": ("HLEGAL", "legal"),
    "SUPPORT": ("COVERAGE", "coverage under policy or program"),
}
_QUERY: Final = ("110112", "Query")
_TYPES: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.ACCESS: _QUERY,
    Kind.MUTATION: ("110100", "Application Activity"),
    Kind.BREAK_GLASS: ("110113", "Security Alert"),
    Kind.CONSENT: ("110113", "Security Alert"),
    Kind.LOGIN: ("110114", "User Authentication"),
    Kind.POLICY: ("110113", "Security Alert"),
    Kind.CONSOLE: ("110101", "Audit Log Used"),
    Kind.EXPORT: ("110106", "Export"),
    Kind.VERIFICATION: ("110101", "Audit Log Used"),
    Kind.ERASURE: ("110113", "Security Alert"),
    Kind.GATEWAY: ("110100", "Application Activity"),
}
_SUBTYPES: Final = {
    (Kind.LOGIN, "signed-in"): ("110122", "Login"),
    (Kind.LOGIN, "signed-out"): ("110123", "Logout"),
    (Kind.GATEWAY, "started"): ("110120", "Application Start"),
    (Kind.GATEWAY, "stopped"): ("110121", "Application Stop"),
    (Kind.BREAK_GLASS, "granted"): ("110127", "Emergency Override Started"),
    (Kind.BREAK_GLASS, "expired"): ("110138", "Emergency Override Stopped"),
    (Kind.POLICY, "accepted"): ("110129", "Security Configuration"),
    (Kind.CONSENT, "recorded"): ("110129", "Security Configuration"),
    (Kind.CONSENT, "revoked"): ("110129", "Security Configuration"),
    (Kind.ERASURE, "key-erased"): ("110129", "Security Configuration"),
}
_ACTIONS: Final = {Kind.MUTATION: "U", Kind.CONSENT: "U", Kind.CONSOLE: "R", Kind.EXPORT: "R", Kind.ERASURE: "D"}


class FhirLines:
    """Implements gateway.audit.export.format.Lines."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def lines(self, entries: Iterable[Entry]) -> bytes:
        """One AuditEvent each."""
        return b"".join(
            orjson.dumps(audit_event(entry, self._token), option=orjson.OPT_APPEND_NEWLINE) for entry in entries
        )


def audit_event(entry: Entry, token: Token) -> Json:
    """An entry as an AuditEvent."""
    record = entry.record
    kind = Kind.ACCESS if isinstance(record, AccessRecord) else record.kind
    found: Json = {
        "resourceType": "AuditEvent",
        "id": f"e{entry.index}-{entry.leaf_hash[:16]}",
        "type": _coding(DICOM, *_TYPES[kind]),
        "subtype": _subtypes(record, kind),
        "action": _ACTIONS.get(kind, "E"),
        "recorded": record.at.isoformat(timespec="milliseconds"),
        "outcome": _OUTCOMES.get(record.outcome, "12"),
        "outcomeDesc": record.outcome,
        "agent": _agents(record),
        "source": {
            "site": record.jurisdiction,
            "observer": _named("urn:yiti:jurisdiction", record.jurisdiction),
            "type": [_coding(_SOURCE, "4", "Application Server")],
        },
        "entity": [*(_person(token(person)) for person in record.persons), _thing(entry)],
    }
    purpose = _purpose(record.purpose)
    return {**found, "purposeOfEvent": purpose} if purpose else found


def _subtypes(record: AccessRecord | EventRecord, kind: Kind) -> list[Json]:
    if isinstance(record, AccessRecord):
        return [_coding(OUR_WORDS, "access", "access")]
    own = _coding(OUR_WORDS, f"{kind.value}.{record.action}", f"{kind.value} {record.action}")
    known = _SUBTYPES.get((kind, record.action))
    return [_coding(DICOM, *known), own] if known else [own]


def _agents(record: AccessRecord | EventRecord) -> list[Json]:
    asking: Json = {"who": _named("urn:yiti:staff", record.subject or "gateway"), "requestor": True}
    if record.roles:
        asking["role"] = [_concept(OUR_WORDS, role) for role in record.roles]
    if isinstance(record, AccessRecord):
        policies = sorted({policy for field in record.fields for policy in field.policies})
        if policies:
            asking["policy"] = [f"urn:yiti:policy:{policy}" for policy in policies]
    agents = [asking]
    if record.agency:
        who = _named("urn:yiti:agency", record.agency)
        if record.agency_name:
            who["display"] = record.agency_name
        agents.append({"type": _concept(_PARTY, "CST", "custodian"), "who": who, "requestor": False})
    for gateway in record.via:
        who = _named("urn:yiti:gateway", gateway)
        agents.append({"type": _concept(DICOM, "110150", "Application"), "who": who, "requestor": False})
    return agents


def _person(token: str) -> Json:
    return {
        "what": _named("urn:yiti:person", token),
        "type": _coding(_ENTITY, "1", "Person"),
        "role": _coding(_ROLE, "1", "Patient"),
    }


def _thing(entry: Entry) -> Json:
    """The entry itself, with what it holds besides: it stands for the query, or what else was done."""
    record = entry.record
    what = {"index": str(entry.index), "id": entry.id, "leafHash": entry.leaf_hash, "requestId": record.request_id}
    details = [(name, value) for name, value in what.items() if value]
    if record.case_number:
        details.append(("caseNumber", record.case_number))
    if isinstance(record, AccessRecord):
        name = record.operation
        details += [("operationHash", record.operation_hash), ("policyVersion", record.policy_version)]
        details += [("field", f"{one.path} {one.label} {one.effect}") for one in record.fields]
        details += [("source", f"{one.source} {one.outcome} {one.milliseconds:g} ms") for one in record.sources]
    else:
        name = record.action
        details += [("label", label) for label in record.labels]
        details += [("reference", reference) for reference in record.references]
        details += [(f"detail.{key}", str(value)) for key, value in record.details.items()]
    return {
        "type": _coding(_ENTITY, "2", "System Object"),
        "role": _coding(_ROLE, "24", "Query")
        if isinstance(record, AccessRecord)
        else _coding(_ROLE, "13", "Security Resource"),
        "name": name,
        "detail": [{"type": kind, "valueString": value} for kind, value in details],
    }


def _purpose(purpose: str) -> list[Json]:
    if not purpose:
        return []
    concept = _concept(OUR_WORDS, purpose)
    known = _PURPOSES.get(purpose)
    if known:
        concept["coding"].insert(0, _coding(_REASON, *known))
    return [concept]


def _coding(system: str, code: str, display: str) -> Json:
    return {"system": system, "code": code, "display": display}


def _concept(system: str, code: str, display: str | None = None) -> Json:
    return {"coding": [_coding(system, code, display or code)]}


def _named(system: str, value: str) -> Json:
    return {"identifier": {"system": system, "value": value}}
