"""The figures in the text formats of Prometheus and OpenMetrics, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from adapters.connections import Connections
from gateway.metrics.counts import Counts, Durations
from gateway.sources.breaker import State


@dataclass(frozen=True, slots=True)
class Now:
    """What is not counted but asked for at the scrape: states and sizes of this moment."""

    breakers: Callable[[], Mapping[str, State]]  # by source
    connections: Callable[[], Mapping[str, Connections]]  # by source, of those that say so
    cached: Callable[[], tuple[int, int]]  # records found in the cache, and not found, since the start
    policy_version: Callable[[], str]
    policies_refused: Callable[[], bool]  # whether newer ones were, so that older ones decide


class Exposition:
    """Written out in the format that the scraper prefers."""

    def __init__(self, counts: Counts, now: Now, *, name: str, province: str) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(counts, now, name, province))
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def written(self, accept: str) -> tuple[bytes, str]:
        """The figures and their media type, by an Accept header."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _Figures(Collector):
    def __init__(self, counts: Counts, now: Now, name: str, province: str) -> None:
        self._counts = counts
        self._now = now
        self._name = name
        self._province = province

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        yield from self._requests()
        yield from self._sources()
        yield from self._record()
        yield from self._policies()

    def _requests(self) -> Iterator[Metric]:
        answered = CounterMetricFamily(
            "yiti_requests",
            "Requests answered, by route, HTTP status and the answer's code (docs/errors.md).",
            labels=("route", "status", "code"),
        )
        for (route, status, code), count in sorted(self._counts.requests.items()):
            answered.add_metric((route, status, code), count)
        yield answered
        yield _histogram("yiti_request_seconds", "How long they took.", "route", self._counts.request_seconds)

    def _sources(self) -> Iterator[Metric]:
        asked = CounterMetricFamily(
            "yiti_source_reads",
            "Rounds in which a source was asked, by how it answered: ok, or what docs/errors.md has as SOURCE_...",
            labels=("source", "outcome"),
        )
        for (source, outcome), count in sorted(self._counts.sources.items()):
            asked.add_metric((source, outcome), count)
        yield asked
        yield _histogram("yiti_source_seconds", "How long it took.", "source", self._counts.source_seconds)
        breaker = GaugeMetricFamily(
            "yiti_source_breaker",
            "1 for the state of the source's circuit breaker: open sources are left alone.",
            labels=("source", "state"),
        )
        for source, current in sorted(self._now.breakers().items()):
            for state in State:
                breaker.add_metric((source, state), float(state == current))
        yield breaker
        held = GaugeMetricFamily("yiti_source_connections", "Connections to the source.", labels=("source", "state"))
        for source, connections in sorted(self._now.connections().items()):
            held.add_metric((source, "in_use"), connections.in_use)
            held.add_metric((source, "idle"), connections.idle)
        yield held
        hits, misses = self._now.cached()
        cache = CounterMetricFamily(
            "yiti_cache_records", "Records looked for in the cache, by whether they were there.", labels=("result",)
        )
        cache.add_metric(("hit",), hits)
        cache.add_metric(("miss",), misses)
        yield cache

    def _record(self) -> Iterator[Metric]:
        entries = CounterMetricFamily(
            "yiti_audit_entries", "Entries that were to be put on record, by whether they were.", labels=("outcome",)
        )
        for outcome in ("ok", "failed"):
            entries.add_metric((outcome,), self._counts.entries[outcome])
        yield entries
        yield GaugeMetricFamily(
            "yiti_audit_waiting", "Entries that wait for their commit now.", value=self._counts.entries_waiting
        )
        waited = HistogramMetricFamily("yiti_audit_commit_seconds", "How long an entry waited until it was durable.")
        waited.add_metric((), self._counts.entry_seconds.cumulated(), self._counts.entry_seconds.seconds)
        yield waited

    def _policies(self) -> Iterator[Metric]:
        about = GaugeMetricFamily(
            "yiti_gateway", "Always 1: who this is, and which policies decide.", labels=("name", "province", "policy")
        )
        about.add_metric((self._name, self._province, self._now.policy_version()), 1)
        yield about
        yield GaugeMetricFamily(
            "yiti_policies_refused",
            "1 while newer policies are refused and older ones decide.",
            value=float(self._now.policies_refused()),
        )


def _histogram(name: str, meaning: str, label: str, durations: Mapping[str, Durations]) -> Metric:
    found = HistogramMetricFamily(name, meaning, labels=(label,))
    for key, one in sorted(durations.items()):
        found.add_metric((key,), one.cumulated(), one.seconds)
    return found
