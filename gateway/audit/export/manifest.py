"""The seal of an export: what it holds, the hash of its rows, the log's checkpoint, and a signature on all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.audit.note import BadNote, NoteKey, SignedNote
from gateway.audit.signer import LogSigner

FORMAT: Final = "yiti.audit.export/1"
SUFFIX: Final = ".manifest.json"


class Unsealed(Exception):
    """An export that is not what was signed: says what differs."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was exported. `rows` is the SHA-256 of a text's bytes, or of a sealed file's tables (gateway...sealed)."""

    kind: str  # a word of format.Format
    made_at: str  # ISO 8601
    origin: str  # the log's name
    entries: int
    first: int | None  # places of the first and last entry
    last: int | None
    indexed: int  # how far the index reached: nothing from here on was looked at
    conditions: Mapping[str, object]
    person_ids: bool
    rows: str  # hexadecimal
    leaves: str  # SHA-256 of the entries' leaf hashes in order, hexadecimal
    checkpoint: str  # C2SP signed note of the log
    format: str = FORMAT

    def content(self) -> bytes:
        """The bytes that are signed by their hash."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    def sealed(self, signer: LogSigner) -> bytes:
        """The manifest with the log's signature, as it is kept beside or in the file."""
        note = signer.note(_statement(self.content()))
        return orjson.dumps({"manifest": asdict(self), "note": str(note)}, option=orjson.OPT_INDENT_2)


def read_sealed(content: bytes, key: NoteKey) -> Manifest:
    """A manifest that this key signed; Unsealed for anything else."""
    try:
        found: Any = orjson.loads(content)
        manifest, note = Manifest(**found["manifest"]), SignedNote.read(found["note"])
    except (orjson.JSONDecodeError, KeyError, TypeError, BadNote) as error:
        raise Unsealed("the manifest cannot be read") from error
    if manifest.format != FORMAT:
        raise Unsealed(f"the manifest is of another format than {FORMAT}")
    if not note.signed_by(key) or note.text != _statement(manifest.content()):
        raise Unsealed(f"the manifest is not what {key.name} signed")
    return manifest


def beside(path: Path) -> Path:
    """Where the manifest of a text file is kept."""
    return path.with_name(path.name + SUFFIX)


def check_file(path: Path, key: NoteKey) -> Manifest:
    """The manifest of an exported file, once everything is as it was signed; Unsealed says what differs."""
    from gateway.audit.export.sealed import hash_of_tables, is_sealed, manifest_in

    try:
        if is_sealed(path):
            manifest = read_sealed(manifest_in(path), key)
            rows = hash_of_tables(path)
        else:
            manifest = read_sealed(beside(path).read_bytes(), key)
            with path.open("rb") as file:
                rows = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unsealed(f"{error.filename}: cannot be read") from error
    if rows != manifest.rows:
        raise Unsealed("the rows are not those that were signed")
    return manifest


def _statement(content: bytes) -> str:
    # The first line can be no log's name, so that no such note passes for a checkpoint.
    return f"{FORMAT} manifest\n{hashlib.sha256(content).hexdigest()}\n"
