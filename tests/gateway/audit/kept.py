"""A log of each kind to run the same tests on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.checking import Report, Trust
from gateway.audit.keeping import KeptLog
from gateway.audit.log import SqliteAuditLog
from gateway.audit.postgresql import PostgresAuditLog
from gateway.audit.postgresql_verify import verify_postgresql
from gateway.audit.signer import Ed25519Signer, LogSigner
from gateway.audit.verify import verify
from tests.services import postgresql_url

SIGNER = LogSigner("js.example/audit", Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\1" * 32)))


@dataclass(frozen=True)
class Place:
    """Where a log is kept, to be opened once or again."""

    where: Path | str

    async def open(self, signer: LogSigner = SIGNER) -> KeptLog:
        if isinstance(self.where, Path):
            return SqliteAuditLog(self.where, signer)
        return await PostgresAuditLog.open(self.where, signer)

    @asynccontextmanager
    async def opened(self, signer: LogSigner = SIGNER) -> AsyncIterator[KeptLog]:
        async with AsyncExitStack() as stack:
            log = await self.open(signer)
            stack.push_async_callback(log.aclose)
            yield log

    async def verify(self, trust: Trust | None = None) -> Report:
        trust = trust or Trust([SIGNER.key], signatures=True, records=True)
        if isinstance(self.where, Path):
            return verify(self.where, trust)
        return await verify_postgresql(self.where, trust)


@contextmanager
def place(kind: str, folder: Path) -> Iterator[Place]:
    """A place of this kind with nothing in it."""
    if kind == "sqlite":
        yield Place(folder / "audit.sqlite")
        return
    with postgresql_url() as url:
        yield Place(url)
