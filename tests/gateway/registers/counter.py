"""A small house with the real policies, real registers on disk, a clock that a test moves, and mutations to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.contract import Capability
from gateway.audit.event import EventRecord
from gateway.authorization.decide import CedarAuthorizer
from gateway.execution.accesses import Oversight
from gateway.execution.cursor import Cursors
from gateway.execution.directory import Directory
from gateway.execution.engine import Engine, Request
from gateway.execution.handles import Handles
from gateway.execution.merge import Merger
from gateway.execution.people import House
from gateway.registers.desk import Office
from gateway.registers.entries import Grant
from gateway.registers.register import Registers
from gateway.viewer import Viewer
from tests.gateway.execution.world import (
    ANN,
    BEN,
    SCHEMA,
    TODAY,
    TOKENS,
    MemoryAudit,
    MemoryIndex,
    MemorySearch,
    MemorySources,
    manifest,
    record,
    viewer,
)

ANN_ID, BEN_ID = TOKENS.mint(ANN) or "", TOKENS.mint(BEN) or ""
STRANGER_ID = TOKENS.mint("329901199001010028") or TOKENS.mint_local("nowhere", "1")
AUTHORIZER = CedarAuthorizer.load()
HOSPITAL, LEGAL_AID, AFTERCARE = "HOSP0001", "LEGAL0001", "320100400000"

PEOPLE: Mapping[str, Mapping[str, Mapping[str, list[Any]]]] = {
    "police": {
        ANN_ID: {
            "PersonRecord": [
                record(
                    "police",
                    "1",
                    name="安娜",
                    idNumber=ANN,
                    birthDate=date(1990, 1, 1),
                    residenceCode="320102",
                    phones=("13900000000",),
                    hivPositive=True,
                )
            ],
            "FamilyMember": [record("police", "f1", "1", name="安母", relation="PARENT", phone="13900000001")],
            "Treatment": [record("police", "t1", "1", kind="OUTPATIENT", diagnosis="示例诊断")],
        },
        BEN_ID: {
            "PersonRecord": [record("police", "2", name="本", birthDate=date(2010, 5, 5), residenceCode="320102")]
        },
    }
}


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Counter:
    """Everything that a test may look at."""

    engine: Engine
    registers: Registers
    audit: MemoryAudit
    clock: Clock
    sources: MemorySources
    alerts: list[Grant] = field(default_factory=list)

    async def ask(self, query: str, variables: Mapping[str, object] | None = None, **who: Any) -> dict[str, Any]:
        answer = await self.engine.answer(Request(query, None, variables or {}), viewer(**who), "0" * 32)
        return dict(answer.body)

    @property
    def events(self) -> list[EventRecord]:
        return self.audit.events


def counter(directory: Path, *, people: Mapping[str, Any] = PEOPLE, reference: bool = False) -> Counter:
    manifests = {source: manifest(source) for source in people}
    held = {
        token: {source: tuple(dict.fromkeys(one.person for rows in entities.values() for one in rows))}
        for source, found in people.items()
        for token, entities in found.items()
    }
    index, audit, clock = MemoryIndex(held), MemoryAudit(), Clock()
    registers = Registers(directory / "registers.sqlite", b"r" * 32, now=clock)
    handles = Handles(b"h" * 32)
    rows: Any = people
    sources = MemorySources(rows, manifests)
    house = House(
        sources=sources,
        index=index,
        authorizer=AUTHORIZER,
        directory=Directory(manifests, {source: {"PersonRecord": Capability(frozenset())} for source in people}),
        merger=Merger(dict.fromkeys(people, 10), handles),
        handles=handles,
        standing=registers.standing,
    )
    alerts: list[Grant] = []
    office = Office(
        registers, AUTHORIZER, audit, house.directory, TOKENS.mint_document, index.primary, "320000", alerts.append
    )
    engine = Engine(
        schema=SCHEMA,
        house=house,
        oversight=Oversight(audit, MemorySearch(audit)),
        cursors=Cursors(b"c" * 64),
        find=lambda _kind, number: index.find(number),
        assertions=None,
        jurisdiction="320000",
        today=lambda: TODAY,
        reference=reference,
        office=office,
    )
    return Counter(engine, registers, audit, clock, sources, alerts)


def person_themselves(token: str = ANN_ID) -> dict[str, Any]:
    return {"role": "SUBJECT", "purpose": "OWN_ACCESS", "subject": "me", "agency": "SELF", "person": token}


def doctor(subject: str = "doctor-1") -> dict[str, Any]:
    return {
        "role": "HOSPITAL_DOCTOR",
        "purpose": "TREATMENT",
        "subject": subject,
        "agency": HOSPITAL,
        "agency_kind": "HOSPITAL",
    }


def auditor(**more: Any) -> dict[str, Any]:
    plain = {"role": "AUDITOR", "purpose": "AUDIT", "subject": "auditor-1", "agency": "320000900000"}
    return {**plain, "jurisdiction": "320000", **more}


def relative(token: str = BEN_ID) -> dict[str, Any]:
    return {"role": "RELATIVE", "purpose": "OWN_ACCESS", "subject": "kin", "agency": "SELF", "person": token}


def somebody(**who: Any) -> Viewer:
    return viewer(**who)


RECORD = "mutation R($input: RecordConsentInput!) { recordConsent(input: $input) { consent { id inForce } } }"
REVOKE = "mutation V($id: ID!) { revokeConsent(input: {consent: $id}) { consent { id inForce revocation { at } } } }"
OPEN = "mutation B($input: BreakGlassInput!) { breakGlass(input: $input) { breakGlass { id state expiresAt } } }"
REVIEW = (
    "mutation W($input: ReviewBreakGlassInput!) { reviewBreakGlass(input: $input) { breakGlass { state review "
    "{ verdict subject } } } }"
)


def consent_input(**more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "person": ANN_ID,
        "recipient": {"agency": HOSPITAL},
        "purpose": "TREATMENT",
        "labels": ["HEALTH", "IDENTITY"],
        "expiresOn": "2026-12-31",
    }
    return {**plain, **more}


def emergency_input(**more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "person": ANN_ID,
        "labels": ["HEALTH", "FAMILY"],
        "reason": "LIFE_IN_DANGER",
        "explanation": "昏迷送医, 需了解既往治疗并联系家属",
    }
    return {**plain, **more}


def code_of(body: Mapping[str, Any]) -> str:
    return str(body["errors"][0]["extensions"]["code"])
