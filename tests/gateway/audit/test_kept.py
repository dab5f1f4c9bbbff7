"""What holds of a log wherever it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.checking import Trust
from gateway.audit.commitment import opens
from gateway.audit.keeping import KeptLog
from gateway.audit.merkle import extends, includes
from gateway.audit.note import SignedNote
from gateway.audit.record import EventEntry, LogEntry
from gateway.audit.stored import read_entry
from gateway.errors import AuditUnavailable
from tests.gateway.audit.accesses import ACCESS, START, access, accesses_in
from tests.gateway.audit.kept import SIGNER, Place, place
from tests.gateway.audit.test_event import EVENT
from tests.gateway.audit.test_note import WITNESS


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place(request.param, tmp_path) as found:
        yield found


@pytest.fixture
async def log(kept: Place) -> AsyncIterator[KeptLog]:
    async with kept.opened() as opened:
        yield opened


async def _filled(log: KeptLog, entries: int) -> list[LogEntry]:
    return list(await asyncio.gather(*(log.append(access(number)) for number in range(entries))))


async def test_what_was_put_on_record_is_found_again(log: KeptLog) -> None:
    entry, event = await log.append(ACCESS), await log.append_event(EVENT)
    assert await accesses_in(log) == [entry]
    assert await log.entry(entry.id) == entry
    assert await log.entry(event.id) is None
    assert [read_entry(stored) async for stored in log.records()] == [entry, event]
    assert [type(read_entry(stored)) for stored in await log.pick([1, 0, 5])] == [EventEntry, LogEntry]


async def test_indexes_are_gapless_under_many_clients_and_the_log_verifies(log: KeptLog, kept: Place) -> None:
    entries = await _filled(log, 600)
    assert sorted(entry.index for entry in entries) == list(range(600)) == list(range(await log.size()))
    assert (await kept.verify()).intact
    assert len([entry async for entry in log.records(5, 590)]) == 585


async def test_each_acknowledged_entry_is_under_a_signed_head(log: KeptLog) -> None:
    for number in range(3):
        entry = await log.append(access(number))
        head = await log.head()
        assert head.signed_by(SIGNER.key)
        checkpoint = head.checkpoint()
        assert checkpoint.size == entry.index + 1
        proof = await log.inclusion(entry.index, checkpoint.size)
        assert includes(bytes.fromhex(entry.leaf_hash), entry.index, checkpoint.size, proof, checkpoint.root)


async def test_proofs_hold_across_blocks(log: KeptLog) -> None:
    first = await _filled(log, 300)
    old = (await log.head()).checkpoint()
    await _filled(log, 400)
    new = (await log.head()).checkpoint()
    assert extends(old.size, old.root, new.size, new.root, await log.consistency(old.size, new.size))
    for entry in first[::97]:
        proof = await log.inclusion(entry.index, new.size)
        assert includes(bytes.fromhex(entry.leaf_hash), entry.index, new.size, proof, new.root)


async def test_a_log_goes_on_where_it_stopped(kept: Place) -> None:
    for number in range(3):
        async with kept.opened() as log:
            assert (await log.append(access(number))).index == number
    assert (await kept.verify()).intact


async def test_an_answer_opens_its_commitment_until_the_key_is_erased(log: KeptLog) -> None:
    plain, entry = await log.append(ACCESS), await log.append(ACCESS, b'{"data":{"person":null}}')
    found = await log.entry(entry.id)
    assert found is not None
    assert found.record.response is not None
    key = await log.response_key(entry.index)
    assert key is not None
    assert opens(key, b'{"data":{"person":null}}', found.record.response)
    assert not opens(key, b'{"data":{"person":{}}}', found.record.response)
    assert await log.response_key(plain.index) is None
    assert await log.erase_key(entry.index)
    assert await log.response_key(entry.index) is None
    assert not await log.erase_key(entry.index)
    assert await log.entry(entry.id) == found


async def test_the_same_answer_is_committed_to_differently_each_time(log: KeptLog) -> None:
    entries = [await log.append(ACCESS, b"true") for _ in range(2)]
    found = [await log.entry(entry.id) for entry in entries]
    assert len({entry.record.response for entry in found if entry is not None}) == 2


async def test_cosignatures_are_kept_by_witness(log: KeptLog) -> None:
    notes: list[SignedNote] = []
    for number in range(2):
        await log.append(access(number))
        head = await log.head()
        notes.append(SignedNote(head.text, (*head.signatures, WITNESS.cosign(head))))
        await log.keep_cosignature(WITNESS.key.name, notes[-1])
    (kept,) = await log.cosigned()
    assert kept == notes[-1]
    assert kept.signed_by(WITNESS.key)


@pytest.mark.parametrize("change", [{"at": START.replace(tzinfo=None)}, {"operation": "\ud800"}])
async def test_what_cannot_be_stored_is_refused_and_the_log_goes_on(log: KeptLog, change: dict[str, Any]) -> None:
    with pytest.raises(AuditUnavailable):
        await log.append(replace(ACCESS, **change))
    assert (await log.append(ACCESS)).index == 0


async def test_a_closed_log_refuses_everything(kept: Place) -> None:
    log = await kept.open()
    waiting = [asyncio.create_task(log.append(access(number))) for number in range(20)]
    await asyncio.sleep(0)
    await log.aclose()
    await log.aclose()
    assert len(await asyncio.gather(*waiting)) == 20
    for refused in (log.append(ACCESS), log.size(), accesses_in(log)):
        with pytest.raises(AuditUnavailable):
            await refused


async def test_a_log_signed_with_another_key_is_not_gone_on_with(kept: Place) -> None:
    from tests.gateway.audit.test_tamper import OTHER

    async with kept.opened() as log:
        await log.append(ACCESS)
    with pytest.raises(AuditUnavailable, match="not signed by this gateway's key"):
        await kept.open(OTHER)
    assert (await kept.verify(Trust([OTHER.key]))).checks() == {"signature"}
