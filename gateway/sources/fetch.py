"""All sources at once under one deadline: what is needed of whom, from whoever declares it, and what went wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.contract import Call, Compare, Health, Key, Record, Unavailable
from adapters.manifest import Manifest
from gateway.audit.record import SourceOutcome
from gateway.sources.cache import RecordCache, Shelf
from gateway.sources.intake import Answer
from gateway.sources.reading import Needs, Problem, Reading
from gateway.sources.registry import OpenSource, close_sources
from gateway.sources.single_flight import Expired, SingleFlight
from gateway.sources.upstream import Upstream

logger = logging.getLogger(__name__)

T = TypeVar("T")

SEARCH_LIMIT = 5_000
"""Persons that one source may name in one search; beyond it the filter is too broad to be useful."""

_SAYING: Mapping[str, str] = {
    "UNAVAILABLE": "cannot be reached or did not answer in time. Ask again later.",
    "THROTTLED": "takes no more calls for now. Ask again later.",
    "REFUSED": "refused the request. Ask its owner for access.",
    "INVALID": "rejected the request. Its owner and the manifest disagree; report it.",
    "UNSUPPORTED": "cannot answer this. Narrow the request.",
    "MALFORMED": "broke its own format. Report it to the source's owner.",
    "CONFLICT": "holds another version by now. Ask again.",
}


@dataclass(frozen=True, slots=True)
class _Job:
    """One batched call: one entity of one source, for everybody at once."""

    upstream: Upstream
    entity: str
    keys: tuple[Key, ...]
    fields: frozenset[str]
    call: Call

    def shelf(self) -> Shelf:
        """Where the answers of this read are kept."""
        manifest = self.upstream.source.manifest
        return Shelf(manifest.id, manifest.version, self.entity, self.fields)


@dataclass(frozen=True, slots=True)
class _Done:
    source: str
    entity: str
    answer: Answer
    milliseconds: float


class FederatedSources:
    """The Sources protocol over opened adapters. A source that fails costs its own fields, never the answer."""

    def __init__(
        self,
        opened: Mapping[str, OpenSource],
        *,
        cache: RecordCache | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: float = 0.05,
        search_limit: int = SEARCH_LIMIT,
    ) -> None:
        self.manifests: Mapping[str, Manifest] = {name: source.manifest for name, source in opened.items()}
        self._opened = opened
        self._upstreams = {name: Upstream(source, clock=clock, pause=pause) for name, source in opened.items()}
        self._cache = cache
        self._search_limit = search_limit
        self._flights: SingleFlight[Answer] = SingleFlight()

    async def read(
        self,
        holders: Mapping[str, Mapping[str, Sequence[str]]],
        needs: Needs,
        call: Call,
        *,
        peers: bool = True,
    ) -> Reading:
        """All needed columns of all persons: `holders` is token -> source id -> keys. Never raises AdapterError.

        An entity of which nothing is needed is read for its records as such. `peers=False` leaves other
        gateways out: a forwarded query is never forwarded again.
        """
        people = self._rekey(holders, peers)
        # One call object per source: a driver may lay reads of the same call and persons together.
        calls = {source: self._upstreams[source].capped(call) for source in people}
        jobs = [
            _Job(upstream, entity, tuple(people[upstream.id]), fields, calls[upstream.id])
            for upstream in self._upstreams.values()
            if upstream.id in people
            for entity, needed in needs.items()
            if (fields := upstream.fields(entity, needed)) is not None
        ]
        done = await _all([self._run(job) for job in jobs])
        problems, outcomes = self._report(done)
        return Reading(_by_token(holders, people, done), problems, outcomes)

    def _rekey(
        self, holders: Mapping[str, Mapping[str, Sequence[str]]], peers: bool
    ) -> dict[str, dict[Key, tuple[str, ...]]]:
        """source -> key -> whose key it is; a key may be held under several tokens."""
        people: dict[str, dict[Key, tuple[str, ...]]] = {
            source: {} for source, upstream in self._upstreams.items() if peers or not upstream.source.is_peer
        }
        for token, sources in holders.items():
            for source, keys in sources.items():
                by_key = people.get(source)
                if by_key is None:
                    continue
                for key in keys if len(keys) == 1 else dict.fromkeys(keys):
                    by_key[key] = (*by_key[key], token) if key in by_key else (token,)
        return {source: by_key for source, by_key in people.items() if by_key}

    async def _run(self, job: _Job) -> _Done:
        began = time.perf_counter()
        try:
            answer = await self._read(job)
        except Expired:
            logger.warning("source %s: %s: past the deadline", job.upstream.id, job.entity)
            answer = Answer({}, (Unavailable.code,))
        return _Done(job.upstream.id, job.entity, answer, (time.perf_counter() - began) * 1000)

    async def _read(self, job: _Job) -> Answer:
        cache = self._cache if job.upstream.is_cacheable else None
        if cache is None or not cache.keeps(job.upstream.id):
            return await self._share(job, job.keys)
        kept = await cache.get(job.shelf(), job.keys)
        missing = tuple(key for key in job.keys if key not in kept)
        fresh = await self._share(job, missing, cache) if missing else Answer({})
        known = {key: rows for key, rows in kept.items() if rows is not None}
        return Answer({**known, **fresh.found}, fresh.codes)

    async def _share(self, job: _Job, keys: tuple[Key, ...], cache: RecordCache | None = None) -> Answer:
        upstream, call = job.upstream, job.call

        async def work() -> Answer:
            answer = await upstream.read(job.entity, keys, job.fields, call)
            if cache is not None and not answer.codes:
                rows = {key: answer.found.get(key) for key in keys}
                await cache.set(job.shelf(), rows)
            return answer

        same = (upstream.id, job.entity, frozenset(keys), job.fields, upstream.identity(call))
        return await self._flights.share(same, call.deadline, work)

    async def search(
        self, where: Sequence[Compare], call: Call, *, peers: bool = True
    ) -> tuple[Mapping[str, Sequence[str]], tuple[Problem, ...], tuple[SourceOutcome, ...]]:
        """PersonRecords that meet all conditions in some source: source id -> keys.

        Sources that lack one of the filters are left out; without any condition nobody is asked.
        """
        asked = [
            upstream
            for upstream in self._upstreams.values()
            if where and upstream.can_search(where) and (peers or not upstream.source.is_peer)
        ]
        found: dict[str, Sequence[str]] = {}

        async def run(upstream: Upstream) -> _Done:
            began = time.perf_counter()
            keys, codes = await upstream.search(where, upstream.capped(call), self._search_limit)
            found[upstream.id] = keys
            return _Done(upstream.id, "PersonRecord", Answer({}, codes), (time.perf_counter() - began) * 1000)

        done = await _all([run(upstream) for upstream in asked])
        problems, outcomes = self._report(done)
        return {upstream.id: found[upstream.id] for upstream in asked}, problems, outcomes

    def _report(self, done: Sequence[_Done]) -> tuple[tuple[Problem, ...], tuple[SourceOutcome, ...]]:
        """One problem per source and code, one outcome per source; in the order of the sources."""
        entities: dict[tuple[str, str], set[str]] = {}
        slowest: dict[str, float] = {}
        for part in done:
            slowest[part.source] = max(slowest.get(part.source, 0.0), part.milliseconds)
            for code in part.answer.codes:
                entities.setdefault((part.source, code), set()).add(part.entity)
        problems = tuple(
            Problem(source, code, self._say(source, code), tuple(sorted(names)))
            for (source, code), names in entities.items()
        )
        first = {problem.source: problem.code for problem in reversed(problems)}
        outcomes = tuple(SourceOutcome(source, first.get(source, "ok"), spent) for source, spent in slowest.items())
        return problems, outcomes

    def _say(self, source: str, code: str) -> str:
        what = _SAYING.get(code, "failed. Report it to the source's owner.")
        return f"{self.manifests[source].name} ({source}) {what}"

    async def health(self) -> Mapping[str, Health]:
        """How each source is doing; a source left alone by its breaker is not ok."""
        names = list(self._upstreams)
        found = await _all([self._upstreams[name].health() for name in names])
        return dict(zip(names, found, strict=True))

    async def aclose(self) -> None:
        """Give up what still runs, close every adapter and give the cache's connections back."""
        await self._flights.aclose()
        await close_sources(self._opened)
        if self._cache is not None:
            await self._cache.aclose()


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All at once; if we are cancelled, so are they."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in work]
    return [task.result() for task in tasks]


def _by_token(
    holders: Mapping[str, Mapping[str, Sequence[str]]],
    people: Mapping[str, Mapping[Key, Sequence[str]]],
    done: Sequence[_Done],
) -> dict[str, dict[str, tuple[Record, ...]]]:
    """Records laid back under the tokens for which they were asked."""
    gathered: dict[str, dict[str, tuple[Record, ...]]] = {token: {} for token in holders}
    joined: set[tuple[str, str]] = set()  # several keys' records laid together
    for part in done:
        tokens = people[part.source]
        for key, rows in part.answer.found.items():
            for token in tokens.get(key, ()):
                entities = gathered[token]
                known = entities.get(part.entity)
                entities[part.entity] = rows if known is None else known + rows
                if known:
                    joined.add((token, part.entity))
    for token, entity in joined:
        gathered[token][entity] = _once(gathered[token][entity])
    return gathered


def _once(rows: Sequence[Record]) -> tuple[Record, ...]:
    """A peer that is asked for both tokens of one person answers twice with the same records."""
    seen: dict[tuple[object, ...], list[Record]] = {}
    kept: list[Record] = []
    for row in rows:
        origin = row.provenance
        if origin.peer is not None:
            place = origin.record.removeprefix(row.person)  # a row without an id of its own is numbered by person
            alike = seen.setdefault((origin.peer, origin.source, origin.dataset, place), [])
            if any(other.person != row.person and other.values == row.values for other in alike):
                continue
            alike.append(row)
        kept.append(row)
    return tuple(kept)
