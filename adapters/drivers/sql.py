"""The driver for databases (SQLite, PostgreSQL, MariaDB): reads declared columns of declared tables, in batches.

Identifiers come from the manifest and are quoted, values are always bound, transactions are read-only, and a
statement outlives no deadline. Several datasets of PersonRecord describe the same persons, so their rows are joined
into one record per key; several datasets of any other entity are separate lists of records.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import ColumnElement, Row, and_, literal, select

from adapters.capabilities import capabilities_of, check_fields, check_filters, supports
from adapters.connections import Connections
from adapters.contract import (
    AdapterError,
    Call,
    Capability,
    Deadline,
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
from adapters.drivers.database import Database
from adapters.drivers.joining import joined, only
from adapters.drivers.tables import Table, key_position, raw_position
from adapters.manifest import Dataset, Manifest, SqlSource
from adapters.matching import meets_all
from adapters.rows import RowDecoder
from schema.entities import ENTITIES
from schema.enums import DocumentKind

PERSON = "PersonRecord"
_IDENTIFYING = ("idNumber", "otherIdNumbers", "documentKind", "documentNumber")
_KEYS = "keys"
_KEY_PAGE = 1_000


class SqlAdapter:
    """An agency's database as a source. `dropped` counts per table the rows that had no readable key."""

    contract: Literal["1.0"] = "1.0"
    keeps_kinds: ClassVar[bool] = True

    def __init__(self, manifest: Manifest, *, key_page: int = _KEY_PAGE) -> None:
        if not isinstance(manifest.source, SqlSource):
            raise TypeError(f"{manifest.id}: source.kind is {manifest.source.kind}. Open it with open_adapter.")
        self.id = manifest.id
        self.version = manifest.version
        self.capabilities: Mapping[str, Capability] = capabilities_of(manifest)
        self.dropped: Counter[str] = Counter()
        self._manifest = manifest
        self._schema_name = manifest.source.schema_name
        self._database = Database(manifest.id, manifest.source)
        self._seal = CursorSeal(manifest.id)
        self._key_page = key_page
        self._known: dict[int, Table] = {}  # by the dataset's identity: the manifest keeps datasets alive

    # ---- the contract's reads ----------------------------------------------------------------------------------

    async def keys(self, call: Call, after: str | None = None) -> KeySlice:
        """A page of everybody, each person once, with the numbers that the source knows them by."""
        indices = range(len(self._manifest.datasets(PERSON)))
        if not indices:
            raise Unsupported(f"{self.id} has no {PERSON}, so no list of persons. Ask it by other sources' keys.")
        index, last = self._position(after, _KEYS)
        tables = await self._tables(PERSON, range(index + 1), call.deadline)
        statement = tables[-1].keys(last, self._key_page, tables[:-1])
        (rows,) = await self._database.rows([statement], tables[-1].dataset.dataset, call.deadline)
        keys = list(dict.fromkeys(key for row in rows if (key := key_of(row[0])) is not None))
        behind = raw_position(rows[-1][0]) if len(rows) == self._key_page else None
        return KeySlice(await self._entries(keys, call), self._after(index, behind, indices, _KEYS))

    async def fetch(
        self, entity: str, keys: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Record | AdapterError]:
        """Records by their own keys; where a table holds a key twice, the newest row by the manifest's as_of."""
        check_fields(self.id, self.capabilities, entity, fields)
        found: dict[Key, Record] = {}
        for dataset in self._manifest.datasets(entity):
            rows = await self._read(dataset, keys, fields, call, lambda table, part: table.key_in(part))
            for key, record in _newest(rows).items():
                found[key] = joined(found[key], record) if key in found else record
        wanted = frozenset(keys)
        return {key: record for key, record in found.items() if key in wanted}

    async def related(
        self, entity: str, people: Sequence[Key], fields: Collection[str], call: Call
    ) -> Mapping[Key, Sequence[Record] | AdapterError]:
        """The records that concern each person, in the order of their keys; a person without any is absent."""
        check_fields(self.id, self.capabilities, entity, fields)
        if entity == PERSON:
            records = await self.fetch(entity, people, fields, call)
            return {key: (record,) for key, record in records.items() if isinstance(record, Record)}
        groups: dict[Key, dict[tuple[str, Key, int], Record]] = {person: {} for person in people}
        for dataset in self._manifest.datasets(entity):
            seen: Counter[tuple[Key, Key]] = Counter()
            for record in await self._read(dataset, people, fields, call, lambda table, part: table.person_in(part)):
                if record.person not in groups:
                    continue  # the database's collation takes other spellings for equal
                # a persons' table that holds a person twice joins every row twice, and both are the same row
                occurrence = 0 if dataset.join else seen[record.person, record.key]
                seen[record.person, record.key] += 1
                groups[record.person][dataset.dataset, record.key, occurrence] = record
        return {person: tuple(group[place] for place in sorted(group)) for person, group in groups.items() if group}

    async def search(self, entity: str, query: Search, call: Call) -> Slice:
        """A page of records that meet all conditions, in the order of their keys."""
        capability = check_fields(self.id, self.capabilities, entity, query.fields)
        check_filters(self.id, capability, entity, query.where)
        if query.limit < 1:
            raise Invalid(f"{self.id}: a page of {query.limit} records cannot be read. Ask for at least one.")
        datasets = self._manifest.datasets(entity)
        able = [index for index, one in enumerate(datasets) if all(supports(one, each) for each in query.where)]
        if not able:
            raise Unsupported(f"{self.id}: no one dataset of {entity} has all these filters. Ask by fewer of them.")
        scope = _scope(entity, query)
        index, last = self._position(query.after, scope)
        index = index if query.after else able[0]
        tables = await self._tables(entity, [other for other in able if other <= index], call.deadline)
        limit = min(query.limit, capability.max_page)
        records, behind = await self._page(tables, last, query, limit, entity, call)
        found = await self._completed(entity, records, query, call)
        return Slice(found, self._after(index, behind, able, scope))

    async def health(self) -> Health:
        """Whether the database answers SELECT 1."""
        try:
            await self._database.ping(select(literal(1)))
        except AdapterError as err:
            return Health(ok=False, detail=str(err))
        return Health(ok=True, detail=f"{self._database.dialect} answers")

    def connections(self) -> Connections | None:
        """How many there are to the database."""
        return self._database.connections()

    async def aclose(self) -> None:
        """Give connections back."""
        await self._database.aclose()

    # ---- reading one dataset -----------------------------------------------------------------------------------

    async def _read(
        self,
        dataset: Dataset,
        keys: Sequence[Key],
        fields: Collection[str],
        call: Call,
        condition: Callable[[Table, Sequence[Key]], ColumnElement[bool]],
    ) -> list[Record]:
        """All rows for the keys, in as few statements as the dataset's largest batch allows."""
        table = await self._table(dataset, call.deadline)
        parts = list(_parts(list(dict.fromkeys(keys)), dataset.max_batch))
        selected = [table.select(fields, condition(table, part)) for part in parts]
        if not selected:
            return []
        pages = await self._database.rows([one for one, _ in selected], dataset.dataset, call.deadline)
        return self._records(selected[0][1], (row for page in pages for row in page))

    async def _page(
        self, tables: Sequence[Table], last: Key | None, query: Search, limit: int, entity: str, call: Call
    ) -> tuple[list[Record], str | None]:
        """The records of one page that really meet the conditions, and the position behind it if there is more."""
        table = tables[-1]
        fields = {*query.fields, *(compare.field for compare in query.where)}
        kinds = ENTITIES[entity].columns
        conditions = [table.meets(kinds[compare.field].kind, compare) for compare in query.where]
        conditions += table.unlisted(tables[:-1]) if entity == PERSON else []
        while True:
            statement, decoder = table.select(fields, and_(*conditions, table.key_after(last)))
            page = statement.order_by(table.key()).limit(limit)
            (rows,) = await self._database.rows([page], table.dataset.dataset, call.deadline)
            records = self._records(decoder, rows)
            met = [record for record in records if meets_all(query.where, record.values)]
            last = key_position(rows[-1]) if len(rows) == limit else None
            if met or last is None:
                return met, last

    def _records(self, decoder: RowDecoder, rows: Iterable[Row[Any]]) -> list[Record]:
        now = datetime.now(UTC)
        return [record for row in rows if (record := decoder.record(row, now)) is not None]

    async def _table(self, dataset: Dataset, deadline: Deadline) -> Table:
        columns = await self._database.columns(dataset.dataset, deadline)
        persons = await self._database.columns(dataset.join.table, deadline) if dataset.join else None
        lookups = {name: await self._database.columns(one.table, deadline) for name, one in dataset.lookups.items()}
        known = self._known.get(id(dataset))
        if known is None or not known.is_as(columns, persons, lookups):
            known = Table(
                self._manifest,
                dataset,
                self._database.dialect,
                self._schema_name,
                self.dropped,
                columns,
                persons,
                lookups,
            )
            self._known[id(dataset)] = known
        return known

    # ---- pages -------------------------------------------------------------------------------------------------

    def _position(self, after: str | None, scope: str) -> tuple[int, Key | None]:
        return (0, None) if after is None else self._seal.open(after, scope)

    def _after(self, index: int, behind: str | None, indices: Sequence[int], scope: str) -> str | None:
        """The cursor behind a page: in the same dataset, or before the next one, or None at the end."""
        if behind is not None:
            return self._seal.seal(index, behind, scope)
        following = [other for other in indices if other > index]
        return self._seal.seal(following[0], None, scope) if following else None

    async def _tables(self, entity: str, indices: Iterable[int], deadline: Deadline) -> list[Table]:
        datasets = self._manifest.datasets(entity)
        return [await self._table(datasets[index], deadline) for index in indices]

    async def _entries(self, keys: Sequence[Key], call: Call) -> list[KeyEntry]:
        fields = [name for name in _IDENTIFYING if name in self.capabilities[PERSON].fields]
        records = await self.fetch(PERSON, keys, fields, call)
        return [_entry(key, record) for key in keys if isinstance(record := records.get(key), Record)]

    async def _completed(self, entity: str, found: list[Record], query: Search, call: Call) -> Sequence[Record]:
        """The found records as fetch gives them, once each: a table may hold older rows of a key, or a second table
        more of its columns, and only the whole record says whether it still meets the conditions.
        """
        keys = list(dict.fromkeys(record.key for record in found))
        fields = {*query.fields, *(compare.field for compare in query.where)}
        whole = await self.fetch(entity, keys, fields, call)
        records = [record for key in keys if isinstance(record := whole.get(key), Record)]
        return [only(record, query.fields) for record in records if meets_all(query.where, record.values)]


def _newest(records: Iterable[Record]) -> dict[Key, Record]:
    found: dict[Key, Record] = {}
    for record in records:
        rival = found.get(record.key)
        if rival is None or _as_of(rival) < _as_of(record):
            found[record.key] = record
    return found


def _as_of(record: Record) -> datetime:
    return record.provenance.as_of or datetime.min.replace(tzinfo=UTC)


def _entry(key: Key, record: Record) -> KeyEntry:
    values = record.values
    others = values.get("otherIdNumbers")
    numbers = [values.get("idNumber"), *(others if isinstance(others, tuple) else ())]
    document = values.get("documentNumber")
    kind = values.get("documentKind") or DocumentKind.OTHER.name
    return KeyEntry(
        key,
        id_numbers=tuple(dict.fromkeys(str(number) for number in numbers if number)),
        documents=((str(kind), str(document)),) if document else (),
    )


def _parts(keys: Sequence[Key], size: int) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _scope(entity: str, query: Search) -> str:
    """What a cursor is bound to; it stays in this process and is never part of the cursor."""
    asked = sorted((compare.field, compare.op.value, repr(compare.value)) for compare in query.where)
    return f"{entity}:{hashlib.sha256(repr(asked).encode()).hexdigest()}"
