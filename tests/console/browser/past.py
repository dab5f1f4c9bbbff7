"""Six weeks of a log from before its gateway ran, so that pictures show more than one morning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random

from gateway.audit.log import SqliteAuditLog
from gateway.audit.record import AccessedField, AccessRecord, SourceOutcome
from gateway.audit.signer import Ed25519Signer, LogSigner
from gateway.audit.wiring import origin_of
from gateway.console.language import CHINA
from gateway.keys import read_signing_key
from mocks.stage import PROVINCES, Stage

_DAYS = 42
_OUTCOMES = ("OK",) * 16 + ("PARTIAL",) * 2 + ("DENIED",) * 2 + ("REFUSED",)
_SHOWN = (
    AccessedField("person.name", "IDENTITY", "ALLOW", ("C01-township-roster",)),
    AccessedField("person.status", "CUSTODY", "ALLOW", ("C01-township-roster",)),
    AccessedField("person.phones", "CONTACT", "MASK", ("C01-township-roster",)),
    AccessedField("person.treatments", "HEALTH", "DENY", ()),
)


async def remember(stage: Stage, province: str) -> None:
    """Write them, oldest first."""
    state = stage.directory / province
    signer = LogSigner(origin_of(f"yiti-{province}"), Ed25519Signer.of(read_signing_key(state / "signing.key.json")))
    log = SqliteAuditLog(state / "audit.sqlite", signer)
    try:
        for record in _records(stage, province, Random(7)):
            await log.append(record)
    finally:
        await log.aclose()


def _records(stage: Stage, province: str, random: Random) -> Iterator[AccessRecord]:
    people = [stage.person_id(life) for life in stage.world.lives if life.id_number][:40]
    staff = [one for one in stage._viewers(province) if str(one["profile"]).split("-")[0] not in {"self", "auditor"}]
    today = datetime.now(CHINA).date()
    for day in (today - timedelta(days=ago) for ago in range(_DAYS, 0, -1)):
        if day.weekday() >= 5:
            continue
        minutes = sorted(random.randrange(10 * 60) for _ in range(random.randrange(18, 46)))
        for minute in minutes:
            who = random.choice(staff)
            outcome = random.choice(_OUTCOMES)
            at = datetime.combine(day, time(8), CHINA) + timedelta(minutes=minute)
            yield _record(
                who, at, outcome, random.choice(people), f"{random.getrandbits(128):032x}", PROVINCES[province]
            )


def _record(
    who: dict[str, object], at: datetime, outcome: str, person: str, request_id: str, jurisdiction: str
) -> AccessRecord:
    agency = who["agency"]
    assert isinstance(agency, dict)
    roles = who["roles"]
    assert isinstance(roles, list)
    shows = outcome in {"OK", "PARTIAL"}
    return AccessRecord(
        at=at,
        request_id=request_id,
        subject=str(who["subject"]),
        agency=agency["code"],
        agency_name=agency["name"],
        roles=tuple(roles),
        purpose=str(who["purpose"]),
        case_number=None,
        via=(),
        key_id="k1",
        operation="PersonCard",
        operation_hash="0" * 64,
        persons=(person,) if shows else (),
        fields=_SHOWN if shows else (),
        sources=(SourceOutcome("jiangsu-police", "ok", 12.5), SourceOutcome("jiangsu-facility", "ok", 18.0)),
        outcome=outcome,
        policy_version="0123456789abcdef",
        milliseconds=21.25,
        jurisdiction=jurisdiction,
    )
