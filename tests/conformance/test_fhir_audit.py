"""Exported AuditEvents, held to HL7's own definition of the resource and to the code systems that it draws on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.event import ACTIONS, EventRecord, Kind
from gateway.audit.export.fhir import audit_event
from gateway.audit.record import AccessRecord, EventEntry, LogEntry
from schema.enums import Purpose
from tests.conformance.fhir_definitions.definitions import definitions
from tests.conformance.fhir_definitions.validator import Validator
from tests.conformance.kept import Absent, absent
from tests.gateway.audit.accesses import access
from tests.gateway.audit.search.test_find import RECORDS, REVIEWED

pytestmark = pytest.mark.external

_WORDS = {kind: sorted(ACTIONS.get(kind, {"giveConsent"})) for kind in Kind if kind is not Kind.ACCESS}
EVENTS = [
    replace(REVIEWED, kind=kind, action=action, details={"entries": 3, "format": "csv"})
    for kind, actions in _WORDS.items()
    for action in actions
]
BARE = EventRecord(at=REVIEWED.at, kind=Kind.GATEWAY, action="started", outcome="OK", jurisdiction="320000")
ACCESSES = [access(number, purpose=purpose.name) for number, purpose in enumerate(Purpose)]
OUTCOMES = [access(0, outcome=outcome) for outcome in ("OK", "PARTIAL", "DENIED", "REFUSED", "FAILED")]
ALL: list[AccessRecord | EventRecord] = [*RECORDS, *EVENTS, BARE, *ACCESSES, *OUTCOMES]


@pytest.fixture(scope="module")
def validator() -> Validator:
    try:
        return Validator(definitions())
    except Absent as err:
        absent(err)


def event(record: AccessRecord | EventRecord) -> dict[str, Any]:
    if isinstance(record, AccessRecord):
        return audit_event(LogEntry("AAAA", 7, "0f" * 32, record), str)
    return audit_event(EventEntry("AAAA", 7, "0f" * 32, record), str)


@pytest.mark.parametrize("number", range(len(ALL)))
def test_every_kind_of_entry_is_an_audit_event(validator: Validator, number: int) -> None:
    assert validator.faults(event(ALL[number])) == []


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda one: one.pop("recorded"), "AuditEvent.recorded: missing"),
        (lambda one: one.update(recorded="yesterday"), "AuditEvent.recorded: a instant"),
        (lambda one: one.update(outcome="9"), "AuditEvent.outcome: 9 is none"),
        (lambda one: one.update(agent=[]), "AuditEvent.agent: a list"),
        (lambda one: one["agent"][0].pop("requestor"), "AuditEvent.agent[0].requestor: missing"),
        (lambda one: one["agent"][0].update(requestor="yes"), "AuditEvent.agent[0].requestor: a boolean"),
        (lambda one: one["type"].update(code="999999"), "AuditEvent.type"),
        (lambda one: one["type"].update(display="Question"), "AuditEvent.type: 110112 is called Query"),
        (lambda one: one["entity"][0].update(role={}), "AuditEvent.entity[0].role: an object"),
        (lambda one: one["entity"][-1].update(query="AAAA"), "sev-1"),
        (lambda one: one["entity"][-1]["detail"][0].pop("valueString"), "value[x]: exactly one"),
        (lambda one: one["source"].pop("observer"), "AuditEvent.source.observer: missing"),
        (lambda one: one.update(invented=1), "AuditEvent.invented: no such element"),
        (lambda one: one.update(id="a_b"), "AuditEvent.id"),
    ],
)
def test_the_validator_sees_faults(validator: Validator, spoil: Callable[[Any], Any], fault: str) -> None:
    spoiled = copy.deepcopy(event(RECORDS[0]))
    spoil(spoiled)
    assert any(fault in found for found in validator.faults(spoiled)), validator.faults(spoiled)
