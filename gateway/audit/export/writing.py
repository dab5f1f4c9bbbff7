"""Writing an export: in parts, in constant memory, beside its place; it gets there once it is on record itself."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from gateway.audit.event import Detail, EventRecord, Kind
from gateway.audit.export.csv_lines import CsvLines
from gateway.audit.export.fhir import FhirLines
from gateway.audit.export.format import Format, Lines, Request, Token
from gateway.audit.export.json_lines import JsonLines
from gateway.audit.export.manifest import Manifest, beside
from gateway.audit.export.sealed import SealedFile, datasette_metadata
from gateway.audit.note import SignedNote
from gateway.audit.record import EventEntry
from gateway.audit.search import Conditions, Entry, Search, SearchQuery
from gateway.audit.signer import LogSigner
from gateway.errors import AuditUnavailable

_PART: Final = 500
_LINES: Final[Mapping[Format, Callable[[Token], Lines]]] = {
    Format.CSV: CsvLines,
    Format.JSONL: JsonLines,
    Format.FHIR: FhirLines,
}
MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSONL: "application/jsonl",
    Format.FHIR: "application/fhir+ndjson",
    Format.SQLITE: "application/vnd.sqlite3",
}
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/@+=-]{1,128}")
_NUMBER: Final = re.compile(r"[\d+-]{7,}[xX]?")  # could be a document's or a telephone's


class Log(Protocol):
    """What an export needs of the log."""

    @property
    def signer(self) -> LogSigner:
        """Who speaks for the log."""
        ...

    async def size(self) -> int:
        """How many entries are durable."""
        ...

    async def head(self) -> SignedNote:
        """Its newest checkpoint."""
        ...

    async def append_event(self, record: EventRecord) -> EventEntry:
        """Put an event on record."""
        ...


async def export(
    request: Request,
    target: Path,
    search: Search,
    log: Log,
    *,
    jurisdiction: str,
    told: Callable[[int], None] = lambda _: None,
) -> Manifest:
    """Write a file and its manifest; both appear once the export is on record. `told` hears how many are written.

    Raises AuditUnavailable where the index does not reach to what is durable now or contradicts it, where an entry
    cannot be read, or where the export cannot be put on record; then nothing is left behind. OSError where the file
    cannot be written.
    """
    indexed = await reached(search, log)
    checkpoint = await log.head()
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    writing = (
        _Sealing(aside, request, search.token) if request.format is Format.SQLITE else _Text(aside, request, search)
    )
    try:
        counted = _Counted()
        async for part in parts(search, request.conditions, indexed):
            counted.add(part)
            await asyncio.to_thread(writing.add, part)
            told(counted.entries)
        manifest = Manifest(
            kind=request.format.value,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            origin=log.signer.origin,
            entries=counted.entries,
            first=counted.first,
            last=counted.last,
            indexed=indexed,
            conditions=spoken(request.conditions, _written(request, search.token)),
            person_ids=request.person_ids,
            rows=await asyncio.to_thread(writing.rows),
            leaves=counted.leaves.hexdigest(),
            checkpoint=str(checkpoint),
        )
        sealed = manifest.sealed(log.signer)
        await asyncio.to_thread(writing.seal, sealed)
        await log.append_event(_event(request, jurisdiction, {"entries": manifest.entries, "sha256": manifest.rows}))
        beside(target).write_bytes(sealed)
        if request.format is Format.SQLITE:
            target.with_name(f"{target.name}.metadata.json").write_bytes(datasette_metadata(manifest.origin))
        aside.replace(target)
    finally:
        writing.close()
        with suppress(FileNotFoundError):
            aside.unlink()
    return manifest


async def stream(request: Request, search: Search, log: Log, *, jurisdiction: str) -> AsyncIterator[bytes]:
    """The lines of a text format, as they are read; the export is on record before the first of them."""
    lines = _lines(request, search)
    indexed = await reached(search, log)
    await log.append_event(_event(request, jurisdiction, {}))
    yield lines.head()
    async for part in parts(search, request.conditions, indexed):
        yield lines.lines(part)


async def reached(search: Search, log: Log) -> int:
    """The place up to which everything that is durable now can be found; AuditUnavailable while it cannot."""
    size = await log.size()
    page = await search.find(SearchQuery(first=0, wait_for=size - 1), viewer="")
    coverage = page.coverage
    if coverage.contradicted_at is not None or coverage.indexed < size:
        raise AuditUnavailable(
            f"The index reaches to entry {coverage.indexed} of {size}. Wait, or run `yiti audit reindex`; where the "
            "log contradicts it, `yiti audit verify` first."
        )
    return coverage.indexed


async def parts(search: Search, conditions: Conditions, before: int) -> AsyncIterator[list[Entry]]:
    """Entries before a place that meet the conditions, oldest first, some at a time."""
    part: list[Entry] = []
    async for entry in search.stream(conditions, before=before):
        part.append(entry)
        if len(part) == _PART:
            yield part
            part = []
    if part:
        yield part


def spoken(conditions: Conditions, token: Token) -> dict[str, object]:
    """Conditions as a manifest tells them: those that ask something."""
    asked = {one.name: getattr(conditions, one.name) for one in fields(Conditions)}
    asked["persons"] = tuple(token(person) for person in conditions.persons)
    return {
        name: value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
        for name, value in asked.items()
        if value
    }


class _Counted:
    def __init__(self) -> None:
        self.entries = 0
        self.first: int | None = None
        self.last: int | None = None
        self.leaves = hashlib.sha256()

    def add(self, part: Sequence[Entry]) -> None:
        self.entries += len(part)
        self.first = part[0].index if self.first is None else self.first
        self.last = part[-1].index
        for entry in part:
            self.leaves.update(bytes.fromhex(entry.leaf_hash))


class _Text:
    def __init__(self, path: Path, request: Request, search: Search) -> None:
        self._lines = _lines(request, search)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._digest = hashlib.sha256()
        self._write(self._lines.head())

    def add(self, part: Sequence[Entry]) -> None:
        self._write(self._lines.lines(part))

    def rows(self) -> str:
        return self._digest.hexdigest()

    def seal(self, _manifest: bytes) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        self._file.close()

    def _write(self, content: bytes) -> None:
        self._digest.update(content)
        self._file.write(content)


class _Sealing(SealedFile):
    def __init__(self, path: Path, request: Request, token: Token) -> None:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        super().__init__(path, _written(request, token))


def _lines(request: Request, search: Search) -> Lines:
    make = _LINES.get(request.format)
    if make is None:
        raise ValueError(f"{request.format.value} is no text")
    return make(_written(request, search.token))


def _written(request: Request, token: Token) -> Token:
    return (lambda person: person) if request.person_ids else token


def _event(request: Request, jurisdiction: str, found: Mapping[str, Detail]) -> EventRecord:
    conditions = spoken(request.conditions, str)
    persons = request.conditions.persons
    return EventRecord(
        at=datetime.now(UTC),
        kind=Kind.EXPORT,
        action="written",
        outcome="OK",
        jurisdiction=jurisdiction,
        subject=request.subject,
        agency=request.agency,
        agency_name=request.agency_name,
        roles=request.roles,
        purpose="AUDIT",
        request_id=request.request_id,
        persons=persons,
        details={
            "format": request.format.value,
            "person_ids": int(request.person_ids),
            **{name: _told(value) for name, value in conditions.items() if name != "persons"},
            **found,
        },
    )


def _told(value: object) -> Detail:
    """A condition as a word that may stand on record; where it is none, how many words it has."""
    words = value if isinstance(value, list) else [value]
    word = str(words[0])
    return word if len(words) == 1 and _WORD.fullmatch(word) and not _NUMBER.fullmatch(word) else len(words)
