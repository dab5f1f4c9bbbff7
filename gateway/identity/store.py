"""The index on disk: tokens in the clear, the sources' keys sealed, no name and no number anywhere."""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.contract import Key
from gateway.identity.entries import Entry, Link, Mark, Rule
from gateway.identity.index import Token

_FORMAT = "1"
_NONCE = 12
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS built (source TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, name BLOB NOT NULL, sealed BLOB NOT NULL, tokens TEXT NOT NULL,
    UNIQUE (source, name));
CREATE TABLE IF NOT EXISTS link (
    entry INTEGER NOT NULL REFERENCES entry, one TEXT NOT NULL, other TEXT NOT NULL, rule TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS link_entry ON link (entry);
CREATE TABLE IF NOT EXISTS mark (entry INTEGER NOT NULL REFERENCES entry, token TEXT NOT NULL, rule TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS mark_entry ON mark (entry);
CREATE TABLE IF NOT EXISTS severed (one TEXT NOT NULL, other TEXT NOT NULL, PRIMARY KEY (one, other)) WITHOUT ROWID;
"""


class IndexUnreadable(Exception):
    """The file was made under another key or by another version: says which file and the fix."""

    code = "INDEX_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry and the source that lists it."""

    source: str
    entry: Entry


class IndexStore:
    """One SQLite file (None: in memory), one connection. Used by one thread at a time.

    `fingerprint` stands for the pseudonym key and epoch: tokens of another one are worthless and are dropped.
    """

    def __init__(self, path: Path | None, key: bytes, fingerprint: str) -> None:
        if len(key) < 32:
            raise ValueError("The index key is too short. Give it at least 32 random bytes.")
        derived = HKDF(SHA256(), length=64, salt=None, info=b"yiti identity index").derive(key)
        self._naming, self._sealing = derived[:32], AESGCM(derived[32:])
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(str(path), fingerprint)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, where: str, fingerprint: str) -> None:
        try:
            self._connection.executescript(_TABLES)
        except sqlite3.DatabaseError as err:
            raise IndexUnreadable(f"{where}: is no identity index. Name another file, or delete it.") from err
        check = hmac.new(self._naming, b"check", hashlib.sha256).hexdigest()
        for name, value in (("format", _FORMAT), ("key", check)):
            if self._meta(name, value) != value:
                raise IndexUnreadable(
                    f"{where}: was made with another {name}. Give it back its {name}, or delete the file: "
                    "it is built anew from the sources."
                )
        if self._meta("tokens", fingerprint) != fingerprint:
            self._forget_tokens(fingerprint)

    def _meta(self, name: str, value: str) -> str:
        """What stands under the name, after writing `value` where nothing did."""
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (name, value))
        return str(self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])

    def _forget_tokens(self, fingerprint: str) -> None:
        with self._transaction() as connection:
            for table in ("link", "mark", "entry", "built", "severed"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
            connection.execute("UPDATE meta SET value = ? WHERE name = 'tokens'", (fingerprint,))

    def replace(self, source: str, entries: Sequence[Entry]) -> None:
        """Put these in the place of everything that the source listed before; all or nothing."""
        with self._transaction() as connection:
            self._delete(connection, source)
            for entry in entries:
                self._insert(connection, source, entry)
            connection.execute("INSERT OR REPLACE INTO built VALUES (?, ?)", (source, datetime.now(UTC).isoformat()))

    def drop(self, source: str) -> None:
        """Forget a source that is registered no more."""
        with self._transaction() as connection:
            self._delete(connection, source)
            connection.execute("DELETE FROM built WHERE source = ?", (source,))

    @staticmethod
    def _delete(connection: sqlite3.Connection, source: str) -> None:
        for table in ("link", "mark"):
            connection.execute(
                f"DELETE FROM {table} WHERE entry IN (SELECT id FROM entry WHERE source = ?)",  # noqa: S608
                (source,),
            )
        connection.execute("DELETE FROM entry WHERE source = ?", (source,))

    def _insert(self, connection: sqlite3.Connection, source: str, entry: Entry) -> None:
        name = self._name(source, entry.key)
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._sealing.encrypt(nonce, entry.key.encode(), name)
        row = connection.execute(
            "INSERT INTO entry (source, name, sealed, tokens) VALUES (?, ?, ?, ?)",
            (source, name, sealed, " ".join(entry.tokens)),
        ).lastrowid
        connection.executemany(
            "INSERT INTO link VALUES (?, ?, ?, ?)",
            [(row, link.one, link.other, link.rule.value) for link in entry.links],
        )
        connection.executemany(
            "INSERT INTO mark VALUES (?, ?, ?)", [(row, mark.token, mark.rule.value) for mark in entry.marks]
        )

    def _name(self, source: str, key: Key) -> bytes:
        """What a key is looked up by: it cannot be turned back into the key."""
        return hmac.new(self._naming, f"{source}\x1f{key}".encode(), hashlib.sha256).digest()[:16]

    def lines(self) -> Iterator[Line]:
        """Everything that stands here, keys opened again."""
        links: dict[int, list[Link]] = {}
        for row, one, other, rule in self._connection.execute("SELECT entry, one, other, rule FROM link"):
            links.setdefault(row, []).append(Link(one, other, Rule(rule)))
        marks: dict[int, list[Mark]] = {}
        for row, token, rule in self._connection.execute("SELECT entry, token, rule FROM mark"):
            marks.setdefault(row, []).append(Mark(token, Rule(rule)))
        rows = self._connection.execute("SELECT id, source, name, sealed, tokens FROM entry ORDER BY source, id")
        with closing(rows):
            for row, source, name, sealed, tokens in rows:
                key = self._open(sealed, name)
                entry = Entry(key, tuple(tokens.split()), tuple(links.get(row, ())), tuple(marks.get(row, ())))
                yield Line(source, entry)

    def _open(self, sealed: bytes, name: bytes) -> Key:
        try:
            return self._sealing.decrypt(sealed[:_NONCE], sealed[_NONCE:], name).decode()
        except InvalidTag as err:
            raise IndexUnreadable(
                "a sealed key in the identity index cannot be opened: the file was changed. Delete it: it is built "
                "anew from the sources."
            ) from err

    def token_of(self, source: str, key: Key) -> Token | None:
        """The main token of one key, without opening any other."""
        found = self._connection.execute(
            "SELECT tokens FROM entry WHERE source = ? AND name = ?", (source, self._name(source, key))
        ).fetchone()
        return None if found is None else str(found[0]).split()[0]

    def built(self) -> dict[str, datetime]:
        """When each source was last listed to the end."""
        rows = self._connection.execute("SELECT source, at FROM built")
        return {source: datetime.fromisoformat(at) for source, at in rows}

    def sever(self, one: Token, other: Token) -> None:
        """From now on believe nobody who says that these two are one person."""
        self._connection.execute("INSERT OR IGNORE INTO severed VALUES (?, ?)", tuple(sorted((one, other))))

    def rejoin(self, one: Token, other: Token) -> None:
        """Take a severing back."""
        self._connection.execute("DELETE FROM severed WHERE one = ? AND other = ?", tuple(sorted((one, other))))

    def severed(self) -> frozenset[tuple[Token, Token]]:
        """Pairs that are not to be joined, the smaller token first."""
        return frozenset(self._connection.execute("SELECT one, other FROM severed"))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class _Transaction:
    """BEGIN to COMMIT, or ROLLBACK if anything was raised."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
