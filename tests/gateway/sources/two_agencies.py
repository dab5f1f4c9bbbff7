"""Two agencies and a peer, held in memory: what the sources are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gateway.sources.cache import RecordCache
from gateway.sources.fetch import FederatedSources
from tests.gateway.sources.memory import MemoryAdapter, Rows, a_manifest, opened

Holders = Mapping[str, Mapping[str, Sequence[str]]]

POLICE: dict[str, Any] = {
    "PersonRecord": {"name": {"path": "XM"}, "sex": {"path": "XB", "type": "enum"}},
    "Measure": {"startsOn": {"path": "KSRQ", "type": "date"}},
}
CENTRE: dict[str, Any] = {"PersonRecord": {"name": {"path": "name"}}}
ROWS: Rows = {
    "PersonRecord": {"A": [{"name": "张三", "sex": "MALE"}], "B": [{"name": "李四", "sex": "FEMALE"}]},
    "Measure": {"A": [{"startsOn": date(2025, 1, 2)}, {"startsOn": date(2026, 1, 2)}], "B": []},
}
HOLDERS: Holders = {"t1": {"jiangsu-police": ("A",), "jiangsu-centre": ("9",)}, "t2": {"jiangsu-police": ("B",)}}
NEEDS = {"PersonRecord": ("name", "phones"), "Measure": ("startsOn",), "Visit": ("visitedOn",)}


class House:
    """Two agencies and a peer."""

    def __init__(self, cache: RecordCache | None = None, *, police_timeout: float = 30) -> None:
        police = a_manifest("jiangsu-police", entities=POLICE, timeout=police_timeout)
        centre = a_manifest("jiangsu-centre", entities=CENTRE)
        peer = a_manifest("zhejiang-gateway", kind="subgraph", entities=POLICE)
        self.police = MemoryAdapter(police, ROWS)
        self.centre = MemoryAdapter(centre, {"PersonRecord": {"9": [{"name": "张三"}]}})
        two: list[Mapping[str, object]] = [{"name": "张三", "sex": "MALE"}, {"name": "章三", "sex": None}]
        self.peer = MemoryAdapter(peer, {"PersonRecord": {"t1": two}})
        pairs = opened((police, self.police), (centre, self.centre), (peer, self.peer))
        self.sources = FederatedSources(pairs, cache=cache, pause=0)


def names(records: object) -> list[object]:
    assert isinstance(records, tuple)
    return [record.values["name"] for record in records]
