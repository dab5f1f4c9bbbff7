"""The sources as the gateway asks them, each round counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from adapters.contract import Call, Compare, Health
from adapters.manifest import Manifest
from gateway.audit.record import SourceOutcome
from gateway.metrics.counts import Counts
from gateway.sources.reading import Holders, Known, Matches, Needs, Reading, Sources


class CountedSources:
    """Implements Sources over another one."""

    def __init__(self, sources: Sources, counts: Counts) -> None:
        self._sources = sources
        self._counts = counts
        self.manifests: Mapping[str, Manifest] = sources.manifests

    async def read(
        self, holders: Holders, needs: Needs, call: Call, *, peers: bool = True, known: Known | None = None
    ) -> Reading:
        """See Sources."""
        reading = await self._sources.read(holders, needs, call, peers=peers, known=known)
        self._count(reading.outcomes)
        return reading

    async def search(
        self, where: Sequence[Compare], call: Call, *, peers: bool = True, fields: Collection[str] = ()
    ) -> Matches:
        """See Sources."""
        matches = await self._sources.search(where, call, peers=peers, fields=fields)
        self._count(matches.outcomes)
        return matches

    async def health(self) -> Mapping[str, Health]:
        """See Sources."""
        return await self._sources.health()

    async def aclose(self) -> None:
        """See Sources."""
        await self._sources.aclose()

    def _count(self, outcomes: Sequence[SourceOutcome]) -> None:
        for one in outcomes:
            self._counts.source(one.source, one.outcome, one.milliseconds)
