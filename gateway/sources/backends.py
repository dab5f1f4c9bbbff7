"""The one seam to aiocache: where kept bytes lie. Only a gateway that keeps any imports it: it brings Redis along."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from aiocache import SimpleMemoryCache
from aiocache.serializers import NullSerializer

from gateway.sources.cache import Backend

# It prints keys and values.
_aiocache_logger = logging.getLogger("aiocache")
_aiocache_logger.setLevel(logging.CRITICAL + 1)
_aiocache_logger.propagate = False
_aiocache_logger.addHandler(logging.NullHandler())


def memory_backend() -> Backend:
    """Kept in this process."""
    backend: Backend = SimpleMemoryCache(serializer=NullSerializer(encoding=None), timeout=None)
    return backend


def redis_backend(url: str, *, timeout: float = 0.1) -> Backend:
    """Kept in Redis (`redis[s]://[:password@]host[:port][/db]`), shared by replicas; needs the extra `redis`."""
    try:
        from aiocache import RedisCache
    except ImportError as err:
        raise RuntimeError("A cache in Redis needs the package redis. Install yiti[redis].") from err
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ValueError("The cache's address must read redis://host:port/db. Correct that setting.")
    backend: Backend = RedisCache(
        endpoint=parts.hostname,
        port=parts.port or 6379,
        db=int(parts.path.strip("/") or 0),
        password=parts.password,
        ssl=parts.scheme == "rediss",
        serializer=NullSerializer(encoding=None),
        timeout=timeout,
        create_connection_timeout=timeout,
    )
    return backend
