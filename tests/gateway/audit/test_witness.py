"""Two logs, and somebody who keeps their checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.audit.event import Kind
from gateway.audit.keeping import KeptLog
from gateway.audit.note import BadNote, SignedNote
from gateway.audit.record import EventEntry
from gateway.audit.stored import read_entry
from gateway.audit.submitting import KnownWitness, NotWitnessed, keep_witnessed, submit
from gateway.audit.witness import Submission, Verdict, Witness, accepted
from tests.gateway.audit.accesses import access
from tests.gateway.audit.kept import SIGNER, Place
from tests.gateway.audit.test_note import WITNESS
from tests.gateway.audit.test_tamper import OTHER

ORIGIN = SIGNER.origin
KEYS = [SIGNER.key]


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    found = Witness(tmp_path / "witness.sqlite", WITNESS)
    yield found
    found.close()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[KeptLog]:
    async with Place(tmp_path / "audit.sqlite").opened() as opened:
        yield opened


def known(witness: Witness) -> KnownWitness:
    async def send(body: bytes) -> tuple[int, str]:
        verdict = witness.add(body.decode(), ORIGIN, KEYS)
        return verdict.status, verdict.body

    return KnownWitness("zj", [WITNESS.key], send)


async def _grow(log: KeptLog, entries: int) -> SignedNote:
    await asyncio.gather(*(log.append(access(number)) for number in range(entries)))
    return await log.head()


async def _submitted(log: KeptLog, witness: Witness, old: int, note: SignedNote) -> Verdict:
    proof = await log.consistency(old, note.checkpoint().size)
    return witness.add(str(Submission(old, tuple(proof), note)), ORIGIN, KEYS)


async def test_a_witness_signs_a_log_that_grows(log: KeptLog, witness: Witness) -> None:
    old = 0
    for entries in (3, 300, 0, 40):
        note = await _grow(log, entries)
        verdict = await _submitted(log, witness, old, note)
        both = accepted(note, verdict.body, [WITNESS.key])
        assert verdict.status == 200
        assert both is not None
        assert both.signed_by(SIGNER.key)
        old = note.checkpoint().size
    assert witness.newest(ORIGIN) == note
    assert witness.alarms() == []


async def test_a_log_hands_over_its_checkpoints_and_keeps_what_comes_back(log: KeptLog, witness: Witness) -> None:
    for entries in (3, 300):
        note = await _grow(log, entries)
        assert await submit(log, known(witness))
        (kept,) = await log.cosigned()
        assert (kept.text, kept.signed_by(WITNESS.key)) == (note.text, True)


async def test_a_log_that_does_not_know_what_was_seen_is_told(log: KeptLog, witness: Witness, tmp_path: Path) -> None:
    note = await _grow(log, 9)
    assert (await _submitted(log, witness, 0, note)).status == 200
    await _grow(log, 3)
    again = await _submitted(log, witness, 0, await log.head())
    assert (again.status, again.body, again.alarm) == (409, "9\n", "")
    assert await submit(log, known(witness))


async def test_a_rollback_is_refused_and_remembered(log: KeptLog, witness: Witness) -> None:
    small = await _grow(log, 3)
    assert (await _submitted(log, witness, 0, await _grow(log, 6))).status == 200
    verdict = await _submitted(log, witness, 0, small)
    assert (verdict.status, verdict.body, verdict.alarm) == (409, "9\n", "rollback")
    assert witness.alarms() == [(ORIGIN, "rollback", str(small))]


@pytest.mark.parametrize("entries", [9, 12])
async def test_a_fork_is_refused_and_remembered(log: KeptLog, witness: Witness, tmp_path: Path, entries: int) -> None:
    assert (await _submitted(log, witness, 0, await _grow(log, 9))).status == 200
    async with Place(tmp_path / "fork.sqlite").opened() as fork:
        for number in range(entries):
            await fork.append(access(number, subject="staff-9"))
        note = await fork.head()
        verdict = await _submitted(fork, witness, 9, note)
        assert (verdict.status, verdict.alarm) == (409 if entries == 9 else 422, "fork")
        assert witness.alarms() == [(ORIGIN, "fork", str(note))]
        with pytest.raises(NotWitnessed, match="fork"):
            await submit(fork, known(witness))


async def test_a_log_that_was_rolled_back_learns_of_it_from_its_witness(
    log: KeptLog, witness: Witness, tmp_path: Path
) -> None:
    await _grow(log, 9)
    await submit(log, known(witness))
    async with Place(tmp_path / "old.sqlite").opened() as old:
        await _grow(old, 4)
        with pytest.raises(NotWitnessed, match="saw 9 entries, we have 4"):
            await submit(old, known(witness))
        task = asyncio.create_task(keep_witnessed(old, [known(witness)], 0.01, "320000"))
        await asyncio.sleep(0.2)
        task.cancel()
        events = [read_entry(stored) async for stored in old.records(4)]
    assert [(event.record.kind, event.record.outcome) for event in events if isinstance(event, EventEntry)] == [
        (Kind.VERIFICATION, "FAILED")
    ]


async def test_other_logs_and_keys_are_not_signed_for(log: KeptLog, witness: Witness) -> None:
    note = await _grow(log, 3)
    body = str(Submission(0, (), note))
    assert witness.add(body, "sh.example/audit", KEYS).status == 404
    assert witness.add(body, ORIGIN, [OTHER.key]).status == 403
    assert witness.add(body.replace("old 0", "old 4"), ORIGIN, KEYS).status == 400
    assert witness.add("hello", ORIGIN, KEYS).status == 400
    assert witness.newest(ORIGIN) is None


async def test_a_proof_is_not_taken_where_none_belongs(log: KeptLog, witness: Witness) -> None:
    note = await _grow(log, 3)
    assert witness.add(str(Submission(0, (b"\0" * 32,), note)), ORIGIN, KEYS).status == 422


@pytest.mark.parametrize("text", ["", "old 1", "old 01\n\nx", "old 1\nAA==\n\nx", "old 1\n" + "A" * 43 + "=\n" * 64])
def test_other_texts_are_no_submission(text: str) -> None:
    with pytest.raises(BadNote):
        Submission.read(text)


async def test_what_a_witness_saw_survives_it(log: KeptLog, tmp_path: Path) -> None:
    for entries in (3, 4):
        witness = Witness(tmp_path / "witness.sqlite", WITNESS)
        assert await submit(log, known(witness)) or entries
        note = await _grow(log, entries)
        assert await submit(log, known(witness))
        assert witness.newest(ORIGIN) == note
        witness.close()


async def test_a_signature_that_does_not_hold_is_not_kept(log: KeptLog) -> None:
    async def send(_: bytes) -> tuple[int, str]:
        return 200, OTHER.checkpoint(3, b"\0" * 32).signatures[0].line()

    await _grow(log, 3)
    assert not await submit(log, KnownWitness("zj", [WITNESS.key], send))
    assert await log.cosigned() == []
