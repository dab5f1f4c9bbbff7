"""Builds SELECTs over one dataset's table: names from the manifest, quoted; values always bound."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, exists, false, func, literal, not_, or_, select, type_coerce
from sqlalchemy import types as sql
from sqlalchemy.sql import quoted_name
from sqlalchemy.sql import table as table_clause
from sqlalchemy.sql.expression import FromClause, TableClause
from sqlalchemy.sql.expression import column as column_clause

from adapters.contract import Compare, Malformed, Op
from adapters.decode import encode_value, text_of
from adapters.drivers.database import Columns
from adapters.forms.dates import moment
from adapters.manifest import Dataset, FieldMap, Manifest
from adapters.matching import region_prefix
from adapters.rows import Extract, RowDecoder, Rows, paths_of
from schema.entities import Kind

Raw = Any  # a value as the database driver gives and takes it
_OWNER = "\x00person"  # the path of a row's person key: no column bears such a name
_BETWEEN = "\x1f"  # parts the values of several rows in one text: the unit separator, which no form field holds
_ESCAPE = "!"
_INTEGER = re.compile(r"-?\d{1,18}")
_DECIMAL = re.compile(r"-?\d{1,40}(\.\d{1,20})?")


class Table:
    """One dataset's table as it really is, and how its rows are decoded.

    `persons` are the columns of the table that a Join leads to, `lookups` those of each lookup's table.
    """

    def __init__(
        self,
        source: Manifest,
        dataset: Dataset,
        dialect: str,
        schema_name: str | None,
        dropped: Counter[str],
        columns: Columns,
        persons: Columns | None = None,
        lookups: Mapping[str, Columns] | None = None,
    ) -> None:
        self.dataset = dataset
        self._source = source.id
        self._dialect = dialect
        self.columns = columns
        self.persons = persons
        self.lookups = lookups or {}
        # the statement itself sees to conditions and person, so decoding must not look for their columns
        person = None if dataset.person is None and dataset.join is None else _OWNER
        plain = dataset.model_copy(update={"where": {}, "deleted": None, "person": person})
        self._rows = Rows(source.id, source.jurisdiction, plain, self._extracting, dropped)
        self._mine: FromClause = _named_table(dataset.dataset, schema_name, columns)
        self._person_types = persons if persons is not None else columns
        self._persons: FromClause = self._mine
        if dataset.join is not None:  # named apart, for a table that joins itself
            self._persons = _named_table(dataset.join.table, schema_name, self._person_types).alias("persons")
        self._behind = {
            name: _named_table(lookup.table, schema_name, self.lookups[name]).alias(f"lookup_{name}")
            for name, lookup in dataset.lookups.items()
        }

    def is_as(self, columns: Columns, persons: Columns | None, lookups: Mapping[str, Columns]) -> bool:
        """Whether the database still looks as it did: columns are remembered until they are read anew."""
        same = self.columns is columns and self.persons is persons
        return same and all(self.lookups[name] is found for name, found in lookups.items())

    # ---- what is read ------------------------------------------------------------------------------------------

    def select(self, fields: Collection[str], condition: ColumnElement[bool]) -> tuple[Select[Any], RowDecoder]:
        """The rows that meet the condition and are there; only the columns that `fields` need."""
        decoder = self._rows.decoder(fields)
        columns = [self.person() if path == _OWNER else self.column(path) for path in _distinct(decoder.paths)]
        chosen = [column.label(f"c{index}") for index, column in enumerate(columns)]
        return select(*chosen).select_from(self._from()).where(condition, *self._present()), decoder

    def _extracting(self, paths: Sequence[str]) -> Extract:
        places = {path: index for index, path in enumerate(_distinct(paths))}
        chosen = [(places[path], path != _OWNER and self._is_many(path)) for path in paths]
        if any(many for _, many in chosen):
            return lambda row: tuple(_parted(row[place]) if many else row[place] for place, many in chosen)
        return lambda row: tuple(row[place] for place, _ in chosen)

    def keys(self, last: str | None, limit: int, earlier: Sequence[Table]) -> Select[Any]:
        """A page of keys in their order, without those that an earlier table of the same persons lists."""
        conditions = [*self._present(), *self.unlisted(earlier), self.key_after(last)]
        return select(self.key()).select_from(self._from()).where(*conditions).order_by(self.key()).limit(limit)

    def unlisted(self, earlier: Sequence[Table]) -> list[ColumnElement[bool]]:
        """Rows whose key no earlier table has."""
        return [~exists(select(1).where(table.key() == self.key(), *table._present())) for table in earlier]

    def _from(self) -> FromClause:
        join = self.dataset.join
        if join is None:
            return self._mine
        mine, theirs = self.column(join.column), self.person_column(join.on)
        on = _equal(mine, self.type_of(join.column), theirs, self._person_type(join.on))
        return self._mine.join(self._persons, on)

    # ---- names -------------------------------------------------------------------------------------------------

    def column(self, name: str) -> ColumnElement[Any]:
        """A column of the dataset or behind one of its lookups; Malformed where the table lacks it."""
        self.type_of(name)
        lookup = self._lookup_of(name)
        return self._mine.c[name] if lookup is None else self._looked_up(*lookup)

    def type_of(self, name: str) -> sql.TypeEngine[Any]:
        """The column's type in the database; Malformed where the table lacks it."""
        lookup = self._lookup_of(name)
        if lookup is None:
            return self._known(self.columns, self.dataset.dataset, name)
        return self._known(self.lookups[lookup[0]], self.dataset.lookups[lookup[0]].table, lookup[1])

    def _lookup_of(self, name: str) -> tuple[str, str] | None:
        """The lookup that a path leads through and the column behind it."""
        lookup, _, column = name.partition(".")
        return (lookup, column) if column and name not in self.columns and lookup in self._behind else None

    def _looked_up(self, name: str, column: str) -> ColumnElement[Any]:
        """A scalar subquery and no join: whatever stands in the other table, this table's rows stay as many."""
        lookup, theirs, types = self.dataset.lookups[name], self._behind[name], self.lookups[name]
        on = self._known(types, lookup.table, lookup.on)
        same = _equal(self.column(lookup.column), self.type_of(lookup.column), theirs.c[lookup.on], on)
        conditions = [self._holds(theirs, types, lookup.table, each, value) for each, value in lookup.where.items()]
        if lookup.many:
            every = func.aggregate_strings(cast(theirs.c[column], sql.String()), _BETWEEN)
            found = select(every).where(same, *conditions)
        else:
            found = select(theirs.c[column]).where(same, *conditions).limit(1)
        return found.correlate(self._mine).scalar_subquery()

    def _is_many(self, path: str) -> bool:
        lookup = self._lookup_of(path)
        return lookup is not None and self.dataset.lookups[lookup[0]].many

    def person_column(self, name: str) -> ColumnElement[Any]:
        """A column of the persons' table of a Join."""
        self._person_type(name)
        return self._persons.c[name]

    def key(self) -> ColumnElement[Any]:
        """The column that holds the row's own key."""
        return self.column(self.dataset.key)

    def person(self) -> ColumnElement[Any]:
        """The column that holds the source's person key."""
        if self.dataset.join is not None:
            return self.person_column(self.dataset.join.key)
        return self.column(self.dataset.person or self.dataset.key)

    def _person_type(self, name: str) -> sql.TypeEngine[Any]:
        join = self.dataset.join
        return self._known(self._person_types, join.table if join else self.dataset.dataset, name)

    def _known(self, columns: Columns, table: str, name: str) -> sql.TypeEngine[Any]:
        if name not in columns:
            raise Malformed(f"{self._source}: {table} has no column {name}. Correct the manifest's path.")
        return columns[name]

    # ---- conditions --------------------------------------------------------------------------------------------

    def key_in(self, keys: Iterable[str]) -> ColumnElement[bool]:
        """Rows by their own keys."""
        return self._among(self.column(self.dataset.key), self.type_of(self.dataset.key), keys)

    def person_in(self, people: Iterable[str]) -> ColumnElement[bool]:
        """Rows by the person whom they concern."""
        join = self.dataset.join
        name = self.dataset.person or self.dataset.key
        return self._among(self.person(), self._person_type(join.key) if join else self.type_of(name), people)

    def key_after(self, key: str | None) -> ColumnElement[bool]:
        """Rows behind a key in the key's own order; all that have a key where none is given."""
        if key is None:
            return self.key().is_not(None)
        bound = self._bind(self.type_of(self.dataset.key), key)
        return false() if bound is None else self.key() > bound

    def meets(self, kind: Kind, compare: Compare) -> ColumnElement[bool]:
        """Rows that may meet a canonical condition; what only looks so is left out after decoding."""
        spec = self.dataset.fields[compare.field]
        return or_(*(self._meets(path, spec, kind, compare) for path in paths_of(spec)))

    def _meets(self, path: str, spec: FieldMap, kind: Kind, compare: Compare) -> ColumnElement[bool]:
        column, type_ = self.column(path), self.type_of(path)
        if compare.op in {Op.EQ, Op.IN}:
            values = compare.value if isinstance(compare.value, tuple | list | frozenset | set) else (compare.value,)
            if kind in {Kind.DATE, Kind.DATETIME}:
                return or_(false(), *(self._on_day(column, type_, spec, value) for value in values))
            return self._among(column, type_, (raw for value in values for raw in encode_value(spec, kind, value)))
        if compare.op is Op.PREFIX:
            return or_(
                false(), *(self._begins(column, type_, raw) for raw in encode_value(spec, kind, compare.value))
            )
        if compare.op is Op.UNDER:
            return self._begins(column, type_, region_prefix(str(compare.value)))
        bound = self._bind(type_, next(iter(encode_value(spec, kind, compare.value)), ""))
        if bound is None:
            return false()
        return column < bound if compare.op is Op.LT else column > bound

    def _on_day(
        self, column: ColumnElement[Any], type_: sql.TypeEngine[Any], spec: FieldMap, value: object
    ) -> ColumnElement[bool]:
        """A day in a column that may hold a time as well."""
        forms = encode_value(spec, Kind.DATE, value)
        if self._dialect != "sqlite" and isinstance(type_, sql.DateTime) and isinstance(value, date):
            first = self._bind(type_, forms[0])
            next_day = self._bind(type_, encode_value(spec, Kind.DATE, value + timedelta(days=1))[0])
            return and_(column >= first, column < next_day)
        if self._dialect != "sqlite" and isinstance(type_, sql.Date | sql.Integer | sql.Numeric):
            return self._among(column, type_, forms)
        if spec.formats and "%H" not in spec.formats[0]:
            return self._among(column, type_, forms)
        days = [form[:8] if form[:8].isdigit() else form[:10] for form in forms]
        return or_(*(self._begins(column, type_, day) for day in days))

    def _present(self) -> list[ColumnElement[bool]]:
        """The dataset's constant conditions, and no softly deleted row."""
        found: list[ColumnElement[bool]] = []
        for name, value in self.dataset.where.items():
            found.append(self._holds(self._mine, self.columns, self.dataset.dataset, name, value))
        deleted = self.dataset.deleted
        if deleted is not None:
            column = self.column(deleted.path)
            gone = self._among(column, self.type_of(deleted.path), deleted.values)
            found.append(or_(column.is_(None), not_(gone)))
        return found

    def _holds(self, place: FromClause, types: Columns, table: str, name: str, value: str) -> ColumnElement[bool]:
        """A constant condition of the manifest."""
        bound = self._bind(self._known(types, table, name), value)
        if bound is None:
            raise Malformed(f"{self._source}: {table}.{name} cannot hold what `where` says.")
        return place.c[name] == bound

    def _among(
        self, column: ColumnElement[Any], type_: sql.TypeEngine[Any], raws: Iterable[str]
    ) -> ColumnElement[bool]:
        """The column holds one of the values; a value that its type cannot hold is not sent at all."""
        sent, values = bind_type(type_, self._dialect), []
        for raw in raws:
            value = bindable(type_, raw, self._dialect)
            values += [] if value is None else [value]
            if value is not None and self._dialect == "sqlite" and isinstance(type_, sql.CHAR) and type_.length:
                values.append(raw.ljust(type_.length))  # padded, as a copy from a fixed-width column is
        return type_coerce(column, sent).in_(list(dict.fromkeys(values))) if values else false()

    def _begins(self, column: ColumnElement[Any], type_: sql.TypeEngine[Any], text: str) -> ColumnElement[bool]:
        if bindable(sql.String(), text, self._dialect) is None:
            return false()
        escaped = re.sub(r"[!%_]", lambda match: _ESCAPE + match.group(), text)
        if self._dialect != "sqlite" and not isinstance(type_, sql.String):
            column = cast(column, sql.String())
        return column.like(literal(f"{escaped}%", sql.String()), escape=_ESCAPE)

    def _bind(self, type_: sql.TypeEngine[Any], raw: str) -> ColumnElement[Any] | None:
        value = bindable(type_, raw, self._dialect)
        return None if value is None else literal(value, bind_type(type_, self._dialect))


def _distinct(paths: Sequence[str]) -> tuple[str, ...]:
    """The key's path comes first."""
    return tuple(dict.fromkeys(paths))


def key_position(row: Sequence[Raw]) -> str:
    """Where a row of `Table.select` stands in the key's order."""
    return raw_position(row[0])


def _parted(raw: Raw) -> Raw:
    return raw.split(_BETWEEN) if isinstance(raw, str) else raw


def raw_position(raw: Raw) -> str:
    """A key as it stands in the table, padding and all: what the next page begins behind."""
    return raw if isinstance(raw, str) else text_of(raw) or ""


def bind_type(type_: sql.TypeEngine[Any], dialect: str) -> sql.TypeEngine[Any]:
    """The type under which a value is sent: without a length, since a cast to it would cut the value."""
    if dialect == "sqlite" or (isinstance(type_, sql.String) and not isinstance(type_, sql.Enum)):
        return sql.String()
    if isinstance(type_, sql.Integer):
        return sql.BigInteger()
    if isinstance(type_, sql.Float):
        return sql.Float()
    if isinstance(type_, sql.Numeric):
        return sql.Numeric()
    return type_


def bindable(type_: sql.TypeEngine[Any], raw: str, dialect: str) -> Raw | None:
    """A raw text as a value of the column's type, or None where no row can hold it."""
    if "\x00" in raw or any("\ud800" <= character <= "\udfff" for character in raw):
        return None
    if dialect == "sqlite" or isinstance(type_, sql.String):
        return None if isinstance(type_, sql.Enum) and dialect != "sqlite" and raw not in type_.enums else raw
    for kind, convert in _CONVERSIONS:
        if isinstance(type_, kind):
            return convert(raw, type_)
    return raw


def _integer(raw: str, _type: sql.TypeEngine[Any]) -> int | None:
    return int(raw) if _INTEGER.fullmatch(raw) else None


def _numeric(raw: str, _type: sql.TypeEngine[Any]) -> Decimal | None:
    return Decimal(raw) if _DECIMAL.fullmatch(raw) else None


def _float(raw: str, _type: sql.TypeEngine[Any]) -> float | None:
    return float(raw) if _DECIMAL.fullmatch(raw) else None


def _boolean(raw: str, _type: sql.TypeEngine[Any]) -> bool | None:
    return {"1": True, "true": True, "t": True, "0": False, "false": False, "f": False}.get(raw.lower())


def _datetime(raw: str, type_: sql.TypeEngine[Any]) -> datetime | None:
    found = moment(raw)
    if found is None or getattr(type_, "timezone", False):
        return found
    return found.replace(tzinfo=None)


def _date(raw: str, _type: sql.TypeEngine[Any]) -> date | None:
    found = moment(raw)
    return found.date() if found else None


def _uuid(raw: str, _type: sql.TypeEngine[Any]) -> uuid.UUID | None:
    try:
        return uuid.UUID(raw)
    except ValueError:
        return None


def _bytes(raw: str, _type: sql.TypeEngine[Any]) -> bytes:
    return raw.encode()


_CONVERSIONS: tuple[tuple[type[sql.TypeEngine[Any]], Callable[[str, sql.TypeEngine[Any]], Raw | None]], ...] = (
    (sql.Boolean, _boolean),
    (sql.Integer, _integer),
    (sql.Float, _float),
    (sql.Numeric, _numeric),
    (sql.DateTime, _datetime),
    (sql.Date, _date),
    (sql.Uuid, _uuid),
    (sql.LargeBinary, _bytes),
)


def _named_table(name: str, schema: str | None, columns: Columns) -> TableClause:
    """Columns without a type: what a driver returns is read as it comes, also where it breaks its declared type."""
    return table_clause(
        quoted_name(name, quote=True),
        *(column_clause(quoted_name(column, quote=True)) for column in columns),
        schema=quoted_name(schema, quote=True) if schema else None,
    )


def _equal(
    one: ColumnElement[Any], its: sql.TypeEngine[Any], other: ColumnElement[Any], others: sql.TypeEngine[Any]
) -> ColumnElement[bool]:
    """The two columns hold the same, where need be as text."""
    if _python_type(its) is _python_type(others):
        return one == other
    return cast(one, sql.String()) == cast(other, sql.String())


def _python_type(type_: sql.TypeEngine[Any]) -> type:
    try:
        return type_.python_type
    except NotImplementedError:  # SQLAlchemy's word for a type that Python has none for
        return object
