"""HL7's own definitions of FHIR R4 (StructureDefinitions, value sets, code systems), fetched once by npm."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.kept import Absent, fingerprint, locked

PACKAGE = Path(__file__).parent / "package.json"
FILES = ("profiles-resources.json", "profiles-types.json", "valuesets.json", "v3-codesystems.json")
Resource = dict[str, Any]


@dataclass(frozen=True)
class Definitions:
    """By id for structures, by address for value sets and code systems."""

    structures: dict[str, Resource]
    value_sets: dict[str, Resource]
    code_systems: dict[str, Resource]


def definitions() -> Definitions:
    """What HL7 published; raises Absent where it cannot be had."""
    found = Definitions({}, {}, {})
    folder = _fetched()
    for name in FILES:
        for entry in json.loads((folder / name).read_text(encoding="utf-8"))["entry"]:
            resource = entry["resource"]
            kind = resource["resourceType"]
            if kind == "StructureDefinition":
                found.structures[resource["id"]] = resource
            elif kind == "ValueSet":
                found.value_sets[resource["url"]] = resource
            elif kind == "CodeSystem":
                found.code_systems[resource["url"]] = resource
    return found


def _fetched() -> Path:
    with locked("fhir-definitions") as kept:
        folder = kept / f"package-{fingerprint(PACKAGE.read_bytes())}"
        ready = folder / ".ready"
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            shutil.copy(PACKAGE, folder)
            _install(folder)
            held = folder / "node_modules" / "@medplum" / "definitions" / "dist" / "fhir" / "r4"
            for name in FILES:
                shutil.move(held / name, folder)
            shutil.rmtree(folder / "node_modules")
            ready.touch()
    return folder


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Absent("npm is not installed, so the FHIR definitions cannot be fetched")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as err:
        raise Absent(f"fetching the FHIR definitions by npm failed: {type(err).__name__}") from err
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if "code" in line] or ["no reason given"]
        raise Absent(f"fetching the FHIR definitions by npm failed: {said[0]}")
