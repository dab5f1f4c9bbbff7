"""`yiti audit ...`: what an operator and an auditor do with the log, beside the gateway that writes it."""

from __future__ import annotations

import argparse
import asyncio
import base64
import inspect
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw

from gateway.audit import check_proof
from gateway.audit.checking import Report, Trust
from gateway.audit.commitment import opens
from gateway.audit.event import EventRecord, Kind
from gateway.audit.file import LogDamaged
from gateway.audit.keeping import KeptLog, stream
from gateway.audit.log import SqliteLogReader
from gateway.audit.note import COSIGNATURE, BadNote, NoteKey, SignedNote
from gateway.audit.progress import Bar
from gateway.audit.proof import covering, prove
from gateway.audit.receipts import Receipt, asked, compared, given
from gateway.audit.record import LogEntry, StoredEntry
from gateway.audit.signer import Cosigner, Ed25519Signer, LogSigner
from gateway.audit.stored import entry_id, index_in, read_entry
from gateway.audit.verify import verify
from gateway.audit.wiring import log_signer, open_log, origin_of, signing_key, witness_file, witness_of
from gateway.audit.witness import Submission, Witness, accepted
from gateway.errors import AuditUnavailable
from gateway.keys import read_signing_key
from gateway.settings import Settings, load

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

HOLDS: Final = 0
FAULTY: Final = 1
UNUSABLE: Final = 2


class AuditUsage(Exception):
    """A command that cannot be run like this: says why and the fix."""


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
        "any more. The entry stays; the erasure is put on record, with SQLite when the gateway is stopped.",
    )
    erase.add_argument("entry", help="the entry's id or index")
    erase.set_defaults(command=run(_erase))

    witness = verbs.add_parser(
        "witness",
        help="keep and sign another log's checkpoint, handed over in a file",
        description="Keep and sign another log's checkpoint if it goes on from the one seen last. Reads what "
        "`yiti audit checkpoint --since SIZE` printed there, and prints what `yiti audit cosigned` keeps there. "
        "Gateways that are peers do the same by themselves.",
    )
    witness.add_argument("file", type=Path, help="what the other log printed")
    witness.add_argument("--key", required=True, action="append", help="a key of the other log: name+id+base64")
    witness.add_argument("--store", type=Path, help="where to keep what was seen; unset: with this gateway's state")
    witness.add_argument("--signing-key", type=Path, help="sign with this key (JWK) instead of this gateway's")
    witness.add_argument("--name", help="sign under this name instead of this gateway's")
    witness.set_defaults(command=run(_witness))

    cosigned = verbs.add_parser(
        "cosigned",
        help="keep a witness's signature, or show what witnesses signed",
        description="Without files: what each witness signed last. With them, keep the signature that a witness "
        "printed for a checkpoint (with SQLite when the gateway is stopped).",
    )
    cosigned.add_argument("--checkpoint", type=Path, help="the checkpoint that was handed over")
    cosigned.add_argument("--signature", type=Path, help="what the witness printed")
    cosigned.add_argument("--key", help="the witness's key: name+id+base64")
    cosigned.set_defaults(command=run(_cosigned))

    _add_receipts(verbs)
    rekey = verbs.add_parser(
        "rekey",
        help="hand the log over to this gateway's new signing key",
        description="Hand the log over to this gateway's new signing key, with the gateway stopped. The change is "
        "put on record and signed with the old key; tell whoever keeps checkpoints the new one (`yiti audit key`).",
    )
    rekey.add_argument("old", type=Path, help="the key file (JWK) that signed so far")
    rekey.set_defaults(command=run(_rekey))
    return verbs


def _add_receipts(verbs: Commands) -> None:
    receipts = verbs.add_parser(
        "receipts",
        help="print what this gateway answered a peer, for the peer to compare",
        description="Print, a line each, which requests of a peer this gateway answered, with the entries' hashes.",
    )
    receipts.add_argument("peer", help="the other gateway's name")
    reconcile = verbs.add_parser(
        "reconcile",
        help="compare what a peer says it answered with what is on record here",
        description="Compare a peer's receipts with this log: answers that the peer says nothing of, and questions "
        "that it says we asked and that are not on record here.",
    )
    reconcile.add_argument("file", type=Path, help="what the peer printed with `yiti audit receipts`")
    reconcile.add_argument("--source", required=True, help="the peer's id among this gateway's sources")
    for verb, command in ((receipts, _receipts), (reconcile, _reconcile)):
        verb.add_argument("--since", required=True, type=_moment, help="from then on, such as 2026-11-23T00:00:00Z")
        verb.add_argument("--until", required=True, type=_moment, help="up to, not including, then")
        verb.set_defaults(command=run(command))


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
    keys = [_note_key(text) for text in chosen.key] or [log_signer(settings).key]
    kept = [_note(path) for path in chosen.kept]
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


async def _witness(chosen: argparse.Namespace, settings: Settings) -> int:
    keys = [_note_key(text) for text in chosen.key]
    key = read_signing_key(chosen.signing_key) if chosen.signing_key is not None else signing_key(settings)
    cosigner = Cosigner(chosen.name or witness_of(settings.name), Ed25519Signer.of(key))
    witness = Witness(chosen.store or witness_file(settings), cosigner)
    try:
        verdict = witness.add(chosen.file.read_text(encoding="utf-8"), keys[0].name, keys)
        seen = witness.newest(keys[0].name)
    finally:
        witness.close()
    if verdict.status == 200:
        print(verdict.body, end="")
        print(f"signed as {cosigner.key}", file=sys.stderr)
        return HOLDS
    size = seen.checkpoint().size if seen is not None else 0
    told = {
        400: "that is no submission; print one there with `yiti audit checkpoint --since SIZE`",
        403: "no key that you named signed this checkpoint",
        404: f"that is not the log {keys[0].name}",
        409: f"this witness saw {size} entries last; print it there with `yiti audit checkpoint --since {size}`",
        422: f"it does not go on from the {size} entries that this witness saw",
    }[verdict.status]
    print(f"{verdict.alarm.upper() + ': ' if verdict.alarm else ''}not signed: {told}")
    return FAULTY


async def _cosigned(chosen: argparse.Namespace, settings: Settings) -> int:
    given = (chosen.checkpoint, chosen.signature, chosen.key)
    if not any(given):
        async with reading(settings) as log:
            for note in await log.cosigned():
                print(note)
        return HOLDS
    if not all(given):
        raise AuditUsage("cosigned: name all three of --checkpoint, --signature and --key.")
    key = _note_key(chosen.key)
    both = accepted(_note(chosen.checkpoint), chosen.signature.read_text(encoding="utf-8"), [key])
    if both is None or key.kind != COSIGNATURE or both.checkpoint().origin != origin_of(settings.name):
        raise AuditUsage("cosigned: that witness did not sign this checkpoint of this log.")
    async with writing(settings) as log:
        await log.keep_cosignature(key.name, both)
    print(f"kept: {key.name} saw {both.checkpoint().size} entries")
    return HOLDS


async def _receipts(chosen: argparse.Namespace, settings: Settings) -> int:
    async with reading(settings) as log:
        async for receipt in given(stream(log), chosen.peer, chosen.since, chosen.until):
            print(receipt.line())
    return HOLDS


async def _reconcile(chosen: argparse.Namespace, settings: Settings) -> int:
    try:
        theirs = [Receipt.read(line) for line in chosen.file.read_text(encoding="utf-8").splitlines()]
    except ValueError as error:
        raise AuditUsage(f"reconcile: {error}") from error
    async with reading(settings) as log:
        ours = await asked(stream(log), chosen.source, chosen.since, chosen.until)
    differences = list(compared(ours, theirs))
    for difference in differences:
        print(difference)
    print(f"{len(ours):,} requests asked here, {len(theirs):,} receipts there, {len(differences):,} differences")
    return FAULTY if differences else HOLDS


async def _rekey(chosen: argparse.Namespace, settings: Settings) -> int:
    new = log_signer(settings)
    old = LogSigner(new.origin, Ed25519Signer.of(read_signing_key(chosen.old)))
    if old.key == new.key:
        raise AuditUsage("rekey: that is the key that signs now; name the one before it.")
    async with writing(settings, old) as log:
        await log.append_event(
            _event(settings, Kind.GATEWAY, "rekeyed", f"key-{old.key.id.hex()}-key-{new.key.id.hex()}")
        )
        await log.resign(new)
    print(f"signed with {new.key} from here on")
    return HOLDS


# ---- what they share ----------------------------------------------------------------------------------------------


def run(
    command: Callable[[argparse.Namespace, Settings], Coroutine[Any, Any, int]],
) -> Callable[[argparse.Namespace], int]:
    """A command as argparse calls it: with this process's settings, what is wrong told in a line."""

    def run(chosen: argparse.Namespace) -> int:
        try:
            return asyncio.run(command(chosen, load()))
        except (AuditUsage, BadNote) as error:
            print(f"yiti: audit {error}", file=sys.stderr)
        except (apsw.Error, OSError) as error:
            print(f"yiti: audit: cannot be read ({type(error).__name__}); see YITI_STATE and files.", file=sys.stderr)
        return UNUSABLE

    return run


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[SqliteLogReader | KeptLog]:
    """The log to be read, beside a gateway that may be writing it."""
    log: SqliteLogReader | KeptLog
    if settings.audit_url is not None:
        log = await open_log(settings)
    elif settings.audit_file.is_file():
        log = SqliteLogReader(settings.audit_file)
    else:
        raise AuditUsage(f": there is no {settings.audit_file.name} in YITI_STATE.")
    try:
        yield log
    finally:
        await log.aclose()


@asynccontextmanager
async def writing(settings: Settings, signer: LogSigner | None = None) -> AsyncIterator[KeptLog]:
    """The log to be written; with SQLite AuditUnavailable while a gateway writes it."""
    if settings.audit_url is None and not settings.audit_file.is_file():
        raise AuditUsage(f": there is no {settings.audit_file.name} in YITI_STATE.")
    log = await open_log(settings, signer)
    try:
        yield log
    finally:
        await log.aclose()


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


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _note_key(text: str) -> NoteKey:
    path = Path(text)
    return NoteKey.read(path.read_text(encoding="utf-8") if "+" not in text and path.is_file() else text)


def _note(path: Path) -> SignedNote:
    return SignedNote.read(path.read_text(encoding="utf-8"))


__all__ = ["AuditUnavailable", "AuditUsage", "add_audit", "reading", "run", "writing"]
