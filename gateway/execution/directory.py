"""Directory: the agencies and sources that the manifests make up, and the names of places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.contract import Capability
from adapters.manifest import Manifest, SubgraphSource
from schema.codes import REGIONS, Regions
from schema.reader import AgencyFacts, SourceFacts

_MOST_KEPT = 4_096  # combinations of sources


class Directory:
    """Who is who. Everything here is public."""

    def __init__(
        self,
        manifests: Mapping[str, Manifest],
        capabilities: Mapping[str, Mapping[str, Capability]],
        regions: Regions = REGIONS,
    ) -> None:
        self.manifests = manifests
        self.regions = regions
        self._capabilities = capabilities
        self._peers = frozenset(
            name for name, manifest in manifests.items() if isinstance(manifest.source, SubgraphSource)
        )
        self._codes: dict[tuple[str, ...], frozenset[str]] = {}
        self._agencies = {
            entry.code: AgencyFacts(entry.code, entry.name, entry.kind, entry.jurisdiction)
            for manifest in manifests.values()
            for entry in (manifest.agency, *manifest.agencies)
        }

    def agency(self, code: str, name: str | None = None) -> AgencyFacts:
        """The entry of a code, or one made of what a source said."""
        return self._agencies.get(code) or AgencyFacts(code, name or code, "", "")

    def agencies(self, jurisdiction: str | None, kind: str | None) -> Sequence[AgencyFacts]:
        """All entries of a region and kind, by code."""
        return [
            entry
            for _, entry in sorted(self._agencies.items())
            if (kind is None or entry.kind == kind)
            and (jurisdiction is None or self.regions.is_under(entry.jurisdiction, jurisdiction))
        ]

    def is_peer(self, source_id: str) -> bool:
        """Whether a source is another province's gateway."""
        return source_id in self._peers

    @property
    def has_peers(self) -> bool:
        """Whether any source is."""
        return bool(self._peers)

    def declares(self, source_id: str, column: str) -> bool:
        """Whether an agency's own source (not a peer) fills a column of PersonRecord."""
        capability = self._capabilities.get(source_id, {}).get("PersonRecord")
        return capability is not None and column in capability.fields and not self.is_peer(source_id)

    def source(self, source_id: str, jurisdiction: str | None = None) -> SourceFacts:
        """A registered source; one that only came with a peer's rows is described by its id and province."""
        manifest = self.manifests.get(source_id)
        if manifest is None:
            return SourceFacts(source_id, source_id, "", "", "", "", "", jurisdiction or "", False, {})
        return SourceFacts(
            id=source_id,
            name=manifest.name,
            owner=manifest.owner,
            version=manifest.version,
            contract=manifest.contract,
            kind=manifest.source.kind,
            agency=manifest.agency.code,
            jurisdiction=manifest.jurisdiction,
            is_peer=self.is_peer(source_id),
            capabilities={
                entity: (
                    sorted(capability.fields),
                    {name: sorted(operators) for name, operators in sorted(capability.filters.items())},
                )
                for entity, capability in self._capabilities.get(source_id, {}).items()
            },
        )

    def holders_codes(self, sources: tuple[str, ...]) -> frozenset[str]:
        """The organisation codes of some sources."""
        found = self._codes.get(sources)
        if found is None:
            if len(self._codes) >= _MOST_KEPT:
                self._codes.clear()
            known = (self.manifests[one] for one in sources if one in self.manifests)
            found = self._codes[sources] = frozenset(manifest.agency.code for manifest in known)
        return found
