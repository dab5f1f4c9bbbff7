"""`yiti audit key | checkpoint | verify | proof | answer | erase-key | rekey`: one log, beside whoever writes it."""

from __future__ import annotations

import argparse
import asyncio
import base64
import inspect
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.audit import check_proof
from gateway.audit.between import add_between
from gateway.audit.checking import Report, Trust
from gateway.audit.commands import FAULTY, HOLDS, AuditUsage, note_in, note_key, reading, run, writing
from gateway.audit.commitment import opens
from gateway.audit.event import EventRecord, Kind
from gateway.audit.file import LogDamaged
from gateway.audit.keeping import KeptLog
from gateway.audit.log import SqliteLogReader
from gateway.audit.progress import Bar
from gateway.audit.proof import covering, prove
from gateway.audit.record import LogEntry, StoredEntry
from gateway.audit.signer import Ed25519Signer, LogSigner
from gateway.audit.stored import entry_id, index_in, read_entry
from gateway.audit.verify import verify
from gateway.audit.wiring import log_signer
from gateway.audit.witness import Submission
from gateway.keys import read_signing_key
from gateway.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_audit(commands: Commands) -> Commands:
    """The command `audit`; other verbs may be added to what it returns."""
    audit = commands.add_parser("audit", help="look into the access log, prove and witness it")
    verbs: Commands = audit.add_subparsers(title="commands", required=True, metavar="COMMAND")

    key = verbs.add_parser("key", help="print the key that checks this log's signatures, to be kept elsewhere")
    key.set_defaults(command=run(_key))

    checkpoint = verbs.add_parser(
        "checkpoint",
        help="print the newest checkpoint, to be kept elsewhere",
        description="Print the newest checkpoint, to be kept elsewhere and compared later (`verify --kept`). With "
        "--since, print what a witness needs that saw the log at that size.",
    )
    checkpoint.add_argument("--since", type=int, metavar="SIZE", help="what the witness saw last; 0 at first")
    checkpoint.set_defaults(command=run(_checkpoint))

    check = verbs.add_parser(
        "verify",
        help="look at every entry and say what is wrong and where",
        description="Look at every entry, the tree over them and its signatures; say what is wrong and where.",
    )
    check.add_argument("--key", action="append", default=[], help="a key of the log to trust, before our own file's")
    check.add_argument(
        "--kept", action="append", default=[], type=Path, help="a checkpoint kept elsewhere; repeatable"
    )
    check.add_argument("--signatures", action="store_true", help="check older checkpoints' signatures too")
    check.add_argument("--records", action="store_true", help="read each record too")
    check.set_defaults(command=run(_verify))

    proof = verbs.add_parser(
        "proof",
        help="print the proof that an entry is in the log",
        description="Print the proof that an entry is in the log, with the entry. Whoever has the log's key checks "
        "it with the script that --verifier prints, which needs Python alone.",
    )
    proof.add_argument("entry", nargs="?", help="the entry's id or index")
    proof.add_argument("--verifier", action="store_true", help="print the script that checks proofs instead")
    proof.set_defaults(command=run(_proof))

    answer = verbs.add_parser("answer", help="whether a kept answer is the one that was given")
    answer.add_argument("entry", help="the entry's id or index")
    answer.add_argument("file", type=Path, help="the answer's bytes")
    answer.set_defaults(command=run(_answer))

    erase = verbs.add_parser(
        "erase-key",
        help="forget the key of an entry's commitment to its answer",
        description="Forget the key of an entry's commitment to its answer, so that nothing can be compared with it "
        "any more. The entry stays; the erasure is put on record.",
    )
    erase.add_argument("entry", help="the entry's id or index")
    erase.set_defaults(command=run(_erase))

    add_between(verbs)
    rekey = verbs.add_parser(
        "rekey",
        help="hand the log over to this gateway's new signing key",
        description="Hand the log over to this gateway's new signing key, with the gateway stopped. The change is "
        "put on record and signed with the old key; tell whoever keeps checkpoints the new one (`yiti audit key`).",
    )
    rekey.add_argument("old", type=Path, help="the key file (JWK) that signed so far")
    rekey.set_defaults(command=run(_rekey))
    return verbs


# ---- the commands -------------------------------------------------------------------------------------------------


async def _key(_: argparse.Namespace, settings: Settings) -> int:
    print(log_signer(settings).key)
    return HOLDS


async def _checkpoint(chosen: argparse.Namespace, settings: Settings) -> int:
    async with reading(settings) as log:
        note = await log.head()
        if chosen.since is None:
            newest = covering(note.checkpoint().size - 1, [note, *await log.cosigned()])
            print(newest or note, end="")
            return HOLDS
        size = note.checkpoint().size
        if not 0 <= chosen.since <= size:
            raise AuditUsage(f"checkpoint: --since: the log has {size} entries. Name a size up to that.")
        proof = tuple(await log.consistency(chosen.since, size))
        print(Submission(chosen.since, proof, note), end="")
    return HOLDS


async def _verify(chosen: argparse.Namespace, settings: Settings) -> int:
    keys = [note_key(text) for text in chosen.key] or [log_signer(settings).key]
    kept = [note_in(path) for path in chosen.kept]
    async with reading(settings) as log:
        kept += await log.cosigned()
    trust = Trust(keys, kept, signatures=chosen.signatures, records=chosen.records)
    bar, began = Bar("verifying", sys.stderr), time.perf_counter()
    try:
        report = await _verified(settings, trust, bar)
    except LogDamaged as error:
        raise AuditUsage(f"verify: {error}") from error
    finally:
        bar.end()
    _tell(report, time.perf_counter() - began, len(kept))
    return HOLDS if report.intact else FAULTY


async def _verified(settings: Settings, trust: Trust, bar: Bar) -> Report:
    if settings.audit_url is None:
        return await asyncio.to_thread(verify, settings.audit_file, trust, bar.show)
    from gateway.audit.postgresql_verify import verify_postgresql  # asyncpg is an optional dependency

    return await verify_postgresql(settings.audit_url.get_secret_value(), trust, bar.show)


def _tell(report: Report, seconds: float, kept: int) -> None:
    for finding in report.findings:
        print(finding)
    for check, count in report.more.items():
        print(f"{check}: and {count} more")
    rate = f"{report.entries:,} entries in {seconds:.1f} s"
    if not report.intact:
        count = len(report.findings) + report.more.total()
        print(f"DAMAGED: {count} findings by {', '.join(sorted(report.checks()))}; {rate}")
        return
    root = base64.b64encode(report.root).decode()
    print(f"intact: {rate}; root {root}; compared with {kept} checkpoints that others kept")
    if not kept:
        print("No checkpoint from elsewhere was compared: a log that was rebuilt with its own key looks intact.")


async def _proof(chosen: argparse.Namespace, settings: Settings) -> int:
    if chosen.verifier:
        print(inspect.getsource(check_proof), end="")
        return HOLDS
    async with reading(settings) as log:
        entry = await _entry(log, chosen.entry)
        print(await prove(log, entry), end="")
    return HOLDS


async def _answer(chosen: argparse.Namespace, settings: Settings) -> int:
    async with reading(settings) as log:
        entry = await _entry(log, chosen.entry)
        found = read_entry(entry)
        key = await log.response_key(entry.index)
    if not isinstance(found, LogEntry) or found.record.response is None:
        raise AuditUsage("answer: the entry holds no commitment to an answer.")
    if key is None:
        raise AuditUsage("answer: the key of this entry's commitment was erased; nothing can be compared with it.")
    holds = opens(key, chosen.file.read_bytes(), found.record.response)
    print("these bytes are the answer that was given" if holds else "these bytes are not the answer that was given")
    return HOLDS if holds else FAULTY


async def _erase(chosen: argparse.Namespace, settings: Settings) -> int:
    async with writing(settings) as log:
        entry = await _entry(log, chosen.entry)
        if await log.response_key(entry.index) is None:
            raise AuditUsage("erase-key: the entry has no key, or it was erased before.")
        # First on record, then done: an erasure that nobody knows of is worse than one that has to be repeated.
        await log.append_event(_event(settings, Kind.ERASURE, "key-erased", entry_id(entry.index, entry.leaf)))
        await log.erase_key(entry.index)
    print(f"erased: the answer of entry {entry.index} can no longer be compared with anything")
    return HOLDS


async def _rekey(chosen: argparse.Namespace, settings: Settings) -> int:
    new = log_signer(settings)
    old = LogSigner(new.origin, Ed25519Signer.of(read_signing_key(chosen.old)))
    if old.key == new.key:
        raise AuditUsage("rekey: that is the key that signs now; name the one before it.")
    async with writing(settings, old, beside=False) as log:  # what holds it signs with the old key
        await log.append_event(
            _event(settings, Kind.GATEWAY, "rekeyed", f"key-{old.key.id.hex()}-key-{new.key.id.hex()}")
        )
        await log.resign(new)
    print(f"signed with {new.key} from here on")
    return HOLDS


# ---- what they share ----------------------------------------------------------------------------------------------


async def _entry(log: SqliteLogReader | KeptLog, named: str | None) -> StoredEntry:
    if named is None:
        raise AuditUsage("proof: name an entry by its id or index.")
    if named.isdigit() and index_in(named) is None:
        found = await log.pick([int(named)])
        entry = found[0] if found else None
    else:
        entry = await log.find(named)
    if entry is None:
        raise AuditUsage(f": no entry {named} in this log. Ids stand in `accesses` and in the console.")
    return entry


def _event(settings: Settings, kind: Kind, action: str, reference: str) -> EventRecord:
    return EventRecord(datetime.now(UTC), kind, action, "OK", settings.province, references=(reference,))
