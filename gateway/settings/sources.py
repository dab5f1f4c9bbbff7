"""Which sources there are, and how they are asked."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from pydantic import Field, field_validator

from gateway.settings.forms import Files, Folders, RedisUrl, Room


class SourceSettings(Room):
    """Which sources there are, and how they are asked."""

    heading = "The sources"

    manifests: Folders = Field(description="Folders, each of whose `*.yaml` files describes one source.")
    townships: Files = Field((), description="YAML files of township codes and names, which GB/T 2260 lacks.")
    deadline_seconds: float = Field(3.0, gt=0, le=60, description="How long one request may wait for its sources.")
    unshown_milliseconds: int = Field(
        100,
        ge=0,
        le=5_000,
        description="An answer that does not show somebody who was asked for leaves after a multiple of this, so "
        "that its time tells as little as may be whether there is such a person; 0: at once.",
    )
    http_transport: Literal["own", "httpx", "aiohttp"] = Field(
        "own",
        description="What carries the calls to HTTP sources: this project's own transport, httpx's, or aiohttp's "
        "(`pip install yiti[aiohttp]`).",
    )
    cache_ttl_seconds: float = Field(
        0.0, ge=0, le=3_600, description="How long source records are reused, encrypted; 0: never."
    )
    cache_redis_url: RedisUrl | None = Field(
        None, description="Redis for gateways that share a cache; unset: each keeps its own in memory."
    )
    refresh_seconds: float = Field(
        900.0,
        ge=0,
        description="How often the identity index is renewed from the sources' key lists; 0: at start only.",
    )

    @field_validator("manifests")
    @classmethod
    def _any(cls, folders: Folders) -> Folders:
        if not folders:
            raise ValueError("names no folder; name at least one with source manifests")
        return folders

    @field_validator("http_transport")
    @classmethod
    def _installed(cls, name: str) -> str:
        if name == "aiohttp" and find_spec("httpx_aiohttp") is None:
            raise ValueError("aiohttp is not installed; pip install yiti[aiohttp], or choose own or httpx")
        return name
