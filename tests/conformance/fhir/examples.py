"""HL7's example resources, fetched once by npm and kept under var/ as they came."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.conformance.kept import Absent, fingerprint, locked

PACKAGE = Path(__file__).parent / "package.json"
TYPES = ("Patient", "Encounter", "Condition", "Observation")
Resource = dict[str, object]


def examples() -> dict[str, list[Resource]]:
    """The resources of each type, in the order of their ids, none of them changed."""
    folder = _fetched()
    return {kind: [_read(file) for file in sorted(folder.glob(f"{kind}-*.json"))] for kind in TYPES}


def _fetched() -> Path:
    """The folder with the resources, from the registry that this machine's npm is set to."""
    with locked("fhir") as kept:
        folder = kept / f"package-{fingerprint(PACKAGE.read_bytes())}"
        ready = folder / ".ready"
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            shutil.copy(PACKAGE, folder)
            _install(folder)
            _keep(folder / "node_modules" / "hl7.fhir.r4.examples", folder)
            ready.touch()
    return folder


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Absent("npm is not installed, so the FHIR examples cannot be fetched")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Absent(f"fetching the FHIR examples by npm failed: {type(err).__name__}") from err
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if "code" in line] or ["no reason given"]
        raise Absent(f"fetching the FHIR examples by npm failed: {said[0]}")


def _keep(package: Path, folder: Path) -> None:
    """The resources that are served, out of a package of two hundred megabytes."""
    for kind in TYPES:
        for file in package.glob(f"{kind}-*.json"):
            shutil.move(file, folder)
    shutil.rmtree(folder / "node_modules")


def _read(file: Path) -> Resource:
    return json.loads(file.read_text(encoding="utf-8"))
