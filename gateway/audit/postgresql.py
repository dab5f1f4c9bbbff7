"""The access log on PostgreSQL, for several gateways that share one: whoever holds the head's row appends next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from gateway.audit.batch import LARGEST, Batch, Waiting, prepare, settle
from gateway.audit.context import Shared, read_shared
from gateway.audit.file import LogDamaged
from gateway.audit.keeping import UNREADABLE, UNWRITABLE, KeptLog
from gateway.audit.merkle import EMPTY_ROOT, Frontier, Tree
from gateway.audit.note import SignedNote
from gateway.audit.opening import check_count, check_edge, check_frontier
from gateway.audit.postgresql_tables import TABLES, VERSION
from gateway.audit.proving import Fetched, Wanted
from gateway.audit.record import StoredEntry
from gateway.audit.signer import LogSigner
from gateway.audit.stored import shared_of
from gateway.errors import AuditUnavailable

Found = TypeVar("Found")

_HISTORY_SECONDS: Final = 60
_MOST_KNOWN: Final = 10_000
_READERS: Final = 4
_COMMAND_SECONDS: Final = 20.0
SERVER_SETTINGS: Final = {"lock_timeout": "10s", "synchronous_commit": "on", "application_name": "yiti audit"}
_FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that broke in the middle of something
    OSError,
    asyncio.TimeoutError,
    LogDamaged,
)


class PostgresAuditLog(KeptLog):
    """A log in one database. Belongs to the event loop that opened it; other gateways may write the same log.

    They share one origin and one key: a head that was signed with another is refused.
    """

    def __init__(self, url: str, signer: LogSigner) -> None:
        """See `open`."""
        self.signer = signer
        self._url = url
        self._writer: asyncpg.Connection[Any] | None = None
        self._readers: asyncpg.Pool[Any] | None = None
        self._queue: list[Waiting] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._frontier = Frontier()
        self._known: set[str] = set()
        self._shared: dict[str, Shared] = {}
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, signer: LogSigner) -> PostgresAuditLog:
        """Opens the log or makes its tables; AuditUnavailable when that cannot be done."""
        log = cls(plain_url(url), signer)
        try:
            log._writer = await log._connect()
            await log._check(log._writer)
            log._readers = await asyncpg.create_pool(
                log._url,
                min_size=1,
                max_size=_READERS,
                command_timeout=_COMMAND_SECONDS,
                server_settings=SERVER_SETTINGS,
            )
        except LogDamaged as error:
            await log.aclose()
            raise AuditUnavailable(
                f"The database holds no access log to go on with: {error}. Look with `yiti audit verify`."
            ) from error
        except (*_FAILURES, ValueError) as error:
            await log.aclose()
            raise AuditUnavailable(
                f"The access log's database cannot be used ({type(error).__name__}): see YITI_AUDIT_URL and its log."
            ) from error
        log._task = asyncio.create_task(log._run())
        return log

    # ---- writing ----------------------------------------------------------------------------------------------

    async def _store(self, waiting: Waiting) -> int:
        if self._closing or self._task is None or self._task.done():
            raise AuditUnavailable(UNWRITABLE)
        self._queue.append(waiting)
        self._wake.set()
        try:
            return await waiting.done
        except _FAILURES as error:
            raise AuditUnavailable(UNWRITABLE) from error

    async def _run(self) -> None:
        batch: list[Waiting] = []
        try:
            while batch := await self._take():
                await self._write(batch)
        finally:  # also when this task fails in a way nobody foresaw: no caller may wait for ever
            self._closing = True
            left, self._queue = [*batch, *self._queue], []
            settle(left, LogDamaged("closed"))

    async def _take(self) -> list[Waiting]:
        while not self._queue and not self._closing:
            self._wake.clear()
            await self._wake.wait()
        batch, self._queue = self._queue[:LARGEST], self._queue[LARGEST:]
        return batch

    async def _write(self, batch: Sequence[Waiting]) -> None:
        try:
            if self._writer is None:
                self._writer = await self._connect()
                self._frontier = Frontier()  # nothing that is remembered is trusted after a failure
            first = await self._commit(self._writer, batch)
        except _FAILURES as error:
            connection, self._writer = self._writer, None
            if connection is not None:
                connection.terminate()
            settle(batch, error)
        else:
            settle(batch, first)

    async def _commit(self, connection: asyncpg.Connection[Any], batch: Sequence[Waiting]) -> int:
        async with connection.transaction():
            before = await self._hold(connection)
            ready = prepare(batch, before, self.signer, self._known)
            await _insert(connection, ready)
        self._frontier = ready.frontier
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(named.digest for named in ready.shared)
        return ready.first

    async def _hold(self, connection: asyncpg.Connection[Any]) -> Frontier:
        """The tree to grow on; nobody else can grow it until the transaction ends."""
        head = await connection.fetchrow("SELECT size, frontier, note FROM audit_head FOR UPDATE")
        if head is None:
            raise LogDamaged("it has lost its head")
        size, packed, note = head
        mine = self._frontier
        if (mine.size, mine.packed()) == (size, packed):
            return mine
        return check_frontier(size, packed, note, self.signer)

    async def _connect(self) -> asyncpg.Connection[Any]:
        return await asyncpg.connect(self._url, **_connecting())

    async def _check(self, connection: asyncpg.Connection[Any]) -> None:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('yiti audit tables'))")
            # Not where they are: a gateway that starts must not wait for, nor stop, one that writes.
            if await connection.fetchval("SELECT to_regclass('audit_version')") is None:
                await connection.execute(TABLES)
            version = await connection.fetchval("SELECT version FROM audit_version")
            if version != VERSION:
                raise LogDamaged(f"it was written by another version: {version}; this one reads {VERSION}")
            if await connection.fetchval("SELECT count(*) FROM audit_head") == 0:
                note = str(self.signer.checkpoint(0, EMPTY_ROOT))
                await connection.execute("INSERT INTO audit_head VALUES (1, 0, '', $1)", note)
            self._frontier = await self._hold(connection)
            stored = await connection.fetchval("SELECT coalesce(max(idx) + 1, 0) FROM audit_entry")
            check_count(self._frontier, stored)
            rows = await connection.fetch("SELECT leaf, record FROM audit_entry ORDER BY idx DESC LIMIT 256")
            try:
                edge = await _prove(connection, lambda tree: tree.frontier(self._frontier.size))
            except LookupError as error:
                raise LogDamaged("entries or nodes of its tree are missing") from error
        check_edge(self._frontier, edge, [(row[0], row[1]) for row in rows])

    # ---- reading ----------------------------------------------------------------------------------------------

    async def size(self) -> int:
        """How many entries of any kind are durable."""
        return int(await self._read(lambda one: one.fetchval("SELECT size FROM audit_head")))

    async def head(self) -> SignedNote:
        """The newest checkpoint, which is signed over every durable entry."""
        return SignedNote.read(await self._read(lambda one: one.fetchval("SELECT note FROM audit_head")))

    async def between(self, start: int, end: int) -> Sequence[StoredEntry]:
        """Entries of any kind from `start` up to, not including, `end`."""
        query = "SELECT idx, leaf, record FROM audit_entry WHERE idx >= $1 AND idx < $2 ORDER BY idx"
        return await self._entries(await self._read(lambda one: one.fetch(query, start, end)))

    async def pick(self, indexes: Sequence[int]) -> Sequence[StoredEntry]:
        """Entries of any kind at these places, in the order asked for; those that are not there are left out."""
        query = "SELECT idx, leaf, record FROM audit_entry WHERE idx = ANY($1::bigint[])"
        rows = await self._read(lambda one: one.fetch(query, list(indexes)))
        found = {entry.index: entry for entry in await self._entries(rows)}
        return [found[index] for index in indexes if index in found]

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that the tree of this size holds the entry."""
        return await self._read(lambda one: _prove(one, lambda tree: tree.inclusion(index, size)))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of size `new` begins with that of size `old`."""
        return await self._read(lambda one: _prove(one, lambda tree: tree.consistency(old, new)))

    async def keep_cosignature(self, witness: str, note: SignedNote) -> None:
        """Keep a checkpoint of this log with the signature of a witness."""
        values = (note.checkpoint().size, witness, str(note))
        query = "INSERT INTO audit_cosignature VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await self._read(lambda one: one.execute(query, *values))

    async def cosigned(self) -> Sequence[SignedNote]:
        """The newest checkpoint of each witness, with its signature."""
        query = "SELECT DISTINCT ON (witness) note FROM audit_cosignature ORDER BY witness, size DESC"
        return [SignedNote.read(row[0]) for row in await self._read(lambda one: one.fetch(query))]

    async def resign(self, signer: LogSigner) -> None:
        """Sign the head with another key; the log can then be gone on with under that one alone."""

        async def sign(connection: Any) -> None:
            async with connection.transaction():
                tree = await self._hold(connection)
                note = str(signer.checkpoint(tree.size, tree.root()))
                await connection.execute("UPDATE audit_head SET note = $1", note)

        await self._read(sign)

    async def response_key(self, index: int) -> bytes | None:
        """The key of an entry's commitment to its answer; None where there is none, or no longer."""
        query = "SELECT key FROM audit_response_key WHERE idx = $1"
        found: bytes | None = await self._read(lambda one: one.fetchval(query, index))
        return found

    async def erase_key(self, index: int) -> bool:
        """Forget that key for ever; whether there was one. PostgreSQL overwrites it when it vacuums the table."""
        query = "DELETE FROM audit_response_key WHERE idx = $1"
        done: str = await self._read(lambda one: one.execute(query, index))
        await self._read(lambda one: one.execute("VACUUM audit_response_key"))
        return done != "DELETE 0"

    async def aclose(self) -> None:
        """Commit what waits, then close. Closing twice is harmless."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        connection, self._writer = self._writer, None
        if connection is not None:
            with suppress(*_FAILURES):
                await connection.close(timeout=_COMMAND_SECONDS)
        readers, self._readers = self._readers, None
        if readers is not None:
            with suppress(*_FAILURES):
                await readers.close()

    async def _read(self, ask: Callable[[Any], Awaitable[Found]]) -> Found:
        if self._readers is None:
            raise AuditUnavailable(UNREADABLE)
        try:
            async with self._readers.acquire(timeout=_COMMAND_SECONDS) as connection:
                return await ask(connection)
        except (*_FAILURES, LookupError) as error:
            raise AuditUnavailable(UNREADABLE) from error

    async def _entries(self, rows: Sequence[Any]) -> list[StoredEntry]:
        named = [shared_of(row[2]) for row in rows]
        if len(self._shared) > _MOST_KNOWN:
            self._shared = {}
        missing = sorted({digest for digests in named for digest in digests} - self._shared.keys())
        if missing:
            query = "SELECT digest, content FROM audit_shared WHERE digest = ANY($1::text[])"
            found = await self._read(lambda one: one.fetch(query, missing))
            self._shared.update({row[0]: read_shared(row[1]) for row in found})
        known = self._shared
        return [
            StoredEntry(row[0], row[1], row[2], {digest: known[digest] for digest in digests if digest in known})
            for row, digests in zip(rows, named, strict=True)
        ]


async def _insert(connection: asyncpg.Connection[Any], batch: Batch) -> None:
    if batch.shared:
        await connection.execute(
            "INSERT INTO audit_shared SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING",
            [named.digest for named in batch.shared],
            [named.content for named in batch.shared],
        )
    await connection.execute(
        "INSERT INTO audit_entry SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])",
        list(range(batch.first, batch.frontier.size)),
        batch.leaves,
        batch.records,
    )
    if batch.nodes:
        await connection.execute(
            "INSERT INTO audit_node SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[])",
            [node.level for node in batch.nodes],
            [node.index for node in batch.nodes],
            [node.hash for node in batch.nodes],
        )
    if batch.keys:
        await connection.execute(
            "INSERT INTO audit_response_key SELECT * FROM unnest($1::bigint[], $2::bytea[])",
            *(list(column) for column in zip(*batch.keys, strict=True)),
        )
    head = (batch.frontier.size, batch.frontier.packed(), str(batch.note))
    await connection.execute("UPDATE audit_head SET size = $1, frontier = $2, note = $3", *head)
    await connection.execute(
        "INSERT INTO audit_checkpoint SELECT $1, $2::bigint, $3 "
        "WHERE NOT EXISTS (SELECT FROM audit_checkpoint WHERE at > $2::bigint - $4::bigint)",
        batch.frontier.size,
        int(time.time()),
        str(batch.note),
        _HISTORY_SECONDS,
    )


async def _prove(connection: asyncpg.Connection[Any], make: Callable[[Tree], Found]) -> Found:
    """What a tree makes of what is stored: once to learn what it asks for, once with it."""
    wanted = Wanted()
    make(Tree(wanted))
    leaves, nodes = {}, {}
    for start, end in wanted.asked_leaves:
        query = "SELECT leaf FROM audit_entry WHERE idx >= $1 AND idx < $2 ORDER BY idx"
        leaves[start, end] = [row[0] for row in await connection.fetch(query, start, end)]
    for level, start, end in wanted.asked_nodes:
        query = "SELECT hash FROM audit_node WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx"
        nodes[level, start, end] = [row[0] for row in await connection.fetch(query, level, start, end)]
    return make(Tree(Fetched(leaves, nodes)))


def _connecting() -> dict[str, Any]:
    return {"timeout": _COMMAND_SECONDS, "command_timeout": _COMMAND_SECONDS, "server_settings": SERVER_SETTINGS}


def plain_url(url: str) -> str:
    """As asyncpg reads it; SQLAlchemy's form of the same address is taken too."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
