"""From the gateway's settings and parts to its metrics."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from adapters.connections import Connected, Connections
from gateway.http.application import Route
from gateway.metrics.counts import Counts
from gateway.metrics.endpoint import MetricsEndpoint, read_operators_token
from gateway.metrics.exposition import Exposition, Now
from gateway.settings import Settings, SettingsError
from gateway.sources.registry import OpenSource


def add_metrics(settings: Settings, routes: MutableMapping[str, Route], counts: Counts, now: Now) -> None:
    """A route to them, where a token is set; SettingsError where it cannot be used or the path is another page's."""
    path = settings.metrics_path
    if settings.metrics_token_file is None:
        return
    if path in routes or path.split("/")[1] == "console":
        raise SettingsError(f"YITI_METRICS_PATH: {path} is another page of the gateway. Choose another path.")
    exposition = Exposition(counts, now, name=settings.name, province=settings.province)
    routes[path] = Route(MetricsEndpoint(read_operators_token(settings.metrics_token_file), exposition.written))


def connections_of(sources: Mapping[str, OpenSource]) -> Mapping[str, Connections]:
    """By source, of those that can tell."""
    told = {
        name: source.adapter.connections()
        for name, source in sources.items()
        if isinstance(source.adapter, Connected)
    }
    return {name: connections for name, connections in told.items() if connections is not None}
