"""Builds the identity index from every source's key list, and builds it again while the old one answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from adapters.contract import AdapterError, Call, Deadline, KeySlice, Malformed, Unavailable
from gateway.identity.entries import read_entries
from gateway.identity.index import Token
from gateway.identity.snapshot import Evidence, Snapshot
from gateway.identity.store import IndexStore
from gateway.identity.token import TokenService
from gateway.sources.registry import OpenSource
from gateway.sources.retry import attempt
from schema.enums import DocumentKind

logger = logging.getLogger(__name__)

_PAGE_SECONDS = 30.0
"""The longest that one page of a key list may take, whatever the build's own deadline."""


@dataclass(frozen=True, slots=True)
class Listed:
    """How one source's key list came in. `standing` tells since when its entries stand if this one failed."""

    source: str
    outcome: str  # ok | an AdapterError code
    entries: int
    unreadable: int
    standing: datetime | None


class StoredIndex:
    """The IdentityIndex protocol over a snapshot that a refresh replaces in one step."""

    def __init__(self, opened: Mapping[str, OpenSource], tokens: TokenService, path: Path | None, key: bytes) -> None:
        self._opened = opened
        self._minting = tokens
        self._store = IndexStore(path, key, tokens.mint_local("", "fingerprint"))
        self._changing = asyncio.Lock()
        self._snapshot = Snapshot(())
        self.report: tuple[Listed, ...] = ()

    async def load(self) -> None:
        """Take up what the file holds."""
        async with self._changing:
            await self._reread()

    async def refresh(self, call: Call) -> tuple[Listed, ...]:
        """List every source again, all at once; lookups are answered from the old state until all is done.

        A source that fails keeps the entries it had, and is reported.
        """
        async with self._changing:
            gone = self._store.built().keys() - self._opened.keys()
            for source in gone:
                await asyncio.to_thread(self._store.drop, source)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._list(source, call)) for source in self._opened.values()]
            report = [await self._keep(*task.result()) for task in tasks]
            await self._reread()
            self.report = tuple(report)
            return self.report

    async def _list(self, source: OpenSource, call: Call) -> tuple[OpenSource, Sequence[object], str]:
        name = source.manifest.id
        lines: list[object] = []
        if _is_asked_for_everybody(source):
            return source, lines, "ok"
        try:
            async with asyncio.timeout_at(call.deadline.at):
                async for page in _pages(source, call):
                    lines += page
        except AdapterError as err:
            logger.warning("source %s: key list: %s: %s", name, err.code, err)
            return source, (), err.code
        except TimeoutError:
            logger.warning("source %s: key list: past the deadline", name)
            return source, (), Unavailable.code
        except Exception as err:  # noqa: BLE001 - foreign code at the process boundary
            logger.warning("source %s: key list: the adapter failed with %s", name, type(err).__name__)
            return source, (), Malformed.code
        return source, lines, "ok"

    async def _keep(self, source: OpenSource, lines: Sequence[object], outcome: str) -> Listed:
        name = source.manifest.id
        if outcome != "ok":
            return Listed(name, outcome, 0, 0, self._store.built().get(name))
        entries, unreadable = await asyncio.to_thread(
            read_entries, name, lines, self._minting, is_peer=source.is_peer
        )
        await asyncio.to_thread(self._store.replace, name, entries)
        return Listed(name, outcome, len(entries), unreadable, self._store.built().get(name))

    async def _reread(self) -> None:
        self._snapshot = await asyncio.to_thread(
            lambda: Snapshot(
                self._store.lines(),
                self._store.severed(),
                peers={name for name, source in self._opened.items() if source.is_peer},
                asked_for_everybody=[
                    name for name, source in self._opened.items() if _is_asked_for_everybody(source)
                ],
            )
        )

    async def sever(self, one: Token, other: Token) -> None:
        """Take two tokens of one person apart again, against whatever the sources say, until `rejoin`."""
        async with self._changing:
            await asyncio.to_thread(self._store.sever, one, other)
            await self._reread()

    async def rejoin(self, one: Token, other: Token) -> None:
        """Believe the sources again."""
        async with self._changing:
            await asyncio.to_thread(self._store.rejoin, one, other)
            await self._reread()

    def find(self, number: str, kind: str | None = None) -> Token | None:
        """Whose document number this is, by the primary token; without a kind every kind is tried."""
        kinds: Collection[str] = DocumentKind.__members__ if kind is None else (kind,)
        for one in kinds:
            token = self._minting.mint_document(one, number)
            found = None if token is None else self.primary(token)
            if found is not None:
                return found
        return None

    def holders(self, token: Token) -> Mapping[str, tuple[str, ...]]:
        """source id -> that source's keys of the person; empty for an unknown token."""
        return self._snapshot.holders(token)

    def owner(self, source: str, key: str) -> Token | None:
        """Whose key of that source this is."""
        return self._snapshot.owner(source, key)

    def primary(self, token: Token) -> Token | None:
        """The token under which a person stands, where one person has two numbers; None when unknown."""
        return self._snapshot.primary(token)

    def everybody(self) -> Sequence[Token]:
        """All persons by their primary token, sorted."""
        return self._snapshot.everybody()

    def own(self) -> Sequence[Token]:
        """All tokens, sorted, that sources other than peers hold a record under."""
        return self._snapshot.own()

    def tokens(self, token: Token) -> tuple[Token, ...]:
        """All tokens of the person, the primary first; empty when unknown."""
        return self._snapshot.tokens(token)

    def evidence(self, token: Token) -> tuple[Evidence, ...]:
        """What speaks for and against the tokens of this person."""
        return self._snapshot.evidence(token)

    def ambiguous(self, token: Token) -> bool:
        """Whether more than one person may stand under this token (重号 in one source)."""
        return self._snapshot.ambiguous(token)

    def close(self) -> None:
        """Close the file."""
        self._store.close()


async def build(
    opened: Mapping[str, OpenSource], tokens: TokenService, path: Path | None, key: bytes, call: Call
) -> StoredIndex:
    """The index over these sources: what the file at `path` holds (None: in memory), then every source listed anew.

    `key` seals the sources' keys in the file. Read `report` for sources that could not be listed.
    """
    index = StoredIndex(opened, tokens, path, key)
    try:
        await index.load()
        await index.refresh(call)
    except BaseException:
        index.close()
        raise
    return index


def _is_asked_for_everybody(source: OpenSource) -> bool:
    spec = source.manifest.source
    return spec.kind == "subgraph" and spec.locator is None


async def _pages(source: OpenSource, call: Call) -> AsyncIterator[Sequence[object]]:
    after: str | None = None
    passed: set[str] = set()
    while True:
        page = await _page(source, call, after)
        yield page.entries
        after = page.after
        if after is None:
            return
        if after in passed:
            raise Malformed("the pages of a key list go round in a circle; correct the source's paging")
        passed.add(after)


async def _page(source: OpenSource, call: Call, after: str | None) -> KeySlice:
    deadline = Deadline(min(call.deadline.at, Deadline.after(_PAGE_SECONDS).at))
    patient = replace(call, deadline=deadline)
    page: object = await attempt(lambda: source.adapter.keys(patient, after), deadline)
    if not isinstance(page, KeySlice):
        raise Malformed("a key list brought something else than a page; correct the adapter")
    return page
