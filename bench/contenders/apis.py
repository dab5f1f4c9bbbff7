"""The agencies' JSON APIs as the other Python contenders call them: stock httpx, one call per agency."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import httpx
import orjson

Row = dict[str, Any]


class Apis:
    """A client for the three agencies."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
        self._client = httpx.AsyncClient(base_url=os.environ["BENCH_UPSTREAM"], limits=limits, timeout=60)

    async def files(self, agency: str, ids: Sequence[str]) -> list[Row]:
        """The files of people, in the order asked for."""
        return await self._get(f"/{agency}/files?ids={','.join(ids)}")

    async def living_under(self, region: str) -> list[Row]:
        """The register's rows of a region."""
        return await self._get(f"/register/files?under={region}")

    async def _get(self, path: str) -> list[Row]:
        found: list[Row] = orjson.loads((await self._client.get(path)).content)
        return found
