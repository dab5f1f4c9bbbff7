"""All sources at once under one deadline: what is needed of whom, from whoever declares it, and what went wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Hashable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

from msgspec import Struct

from adapters.contract import Call, Compare, Health, Key, Record, Unavailable
from adapters.manifest import Manifest
from gateway.audit.record import SourceOutcome
from gateway.sources.breaker import State
from gateway.sources.cache import RecordCache, Shelf
from gateway.sources.intake import Answer
from gateway.sources.reading import Brought, Known, Matches, Needs, Problem, Reading
from gateway.sources.registry import OpenSource, close_sources
from gateway.sources.searching import Searches
from gateway.sources.several import Answers, Wanted
from gateway.sources.single_flight import Expired, SingleFlight, Wish
from gateway.sources.upstream import PERSON, Upstream

logger = logging.getLogger(__name__)

T = TypeVar("T")
_Ended = tuple[Answers, float]  # and when, by time.perf_counter

SEARCH_LIMIT = 5_000
"""Persons that one source may name in one search; beyond it the filter is too broad to be useful."""

_MOST_PLANS = 500
_FIRST = itemgetter(0)
_NOTHING = Answer({})

_SAYING: Mapping[str, str] = {
    "UNAVAILABLE": "cannot be reached or did not answer in time. Ask again later.",
    "THROTTLED": "takes no more calls for now. Ask again later.",
    "REFUSED": "refused the request. Ask its owner for access.",
    "INVALID": "rejected the request. Its owner and the manifest disagree; report it.",
    "UNSUPPORTED": "cannot answer this. Narrow the request.",
    "MALFORMED": "broke its own format. Report it to the source's owner.",
    "CONFLICT": "holds another version by now. Ask again.",
}


class _Asked(Struct, frozen=True, gc=False):
    """What one source is asked for in one call: several entities only where its adapter reads them together."""

    upstream: Upstream
    wanted: Wanted


class _Job(Struct, frozen=True, gc=False):
    """One batched call: entities of one source, for everybody at once of whom nothing is known yet."""

    upstream: Upstream
    wanted: Wanted
    keys: tuple[Key, ...]
    call: Call
    known: Mapping[Key, tuple[Record, ...]]

    def identity(self) -> Hashable:
        """What two reads have to agree in before they are one."""
        upstream = self.upstream
        return (upstream.id, self.wanted, frozenset(self.keys), upstream.identity(self.call))


class _Owners(Struct, frozen=True, gc=False):
    """Whose keys some keys of one source are: a key may be held under several tokens."""

    by_key: Mapping[Key, tuple[str, ...]]
    one_each: bool
    """Nobody has two of them, and none is of two people."""


class _Done(Struct, frozen=True, gc=False):
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
        self._flights: SingleFlight[_Ended] = SingleFlight()
        self._searches = Searches(search_limit)
        self._plans: dict[Hashable, Mapping[str, Sequence[_Asked]]] = {}

    async def read(
        self,
        holders: Mapping[str, Mapping[str, Sequence[str]]],
        needs: Needs,
        call: Call,
        *,
        peers: bool = True,
        known: Known | None = None,
    ) -> Reading:
        """All needed columns of all persons: `holders` is token -> source id -> keys. Never raises AdapterError.

        An entity of which nothing is needed is read for its records as such. `peers=False` leaves other
        gateways out: a forwarded query is never forwarded again. `known` is what a search has brought.
        """
        people = self._rekey(holders, peers)
        asked = self._asked(needs)
        jobs: list[_Job] = []
        for source, owners in people.items():
            keys = owners.by_key
            # One call object per source: a driver may lay reads of the same call and persons together.
            call_of_it = self._upstreams[source].capped(call)
            for one in asked.get(source, ()):
                jobs += _jobs(one, keys, call_of_it, known)
        done = await self._run(jobs)
        problems, outcomes = self._report(done)
        return Reading(_by_entity(people, done), problems, outcomes)

    def _rekey(self, holders: Mapping[str, Mapping[str, Sequence[str]]], peers: bool) -> dict[str, _Owners]:
        """By source, whose keys are asked for there; in the order of the sources."""
        asked = [source for source, upstream in self._upstreams.items() if peers or not upstream.source.is_peer]
        people = {source: _whose(holders, source) for source in asked}
        return {source: owners for source, owners in people.items() if owners.by_key}

    def _asked(self, needs: Needs) -> Mapping[str, Sequence[_Asked]]:
        """By source, what needing this takes; worked out once, as what sources declare does not change."""
        shape = tuple([(entity, frozenset(needed)) for entity, needed in needs.items()])
        found = self._plans.get(shape)
        if found is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            found = self._plans[shape] = {
                source: self._calls(upstream, needs) for source, upstream in self._upstreams.items()
            }
        return found

    def _calls(self, upstream: Upstream, needs: Needs) -> Sequence[_Asked]:
        wanted = tuple(
            (entity, fields)
            for entity, needed in needs.items()
            if (fields := upstream.fields(entity, needed)) is not None
        )
        if upstream.together is not None and not self._keeps(upstream):
            return [_Asked(upstream, wanted)] if wanted else []
        return [_Asked(upstream, (one,)) for one in wanted]

    async def _run(self, jobs: Sequence[_Job]) -> list[_Done]:
        """All jobs at once. One whose persons are all known asks nobody."""
        began = time.perf_counter()
        asked = [job for job in jobs if job.keys]
        wishes = [Wish(job.identity(), job.call.deadline, partial(self._work, job)) for job in asked]
        found = dict(zip(map(id, asked), await self._flights.share_all(wishes), strict=True))
        return [done for job in jobs for done in _done(job, found.get(id(job)), began)]

    async def _work(self, job: _Job) -> _Ended:
        upstream = job.upstream
        if self._keeps(upstream):
            answers = await self._cached(job)
        else:
            answers = await upstream.read(job.wanted, job.keys, job.call)
        return answers, time.perf_counter()

    def _keeps(self, upstream: Upstream) -> bool:
        return self._cache is not None and upstream.is_cacheable and self._cache.keeps(upstream.id)

    async def _cached(self, job: _Job) -> Answers:
        assert self._cache is not None  # noqa: S101 - `_keeps` has looked
        cache, keys, manifest = self._cache, job.keys, job.upstream.source.manifest
        ((entity, fields),) = job.wanted
        shelf = Shelf(manifest.id, manifest.version, entity, fields)
        kept = await cache.get(shelf, keys)
        known = {key: rows for key, rows in kept.items() if rows is not None}
        missing = tuple(key for key in keys if key not in kept)
        if not missing:
            return {entity: Answer(known)}
        fresh = (await job.upstream.read(job.wanted, missing, job.call))[entity]
        if not fresh.codes:
            await cache.set(shelf, {key: fresh.found.get(key) for key in missing})
        return {entity: Answer({**known, **fresh.found}, fresh.codes)}

    async def search(
        self, where: Sequence[Compare], call: Call, *, peers: bool = True, fields: Collection[str] = ()
    ) -> Matches:
        """PersonRecords that meet all conditions in some source, and of each source's persons the `fields` it brings.

        Sources that lack one of the filters are left out; without any condition nobody is asked.
        """
        asked = [
            upstream
            for upstream in self._upstreams.values()
            if where and upstream.can_search(where) and (peers or not upstream.source.is_peer)
        ]
        keys: dict[str, Sequence[Key]] = {upstream.id: () for upstream in asked}
        known: dict[str, Brought] = {}

        began = time.perf_counter()
        done: list[_Done] = []
        for upstream, found in zip(
            asked, await self._searches.of(asked, where, call, frozenset(fields)), strict=True
        ):
            sought, at = found.sought, max(began, found.at)  # one that ran already may have ended by now
            keys[upstream.id] = sought.keys
            if sought.brought.records:
                known[upstream.id] = sought.brought
            done.append(_Done(upstream.id, PERSON, Answer({}, sought.codes), (at - began) * 1000))
        problems, outcomes = self._report(done)
        return Matches(keys, problems, outcomes, known)

    def _report(self, done: Sequence[_Done]) -> tuple[tuple[Problem, ...], tuple[SourceOutcome, ...]]:
        """One problem per source and code, one outcome per source; in the order of the sources."""
        entities: dict[tuple[str, str], set[str]] = {}
        slowest: dict[str, float] = {}
        for part in done:
            if part.milliseconds > slowest.get(part.source, -1.0):
                slowest[part.source] = part.milliseconds
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

    def breakers(self) -> Mapping[str, State]:
        """In which state each source's circuit breaker is."""
        return {name: upstream.breaker.state for name, upstream in self._upstreams.items()}

    async def aclose(self) -> None:
        """Give up what still runs, close every adapter and give the cache's connections back."""
        await self._flights.aclose()
        await self._searches.aclose()
        await close_sources(self._opened)
        if self._cache is not None:
            await self._cache.aclose()


def _whose(holders: Mapping[str, Mapping[str, Sequence[str]]], source: str) -> _Owners:
    if len(holders) == 1:
        ((token, sources),) = holders.items()
        keys = sources.get(source, ())
        return _Owners(dict.fromkeys(keys, (token,)), one_each=len(keys) == 1)
    held = _held(holders, source)
    every = list(chain.from_iterable(held.values()))
    by_key: dict[Key, tuple[str, ...]] = dict(zip(every, zip(held, strict=True), strict=False))
    if len(by_key) == len(held) == len(every):
        return _Owners(by_key, one_each=True)
    by_key = {}
    for token, keys in held.items():
        for key in dict.fromkeys(keys):
            by_key[key] = (*by_key.get(key, ()), token)
    return _Owners(by_key, one_each=False)


def _held(holders: Mapping[str, Mapping[str, Sequence[str]]], source: str) -> Mapping[str, Sequence[str]]:
    """token -> keys, of those whom the source holds."""
    try:
        held = dict(zip(holders, map(itemgetter(source), holders.values()), strict=True))
    except KeyError:  # not of everybody
        return {token: keys for token, sources in holders.items() if (keys := sources.get(source))}
    return held if all(held.values()) else {token: keys for token, keys in held.items() if keys}


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All at once; if we are cancelled, so are they. What is alone needs no task of its own."""
    if len(work) == 1:
        return [await work[0]]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(part) for part in work]
    return [task.result() for task in tasks]


def _jobs(asked: _Asked, people: Mapping[Key, tuple[str, ...]], call: Call, known: Known | None) -> Sequence[_Job]:
    upstream, wanted, keys = asked.upstream, asked.wanted, tuple(people)
    brought = known.get(upstream.id) if known else None
    if brought is None or (PERSON, brought.fields) not in wanted:
        return (_Job(upstream, wanted, keys, call, {}),)
    said = {key: rows for key, rows in brought.records.items() if key in people}
    missing = tuple(key for key in keys if key not in said)
    others = tuple([one for one in wanted if one[0] != PERSON])
    jobs = [_Job(upstream, ((PERSON, brought.fields),), missing, call, said)]
    return [*jobs, _Job(upstream, others, keys, call, {})] if others else jobs


def _done(job: _Job, ended: _Ended | Exception | None, began: float) -> Iterator[_Done]:
    """What became of each of a job's entities."""
    if isinstance(ended, Expired):
        ended = _late(job, ended), time.perf_counter()
    if isinstance(ended, Exception):
        raise ended
    answers, at = ({entity: _NOTHING for entity, _ in job.wanted}, began) if ended is None else ended
    milliseconds = max(0.0, at - began) * 1000
    for entity, _ in job.wanted:
        answer = answers[entity]
        if job.known:
            answer = Answer({**job.known, **answer.found}, answer.codes)
        yield _Done(job.upstream.id, entity, answer, milliseconds)


def _late(job: _Job, expired: Expired) -> Answers:
    """What came in before the deadline, and the others as unavailable."""
    brought = expired.brought
    if isinstance(brought, Mapping):
        return brought
    for entity, _ in job.wanted:
        logger.warning("source %s: %s: past the deadline", job.upstream.id, entity)
    return {entity: Answer({}, (Unavailable.code,)) for entity, _ in job.wanted}


def _by_entity(people: Mapping[str, _Owners], done: Sequence[_Done]) -> dict[str, dict[str, tuple[Record, ...]]]:
    """entity -> token -> records, laid back under the tokens for which they were asked."""
    gathered: dict[str, dict[str, tuple[Record, ...]]] = {}
    joined: set[tuple[str, str]] = set()  # several keys' records laid together
    for part in done:
        entity, owners, found = part.entity, people[part.source], part.answer.found
        if not found:
            continue
        if entity not in gathered and owners.one_each:  # as most are: one agency's alone
            gathered[entity] = dict(
                zip(map(_FIRST, map(owners.by_key.__getitem__, found)), found.values(), strict=True)
            )
            continue
        into = gathered.setdefault(entity, {})
        for key, rows in found.items():
            for token in owners.by_key[key]:
                if token in into:
                    joined.add((entity, token))
                    into[token] += rows
                else:
                    into[token] = rows
    for entity, token in joined:
        gathered[entity][token] = _once(gathered[entity][token])
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
