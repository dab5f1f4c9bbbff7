"""Reading declared endpoints: batches, pages, error rules and records, whatever the wire format."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Literal, TypeVar

from adapters.capabilities import capabilities_of, check_fields, check_filters, supports
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
from adapters.decode import key_of
from adapters.drivers.declared import (
    Parameters,
    identifying,
    key_entry,
    parameter_sets,
    paths_of,
    upstream_columns,
)
from adapters.drivers.http import HttpClient, Request, raise_for_status
from adapters.drivers.joining import joined
from adapters.drivers.pages import Asking, Page
from adapters.drivers.paging import Bookmark
from adapters.drivers.template import Scope, Template
from adapters.drivers.wire import Wire
from adapters.manifest import Dataset, Endpoint, Manifest, ManifestError
from adapters.matching import meets_all
from adapters.rows import RowDecoder, Rows
from schema.enums import Quality

_MOST_FORMS = 16  # upstream searches that one search may become
Role = Literal["keys", "fetch", "related", "search"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Leg:
    """One list to read: an endpoint with the values of its search parameters."""

    dataset: Dataset
    template: Template
    scope: Scope


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
            _leg(dataset, template, call, identifying(dataset))
            for dataset, template in self._declared("PersonRecord", (), "keys")
        ]
        mark = self._bookmark(after, "keys")
        if mark.leg >= len(legs):
            raise Invalid(f"{self.id}: that cursor is not of this list. Start again from the first page.")
        leg = legs[mark.leg]
        page = await self._asking.ask(leg.template, leg.scope, mark.place, call)
        entries = {entry.key: entry for entry in self._entries(leg.dataset, page.rows)}
        return KeySlice(tuple(entries.values()), self._minted(_onward(mark, page, len(legs)), "keys"))

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """Records by their own keys; of several rows for one key the first is kept.

        Where several datasets describe persons, those with a key list say who is there; the others only add columns.
        """
        legs = self._legs("fetch", entity, fields, call)
        listing = [leg.dataset.keys is not None for leg in legs]
        found: dict[Key, Record | AdapterError] = {}
        for founds, answers in zip(listing, await self._from_all("fetch", legs, keys, fields, call), strict=False):
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
        legs = self._legs("related", entity, fields, call)
        first, *others = await self._from_all("related", legs, people, fields, call) or ({},)
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
        legs = self._search_legs(entity, query, call)
        limit = min(query.limit, self.capabilities[entity].max_page)
        question = repr((entity, sorted(map(repr, query.where))))
        mark: Bookmark | None = self._bookmark(query.after, question)
        found: dict[Key, Record] = {}
        while mark is not None and mark.leg < len(legs) and len(found) < limit:
            leg = legs[mark.leg]
            page = await self._asking.ask(leg.template, leg.scope, mark.place, call)
            records = self._matches(leg.dataset, page.rows, query)[mark.skip :]
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

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    # ---- batches ------------------------------------------------------------------------------------------------

    def _legs(self, role: Role, entity: str, fields: Collection[str], call: Call) -> list[_Leg]:
        """The datasets to ask: those that have any of the fields, and those that say who or what is there."""
        return [
            _leg(dataset, template, call, fields)
            for dataset, template in self._declared(entity, fields, role)
            if role != "fetch" or dataset.keys or not dataset.fields.keys().isdisjoint(fields) or not fields
        ]

    async def _from_all(
        self,
        role: Literal["fetch", "related"],
        legs: Sequence[_Leg],
        keys: Sequence[Key],
        fields: Collection[str],
        call: Call,
    ) -> Sequence[Mapping[Key, Sequence[Record] | AdapterError]]:
        if not keys:
            return ()
        return await _together([self._batched(role, leg, keys, fields, call) for leg in legs])

    async def _batched(
        self, role: Literal["fetch", "related"], leg: _Leg, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        asked = tuple(dict.fromkeys(keys))
        sent = [key for key in asked if leg.template.accepts(key)]
        # a key of another form is none of this source's: unknown, and never sent
        if len(sent) < len(asked):
            self.dropped[leg.dataset.dataset] += len(asked) - len(sent)
        found: dict[Key, Sequence[Record] | AdapterError] = {}
        size = leg.template.endpoint.batch
        batches = [sent[start : start + size] for start in range(0, len(sent), size)]
        answers = await _together([self._one_batch(role, leg, batch, fields, call) for batch in batches])
        failures = [answer for answer in answers if isinstance(answer, AdapterError)]
        if failures and len(failures) == len(answers):
            raise failures[0]
        for batch, answer in zip(batches, answers, strict=True):
            found.update(dict.fromkeys(batch, answer) if isinstance(answer, AdapterError) else answer)
        return found

    async def _one_batch(
        self, role: Literal["fetch", "related"], leg: _Leg, batch: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record]] | AdapterError:
        found: defaultdict[Key, list[Record]] = defaultdict(list)
        scope = _with_keys(leg.scope, batch)
        owner_of = self._owners(role, leg, batch)
        decoder = self._rows[id(leg.dataset)].decoder(fields)
        is_row, is_related = self._wire.is_row, role == "related"
        try:
            async for page in self._asking.pages(leg.template, scope, call):
                fetched_at = datetime.now(UTC)
                for row in page.rows:
                    owner = owner_of(row) if is_row(row) else None
                    if owner is None:
                        self.dropped[leg.dataset.dataset] += 1
                        continue
                    record = decoder.record(row, fetched_at, owner if is_related else None)
                    if record is not None:
                        found[owner].append(record)
        except AdapterError as err:
            return err
        return found

    def _owners(self, role: Role, leg: _Leg, batch: Sequence[Key]) -> Callable[[object], Key | None]:
        """Says for which of the asked keys a row stands; None for a row of anybody else, which is not handed out."""
        endpoint = leg.template.endpoint
        path = endpoint.owner or (leg.dataset.key if role == "fetch" else leg.dataset.person)
        implied = batch[0] if role == "related" and len(batch) == 1 and endpoint.batch == 1 else None
        # a key that no row's key can equal, padding being taken off, is nobody's
        asked = frozenset(key for key in batch if key_of(key) == key)
        read = self._wire.reader((path,)) if path else _nothing

        def owner(row: object) -> Key | None:
            raw = read(row)[0]
            if type(raw) is str and raw in asked:
                return raw
            said = key_of(raw)
            return implied if said is None else said if said in asked else None

        return owner

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

    def _matches(self, dataset: Dataset, rows: Sequence[object], query: Search) -> list[Record]:
        asked = self._rows[id(dataset)].decoder(frozenset(query.fields))
        judged = self._rows[id(dataset)].decoder(frozenset(compare.field for compare in query.where))
        return [
            record
            for row, record in self._records(dataset, asked, rows)
            if meets_all(query.where, judged.values(row)[0])
        ]

    def _records(
        self, dataset: Dataset, decoder: RowDecoder, rows: Sequence[object]
    ) -> Iterator[tuple[object, Record]]:
        fetched_at = datetime.now(UTC)
        for row in rows:
            if not self._wire.is_row(row):
                self.dropped[dataset.dataset] += 1
            elif (record := decoder.record(row, fetched_at)) is not None:
                yield row, record

    def _entries(self, dataset: Dataset, rows: Sequence[object]) -> Iterator[KeyEntry]:
        decoder = self._rows[id(dataset)].decoder(identifying(dataset))
        return (key_entry(record.key, record.values) for _, record in self._records(dataset, decoder, rows))

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

    def _search_legs(self, entity: str, query: Search, call: Call) -> Sequence[_Leg]:
        able = self._declared(entity, query.fields, "search")
        check_filters(self.id, self.capabilities[entity], entity, query.where)
        if query.limit < 1:
            raise Invalid(f"{self.id}: a page of {query.limit} records cannot be read. Ask for at least one.")
        able = [
            (dataset, template) for dataset, template in able if all(supports(dataset, each) for each in query.where)
        ]
        if not able:
            raise Unsupported(f"{self.id}: no one dataset of {entity} has all these filters. Ask by fewer of them.")
        fields = {*query.fields, *(compare.field for compare in query.where)}
        legs = [
            _leg(dataset, template, call, fields, values)
            for dataset, template in able
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
        self._rows[id(dataset)] = Rows(self.id, self.manifest.jurisdiction, dataset, self._wire.reader, self.dropped)

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


def _leg(
    dataset: Dataset, template: Template, call: Call, fields: Collection[str], values: Parameters | None = None
) -> _Leg:
    columns = upstream_columns(dataset, fields) if "fields" in template.names else ()
    return _Leg(dataset, template, Scope(call, values=values or {}, fields=columns))


def _nothing(_row: object) -> tuple[object, ...]:
    return (None,)


async def _together(work: Sequence[Coroutine[object, object, T]]) -> Sequence[T]:
    """All at once; what is alone needs no task of its own."""
    return [await work[0]] if len(work) == 1 else await asyncio.gather(*work)


def _endpoints(dataset: Dataset) -> list[tuple[Role, Endpoint]]:
    roles: tuple[Role, ...] = ("keys", "fetch", "related", "search")
    return [(role, getattr(dataset, role)) for role in roles if getattr(dataset, role) is not None]


def _with_keys(scope: Scope, keys: Sequence[Key]) -> Scope:
    return Scope(scope.call, keys=keys, values=scope.values, fields=scope.fields)


def _onward(mark: Bookmark, page: Page, legs: int) -> Bookmark | None:
    if page.next is not None:
        return Bookmark(mark.leg, 0, page.next)
    return Bookmark(mark.leg + 1) if mark.leg + 1 < legs else None
