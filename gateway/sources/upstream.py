"""One source as the gateway calls it: deadline, one retry, circuit breaker, and nothing foreign let through."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from operator import attrgetter
from typing import Final, TypeVar

from msgspec import Struct

from adapters.contract import (
    AdapterError,
    Call,
    Compare,
    Deadline,
    Health,
    Key,
    Malformed,
    Op,
    ReadsTogether,
    Record,
    Search,
    Slice,
    Unavailable,
    Unsupported,
    keeps_kinds,
    reads_together,
)
from adapters.forms.people import is_retired_region
from gateway.sources.breaker import Breaker, State
from gateway.sources.intake import Answer, admit
from gateway.sources.reading import Brought
from gateway.sources.registry import OpenSource
from gateway.sources.retry import attempt
from gateway.sources.several import Answers, Several, Wanted
from gateway.sources.single_flight import Expired
from schema.enums import Quality

logger = logging.getLogger(__name__)

T = TypeVar("T")

PERSON = "PersonRecord"
MOST_BROUGHT = 200
"""Persons of whom a search brings more than their keys."""
_FLAGS: Final = attrgetter("flags")


class Sought(Struct, frozen=True, gc=False):
    """Keys of the persons whom a search names, what it brought of them, and codes of failures."""

    keys: tuple[Key, ...]
    brought: Brought
    codes: tuple[str, ...]


class Upstream:
    """Calls one adapter. Whatever that adapter does, only an Answer or Expired comes out."""

    def __init__(
        self, source: OpenSource, *, clock: Callable[[], float] = time.monotonic, pause: float = 0.05
    ) -> None:
        self.source = source
        self.id = source.manifest.id
        self.told = source.told()
        self._keeps_kinds = keeps_kinds(source.adapter)
        self.together: ReadsTogether | None = source.adapter if reads_together(source.adapter) else None
        """The adapter, where it reads several entities at once."""
        self.timeout: timedelta = source.manifest.source.timeout
        self._seconds = self.timeout.total_seconds()
        self._patience = self._seconds / 2
        self.breaker = Breaker(clock)
        self._clock = clock
        self._pause = pause

    @property
    def is_cacheable(self) -> bool:
        """Whether its answers depend on nobody's eyes and its owner does not count every question."""
        return not self.source.is_peer and not self.told

    def capped(self, call: Call) -> Call:
        """The call under this source's own timeout, where that ends sooner."""
        own = asyncio.get_running_loop().time() + self._seconds
        if call.deadline.at <= own:
            return call
        return Call(call.request_id, call.actor, call.agency, call.purpose, Deadline(own), call.assertion)

    def identity(self, call: Call) -> tuple[object, ...]:
        """What of the caller must agree before two calls may share one answer.

        Another gateway decides by everything in the signed statement, so only calls of one request agree.
        """
        if self.source.is_peer:
            return (call.request_id, call.actor, call.agency, call.purpose, call.assertion)
        if not self.told:
            return ()
        sent = {"id": call.request_id, "actor": call.actor, "agency": call.agency, "purpose": call.purpose}
        return tuple(sent.get(name) for name in sorted(self.told))

    def fields(self, entity: str, needed: Collection[str]) -> frozenset[str] | None:
        """The needed fields that this source declares; None where it need not be asked.

        Nothing needed means that only the records as such are wanted.
        """
        capability = self.source.adapter.capabilities.get(entity)
        if capability is None:
            return None
        declared = capability.fields & frozenset(needed)
        return None if needed and not declared else declared

    async def read(self, wanted: Wanted, keys: Sequence[Key], call: Call) -> Answers:
        """Of each wanted entity the records by key; Expired where the call's deadline ended it.

        Several entities are for those who read together alone, see `Upstream.together`.
        """
        if not self.breaker.admit():
            return {entity: Answer({}, (Unavailable.code,)) for entity, _ in wanted}
        if self.together is not None:
            return await self._read_together(self.together, wanted, keys, call)
        ((entity, fields),) = wanted
        adapter = self.source.adapter
        ask = adapter.fetch if entity == PERSON and not self.source.is_peer else adapter.related

        async def work() -> Answer:
            raw: object = await attempt(lambda: ask(entity, keys, fields, call), call.deadline, pause=self._pause)
            return admit(entity, keys, fields, raw, keeps_kinds=self._keeps_kinds)

        try:
            return {entity: await self._guarded(call, work)}
        except AdapterError as err:
            return {entity: self._failed(entity, err)}

    async def _read_together(
        self, adapter: ReadsTogether, wanted: Wanted, keys: Sequence[Key], call: Call
    ) -> Answers:
        several = Several(adapter, wanted, keys, call, keeps_kinds=self._keeps_kinds)

        async def work() -> None:
            try:
                await attempt(several.ask, call.deadline, pause=self._pause)
            except AdapterError as err:
                if not several.answers:
                    raise
                several.give_up(err)

        try:
            await self._guarded(call, work, is_timed=False)
        except AdapterError as err:
            several.give_up(err)
        failed = {entity: self._failed(entity, err) for entity, err in several.failed.items()}
        answers = {**several.answers, **failed} if failed else several.answers
        if several.lacks_time():
            raise Expired(answers)
        return answers

    def _failed(self, entity: str, err: AdapterError) -> Answer:
        logger.warning("source %s: %s: %s: %s", self.id, entity, err.code, err)
        return Answer({}, (err.code,))

    def can_search(self, where: Sequence[Compare]) -> bool:
        """Whether it declares every one of these filters, and may know anybody who meets them."""
        capability = self.source.adapter.capabilities.get(PERSON)
        return capability is not None and all(
            condition.op in capability.filters.get(condition.field, ())
            and not (condition.field in capability.current and _is_of_the_past(condition))
            for condition in where
        )

    async def search(self, where: Sequence[Compare], call: Call, limit: int, fields: Collection[str] = ()) -> Sought:
        """Who meets all conditions, page by page; Expired with what had come in where the call's deadline ended it.

        With them the `fields` that this source declares, as `read` would bring them, of up to `MOST_BROUGHT` persons:
        of more people nothing is asked but their keys, as it is not known yet who of them may be shown.
        """
        declared = self.fields(PERSON, fields) if fields else None
        brought = Brought(declared or frozenset(), {})
        if not self.breaker.admit():
            return Sought((), brought, (Unavailable.code,))
        found: dict[Key, tuple[Record, ...]] = {}
        codes: tuple[str, ...] = ()

        async def work() -> Brought:
            await self._pages(where, call, limit, brought.fields, found)
            return Brought(declared, self._whole(found, declared)) if declared else brought

        try:
            brought = await self._guarded(call, work)
        except Expired as err:
            raise Expired(Sought(tuple(found)[:limit], brought, (Unavailable.code,))) from err
        except AdapterError as err:
            logger.warning("source %s: search: %s: %s", self.id, err.code, err)
            codes = (err.code,)
        return Sought(tuple(found)[:limit], brought, codes)

    def _whole(
        self, found: Mapping[Key, tuple[Record, ...]], fields: frozenset[str]
    ) -> Mapping[Key, tuple[Record, ...]]:
        """What of a search is as good as read: nothing where any of it is doubtful, nobody who lacks a column."""
        if len(found) > MOST_BROUGHT:
            return {}
        admitted = admit(PERSON, found, fields, found, keeps_kinds=self._keeps_kinds)
        if admitted.codes:
            return {}
        if not any(map(_FLAGS, chain.from_iterable(admitted.found.values()))):
            return admitted.found
        return {key: rows for key, rows in admitted.found.items() if not _lacks(rows)}

    async def _pages(
        self,
        where: Sequence[Compare],
        call: Call,
        limit: int,
        fields: frozenset[str],
        found: dict[Key, tuple[Record, ...]],
    ) -> None:
        size = self.source.adapter.capabilities[PERSON].max_page
        after: str | None = None
        passed: set[str] = set()
        while True:
            page = await self._page(Search(where, fields, size, after), call)
            for record in page.records:
                found.setdefault(record.person, (record,))
            if len(found) > MOST_BROUGHT:
                fields = frozenset()
            if len(found) > limit:
                raise Unsupported(f"more than {limit} persons match; narrow the filter")
            after = page.after
            if after is None:
                return
            if after in passed:
                raise Malformed("the pages of a search go round in a circle; correct the source's paging")
            passed.add(after)

    async def _page(self, query: Search, call: Call) -> Slice:
        adapter = self.source.adapter
        page: object = await attempt(lambda: adapter.search(PERSON, query, call), call.deadline, pause=self._pause)
        if not isinstance(page, Slice):
            raise Malformed("a search brought something else than a page; correct the adapter")
        records: Sequence[object] = page.records
        if not all(isinstance(record, Record) for record in records):
            raise Malformed("a search brought something else than records; correct the adapter")
        return page

    async def _guarded(self, call: Call, work: Callable[[], Awaitable[T]], *, is_timed: bool = True) -> T:
        """Deadline and breaker round a call, and the process boundary: foreign faults become Malformed.

        `is_timed=False`: the work ends at the deadline by itself.
        """
        began = self._clock()
        left = call.deadline.remaining()
        patient = left >= self._patience
        if left == 0:
            self._miss(began, patient)
            raise Expired
        scope = asyncio.timeout_at(call.deadline.at) if is_timed else None
        try:
            if scope is None:
                done = await work()
            else:
                async with scope:
                    done = await work()
        except Unavailable as err:
            self._miss(began, patient)
            if call.deadline.remaining() == 0:
                raise Expired from err
            raise
        except AdapterError:
            self.breaker.succeed()
            raise
        except asyncio.CancelledError:
            self.breaker.release()
            raise
        except Exception as err:
            if scope is not None and scope.expired():
                self._miss(began, patient)
                raise Expired from err
            self.breaker.succeed()
            raise Malformed(f"the adapter failed with {type(err).__name__} at {_place(err)}") from None
        self.breaker.succeed()
        return done

    def _miss(self, began: float, patient: bool) -> None:
        # A caller in too great a hurry says nothing about the source.
        if patient:
            self.breaker.fail(began)
        else:
            self.breaker.release()

    async def health(self) -> Health:
        """What the source says of itself, and whether it is being left alone at the moment."""
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                health = await self.source.adapter.health()
        except AdapterError as err:
            health = Health(False, err.code)
        except TimeoutError:
            health = Health(False, f"no answer within {self.timeout.total_seconds():g} s")
        except Exception as err:  # noqa: BLE001 - foreign code at the process boundary
            health = Health(False, f"the adapter failed with {type(err).__name__} at {_place(err)}")
        if self.breaker.state is State.CLOSED:
            return health
        detail = f"circuit {self.breaker.state} after {self.breaker.failures} failures in a row; {health.detail}"
        return replace(health, ok=False, detail=detail)


def _is_of_the_past(condition: Compare) -> bool:
    """Whether it asks for places by a code that has been retired."""
    return condition.op is Op.UNDER and is_retired_region(str(condition.value))


def _lacks(rows: Sequence[Record]) -> bool:
    return any(flag.quality is Quality.MISSING for row in rows for flag in row.flags)


def _place(err: BaseException) -> str:
    """File and line of the innermost frame: where to look, without any value."""
    frames = traceback.extract_tb(err.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "an unknown place"
