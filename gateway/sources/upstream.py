"""One source as the gateway calls it: deadline, one retry, circuit breaker, and nothing foreign let through."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from adapters.contract import (
    AdapterError,
    Call,
    Compare,
    Deadline,
    Health,
    Key,
    Malformed,
    Record,
    Search,
    Slice,
    Unavailable,
    Unsupported,
    keeps_kinds,
)
from gateway.sources.breaker import Breaker, State
from gateway.sources.intake import Answer, admit
from gateway.sources.registry import OpenSource
from gateway.sources.retry import attempt
from gateway.sources.single_flight import Expired

logger = logging.getLogger(__name__)

PERSON = "PersonRecord"


class Upstream:
    """Calls one adapter. Whatever that adapter does, only an Answer or Expired comes out."""

    def __init__(
        self, source: OpenSource, *, clock: Callable[[], float] = time.monotonic, pause: float = 0.05
    ) -> None:
        self.source = source
        self.id = source.manifest.id
        self.told = source.told()
        self._keeps_kinds = keeps_kinds(source.adapter)
        self.timeout: timedelta = source.manifest.source.timeout
        self.breaker = Breaker(clock)
        self._clock = clock
        self._pause = pause

    @property
    def is_cacheable(self) -> bool:
        """Whether its answers depend on nobody's eyes and its owner does not count every question."""
        return not self.source.is_peer and not self.told

    def capped(self, call: Call) -> Call:
        """The call under this source's own timeout, where that ends sooner."""
        own = Deadline.after(self.timeout.total_seconds())
        return replace(call, deadline=Deadline(min(call.deadline.at, own.at)))

    def identity(self, call: Call) -> tuple[object, ...]:
        """What of the caller must agree before two calls may share one answer.

        Another gateway decides by everything in the signed statement, so only calls of one request agree.
        """
        if self.source.is_peer:
            return (call.request_id, call.actor, call.agency, call.purpose, call.assertion)
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

    async def read(self, entity: str, keys: Sequence[Key], fields: frozenset[str], call: Call) -> Answer:
        """Records by key; Expired where the call's deadline ended it."""
        if not self.breaker.admit():
            return Answer({}, (Unavailable.code,))
        adapter = self.source.adapter
        ask = adapter.fetch if entity == PERSON and not self.source.is_peer else adapter.related
        try:
            async with self._guarded(call):
                raw: object = await attempt(lambda: ask(entity, keys, fields, call), call.deadline, pause=self._pause)
                return admit(entity, keys, fields, raw, keeps_kinds=self._keeps_kinds)
        except AdapterError as err:
            logger.warning("source %s: %s: %s: %s", self.id, entity, err.code, err)
            return Answer({}, (err.code,))

    def can_search(self, where: Sequence[Compare]) -> bool:
        """Whether it declares every one of these filters."""
        capability = self.source.adapter.capabilities.get(PERSON)
        return capability is not None and all(
            condition.op in capability.filters.get(condition.field, ()) for condition in where
        )

    async def search(
        self, where: Sequence[Compare], call: Call, limit: int
    ) -> tuple[tuple[Key, ...], tuple[str, ...]]:
        """Keys of the persons who meet all conditions, page by page, and codes of failures; never raises."""
        if not self.breaker.admit():
            return (), (Unavailable.code,)
        found: dict[Key, None] = {}
        try:
            async with self._guarded(call):
                async for keys in self._pages(where, call):
                    found.update(dict.fromkeys(keys))
                    if len(found) > limit:
                        raise Unsupported(f"more than {limit} persons match; narrow the filter")
        except Expired:
            return tuple(found), (Unavailable.code,)
        except AdapterError as err:
            logger.warning("source %s: search: %s: %s", self.id, err.code, err)
            return tuple(found)[:limit], (err.code,)
        return tuple(found), ()

    async def _pages(self, where: Sequence[Compare], call: Call) -> AsyncIterator[list[Key]]:
        size = self.source.adapter.capabilities[PERSON].max_page
        after: str | None = None
        passed: set[str] = set()
        while True:
            page = await self._page(Search(where, frozenset(), size, after), call)
            yield [record.person for record in page.records]
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

    @asynccontextmanager
    async def _guarded(self, call: Call) -> AsyncIterator[None]:
        """Deadline and breaker round a call, and the process boundary: foreign faults become Malformed."""
        began = self._clock()
        patient = call.deadline.remaining() >= self.timeout.total_seconds() / 2
        scope = asyncio.timeout_at(call.deadline.at)
        try:
            async with scope:
                await asyncio.sleep(0)  # a deadline that has passed already ends the call before it is made
                yield
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
            if scope.expired():
                self._miss(began, patient)
                raise Expired from err
            self.breaker.succeed()
            raise Malformed(f"the adapter failed with {type(err).__name__} at {_place(err)}") from None
        else:
            self.breaker.succeed()

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


def _place(err: BaseException) -> str:
    """File and line of the innermost frame: where to look, without any value."""
    frames = traceback.extract_tb(err.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "an unknown place"
