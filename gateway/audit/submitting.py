"""Handing our checkpoints to witnesses: the newest at intervals, and what comes back is kept with the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.audit.event import EventRecord, Kind
from gateway.audit.keeping import KeptLog
from gateway.audit.note import BadNote, NoteKey
from gateway.audit.witness import Submission, accepted
from gateway.errors import AuditUnavailable

log = logging.getLogger("yiti.audit")

_ATTEMPTS: Final = 3
Send = Callable[[bytes], Awaitable[tuple[int, str]]]  # a submission; status and body, or OSError


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """Somebody who keeps our checkpoints."""

    name: str
    keys: Sequence[NoteKey]
    send: Send


class NotWitnessed(Exception):
    """A witness does not go along: it saw more of this log than there is, or another log."""


async def submit(audit: KeptLog, witness: KnownWitness) -> bool:
    """Hand over the newest checkpoint; whether the witness signed it. NotWitnessed where it saw another log.

    Nothing is sent where the witness signed this very tree before.
    """
    note = await audit.head()
    size, old = note.checkpoint().size, await _signed_last(audit, witness)
    if size == old:
        return True
    for _ in range(_ATTEMPTS):
        proof = await audit.consistency(old, size)
        status, body = await witness.send(str(Submission(old, tuple(proof), note)).encode())
        if status == 200:
            both = accepted(note, body, witness.keys)
            if both is None:
                log.warning("audit: witness %s: its signature does not hold", witness.name)
                return False
            await audit.keep_cosignature(witness.name, both)
            return True
        if status == 409 and body.strip().isdigit():
            seen = int(body)
            if seen > size or seen == old:
                raise NotWitnessed(f"saw {seen} entries, we have {size}: rolled back or forked")
            old = seen
            continue
        if status == 422:
            raise NotWitnessed(f"finds that our {size} entries do not go on from the {old} that it saw: forked")
        log.warning("audit: witness %s answered %s", witness.name, status)
        return False
    return False


async def keep_witnessed(
    audit: KeptLog, witnesses: Sequence[KnownWitness], seconds: float, jurisdiction: str
) -> None:
    """Submit to every witness at intervals, for as long as this runs. A refusal is logged and put on record."""
    told: set[str] = set()
    while True:
        for witness in witnesses:
            try:
                await submit(audit, witness)
                told.discard(witness.name)
            except NotWitnessed as error:
                log.critical("audit: witness %s %s", witness.name, error)
                if witness.name not in told:
                    told.add(witness.name)
                    await _put_on_record(audit, witness.name, jurisdiction)
            except (OSError, AuditUnavailable, BadNote) as error:
                log.warning("audit: witness %s was not reached: %s", witness.name, type(error).__name__)
        await asyncio.sleep(seconds)


async def _signed_last(audit: KeptLog, witness: KnownWitness) -> int:
    notes = [note for note in await audit.cosigned() if any(note.signed_by(key) for key in witness.keys)]
    return max((note.checkpoint().size for note in notes), default=0)


async def _put_on_record(audit: KeptLog, witness: str, jurisdiction: str) -> None:
    event = EventRecord(
        at=datetime.now(UTC),
        kind=Kind.VERIFICATION,
        action="witnessed",
        outcome="FAILED",
        jurisdiction=jurisdiction,
        details={"witness": witness},
    )
    try:
        await audit.append_event(event)
    except AuditUnavailable:
        log.exception("audit: that witness %s refused could not be put on record", witness)
