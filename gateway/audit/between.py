"""`yiti audit witness | cosigned | receipts | reconcile`: what two logs do for one another, by files."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.audit.commands import FAULTY, HOLDS, AuditUsage, note_in, note_key, reading, run, writing
from gateway.audit.keeping import stream
from gateway.audit.note import COSIGNATURE
from gateway.audit.receipts import Receipt, asked, compared, given
from gateway.audit.signer import Cosigner, Ed25519Signer
from gateway.audit.wiring import origin_of, signing_key, witness_file, witness_of
from gateway.audit.witness import Witness, accepted
from gateway.keys import read_signing_key
from gateway.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_between(verbs: Commands) -> None:
    """These commands, beside the other ones of `yiti audit`."""
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
        "printed for a checkpoint.",
    )
    cosigned.add_argument("--checkpoint", type=Path, help="the checkpoint that was handed over")
    cosigned.add_argument("--signature", type=Path, help="what the witness printed")
    cosigned.add_argument("--key", help="the witness's key: name+id+base64")
    cosigned.set_defaults(command=run(_cosigned))

    _add_receipts(verbs)


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


async def _witness(chosen: argparse.Namespace, settings: Settings) -> int:
    keys = [note_key(text) for text in chosen.key]
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
    key = note_key(chosen.key)
    both = accepted(note_in(chosen.checkpoint), chosen.signature.read_text(encoding="utf-8"), [key])
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


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
