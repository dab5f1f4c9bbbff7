"""Reading declared endpoints: batches, pages, error rules and records, whatever the wire format."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import compress
from typing import ClassVar, Literal, TypeVar, cast

from adapters.capabilities import capabilities_of, check_fields, check_filters, supports
from adapters.connections import Connections
from adapters.contract import (
    AdapterError,
    Call,
    Capability,
    Health,
    Invalid,
    Key,
    KeyEntry,
    KeySlice,
    Record,
    Search,
    Slice,
    Unsupported,
)
from adapters.cursors import CursorSeal
from adapters.drivers.declared import (
    Parameters,
    identifying,
    key_entry,
    parameter_sets,
)
from adapters.drivers.http import HttpClient, Request, raise_for_status
from adapters.drivers.joining import only
from adapters.drivers.legs import Bundle, Leg, Role
from adapters.drivers.pages import Asking, Page
from adapters.drivers.paging import Bookmark, Place
from adapters.drivers.path_checks import PathChecks
from adapters.drivers.reads import PERSON, Asked, Brought, Lists, ReadPlan
from adapters.drivers.template import Template
from adapters.drivers.wire import Wire
from adapters.manifest import Dataset, Endpoint, Manifest, ManifestError
from adapters.matching import meeting
from adapters.rows import Rows, as_given
from schema.enums import Quality

_MOST_FORMS = 16  # upstream searches that one search may become
_MOST_LEGS = 200
T = TypeVar("T")


class EndpointAdapter:
    """Reads a manifest's endpoints over one wire format. `dropped` counts unusable rows by dataset."""

    contract: Literal["1.0"] = "1.0"
    keeps_kinds: ClassVar[bool] = True
    reads_together: ClassVar[bool] = True

    def __init__(self, manifest: Manifest, wire: Wire, client: HttpClient, health: str) -> None:
        self.id = manifest.id
        self.version = manifest.version
        self.manifest = manifest
        self.dropped: Counter[str] = Counter()
        self._wire = wire
        self._client = client
        self._checks = PathChecks(manifest.id, wire)
        self._asking = Asking(manifest.id, wire, client, manifest.errors)
        self._health = health
        self._lists: dict[tuple[str, Role], list[tuple[Dataset, Template]]] = {}
        self._legs: dict[tuple[Template, frozenset[str]], Bundle] = {}
        self._plans: dict[tuple[Asked, ...], ReadPlan] = {}
        self._rows: dict[int, Rows] = {}  # by the dataset's identity: the manifest keeps datasets alive
        for name in manifest.entities:
            for dataset in manifest.datasets(name):
                self._prepare(name, dataset)
        self._checks.errors(manifest.errors)
        self.capabilities: Mapping[str, Capability] = capabilities_of(manifest)
        self._seal = CursorSeal(manifest.id)

    # ---- reading ------------------------------------------------------------------------------------------------

    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        """One upstream page of the persons' list."""
        legs = [
            self._leg("keys", dataset, template, identifying(dataset))
            for dataset, template in self._declared("PersonRecord", (), "keys")
        ]
        mark = self._bookmark(after, "keys")
        if mark.leg >= len(legs):
            raise Invalid(f"{self.id}: that cursor is not of this list. Start again from the first page.")
        bundle = legs[mark.leg]
        (leg,) = bundle.legs
        page = await self._asking.ask_one(bundle, leg.scope(call), mark.place, call)
        entries = {entry.key: entry for entry in self._entries(leg, page)}
        return KeySlice(tuple(entries.values()), self._minted(_onward(mark, page, len(legs)), "keys"))

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """Records by their own keys; of several rows for one key the first is kept.

        Where several datasets describe persons, those with a key list say who is there; the others only add columns.
        """
        (found,) = await self._read([("fetch", entity, frozenset(fields))], keys, call)
        if isinstance(found, AdapterError):
            raise found
        return cast(Mapping[Key, Record | AdapterError], found)

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        """Every record of each person, from all datasets of the entity; one that failed fails the person's list."""
        (found,) = await self._read([("related", entity, frozenset(fields))], people, call)
        if isinstance(found, AdapterError):
            raise found
        return cast(Mapping[Key, Sequence[Record] | AdapterError], found)

    async def read_together(
        self, wanted: Mapping[str, Collection[str]], people: Sequence[Key], call: Call
    ) -> Mapping[str, Brought | AdapterError]:
        """See adapters.contract.ReadsTogether: what comes out as one request is sent once."""
        asked: list[Asked] = [
            ("fetch" if entity == PERSON else "related", entity, frozenset(fields))
            for entity, fields in wanted.items()
        ]
        try:
            found = await self._read(asked, people, call)
        except Unsupported:  # of one of them at least
            found = await _together([self._alone(one, people, call) for one in asked])
        return dict(zip(wanted, found, strict=True))

    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        """A page of matches, filled from as many upstream pages as it takes.

        What comes back is held to the conditions again: a source that ignores a parameter answers with everybody.
        """
        legs = self._search_legs(entity, query)
        limit = min(query.limit, self.capabilities[entity].max_page)
        question = repr((entity, sorted(map(repr, query.where))))
        mark: Bookmark | None = self._bookmark(query.after, question)
        found: dict[Key, Record] = {}
        while mark is not None and mark.leg < len(legs) and len(found) < limit:
            bundle, values = legs[mark.leg]
            (leg,) = bundle.legs
            page = await self._asking.ask_one(bundle, leg.scope(call, (), values), mark.place, call)
            records = self._matches(leg, page, query)[mark.skip :]
            taken = records[: limit - len(found)]
            found.update((record.key, record) for record in taken if record.key not in found)
            if len(taken) < len(records):
                mark = Bookmark(mark.leg, mark.skip + len(taken), mark.place)
                break
            mark = _onward(mark, page, len(legs))
        return Slice(await self._completed(entity, found, query, call), self._minted(mark, question))

    async def health(self) -> Health:
        """Asks the manifest's health path, or the base address when there is none."""
        try:
            answer = await self._client.send(Request(self._health))
            if self._health:
                raise_for_status(self.id, answer)
        except AdapterError as err:
            return Health(False, err.code)
        return Health(answer.status < 500, f"status {answer.status}")

    def connections(self) -> Connections | None:
        """How many there are to the source."""
        return self._client.connections()

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    # ---- batches ------------------------------------------------------------------------------------------------

    async def _read(
        self, asked: Sequence[Asked], keys: Sequence[Key], call: Call
    ) -> Sequence[Brought | AdapterError]:
        """What becomes of each."""
        plan = self._planned(tuple(asked))
        if not keys:
            return [{} for _ in plan.parts]
        wanted = tuple(dict.fromkeys(keys))
        answers = await _together([self._batched(bundle, wanted, call) for bundle in plan.bundles])
        return [part.put_together([answers[bundle][place] for bundle, place in part.places]) for part in plan.parts]

    async def _alone(self, asked: Asked, keys: Sequence[Key], call: Call) -> Brought | AdapterError:
        try:
            (found,) = await self._read([asked], keys, call)
        except Unsupported as err:
            return err
        return found

    def _planned(self, asked: tuple[Asked, ...]) -> ReadPlan:
        """The requests that bring all of it, worked out once; raises Unsupported."""
        plan = self._plans.get(asked)
        if plan is None:
            if len(self._plans) >= _MOST_LEGS:
                self._plans.clear()
            legs = [self._asked(role, entity, fields) for role, entity, fields in asked]
            plan = self._plans[asked] = ReadPlan.of(self._wire, asked, legs)
        return plan

    def _asked(self, role: Role, entity: str, fields: Collection[str]) -> Sequence[Leg]:
        """The datasets to ask: those that have any of the fields, and those that say who or what is there."""
        return [
            self._leg(role, dataset, template, fields).legs[0]
            for dataset, template in self._declared(entity, fields, role)
            if role != "fetch" or dataset.keys or not dataset.fields.keys().isdisjoint(fields) or not fields
        ]

    def _leg(self, role: Role, dataset: Dataset, template: Template, fields: Collection[str]) -> Bundle:
        """One dataset's list, asked for by itself."""
        wanted = (template, frozenset(fields))
        found = self._legs.get(wanted)
        if found is None:
            if len(self._legs) >= _MOST_LEGS:
                self._legs.clear()
            leg = Leg.of(self._wire, role, dataset, template, self._rows[id(dataset)], _as_declared(dataset, fields))
            found = self._legs[wanted] = Bundle.of(self._wire, [leg])
        return found

    def _batched(
        self, bundle: Bundle, asked: Sequence[Key], call: Call
    ) -> Coroutine[object, object, Sequence[Lists | AdapterError]]:
        """What each leg brought of these keys; its AdapterError where all of it failed."""
        template = bundle.template
        sent = template.sendable(asked)
        # a key of another form is none of this source's: unknown, and never sent
        if len(sent) < len(asked):
            for leg in bundle.legs:
                self.dropped[leg.dataset.dataset] += len(asked) - len(sent)
        size = template.endpoint.batch
        if 0 < len(sent) <= size:
            return self._one_batch(bundle, sent, call)
        return self._batches(bundle, [sent[start : start + size] for start in range(0, len(sent), size)], call)

    async def _batches(
        self, bundle: Bundle, batches: Sequence[Sequence[Key]], call: Call
    ) -> Sequence[Lists | AdapterError]:
        answers = await _together([self._one_batch(bundle, batch, call) for batch in batches])
        return [_as_one(batches, [answer[place] for answer in answers]) for place in range(len(bundle.legs))]

    async def _one_batch(self, bundle: Bundle, batch: Sequence[Key], call: Call) -> Sequence[Lists | AdapterError]:
        found: list[dict[Key, list[Record]]] = [{} for _ in bundle.legs]
        failed: dict[int, AdapterError] = {}
        scope = bundle.legs[0].scope(call, batch)
        place: Place | None = None
        try:
            while True:
                pages = await self._asking.ask(bundle, scope, place, call)
                now = datetime.now(UTC)
                for index, (leg, page) in enumerate(zip(bundle.legs, pages, strict=True)):
                    if isinstance(page, AdapterError):
                        failed[index] = page
                    else:
                        self._gather(leg, batch, page, now, found[index])
                first = pages[0]  # only what stands alone has several pages
                place = None if isinstance(first, AdapterError) else first.next
                if place is None:
                    return [failed.get(index, lists) for index, lists in enumerate(found)] if failed else found
        except AdapterError as err:
            return [err] * len(found)

    def _gather(
        self, leg: Leg, batch: Sequence[Key], page: Page, now: datetime, found: dict[Key, list[Record]]
    ) -> None:
        """Adds a page's records to those found, each under the key for which it stands."""
        rows, lost = page.rows, page.strange
        if not rows and not lost:
            return
        owners = leg.owners(batch, rows)
        if None in owners:
            known = [owner is not None for owner in owners]
            lost += len(rows) - sum(known)
            rows, owners = list(compress(rows, known)), list(compress(owners, known))
        if lost:
            self.dropped[leg.dataset.dataset] += lost
        persons = cast(Sequence[Key], owners)
        records = leg.decoder.records(rows, now, persons if leg.role == "related" else None)
        for owner, record in zip(persons, records, strict=True):
            if record is not None:
                found.setdefault(owner, []).append(record)

    # ---- rows ---------------------------------------------------------------------------------------------------

    async def _completed(
        self, entity: str, found: Mapping[Key, Record], query: Search, call: Call
    ) -> tuple[Record, ...]:
        """The found persons with the columns that other datasets have."""
        lacking = any(flag.quality is Quality.MISSING for record in found.values() for flag in record.flags)
        if not lacking or (entity, "fetch") not in self._lists:
            return tuple(found.values())
        whole = await self.fetch(entity, list(found), query.fields, call)
        return tuple(one if isinstance(one := whole.get(key), Record) else record for key, record in found.items())

    def _matches(self, leg: Leg, page: Page, query: Search) -> list[Record]:
        meets = meeting(query.where)
        met = [record for record in self._records(leg, page) if meets(record.values)]
        return (
            met if leg.decoder.cells.keys() <= set(query.fields) else [only(record, query.fields) for record in met]
        )

    def _records(self, leg: Leg, page: Page) -> Sequence[Record]:
        if page.strange:
            self.dropped[leg.dataset.dataset] += page.strange
        return [record for record in leg.decoder.records(page.rows, datetime.now(UTC)) if record is not None]

    def _entries(self, leg: Leg, page: Page) -> Iterator[KeyEntry]:
        return (key_entry(record.key, record.values) for record in self._records(leg, page))

    # ---- what is declared ---------------------------------------------------------------------------------------

    def _bookmark(self, after: str | None, question: str) -> Bookmark:
        return Bookmark() if after is None else Bookmark.read(self._seal.open(after, question)[1] or "")

    def _minted(self, mark: Bookmark | None, question: str) -> str | None:
        # an upstream cursor may be a key, and a key may be an id number: it goes out sealed
        return None if mark is None else self._seal.seal(mark.leg, mark.text(), question)

    def _declared(self, entity: str, fields: Collection[str], role: Role) -> Sequence[tuple[Dataset, Template]]:
        check_fields(self.id, self.capabilities, entity, fields)
        able = self._lists.get((entity, role), [])
        if not able:
            raise Unsupported(f"{self.id}: {entity} declares no `{role}`; nothing was sent")
        return able

    def _search_legs(self, entity: str, query: Search) -> Sequence[tuple[Bundle, Parameters]]:
        able = self._declared(entity, query.fields, "search")
        check_filters(self.id, self.capabilities[entity], entity, query.where)
        if query.limit < 1:
            raise Invalid(f"{self.id}: a page of {query.limit} records cannot be read. Ask for at least one.")
        able = [
            (dataset, template) for dataset, template in able if all(supports(dataset, each) for each in query.where)
        ]
        if not able:
            raise Unsupported(f"{self.id}: no one dataset of {entity} has all these filters. Ask by fewer of them.")
        fields = frozenset((*query.fields, *(compare.field for compare in query.where)))
        legs = [
            (bundle, values)
            for dataset, template in able
            for bundle in (self._leg("search", dataset, template, fields),)
            for values in parameter_sets(entity, dataset, query.where)
        ]
        if len(legs) > _MOST_FORMS:
            raise Unsupported(f"{self.id}: the conditions have too many upstream forms. Ask with fewer conditions.")
        return legs

    def _prepare(self, entity: str, dataset: Dataset) -> None:
        where = f"{self.id}: entities.{entity}"
        for role, endpoint in _endpoints(dataset):
            template = Template(endpoint, f"{where}.{role}", body_only=self._wire.body_only)
            self._lists.setdefault((entity, role), []).append((dataset, template))
            if endpoint.batch > 1 and role == "related" and not (endpoint.owner or dataset.person):
                raise ManifestError(f"{where}.{role}: batch needs `owner`, or rows cannot be told apart. Add it.")
            self._checks.endpoint(endpoint, f"{where}.{role}")
        self._checks.rows(dataset, where)
        self._rows[id(dataset)] = Rows(self.id, self.manifest.jurisdiction, dataset, as_given, self.dropped)


def _as_declared(dataset: Dataset, fields: Collection[str]) -> Sequence[str]:
    """The fields in the manifest's order, so that the same question always goes out in the same words."""
    elsewhere = sorted(name for name in fields if name not in dataset.fields)
    return [*(name for name in dataset.fields if name in fields), *elsewhere]


def _as_one(batches: Sequence[Sequence[Key]], answers: Sequence[Lists | AdapterError]) -> Lists | AdapterError:
    """A leg's batches laid together; a failed one fails each of its keys, and all of them the leg."""
    failures = [answer for answer in answers if isinstance(answer, AdapterError)]
    if failures and len(failures) == len(answers):
        return failures[0]
    found: dict[Key, Sequence[Record] | AdapterError] = {}
    for batch, answer in zip(batches, answers, strict=True):
        found.update(dict.fromkeys(batch, answer) if isinstance(answer, AdapterError) else answer)
    return found


async def _together(work: Sequence[Coroutine[object, object, T]]) -> Sequence[T]:
    """All at once; what is alone needs no task of its own."""
    return [await work[0]] if len(work) == 1 else await asyncio.gather(*work)


def _endpoints(dataset: Dataset) -> list[tuple[Role, Endpoint]]:
    roles: tuple[Role, ...] = ("keys", "fetch", "related", "search")
    return [(role, getattr(dataset, role)) for role in roles if getattr(dataset, role) is not None]


def _onward(mark: Bookmark, page: Page, legs: int) -> Bookmark | None:
    if page.next is not None:
        return Bookmark(mark.leg, 0, page.next)
    return Bookmark(mark.leg + 1) if mark.leg + 1 < legs else None
