"""The `subgraph` driver: another province's gateway, or any Federation 2 server, read by `_entities`.

The source's person key is the federated `Person.id`. A dataset's `rows` is a dotted path from Person to its rows
(none: the person is the row), each field's `path` a dotted path inside a row; adapters/drivers/selection.py says
what a path may hold. What is asked of the peer is exactly that, for all persons of a batch, in one query; reads of
several entities that start together for the same call and persons share it.

Provenance: where a dataset's `key` ends in `recordId`, the object that holds it is a SourceRecord, so `recordId`,
`asOf`, `fetchedAt`, `source { id jurisdiction { code } }` and `quality { field quality }` are read from it:
`key: record.recordId` for a row with a `record`, `key: recordId` for rows that are SourceRecords themselves
(`Person.records`). Any other key says nothing but itself.

One person may yield several PersonRecords, one for each source of the peer: read them with
`related("PersonRecord", tokens)`; `fetch` gives the first.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Literal
from urllib.parse import unquote, urlsplit

from graphql import GraphQLSyntaxError, parse
from msgspec.structs import replace

from adapters.capabilities import capabilities_of, check_fields
from adapters.connections import Connections
from adapters.contract import (
    AdapterError,
    Call,
    Capability,
    Health,
    Key,
    KeyEntry,
    KeySlice,
    Malformed,
    PeerRequest,
    Provenance,
    Record,
    Refused,
    Search,
    Slice,
    Unsupported,
)
from adapters.drivers.http import Answer, HttpClient, Request, raise_for_status
from adapters.drivers.peer_answer import failures, withheld
from adapters.drivers.peer_rows import (
    Found,
    RowsOf,
    by_name,
    failure_of,
    moment_of,
    quality_of,
    reader,
    select,
    shown_of,
)
from adapters.drivers.selection import Selection, rows, value
from adapters.drivers.transport import TransportName
from adapters.manifest import Manifest, ManifestError, SubgraphSource
from adapters.rows import Rows, by_call

_MOST_PLANS: Final = 500
_NAME: Final = re.compile(r"[0-9a-f-]{32,36}")  # a request id that a header can hold

Wanted = Mapping[str, frozenset[str]]  # entity -> fields


@dataclass(frozen=True, slots=True)
class _Plan:
    query: str
    entities: Mapping[str, tuple[RowsOf, ...]]


@dataclass(slots=True)
class _Round:
    """Reads that start together: what they want, and the one answer that they share."""

    wanted: dict[str, frozenset[str]]
    answer: asyncio.Task[tuple[_Plan, Mapping[Key, Found | AdapterError]]]


class SubgraphAdapter:
    """A peer as its manifest declares it. `dropped` counts unusable rows by dataset."""

    contract: Literal["1.0"] = "1.0"
    keeps_kinds: ClassVar[bool] = True

    def __init__(self, manifest: Manifest, transport: TransportName = "own") -> None:
        source = manifest.source
        if not isinstance(source, SubgraphSource):
            raise ManifestError(f"{manifest.id}: source.kind: is not subgraph. Choose the driver that it names.")
        address = urlsplit(source.url)
        self.id = manifest.id
        self.version = manifest.version
        self.manifest = manifest
        self.dropped: Counter[str] = Counter()
        self._source = source
        self._path = address.path or "/"
        self._client = HttpClient(
            f"{address.scheme}://{address.netloc}",
            source=manifest.id,
            timeout=source.timeout,
            concurrency=source.concurrency,
            max_bytes=source.max_bytes,
            headers={
                "accept": "application/graphql-response+json, application/json",
                "content-type": "application/json",
            },
            tls=source.tls,
            transport=transport,
        )
        self._plans: dict[frozenset[tuple[str, frozenset[str]]], _Plan] = {}
        self._rounds: dict[tuple[Call, tuple[Key, ...]], _Round] = {}
        self._rows = {  # by the dataset's identity: the manifest keeps datasets alive
            id(dataset): Rows(self.id, manifest.jurisdiction, dataset, by_call, self.dropped)
            for entity in manifest.entities
            for dataset in manifest.datasets(entity)
        }
        self._running: set[asyncio.Task[tuple[_Plan, Mapping[Key, Found | AdapterError]]]] = set()
        self.capabilities: Mapping[str, Capability] = capabilities_of(manifest)
        self._check()

    # ---- the contract -------------------------------------------------------------------------------------------

    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        """A page of the pseudonyms that the peer holds, from its locator."""
        if self._source.locator is None:
            raise Unsupported(f"{self.id}: has no locator, so everybody is asked for; nothing was sent")
        answer = await self._post(self._source.locator, {"after": after}, call)
        raise_for_status(self.id, answer)
        body = self._loaded(answer)
        tokens, onward = body.get("tokens"), body.get("after")
        if not isinstance(tokens, list) or not isinstance(onward, str | None):
            raise Malformed(f"{self.id}: the locator answered with something else than tokens and after")
        entries = tuple(KeyEntry(token, tokens=(token,)) for token in tokens if isinstance(token, str) and token)
        if len(entries) < len(tokens):
            self.dropped["locator"] += len(tokens) - len(entries)
        if onward is not None and onward == after:
            raise Malformed(f"{self.id}: the locator's next page is the page that was asked for")
        return KeySlice(entries, onward)

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """The first PersonRecord of each person; other entities have no key of their own at a peer."""
        if entity != "PersonRecord":
            raise Unsupported(f"{self.id}: {entity} is read by person only; nothing was sent")
        found = await self.related(entity, keys, fields, call)
        return {key: one if isinstance(one, AdapterError) else one[0] for key, one in found.items()}

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        """Every record of each person; one whom the peer does not know, or has no record of, is absent."""
        check_fields(self.id, self.capabilities, entity, fields)
        tokens = tuple(dict.fromkeys(people))
        if not tokens:
            return {}
        plan, answered = await self._shared(entity, tokens, frozenset(fields), call)
        found: dict[Key, Sequence[Record] | AdapterError] = {}
        for token, one in answered.items():
            if isinstance(one, AdapterError):
                found[token] = one
            elif records := self._records(plan, entity, token, tuple(fields), one):
                found[token] = records
            elif failure := failure_of(plan.entities[entity], one):
                found[token] = failure
        return found

    async def search(self, entity: str, query: Search, call: Call) -> Slice:  # noqa: ARG002 - the contract's shape
        """Peers are asked for persons, never searched."""
        raise Unsupported(f"{self.id}: {entity} cannot be searched through a peer; nothing was sent")

    async def health(self) -> Health:
        """Whether a GraphQL server answers; one that demands a token is alive."""
        try:
            content = json.dumps({"query": "{ __typename }"}).encode()
            answer = await self._client.send(Request(self._path, "POST", content=content))
            body = self._loaded(answer)
        except AdapterError as err:
            return Health(False, err.code)
        alive = isinstance(body.get("data"), Mapping) or isinstance(body.get("errors"), list)
        return Health(alive and answer.status < 500, f"status {answer.status}")

    def connections(self) -> Connections | None:
        """How many there are to the source."""
        return self._client.connections()

    async def aclose(self) -> None:
        """Give the connections back; reads under way end with them."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._rounds.clear()
        await self._client.aclose()

    # ---- asking -------------------------------------------------------------------------------------------------

    async def _shared(
        self, entity: str, people: tuple[Key, ...], fields: frozenset[str], call: Call
    ) -> tuple[_Plan, Mapping[Key, Found | AdapterError]]:
        started = self._rounds.get((call, people))
        if started is None:
            answer = asyncio.create_task(self._round(people, call))
            self._running.add(answer)
            answer.add_done_callback(self._running.discard)
            answer.add_done_callback(_retrieve)
            started = self._rounds[call, people] = _Round({}, answer)
        started.wanted[entity] = started.wanted.get(entity, frozenset()) | fields
        # one reader that gives up must not take the answer from the others; the deadline ends the task
        return await asyncio.shield(started.answer)

    async def _round(self, people: tuple[Key, ...], call: Call) -> tuple[_Plan, Mapping[Key, Found | AdapterError]]:
        await asyncio.sleep(0)  # whoever else starts in this turn of the loop joins
        plan = self._plan(self._rounds.pop((call, people)).wanted)
        size = min(self.capabilities[entity].max_batch for entity in plan.entities)
        batches = [people[start : start + size] for start in range(0, len(people), size)]
        answers = await asyncio.gather(*(self._one_batch(plan, batch, call) for batch in batches))
        failed = [answer for answer in answers if isinstance(answer, AdapterError)]
        if len(failed) == len(answers):
            raise failed[0]
        found: dict[Key, Found | AdapterError] = {}
        for batch, answer in zip(batches, answers, strict=True):
            found.update(dict.fromkeys(batch, answer) if isinstance(answer, AdapterError) else answer)
        return plan, found

    async def _one_batch(
        self, plan: _Plan, batch: Sequence[Key], call: Call
    ) -> Mapping[Key, Found | AdapterError] | AdapterError:
        representations = [{"__typename": "Person", "id": token} for token in batch]
        try:
            question = {"query": plan.query, "variables": {"representations": representations}}
            return self._people(batch, await self._post(self._path, question, call))
        except AdapterError as err:
            return err

    async def _post(self, path: str, body: Mapping[str, object], call: Call) -> Answer:
        if call.assertion is None:
            raise Refused(f"{self.id}: nobody signed for this viewer and purpose; nothing was sent")
        content = json.dumps(body).encode()
        sign, about = call.assertion, PeerRequest(self._source.audience, "POST", unquote(path), content)

        def signed() -> Mapping[str, str]:
            token = sign(about)
            if not token.isascii() or not token.isprintable():
                raise Refused(f"{self.id}: the signed statement does not fit into a header; nothing was sent")
            return {"authorization": f"Bearer {token}"}

        # Under the same name on both sides, so that the two gateways' access logs can be laid side by side.
        named = {"x-request-id": call.request_id} if _NAME.fullmatch(call.request_id) else None
        request = Request(path, "POST", headers=named, content=content, signed=signed)
        return await self._client.send(request, call.deadline)

    def _people(self, batch: Sequence[Key], answer: Answer) -> Mapping[Key, Found | AdapterError]:
        body = self._loaded(answer)
        failed = failures(self.id, body.get("errors"))
        data = body.get("data")
        nodes = data.get("_entities") if isinstance(data, Mapping) else None
        if not isinstance(nodes, list):
            if failed:
                raise failed[0].error
            raise_for_status(self.id, answer)
            raise Malformed(f"{self.id}: answered without data or errors")
        if len(nodes) != len(batch):
            raise Malformed(f"{self.id}: answered with another number of persons than was asked for")
        hidden = withheld(body.get("extensions"))
        now = datetime.now(UTC)
        found: dict[Key, Found | AdapterError] = {}
        for place, (token, node) in enumerate(zip(batch, nodes, strict=True)):
            own = tuple(failure for failure in failed if failure.entity in (place, None))
            if node is not None:
                found[token] = Found(node, place, own, hidden, now)
            elif own:
                found[token] = own[0].error
        return found

    def _loaded(self, answer: Answer) -> Mapping[str, object]:
        kind = answer.media_type
        if kind and not kind.endswith(("/json", "+json")):
            raise_for_status(self.id, answer)
            raise Malformed(f"{self.id}: answered with another content type than JSON")
        try:
            body = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise_for_status(self.id, answer)
            raise Malformed(f"{self.id}: the answer cannot be read as JSON") from None  # the cause quotes it
        if not isinstance(body, dict):
            raise Malformed(f"{self.id}: answered with no JSON object")
        return body

    # ---- plans --------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        for entity in self.manifest.entities:
            try:
                parse(self._plan({entity: self.capabilities[entity].fields}).query)
            except (ValueError, GraphQLSyntaxError) as err:
                raise ManifestError(f"{self.id}: entities.{entity}: {err}. Correct the path.") from err

    def _plan(self, wanted: Wanted) -> _Plan:
        signature = frozenset(wanted.items())
        plan = self._plans.get(signature)
        if plan is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plans[signature] = self._planned(wanted)
        return plan

    def _planned(self, wanted: Wanted) -> _Plan:
        person = Selection()
        person.add("id")
        entities = {
            entity: tuple(select(person, dataset, fields) for dataset in self.manifest.datasets(entity))
            for entity, fields in sorted(wanted.items())
        }
        query = (
            "query Peer($representations: [_Any!]!) { "
            f"_entities(representations: $representations) {{ ... on Person {person} }} }}"
        )
        return _Plan(query, entities)

    # ---- records ------------------------------------------------------------------------------------------------

    def _records(
        self, plan: _Plan, entity: str, token: Key, fields: Sequence[str], found: Found
    ) -> tuple[Record, ...]:
        records = (
            self._record(entity, where, row, f"{token}/{number}", token, fields, found)
            for where in plan.entities[entity]
            for number, row in enumerate(rows(found.node, where.at))
        )
        return tuple(record for record in records if record is not None)

    def _record(
        self,
        entity: str,
        where: RowsOf,
        row: Mapping[str, object],
        nameless: Key,
        token: Key,
        fields: Sequence[str],
        found: Found,
    ) -> Record | None:
        read = reader(where, row, nameless)
        record = self._rows[id(where.dataset)].decoder(fields).record(read, found.fetched_at, token)
        if record is None:
            return None
        shown = {name: shown_of(entity, name, one, where.dataset, read, found) for name, one in record.values.items()}
        hidden = frozenset(name for name, (_, is_hidden) in shown.items() if is_hidden)
        noticed = {*record.flags, *quality_of(where, row, fields)}
        return replace(
            record,
            values={name: one for name, (one, _) in shown.items()},
            provenance=self._provenance(where, row, record.provenance),
            flags=tuple(sorted((flag for flag in noticed if flag.field not in hidden), key=by_name)),
            hidden=hidden,
        )

    def _provenance(self, where: RowsOf, row: Mapping[str, object], known: Provenance) -> Provenance:
        said = {name: value(row, keys) for name, keys in where.record.items()}
        source, jurisdiction = said.get("source.id"), said.get("source.jurisdiction.code")
        return replace(
            known,
            source=source if isinstance(source, str) else self.id,
            peer=self.id,
            jurisdiction=jurisdiction if isinstance(jurisdiction, str) else known.jurisdiction,
            as_of=moment_of(said.get("asOf")) or known.as_of,
            fetched_at=moment_of(said.get("fetchedAt")) or known.fetched_at,
        )


def _retrieve(task: asyncio.Task[object]) -> None:
    """Mark the failure as seen even when every reader gave up before it came."""
    if not task.cancelled():
        task.exception()
