"""Reading declared endpoints: batches, pages, error rules and records, whatever the wire format."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
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
    paths_of,
)
from adapters.drivers.http import HttpClient, Request, raise_for_status
from adapters.drivers.joining import joined, only
from adapters.drivers.legs import Leg, Role
from adapters.drivers.pages import Asking, Page
from adapters.drivers.paging import Bookmark, Place
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

    def __init__(self, manifest: Manifest, wire: Wire, client: HttpClient, health: str) -> None:
        self.id = manifest.id
        self.version = manifest.version
        self.manifest = manifest
        self.dropped: Counter[str] = Counter()
        self._wire = wire
        self._client = client
        self._asking = Asking(manifest.id, wire, client, manifest.errors)
        self._health = health
        self._lists: dict[tuple[str, Role], list[tuple[Dataset, Template]]] = {}
        self._legs: dict[tuple[Template, frozenset[str]], Leg] = {}
        self._rows: dict[int, Rows] = {}  # by the dataset's identity: the manifest keeps datasets alive
        for name in manifest.entities:
            for dataset in manifest.datasets(name):
                self._prepare(name, dataset)
        self._prepare_rules()
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
        leg = legs[mark.leg]
        page = await self._asking.ask(leg.template, leg.sought, leg.scope(call), mark.place, call)
        entries = {entry.key: entry for entry in self._entries(leg, page)}
        return KeySlice(tuple(entries.values()), self._minted(_onward(mark, page, len(legs)), "keys"))

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """Records by their own keys; of several rows for one key the first is kept.

        Where several datasets describe persons, those with a key list say who is there; the others only add columns.
        """
        legs = self._asked("fetch", entity, fields)
        listing = [leg.dataset.keys is not None for leg in legs]
        found: dict[Key, Record | AdapterError] = {}
        for founds, answers in zip(listing, await self._from_all("fetch", legs, keys, call), strict=False):
            for key, answer in answers.items():
                known = found.get(key)
                if isinstance(known, Record) and not isinstance(answer, AdapterError):
                    found[key] = joined(known, answer[0])
                elif known is None and (founds or not any(listing)):
                    found[key] = answer if isinstance(answer, AdapterError) else answer[0]
        return found

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        """Every record of each person, from all datasets of the entity; one that failed fails the person's list."""
        legs = self._asked("related", entity, fields)
        first, *others = await self._from_all("related", legs, people, call) or ({},)
        found: dict[Key, Sequence[Record] | AdapterError] = dict(first)
        for answers in others:
            for person, answer in answers.items():
                sofar = found.get(person, ())
                if isinstance(answer, AdapterError) or isinstance(sofar, AdapterError):
                    found[person] = answer if isinstance(answer, AdapterError) else sofar
                else:
                    found[person] = [*sofar, *answer]
        return found

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
            leg, values = legs[mark.leg]
            page = await self._asking.ask(leg.template, leg.sought, leg.scope(call, (), values), mark.place, call)
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

    def _asked(self, role: Role, entity: str, fields: Collection[str]) -> Sequence[Leg]:
        """The datasets to ask: those that have any of the fields, and those that say who or what is there."""
        return [
            self._leg(role, dataset, template, fields)
            for dataset, template in self._declared(entity, fields, role)
            if role != "fetch" or dataset.keys or not dataset.fields.keys().isdisjoint(fields) or not fields
        ]

    def _leg(self, role: Role, dataset: Dataset, template: Template, fields: Collection[str]) -> Leg:
        wanted = (template, frozenset(fields))
        leg = self._legs.get(wanted)
        if leg is None:
            if len(self._legs) >= _MOST_LEGS:
                self._legs.clear()
            leg = Leg.of(self._wire, role, dataset, template, self._rows[id(dataset)], fields)
            self._legs[wanted] = leg
        return leg

    async def _from_all(
        self, role: Literal["fetch", "related"], legs: Sequence[Leg], keys: Sequence[Key], call: Call
    ) -> Sequence[Mapping[Key, Sequence[Record] | AdapterError]]:
        if not keys:
            return ()
        return await _together([self._batched(role, leg, keys, call) for leg in legs])

    async def _batched(
        self, role: Literal["fetch", "related"], leg: Leg, keys: Sequence[Key], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        asked = tuple(dict.fromkeys(keys))
        sent = leg.template.sendable(asked)
        # a key of another form is none of this source's: unknown, and never sent
        if len(sent) < len(asked):
            self.dropped[leg.dataset.dataset] += len(asked) - len(sent)
        found: dict[Key, Sequence[Record] | AdapterError] = {}
        size = leg.template.endpoint.batch
        batches = [sent[start : start + size] for start in range(0, len(sent), size)]
        answers = await _together([self._one_batch(role, leg, batch, call) for batch in batches])
        failures = [answer for answer in answers if isinstance(answer, AdapterError)]
        if failures and len(failures) == len(answers):
            raise failures[0]
        if len(answers) == 1 and not failures:
            return answers[0]  # type: ignore[return-value]  # no failure, as was just seen
        for batch, answer in zip(batches, answers, strict=True):
            found.update(dict.fromkeys(batch, answer) if isinstance(answer, AdapterError) else answer)
        return found

    async def _one_batch(
        self, role: Literal["fetch", "related"], leg: Leg, batch: Sequence[Key], call: Call
    ) -> Mapping[Key, Sequence[Record]] | AdapterError:
        found: defaultdict[Key, list[Record]] = defaultdict(list)
        scope = leg.scope(call, batch)
        place: Place | None = None
        try:
            while True:
                page = await self._asking.ask(leg.template, leg.sought, scope, place, call)
                self._gather(role, leg, batch, page, found)
                place = page.next
                if place is None:
                    return found
        except AdapterError as err:
            return err

    def _gather(
        self, role: Role, leg: Leg, batch: Sequence[Key], page: Page, found: defaultdict[Key, list[Record]]
    ) -> None:
        """Adds a page's records to those found, each under the key for which it stands."""
        rows, owners = page.rows, leg.owners(role, batch, page.rows)
        lost = page.strange
        if None in owners:
            known = [owner is not None for owner in owners]
            lost += len(rows) - sum(known)
            rows, owners = list(compress(rows, known)), list(compress(owners, known))
        if lost:
            self.dropped[leg.dataset.dataset] += lost
        persons = cast(Sequence[Key], owners)
        records = leg.decoder.records(rows, datetime.now(UTC), persons if role == "related" else None)
        for owner, record in zip(persons, records, strict=True):
            if record is not None:
                found[owner].append(record)

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

    def _search_legs(self, entity: str, query: Search) -> Sequence[tuple[Leg, Parameters]]:
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
            (leg, values)
            for dataset, template in able
            for leg in (self._leg("search", dataset, template, fields),)
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
            self._check(f"{where}.{role}.rows", endpoint.rows, "rows")
            self._check(f"{where}.{role}.owner", endpoint.owner, "row")
            if endpoint.pages is not None:
                self._check(f"{where}.{role}.pages.next", endpoint.pages.next, "answer")
                self._check(f"{where}.{role}.pages.total", endpoint.pages.total, "answer")
            if endpoint.envelope is not None:
                self._check(f"{where}.{role}.envelope.data", endpoint.envelope.data, "answer")
        for path in paths_of(dataset, dataset.fields):
            self._check(f"{where}: path {path}", path, "row")
        self._rows[id(dataset)] = Rows(self.id, self.manifest.jurisdiction, dataset, as_given, self.dropped)

    def _prepare_rules(self) -> None:
        for index, rule in enumerate(self.manifest.errors):
            if rule.status is None and rule.path is None:
                raise ManifestError(f"{self.id}: errors.{index}: matches everything. Add `status` or `path`.")
            self._check(f"{self.id}: errors.{index}.path", rule.path, "answer")

    def _check(self, where: str, path: str | None, role: Literal["rows", "row", "answer"]) -> None:
        if path is None:
            return
        try:
            self._wire.check(path, role)
        except ValueError as err:
            raise ManifestError(f"{where}: {err}. Correct the path.") from err


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
