"""`yiti audit reindex | export | check-export | report`: what is looked for in the log, and taken out of it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.contract import Call, Deadline
from gateway.audit.commands import AuditUsage, reading, run, writing
from gateway.audit.conditions import add_conditions, add_period, conditions_of
from gateway.audit.event import EventRecord, Kind
from gateway.audit.export import Format, Request, Unsealed, check_file, export
from gateway.audit.keeping import KeptLog
from gateway.audit.note import NoteKey
from gateway.audit.progress import Bar
from gateway.audit.report import Kinship, Limits, Report, Staff, report
from gateway.audit.report.kinship import Names, StaffListError
from gateway.audit.report.names import SourceNames
from gateway.audit.report.telling import as_json, as_text
from gateway.audit.search import SearchIndex
from gateway.audit.search.following import Feed
from gateway.audit.search.opening import open_search
from gateway.audit.wiring import log_signer
from gateway.identity.token import TokenService
from gateway.secret import keep_secret, read_secret
from gateway.settings import Settings
from schema.enums import Purpose

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DONE: Final = 0
FAULTY: Final = 1
_LONGEST_SECONDS: Final = 600.0
_LIMITS: Final = (
    "people_per_day",
    "after_hours",
    "work_begins",
    "work_ends",
    "officials_per_person",
    "refusals",
    "review_hours",
    "follow_up_days",
)


def add_looking(verbs: Commands) -> None:
    """These commands, beside the other ones of `yiti audit`."""
    reindex = verbs.add_parser(
        "reindex",
        help="build the search index anew from the log",
        description="Build the search index anew from the log's first entry. Needed after the log contradicted it; "
        "while a gateway feeds the index, stop it first.",
    )
    reindex.set_defaults(command=run(_reindex))

    out = verbs.add_parser(
        "export",
        help="write entries to a file, with a signed manifest",
        description="Write the entries that meet the conditions to a file, with a signed manifest beside it (SQLite: "
        "also in it). The export goes on record.",
    )
    out.add_argument("file", type=Path, help="where to; it must not exist")
    out.add_argument("--format", choices=[*Format], default=Format.CSV, type=Format, help="csv if none is named")
    out.add_argument("--person-ids", action="store_true", help="Person ids of the graph instead of audit tokens")
    _who(out)
    add_conditions(out)
    out.set_defaults(command=run(_export))

    check = verbs.add_parser(
        "check-export",
        help="whether an exported file is as it was signed",
        description="Whether an exported file and its manifest are as the log signed them.",
    )
    check.add_argument("file", type=Path, help="the exported file; a text's manifest lies beside it")
    check.add_argument("--key", help="the log's key (name+id+base64), instead of this gateway's own")
    check.set_defaults(command=run(_check))

    made = verbs.add_parser(
        "report",
        help="what deserves a second look, by plain rules",
        description="What deserves a second look in a period, by plain rules explained beside what they found. "
        "Limits are settings (YITI_REPORT_*).",
    )
    add_period(made)
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--english", action="store_true", help="in English instead of Chinese")
    made.add_argument(
        "--staff",
        type=Path,
        help="CSV of subject, name and, where known, id_number: own records and same surnames are looked for. The "
        "sources are asked for names then, which is put on record; nothing of the list is kept",
    )
    _who(made)
    made.set_defaults(command=run(_report))


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by", default=f"operator-{os.getuid()}", metavar="SUBJECT", help="who does it, for the record"
    )


async def _reindex(_: argparse.Namespace, settings: Settings) -> int:
    bar = Bar("indexing", sys.stderr)
    async with reading(settings) as log, _searching(settings, log) as search:
        try:
            coverage = await search.rebuild(bar.show)
        finally:
            bar.end()
    print(f"indexed: {coverage.indexed:,} of {coverage.durable:,} entries")
    return DONE


async def _export(chosen: argparse.Namespace, settings: Settings) -> int:
    if chosen.file.exists():
        raise AuditUsage(f"export: {chosen.file} exists. Name a new file.")
    request = Request(chosen.format, chosen.by, conditions_of(chosen), person_ids=chosen.person_ids)
    bar = Bar("exporting", sys.stderr)
    async with writing(settings) as log, _searching(settings, log) as search:
        total = (await search.count(request.conditions, 2**31)).count
        try:
            manifest = await export(
                request, chosen.file, search, log, jurisdiction=settings.province, told=partial(_show, bar, total)
            )
        finally:
            bar.end()
    print(f"{chosen.file}: {manifest.entries:,} entries, sealed by {manifest.origin}")
    return DONE


def _show(bar: Bar, total: int, done: int) -> None:
    bar.show(done, total)


async def _check(chosen: argparse.Namespace, settings: Settings) -> int:
    key = NoteKey.read(chosen.key) if chosen.key else log_signer(settings).key
    try:
        manifest = await asyncio.to_thread(check_file, chosen.file, key)
    except Unsealed as error:
        print(f"NOT AS SIGNED: {error}")
        return FAULTY
    places = f", #{manifest.first} to #{manifest.last}" if manifest.entries else ""
    print(f"as signed by {key.name} on {manifest.made_at}: {manifest.entries:,} entries{places}")
    return DONE


async def _report(chosen: argparse.Namespace, settings: Settings) -> int:
    now = datetime.now(UTC)
    until = chosen.until or now
    since = chosen.since or until - timedelta(days=30)
    if since >= until:
        raise AuditUsage("report: --since lies behind --until. Name the earlier moment first.")
    async with AsyncExitStack() as stack:
        if chosen.staff is None:
            log: Feed = await stack.enter_async_context(reading(settings))
            search = await stack.enter_async_context(_searching(settings, log))
            found = await _made(settings, search, since, until, None)
        else:
            kept = await stack.enter_async_context(writing(settings))
            search = await stack.enter_async_context(_searching(settings, kept))
            kinship = await _kinship(chosen, settings, kept, stack)
            found = await _made(settings, search, since, until, kinship)
            await kept.append_event(_on_record(chosen, settings, found))
    sys.stdout.write(as_json(found).decode() if chosen.json else as_text(found, english=chosen.english))
    return DONE


async def _made(
    settings: Settings, search: SearchIndex, since: datetime, until: datetime, kinship: Kinship | None
) -> Report:
    await search.catch_up()
    return await report(search, since, until, limits=report_limits(settings), kinship=kinship)


def report_limits(settings: Settings) -> Limits:
    """From where on something is found, by the settings."""
    return Limits(**{name: getattr(settings, f"report_{name}") for name in _LIMITS})


async def _kinship(chosen: argparse.Namespace, settings: Settings, log: KeptLog, stack: AsyncExitStack) -> Kinship:
    tokens = TokenService(_key(settings.token_key_file, settings, "token.key"), settings.token_epoch)
    try:
        staff = await asyncio.to_thread(Staff.read, chosen.staff, tokens.mint)
    except StaffListError as error:
        raise AuditUsage(f"report: --staff: {error}") from None
    return Kinship(staff, await _names(chosen, settings, log, tokens, stack))


async def _names(
    chosen: argparse.Namespace, settings: Settings, log: KeptLog, tokens: TokenService, stack: AsyncExitStack
) -> Names:
    """The sources of this gateway, asked beside it."""
    from adapters.drivers import open_adapter
    from gateway.identity.build import build
    from gateway.renewal import listing_call
    from gateway.sources.fetch import FederatedSources
    from gateway.sources.registry import open_sources, read_manifests

    opened = await open_sources(
        read_manifests(settings.manifests), partial(open_adapter, transport=settings.http_transport)
    )
    sources = FederatedSources(opened)
    stack.push_async_callback(sources.aclose)
    key = _key(settings.index_key_file, settings, "index.key")
    index = await build(opened, tokens, None, key, listing_call(settings.name, None))
    stack.callback(index.close)
    call = Call(
        f"report-{datetime.now(UTC):%Y%m%d%H%M%S}",
        chosen.by,
        "",
        Purpose.AUDIT.name,
        Deadline.after(_LONGEST_SECONDS),
    )
    return SourceNames(sources, index, call, log, jurisdiction=settings.province)


def _on_record(chosen: argparse.Namespace, settings: Settings, found: Report) -> EventRecord:
    return EventRecord(
        at=found.made_at,
        kind=Kind.CONSOLE,
        action="report",
        outcome="OK",
        jurisdiction=settings.province,
        subject=chosen.by,
        purpose=Purpose.AUDIT.name,
        details={"entries": found.entries, "findings": sum(one.total for one in found.rules)},
    )


@asynccontextmanager
async def _searching(settings: Settings, log: Feed) -> AsyncIterator[SearchIndex]:
    search = open_search(settings, log, _key(settings.index_key_file, settings, "index.key"))
    try:
        yield search
    finally:
        await search.aclose()


def _key(path: Path | None, settings: Settings, name: str) -> bytes:
    return read_secret(path) if path is not None else keep_secret(settings.state / name)


__all__ = ["add_looking", "report_limits"]
