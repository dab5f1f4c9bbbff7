"""A real adapter over rows in memory, whose answers can be held back, broken and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from adapters.contract import (
    Adapter,
    AdapterError,
    Call,
    Capability,
    Deadline,
    Health,
    Key,
    KeyEntry,
    KeySlice,
    Op,
    Provenance,
    Record,
    Search,
    Slice,
)
from adapters.manifest import Manifest
from gateway.sources.registry import OpenSource

Rows = Mapping[str, Mapping[Key, Sequence[Mapping[str, object]]]]  # entity -> person key -> rows

FETCHED_AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def a_manifest(
    name: str = "jiangsu-police",
    *,
    kind: str = "sql",
    timeout: float = 30.0,
    entities: Mapping[str, Mapping[str, Any]] | None = None,
    locator: str | None = None,
    **changes: Any,
) -> Manifest:
    source: dict[str, Any] = {"kind": kind, "url": "sqlite+aiosqlite:///:memory:", "timeout": timeout}
    if kind == "subgraph":
        source |= {"url": "https://peer.test/graphql", "audience": "peer", "locator": locator}
    if kind == "rest":
        source = {"kind": "rest", "base_url": "http://agency.test", "timeout": timeout}
    entities = {"PersonRecord": {"name": {"path": "XM"}}} if entities is None else entities
    agency = {"code": "320000001", "name": "省厅", "kind": "POLICE", "jurisdiction": "320000"}
    return Manifest.model_validate(
        {
            "contract": "1.0",
            "id": name,
            "version": "1",
            "name": "测试来源",
            "owner": "省厅",
            "jurisdiction": "320000",
            "agency": agency,
            "source": source,
            "entities": {entity: _dataset(kind, entity, fields) for entity, fields in entities.items()},
        }
        | changes
    )


def _dataset(kind: str, entity: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    person = {} if entity == "PersonRecord" or kind == "subgraph" else {"person": "RYBH"}
    rows = {"rows": "rows"} if kind == "subgraph" else {}
    return {"dataset": "T", "key": "ID", "fields": fields} | person | rows


class MemoryAdapter:
    """Fulfils the Adapter protocol; `gate` holds answers back, `fault` is raised, `garble` falsifies answers."""

    version = "1"
    contract: Literal["1.0"] = "1.0"

    def __init__(self, manifest: Manifest, rows: Rows, entries: Sequence[KeyEntry] = ()) -> None:
        self.id = manifest.id
        self.rows = rows
        self.entries = list(entries)
        self.capabilities: Mapping[str, Capability] = {
            entity: Capability(
                fields=frozenset(name for dataset in manifest.datasets(entity) for name in dataset.fields),
                filters={"name": frozenset({Op.EQ})} if entity == "PersonRecord" else {},
                max_page=2,
            )
            for entity in manifest.entities
        }
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self._arrivals = asyncio.Semaphore(0)
        self.faults: list[Exception] = []
        self.fault: Exception | None = None
        self.key_faults: dict[Key, AdapterError] = {}
        self.garble: Callable[[Any], object] = lambda answer: answer
        self.calls: list[tuple[str, str, tuple[Key, ...], frozenset[str], Call]] = []
        self.cancelled = 0
        self.peer = manifest.id if manifest.source.kind == "subgraph" else None
        self.record: str | None = None
        self.closed = 0

    async def _pass(self, method: str, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call) -> None:
        self.calls.append((method, entity, tuple(keys), frozenset(fields), call))
        self.asked.set()
        self._arrivals.release()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.faults:
            raise self.faults.pop(0)
        if self.fault is not None:
            raise self.fault

    async def arrived(self, calls: int) -> None:
        """Wait until that many more calls have come in."""
        for _ in range(calls):
            await self._arrivals.acquire()

    def _records(self, entity: str, key: Key, fields: Collection[str]) -> list[Record]:
        return [
            Record(
                key=key if entity == "PersonRecord" else f"{key}/{entity}/{index}",
                person=key,
                values={name: row.get(name) for name in fields},
                provenance=Provenance(self.id, "T", self.record or key, FETCHED_AT, peer=self.peer),
            )
            for index, row in enumerate(self.rows.get(entity, {}).get(key, ()))
        ]

    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        await self._pass("keys", "", (), (), call)
        start = int(after or 0)
        page = self.entries[start : start + 2]
        more = start + 2 < len(self.entries)
        answer: Any = self.garble(KeySlice(page, str(start + 2) if more else None))
        return answer  # type: ignore[no-any-return] # a garbled answer is the point

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        await self._pass("fetch", entity, keys, fields, call)
        found: dict[Key, Record | AdapterError] = {
            key: self._records(entity, key, fields)[0] for key in keys if key in self.rows.get(entity, {})
        }
        answer: Any = self.garble(found | self.key_faults)
        return answer  # type: ignore[no-any-return]

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        await self._pass("related", entity, people, fields, call)
        found: dict[Key, Sequence[Record] | AdapterError] = {
            key: self._records(entity, key, fields) for key in people if key in self.rows.get(entity, {})
        }
        answer: Any = self.garble(found | self.key_faults)
        return answer  # type: ignore[no-any-return]

    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        await self._pass("search", entity, (), query.fields, call)
        matching = [
            record
            for key, rows in self.rows.get(entity, {}).items()
            if all(rows[0].get(condition.field) == condition.value for condition in query.where)
            for record in self._records(entity, key, query.fields)
        ]
        start = int(query.after or 0)
        more = start + query.limit < len(matching)
        answer: Any = self.garble(
            Slice(matching[start : start + query.limit], str(start + query.limit) if more else None)
        )
        return answer  # type: ignore[no-any-return]

    async def health(self) -> Health:
        if self.fault is not None:
            raise self.fault
        return Health(True, "answers")

    async def aclose(self) -> None:
        self.closed += 1


def opened(*pairs: tuple[Manifest, Adapter]) -> dict[str, OpenSource]:
    return {manifest.id: OpenSource(manifest, adapter) for manifest, adapter in pairs}


def a_call(
    seconds: float = 30.0, *, request_id: str = "r-1", actor: str = "staff-1", purpose: str = "AFTERCARE"
) -> Call:
    return Call(request_id, actor, "320000001", purpose, Deadline.after(seconds))
