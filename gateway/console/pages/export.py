"""Taking entries out: a file with its signed manifest, on record before its first byte leaves."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from gateway.audit.export import Format, Request, export
from gateway.console.conditions import NAMES, read
from gateway.console.errors import BadCondition
from gateway.console.gate import PATH, Outcome
from gateway.console.language import CHINA
from gateway.console.visit import Visit

EXPORT = f"{PATH}/export"
_SUFFIXES = {Format.CSV: "csv", Format.JSONL: "jsonl", Format.FHIR: "fhir.ndjson", Format.SQLITE: "sqlite"}


async def exported(visit: Visit) -> Outcome:
    """POST /console/export: the entries that meet the conditions of the page that it is sent from."""
    asked = read({name: visit.field(name) for name in NAMES})
    wanted, viewer = _format(visit.field("format")), visit.viewer
    request = Request(
        format=wanted,
        subject=viewer.subject,
        conditions=asked.conditions(),
        agency=viewer.agency,
        agency_name=viewer.agency_name,
        roles=tuple(sorted(viewer.roles)),
        request_id=visit.request_id,
    )
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="yiti-export-"))
    try:
        name = f"yiti-audit-{datetime.now(CHINA):%Y%m%d-%H%M%S}"
        target = folder / f"{name}.{_SUFFIXES[wanted]}"
        services = visit.services
        await export(request, target, services.search, services.log, jurisdiction=services.jurisdiction)
        packed = await asyncio.to_thread(_pack, folder, name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        packed,
        media_type="application/zip",
        filename=packed.name,
        headers=dict(services.renderer.headers),
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )


def _pack(folder: Path, name: str) -> Path:
    """Everything that the export wrote, in one file beside it."""
    files = sorted(folder.iterdir())
    packed = folder / f"{name}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return packed


def _format(word: str) -> Format:
    try:
        return Format(word)
    except ValueError:
        raise BadCondition("format") from None
