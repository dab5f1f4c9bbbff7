"""Reading declared endpoints: batches, pages, error rules and records, whatever the wire format."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal, Protocol
from urllib.parse import urljoin

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
    Malformed,
    Record,
    Refused,
    Search,
    Slice,
    Throttled,
    Unavailable,
    Unsupported,
)
from adapters.cursors import CursorSeal
from adapters.decode import is_present, key_of, record_of, text_of
from adapters.drivers.declared import (
    identifying,
    joined,
    key_entry,
    parameter_sets,
    paths_of,
    upstream_columns,
)
from adapters.drivers.http import Answer, HttpClient, Request, raise_for_status
from adapters.drivers.paging import Bookmark, Place, following
from adapters.drivers.template import Scope, Template
from adapters.manifest import Dataset, Endpoint, Manifest, ManifestError
from adapters.matching import meets_all

_ERRORS: Mapping[str, type[AdapterError]] = {
    "refused": Refused,
    "invalid": Invalid,
    "throttled": Throttled,
    "unavailable": Unavailable,
    "malformed": Malformed,
}
_MOST_FORMS = 16  # upstream searches that one search may become
Role = Literal["keys", "fetch", "related", "search"]


class Wire(Protocol):
    """What JSON and XML do differently. A document, payload or row is opaque to everybody else."""

    body_only: bool  # whether search parameters always travel in the body

    def check(self, path: str, role: Literal["rows", "row", "answer"]) -> None:
        """Compile a path; ValueError says what is wrong with it."""
        ...

    def request(self, template: Template, scope: Scope) -> Request:
        """The request that asks for `scope`."""
        ...

    def parse(self, answer: Answer) -> object:
        """The document that was answered, or Malformed."""
        ...

    def fault(self, document: object) -> AdapterError | None:
        """The failure that the format itself can express."""
        ...

    def payload(self, document: object, endpoint: Endpoint) -> object:
        """What the endpoint's envelope wraps; None for nothing."""
        ...

    def rows(self, payload: object, path: str) -> Sequence[object]:
        """The rows within the payload."""
        ...

    def is_row(self, row: object) -> bool:
        """Whether a row has fields at all."""
        ...

    def read(self, row: object, path: str) -> object:
        """The raw value at a path of a row."""
        ...

    def find(self, document: object, path: str) -> object:
        """A value of the answer beside the rows: a business code, the next cursor, a total."""
        ...


@dataclass(frozen=True, slots=True)
class _Page:
    rows: Sequence[object]
    next: Place | None


@dataclass(frozen=True, slots=True)
class _Leg:
    """One list to read: an endpoint with the values of its search parameters."""

    dataset: Dataset
    template: Template
    scope: Scope


class EndpointAdapter:
    """Reads a manifest's endpoints over one wire format. `dropped` counts unusable rows by dataset."""

    contract: Literal["1.0"] = "1.0"

    def __init__(self, manifest: Manifest, wire: Wire, client: HttpClient, health: str) -> None:
        self.id = manifest.id
        self.version = manifest.version
        self.manifest = manifest
        self.dropped: Counter[str] = Counter()
        self._wire = wire
        self._client = client
        self._health = health
        self._lists: dict[tuple[str, Role], list[tuple[Dataset, Template]]] = {}
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
            _Leg(dataset, template, Scope(call, fields=upstream_columns(dataset, identifying(dataset))))
            for dataset, template in self._declared("PersonRecord", (), "keys")
        ]
        mark = self._bookmark(after, "keys")
        if mark.leg >= len(legs):
            raise Invalid(f"{self.id}: that cursor is not of this list. Start again from the first page.")
        leg = legs[mark.leg]
        page = await self._ask(leg.template, leg.scope, mark.place, call)
        entries = {entry.key: entry for row in page.rows if (entry := self._entry(leg.dataset, row))}
        return KeySlice(tuple(entries.values()), self._minted(_onward(mark, page, len(legs)), "keys"))

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """Records by their own keys; of several rows for one key the first is kept, further datasets complete it."""
        found: dict[Key, Record | AdapterError] = {}
        for answers in await self._from_all("fetch", entity, keys, fields, call):
            for key, answer in answers.items():
                sofar = found.get(key)
                if isinstance(answer, AdapterError):
                    found.setdefault(key, answer)
                elif isinstance(sofar, Record):
                    found[key] = joined(sofar, answer[0])
                else:
                    found[key] = answer[0]
        return found

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        """Every record of each person, from all datasets of the entity; one that failed fails the person's list."""
        found: dict[Key, list[Record] | AdapterError] = {}
        for answers in await self._from_all("related", entity, people, fields, call):
            for person, answer in answers.items():
                sofar = found.get(person, [])
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
            page = await self._ask(leg.template, leg.scope, mark.place, call)
            records = self._matches(leg.dataset, page.rows, query)[mark.skip :]
            taken = records[: limit - len(found)]
            found.update((record.key, record) for record in taken if record.key not in found)
            if len(taken) < len(records):
                mark = Bookmark(mark.leg, mark.skip + len(taken), mark.place)
                break
            mark = _onward(mark, page, len(legs))
        return Slice(tuple(found.values()), self._minted(mark, question))

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

    async def _from_all(
        self, role: Literal["fetch", "related"], entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Sequence[Mapping[Key, Sequence[Record] | AdapterError]]:
        legs = [
            _Leg(dataset, template, Scope(call, fields=upstream_columns(dataset, fields)))
            for index, (dataset, template) in enumerate(self._declared(entity, fields, role))
            # what completes a record is asked for its own fields only: HIV is never read along with a name
            if role == "related" or index == 0 or not dataset.fields.keys().isdisjoint(fields)
        ]
        if not keys:
            return ()
        return await asyncio.gather(*(self._batched(role, leg, keys, fields, call) for leg in legs))

    async def _batched(
        self, role: Literal["fetch", "related"], leg: _Leg, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        asked = tuple(dict.fromkeys(keys))
        sent = [key for key in asked if leg.template.accepts(key)]
        found: dict[Key, Sequence[Record] | AdapterError] = {
            key: Invalid(f"{self.id}: a key does not match key_pattern; nothing was sent")
            for key in asked
            if key not in set(sent)
        }
        size = leg.template.endpoint.batch
        batches = [sent[start : start + size] for start in range(0, len(sent), size)]
        answers = await asyncio.gather(*(self._one_batch(role, leg, batch, fields, call) for batch in batches))
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
        try:
            async for page in self._pages(leg.template, scope, call):
                fetched_at = datetime.now(UTC)
                for row in page.rows:
                    owner = self._owner(role, leg, row, batch)
                    if owner is None:
                        continue
                    record = self._record(leg.dataset, row, fields, fetched_at, owner if role == "related" else None)
                    if record is not None:
                        found[owner].append(record)
        except AdapterError as err:
            return err
        return found

    def _owner(self, role: Role, leg: _Leg, row: object, batch: Sequence[Key]) -> Key | None:
        """For which of the asked keys the row stands; a row of anybody else is dropped, not handed out."""
        endpoint = leg.template.endpoint
        path = endpoint.owner or (leg.dataset.key if role == "fetch" else leg.dataset.person)
        said = key_of(self._wire.read(row, path)) if path and self._wire.is_row(row) else None
        if said is None and role == "related" and len(batch) == 1 and endpoint.batch == 1:
            said = batch[0]
        if said in batch:
            return said
        self.dropped[leg.dataset.dataset] += 1
        return None

    # ---- pages --------------------------------------------------------------------------------------------------

    async def _pages(self, template: Template, scope: Scope, call: Call) -> AsyncIterator[_Page]:
        place: Place | None = Place.first(template.endpoint.pages)
        while place is not None:
            page = await self._ask(template, scope, place, call)
            yield page
            place = page.next

    async def _ask(self, template: Template, scope: Scope, place: Place | None, call: Call) -> _Page:
        pages = template.endpoint.pages
        here = Place.first(pages) if place is None else place
        request = self._request(template, here.scope(pages, scope), here)
        return self._page(template.endpoint, here, await self._client.send(request, call.deadline))

    def _request(self, template: Template, scope: Scope, here: Place) -> Request:
        if here.cursor is None or "cursor" in template.names:
            return self._wire.request(template, scope)
        # a cursor that no placeholder takes is a link to the next page, as in a FHIR Bundle
        link = urljoin(self._client.base, here.cursor)
        if not link.startswith(self._client.base) or "/.." in link:
            raise Malformed(f"{self.id}: the link to the next page leaves the base address")
        return Request(link.removeprefix(self._client.base), headers=template.headers(scope))

    def _page(self, endpoint: Endpoint, here: Place, answer: Answer) -> _Page:
        document, broken = self._document(answer)
        meaning = self._meaning(answer, document)
        if meaning in ("absent", "end"):
            return _Page((), None)
        if meaning is not None:
            message = f"{self.id}: answered with what its manifest calls {meaning}"
            raise _ERRORS[meaning](message, retry_after=answer.retry_after)
        fault = self._wire.fault(document) if broken is None else None
        if fault is not None:
            raise fault
        raise_for_status(self.id, answer)
        if broken is not None:
            raise broken
        payload = self._wire.payload(document, endpoint)
        rows = () if payload is None else self._wire.rows(payload, endpoint.rows)
        return self._with_next(endpoint, here, rows, (document, payload))

    def _with_next(self, endpoint: Endpoint, here: Place, rows: Sequence[object], parts: Sequence[object]) -> _Page:
        pages = endpoint.pages
        cursor = self._beside(parts, pages.next) if pages else None
        counted = self._beside(parts, pages.total) if pages else None
        total = int(counted) if counted and counted.isdecimal() and len(counted) < 15 else None
        if cursor is not None and cursor == here.cursor:
            raise Malformed(f"{self.id}: the cursor to the next page is that of this page")
        onward = following(pages, here, len(rows), cursor=cursor, total=total)
        return _Page(rows, onward)

    def _beside(self, parts: Sequence[object], path: str | None) -> str | None:
        if path is None:
            return None
        found = (text_of(self._wire.find(part, path)) for part in parts if part is not None)
        return next((text for text in found if text), None)

    def _document(self, answer: Answer) -> tuple[object, Malformed | None]:
        """The document, or why there is none: an error page is judged by its status before its format."""
        try:
            return self._wire.parse(answer), None
        except Malformed as err:
            return None, err

    def _meaning(self, answer: Answer, document: object) -> str | None:
        for rule in self.manifest.errors:
            if rule.status is not None and rule.status != answer.status:
                continue
            if rule.path is not None:
                said = None if document is None else text_of(self._wire.find(document, rule.path))
                if said is None or (rule.equals and said not in rule.equals):
                    continue
            return rule.means
        return None

    # ---- rows ---------------------------------------------------------------------------------------------------

    def _matches(self, dataset: Dataset, rows: Sequence[object], query: Search) -> list[Record]:
        fetched_at = datetime.now(UTC)
        asked = frozenset(query.fields)
        fields = asked | {compare.field for compare in query.where}
        found = (self._record(dataset, row, fields, fetched_at, None) for row in rows)
        return [
            replace(
                record,
                values={name: record.values[name] for name in asked},
                flags=tuple(flag for flag in record.flags if flag.field in asked),
            )
            for record in found
            if record is not None and meets_all(tuple(query.where), record.values)
        ]

    def _record(
        self, dataset: Dataset, row: object, fields: Collection[str], fetched_at: datetime, person: Key | None
    ) -> Record | None:
        if not self._wire.is_row(row):
            self.dropped[dataset.dataset] += 1
            return None
        read = partial(self._wire.read, row)
        return record_of(self.manifest, dataset, read, fields, fetched_at, person=person, dropped=self.dropped)

    def _entry(self, dataset: Dataset, row: object) -> KeyEntry | None:
        if not self._wire.is_row(row):
            self.dropped[dataset.dataset] += 1
            return None
        read = partial(self._wire.read, row)
        key = key_of(read(dataset.key))
        if key is None:
            self.dropped[dataset.dataset] += 1
            return None
        return key_entry(dataset, key, read) if is_present(dataset, read) else None

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
            _Leg(dataset, template, Scope(call, values=values, fields=upstream_columns(dataset, fields)))
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


def _endpoints(dataset: Dataset) -> list[tuple[Role, Endpoint]]:
    roles: tuple[Role, ...] = ("keys", "fetch", "related", "search")
    return [(role, getattr(dataset, role)) for role in roles if getattr(dataset, role) is not None]


def _with_keys(scope: Scope, keys: Sequence[Key]) -> Scope:
    return Scope(scope.call, keys=keys, values=scope.values, fields=scope.fields)


def _onward(mark: Bookmark, page: _Page, legs: int) -> Bookmark | None:
    if page.next is not None:
        return Bookmark(mark.leg, 0, page.next)
    return Bookmark(mark.leg + 1) if mark.leg + 1 < legs else None
