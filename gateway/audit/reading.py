"""What is read of a log in SQLite: entries with what they name, and what proofs are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import apsw

from gateway.audit.context import Shared, read_shared
from gateway.audit.note import SignedNote
from gateway.audit.record import StoredEntry
from gateway.audit.stored import naming, shared_of

_MOST_KEPT: Final = 10_000


class SqliteKept:
    """Implements gateway.audit.merkle.Kept."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def leaves(self, start: int, end: int) -> Sequence[bytes]:
        """Leaf hashes; LookupError where one is missing."""
        query = "SELECT leaf FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
        return _all([leaf for (leaf,) in self._connection.execute(query, (start, end))], end - start)

    def nodes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Hashes of complete subtrees; LookupError where one is missing."""
        query = "SELECT hash FROM node WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"
        return _all([node for (node,) in self._connection.execute(query, (level, start, end))], end - start)


class SqliteEntries:
    """Reads entries; used by one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.kept = SqliteKept(connection)
        self._shared: dict[str, Shared] = {}
        self._named_by: dict[bytes, Mapping[str, Shared]] = {}

    def size(self) -> int:
        """How many entries are durable."""
        return int(self._connection.execute("SELECT coalesce(max(size), 0) FROM head").get)

    def head(self) -> SignedNote:
        """The newest checkpoint; BadNote where it cannot be read."""
        return SignedNote.read(str(self._connection.execute("SELECT note FROM head").get))

    def between(self, start: int, end: int) -> list[StoredEntry]:
        """The entries from `start` up to, not including, `end`."""
        query = "SELECT idx, leaf, record FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx"
        rows: list[Any] = self._connection.execute(query, (start, end)).fetchall()
        return [StoredEntry(index, leaf, content, self._named(content)) for index, leaf, content in rows]

    def pick(self, places: Sequence[int]) -> list[StoredEntry]:
        """The entries at these places, in the order asked for; those that are not there are left out."""
        marks = ",".join("?" * len(places))
        query = f"SELECT idx, leaf, record FROM entry WHERE idx IN ({marks})"  # noqa: S608
        rows: list[Any] = self._connection.execute(query, tuple(places)).fetchall()
        found = {index: StoredEntry(index, leaf, content, self._named(content)) for index, leaf, content in rows}
        return [found[place] for place in places if place in found]

    def cosigned(self) -> list[SignedNote]:
        """The newest checkpoint of each witness."""
        query = "SELECT note, max(size) FROM cosignature GROUP BY witness ORDER BY witness"
        return [SignedNote.read(str(note)) for note, _ in self._connection.execute(query)]

    def _named(self, content: bytes) -> Mapping[str, Shared]:
        """What a record names and is there."""
        part = naming(content)
        named = self._named_by.get(part)
        if named is None:
            digests = shared_of(content)
            named = {digest: found for digest in digests if (found := self._one(digest)) is not None}
            if len(named) == len(set(digests)):  # it never changes; what is missing may come
                if len(self._named_by) >= _MOST_KEPT:
                    self._named_by.clear()
                self._named_by[part] = named
        return named

    def _one(self, digest: str) -> Shared | None:
        found = self._shared.get(digest)
        if found is None:
            query = "SELECT content FROM shared WHERE digest = ?"
            for (content,) in self._connection.execute(query, (digest,)):
                found = read_shared(content)
                if len(self._shared) >= _MOST_KEPT:
                    self._shared.clear()
                self._shared[digest] = found
        return found


def _all(found: list[bytes], count: int) -> list[bytes]:
    if len(found) != count:
        raise LookupError("a part of the tree is missing")
    return found
