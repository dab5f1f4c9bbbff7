"""Source records kept for a short while, under keys and in bytes that tell nothing.

Where the bytes lie is a backend's affair, see gateway/sources/backends.py; what is known of aiocache 0.12 and allowed
for here: a TTL of 0 means for ever in memory; the memory backend has no bound; it hands out the very object it was
given; only a float TTL is exact on Redis; its Redis client must be closed by `aclose`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.contract import Key, Record
from gateway.sources.codec import pack, unpack

logger = logging.getLogger(__name__)

_NONCE = 12
_OFF = timedelta(0)


class Backend(Protocol):
    """All that is used of aiocache."""

    async def get(self, key: str) -> object:
        """The bytes kept under the key, or None."""
        ...

    async def set(self, key: str, value: bytes, ttl: float) -> object:
        """Keep the bytes for `ttl` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long records are kept: nothing by default, more only where a setting says so."""

    default: timedelta = _OFF
    by_source: Mapping[str, timedelta] = field(default_factory=dict)

    def of(self, source: str) -> timedelta:
        """Of one source."""
        return self.by_source.get(source, self.default)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What kind of read is kept: the same source in the same version, the same entity, the same fields."""

    source: str
    version: str
    entity: str
    fields: Collection[str]

    def label(self) -> bytes:
        """Unambiguous bytes of it."""
        return "\x1f".join((self.source, self.version, self.entity, *sorted(self.fields))).encode()


class RecordCache:
    """Records by source key; a key that the source does not know is kept as such. Any failure is a miss."""

    def __init__(
        self,
        lifetime: Lifetime,
        backend: Backend,
        key: bytes | None = None,
        *,
        limit: int = 50_000,
    ) -> None:
        secret = os.urandom(32) if key is None else key
        if len(secret) < 32:
            raise ValueError("The cache's key is too short. Give it at least 32 random bytes.")
        derived = HKDF(SHA256(), length=64, salt=None, info=b"yiti record cache").derive(secret)
        self._naming, self._sealing = derived[:32], AESGCM(derived[32:])
        self._lifetime = lifetime
        self._backend = backend
        self._limit = limit
        self._ends: deque[float] = deque()
        self.hits = self.misses = 0  # records looked for, since the start

    def keeps(self, source: str) -> bool:
        """Whether anything of this source is kept at all."""
        return self._lifetime.of(source) > _OFF

    async def get(self, shelf: Shelf, keys: Iterable[Key]) -> dict[Key, tuple[Record, ...] | None]:
        """What is kept of these keys; None stands for a key that the source does not know."""
        wanted = list(keys)
        found = await asyncio.gather(*(self._one(self._name(shelf, key)) for key in wanted))
        kept = {key: one.rows for key, one in zip(wanted, found, strict=True) if one is not None}
        self.hits += len(kept)
        self.misses += len(wanted) - len(kept)
        return kept

    async def set(self, shelf: Shelf, rows: Mapping[Key, tuple[Record, ...] | None]) -> None:
        """Keep these answers for the lifetime of their source."""
        seconds = self._lifetime.of(shelf.source).total_seconds()
        if seconds <= 0:
            return
        for key, records in rows.items():
            if not self._has_room(seconds):
                return
            name = self._name(shelf, key)
            nonce = os.urandom(_NONCE)
            try:
                sealed = nonce + self._sealing.encrypt(nonce, pack(records), name.encode())
                await self._backend.set(name, sealed, ttl=float(seconds))
            except Exception as err:  # noqa: BLE001 - whatever a backend raises, the answer does not depend on it
                logger.warning("cache: cannot keep a record: %s", type(err).__name__)
                return

    def _has_room(self, seconds: float) -> bool:
        """Bounds what this process has kept: the memory backend would grow without end."""
        now = asyncio.get_running_loop().time()
        while self._ends and self._ends[0] <= now:
            self._ends.popleft()
        if len(self._ends) >= self._limit:
            return False
        self._ends.append(now + seconds)
        return True

    async def _one(self, name: str) -> _Kept | None:
        try:
            sealed = await self._backend.get(name)
            if not isinstance(sealed, bytes):
                return None
            return _Kept(unpack(self._sealing.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())))
        except Exception as err:  # noqa: BLE001 - unreachable, tampered with or of an older make: all are misses
            logger.warning("cache: cannot read a record: %s", type(err).__name__)
            return None

    def _name(self, shelf: Shelf, key: Key) -> str:
        digest = hmac.new(self._naming, shelf.label(), hashlib.sha256)
        digest.update(b"\x1e" + key.encode())
        return "yiti:" + digest.hexdigest()

    async def aclose(self) -> None:
        """Give the backend's connections back."""
        client = getattr(self._backend, "client", None)
        if client is not None:
            await client.aclose()


@dataclass(frozen=True, slots=True)
class _Kept:
    rows: tuple[Record, ...] | None
