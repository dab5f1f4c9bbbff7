"""One driver per way in: sql, rest, soap, subgraph. A driver is imported only when a manifest needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.contract import Adapter
from adapters.manifest import Manifest

if TYPE_CHECKING:
    from adapters.drivers.transport import TransportName

__all__ = ["open_adapter"]


def open_adapter(manifest: Manifest, transport: TransportName = "own") -> Adapter:
    """The adapter that a manifest describes, `transport` carrying its HTTP calls; nothing is sent yet."""
    match manifest.source.kind:
        case "sql":
            from adapters.drivers.sql import SqlAdapter

            return SqlAdapter(manifest)
        case "rest":
            from adapters.drivers.rest import RestAdapter

            return RestAdapter(manifest, transport)
        case "soap":
            from adapters.drivers.soap import SoapAdapter

            return SoapAdapter(manifest, transport)
        case "subgraph":
            from adapters.drivers.subgraph import SubgraphAdapter

            return SubgraphAdapter(manifest, transport)
