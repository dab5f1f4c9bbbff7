"""A sealed SQLite file for Datasette: entries and their parts as tables, indexed, with a signed manifest in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import apsw
import orjson

from gateway.audit.export.format import Token
from gateway.audit.export.manifest import Unsealed
from gateway.audit.export.rows import COLUMNS, row
from gateway.audit.record import AccessRecord
from gateway.audit.search import Entry

_LISTED: Final = ("fields", "sources", "persons", "policies", "labels_shown", "labels_masked", "labels_denied")
_ENTRY: Final = tuple(name for name in COLUMNS if name not in _LISTED)
_NUMBERS: Final = {"idx": "INTEGER PRIMARY KEY", "milliseconds": "REAL"}
_TABLES: Final = {
    "entry": _ENTRY,
    "person": ("idx", "person"),
    "field": ("idx", "path", "label", "effect", "policies"),
    "source": ("idx", "source", "outcome", "milliseconds"),
}
_INDEXED: Final = {
    "entry": ("at", "kind", "subject", "agency", "purpose", "outcome", "request_id"),
    "person": ("person", "idx"),
    "field": ("label", "path", "idx"),
    "source": ("source", "idx"),
}
_HEADER: Final = b"SQLite format 3\x00"


class SealedFile:
    """One file being written; whoever opens it closes it."""

    def __init__(self, path: Path, token: Token) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("PRAGMA journal_mode=OFF")
        self._connection.execute("PRAGMA synchronous=OFF")  # a broken-off export is thrown away
        self._token = token
        self._hashes = {table: hashlib.sha256() for table in _TABLES}
        for table, columns in _TABLES.items():
            self._connection.execute(f"CREATE TABLE {table} ({', '.join(_column(table, name) for name in columns)})")
        self._connection.execute("CREATE TABLE manifest (content TEXT NOT NULL)")

    def add(self, entries: Iterable[Entry]) -> None:
        """These entries, in order."""
        with self._connection:
            for entry in entries:
                cells = row(entry, self._token)
                self._insert("entry", [[cells[name] for name in _ENTRY]])
                self._insert("person", [[entry.index, self._token(one)] for one in entry.record.persons])
                if isinstance(entry.record, AccessRecord):
                    self._insert("field", _fields(entry.index, entry.record))
                    self._insert("source", _sources(entry.index, entry.record))

    def rows(self) -> str:
        """The hash of all tables as they were written."""
        return _joined(digest.digest() for digest in self._hashes.values())

    def seal(self, manifest: bytes) -> None:
        """Put in the manifest and the indexes, and close."""
        self._connection.execute("INSERT INTO manifest VALUES (?)", (manifest.decode(),))
        for table, columns in _INDEXED.items():
            for column in columns:
                self._connection.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
        self._connection.execute("PRAGMA user_version=1")
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        marks = ",".join("?" * len(_TABLES[table]))
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
        for one in rows:
            self._hashes[table].update(_line(one))


def is_sealed(path: Path) -> bool:
    """Whether a file is of this format, by its first bytes."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def manifest_in(path: Path) -> bytes:
    """The manifest of a sealed file; Unsealed where there is not exactly one."""
    found = _asked(path, "SELECT content FROM manifest")
    if len(found) != 1:
        raise Unsealed("the file does not hold one manifest")
    return str(found[0][0]).encode()


def hash_of_tables(path: Path) -> str:
    """As SealedFile.rows, of what the file holds now."""
    digests = []
    connection = _opened(path)
    try:
        for table, columns in _TABLES.items():
            digest = hashlib.sha256()
            for one in connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"):  # noqa: S608
                digest.update(_line(one))
            digests.append(digest.digest())
    except apsw.Error as error:
        raise Unsealed("the file's tables cannot be read") from error
    finally:
        connection.close()
    return _joined(digests)


def datasette_metadata(title: str) -> bytes:
    """What Datasette shows beside the tables: `datasette FILE --metadata THIS`."""
    described = {
        "entry": "每条查阅记录一行 · one row for each entry; idx is its place, leaf_hash its RFC 9162 hash.",
        "person": "涉及的人员（假名） · whom an entry is about, by audit token.",
        "field": "每个字段的显示结果 · what became of each field, by which policies.",
        "source": "各来源的答复情况 · how each source did, in milliseconds.",
        "manifest": "签名的清单 · the signed manifest; check it with `yiti audit check-export FILE`.",
    }
    tables: dict[str, dict[str, object]] = {name: {"description": text} for name, text in described.items()}
    tables["entry"] |= {"sort_desc": "idx", "facets": ["kind", "agency", "purpose", "outcome"]}
    tables["field"] |= {"facets": ["label", "effect"], "sortable_columns": ["idx", "path"]}
    tables["source"] |= {"facets": ["source", "outcome"], "units": {"milliseconds": "ms"}}
    document = {"title": title, "databases": {"*": {"tables": tables}}}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _fields(index: int, record: AccessRecord) -> list[list[Any]]:
    return [[index, one.path, one.label, one.effect, " ".join(one.policies)] for one in record.fields]


def _sources(index: int, record: AccessRecord) -> list[list[Any]]:
    return [[index, one.source, one.outcome, float(one.milliseconds)] for one in record.sources]


def _column(table: str, name: str) -> str:
    kind = _NUMBERS.get(name, "TEXT")
    return f"{name} {'INTEGER' if name == 'idx' and table != 'entry' else kind}"


def _line(cells: Sequence[Any]) -> bytes:
    return orjson.dumps(list(cells), option=orjson.OPT_APPEND_NEWLINE)


def _joined(digests: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _opened(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def _asked(path: Path, query: str) -> list[Any]:
    connection = _opened(path)
    try:
        return connection.execute(query).fetchall()
    except apsw.Error as error:
        raise Unsealed("the file cannot be read as a sealed export") from error
    finally:
        connection.close()
