"""What the commands of `yiti audit` share: the log opened by the settings, and what is wrong told in a line."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from gateway.audit.keeping import KeptLog
from gateway.audit.log import SqliteLogReader
from gateway.audit.note import BadNote, NoteKey, SignedNote
from gateway.audit.signer import LogSigner
from gateway.audit.wiring import open_log
from gateway.settings import Settings, load

HOLDS: Final = 0
FAULTY: Final = 1
UNUSABLE: Final = 2


class AuditUsage(Exception):
    """A command that cannot be run like this: says why and the fix."""


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
async def writing(
    settings: Settings, signer: LogSigner | None = None, *, beside: bool = True
) -> AsyncIterator[KeptLog]:
    """The log to be written, beside a gateway that may be writing it; else AuditUnavailable while one does."""
    if settings.audit_url is None and not settings.audit_file.is_file():
        raise AuditUsage(f": there is no {settings.audit_file.name} in YITI_STATE.")
    log = await open_log(settings, signer, beside=beside)
    try:
        yield log
    finally:
        await log.aclose()


def note_key(text: str) -> NoteKey:
    """A key as `yiti audit key` prints it, or the file that holds it; BadNote for anything else."""
    path = Path(text)
    return NoteKey.read(path.read_text(encoding="utf-8") if "+" not in text and path.is_file() else text)


def note_in(path: Path) -> SignedNote:
    """The note in a file; BadNote where there is none."""
    return SignedNote.read(path.read_text(encoding="utf-8"))
