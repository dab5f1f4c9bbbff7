"""Facts and viewers to ask about: everything false unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace

from gateway.authorization import attributes
from gateway.authorization.decision import Evidence, Facts
from gateway.viewer import Viewer
from schema.label import Label

NOBODY = replace(attributes.NOBODY, purpose="HANDOFF")


def facts(role: str, purpose: str, **true: bool | frozenset[Label]) -> Facts:
    return replace(NOBODY, roles=frozenset({role}), purpose=purpose, **true)


VIEWER = Viewer(
    subject="staff-7",
    agency="ORG-1",
    agency_name="某某街道",
    agency_kind="TOWNSHIP",
    jurisdiction="320102",
    roles=frozenset({"TOWNSHIP_WORKER"}),
    purpose="AFTERCARE",
    issuer="https://idp.example",
    key_id="k1",
)

EVIDENCE = Evidence(
    person="person-1",
    source_agencies=frozenset(),
    measure_agencies=frozenset(),
    active_agencies=frozenset(),
    decision_agencies=frozenset(),
    police_codes=frozenset(),
    execution_place=None,
    residence=None,
    domicile=None,
    birth_year=None,
    under_18=False,
    sealed=False,
    control_lifted=False,
    agreement_agencies=frozenset(),
    awaiting_agencies=frozenset(),
    decision_numbers=frozenset(),
    file_closed=False,
)
