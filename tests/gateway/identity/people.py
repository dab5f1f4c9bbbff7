"""Sources with key lists of people who do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.contract import KeyEntry
from gateway.identity.token import TokenService
from gateway.sources.registry import OpenSource
from schema.codes import gb11643
from tests.gateway.sources.memory import MemoryAdapter, a_manifest

TOKENS = TokenService(bytes(range(32)), "2026")
INDEX_KEY = bytes(range(1, 33))


def number(index: int) -> str:
    return gb11643.upgrade(f"3299019001{index // 900 + 10:02d}{index % 900:03d}")


def token(index: int) -> str:
    minted = TOKENS.mint(number(index))
    assert minted is not None
    return minted


def smallest(*indexes: int) -> str:
    return min(token(index) for index in indexes)


class Houses:
    """Sources by name, each with the adapter behind it."""

    def __init__(self) -> None:
        self.opened: dict[str, OpenSource] = {}
        self.adapters: dict[str, MemoryAdapter] = {}

    def add(self, name: str, entries: Sequence[KeyEntry], **spec: Any) -> MemoryAdapter:
        manifest = a_manifest(name, **spec)
        adapter = MemoryAdapter(manifest, {}, entries)
        self.opened[name] = OpenSource(manifest, adapter)
        self.adapters[name] = adapter
        return adapter
