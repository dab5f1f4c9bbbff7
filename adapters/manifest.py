"""The manifest: one `adapter.yaml` says what a system is, where it stands and which of its columns mean what.

Files become manifests in adapters/loading.py. Entity and field names are those of schema/entities.py; what a
field is (its type, and the names and terms of an enum) is filled in from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from adapters.contract import Op
from adapters.forms.people import REGION_FIELDS
from adapters.readable import check_dataset
from adapters.words import Problems, check_constant, check_entity, check_type, check_values, column_of, suggest
from schema.enums import AgencyKind


class ManifestError(Exception):
    """A manifest that cannot be used: says which file, which path in it, what is wrong and the fix."""

    code = "MANIFEST"


class Model(BaseModel):
    """Closed and frozen: an unknown word is a typo."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- where the system is and how one gets in -------------------------------------------------------------------


class SqlSource(Model):
    """A database, by SQLAlchemy URL (async driver), read-only."""

    kind: Literal["sql"]
    url: str
    schema_name: str | None = None
    timeout: timedelta = timedelta(seconds=2)
    pool: int = Field(4, ge=1, le=64)


class HeaderAuth(Model):
    """A fixed header whose value comes from the environment."""

    kind: Literal["header"]
    name: str
    secret_env: str


class Tls(Model):
    """PEM files for TLS: whom to trust instead of the machine's authorities, and the certificate to show."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None  # left out: it stands in the certificate's file


class RestSource(Model):
    """JSON over HTTP."""

    kind: Literal["rest"]
    base_url: str
    timeout: timedelta = timedelta(seconds=2)
    concurrency: int = Field(8, ge=1, le=64)
    max_bytes: int = Field(4_000_000, ge=1_000)
    auth: HeaderAuth | None = None
    tls: Tls | None = None
    headers: Mapping[str, str] = {}
    encoding: str | None = None  # overrides what the content type says
    health: str = ""  # path that answers 2xx without touching a personal record


class SoapSource(Model):
    """XML over HTTP: SOAP 1.1, or bare XML where `envelope` is none. Element names may be Chinese."""

    kind: Literal["soap"]
    base_url: str
    namespace: str = ""
    envelope: Literal["soap11", "none"] = "soap11"
    encoding: str = "gb18030"  # what the bytes are, whatever the XML declaration claims
    declared: str = "GB2312"  # what the request's XML declaration says, as the agency expects it
    timeout: timedelta = timedelta(seconds=2)
    concurrency: int = Field(4, ge=1, le=64)
    max_bytes: int = Field(4_000_000, ge=1_000)
    auth: HeaderAuth | None = None
    tls: Tls | None = None
    headers: Mapping[str, str] = {}
    health: str = ""


class SubgraphSource(Model):
    """Another province's gateway, or any Federation 2 subgraph."""

    kind: Literal["subgraph"]
    url: str
    audience: str  # the peer's name in the tokens that we mint for it
    locator: str | None = None  # URL path of the peer's list of pseudonyms; without it everybody is asked for
    timeout: timedelta = timedelta(seconds=3)
    concurrency: int = Field(4, ge=1, le=64)
    max_bytes: int = Field(8_000_000, ge=1_000)
    tls: Tls | None = None


SourceMap = Annotated[SqlSource | RestSource | SoapSource | SubgraphSource, Field(discriminator="kind")]


# ---- what its columns mean -------------------------------------------------------------------------------------


TypeName = Literal["text", "integer", "boolean", "date", "datetime", "enum", "id_number", "code", "texts"]


class FieldMap(Model):
    """How one canonical field is read.

    `path`: a column (sql), a JMESPath (rest), an XPath (soap), dotted GraphQL fields (subgraph); a list of
    paths is collected for `texts`, put together where `joined` says what stands between them, and tried in order
    otherwise. `constant` needs no path. In sql a path may lead through a lookup, as in `diagnosis.code`.
    `values` maps the agency's codes to canonical ones (for boolean: to true/false, which also covers inverted
    flags); a code that it lacks is flagged UNMAPPED_CODE and the field is null.
    """

    path: str | tuple[str, ...] | None = None
    constant: str | int | bool | None = None
    type: TypeName | None = None  # left out: the column's own kind
    formats: tuple[str, ...] = ()  # strptime formats, tried in order; ISO 8601 is always tried last
    values: Mapping[str, str | int | bool] = {}
    joined: str | None = None  # a text that stands in parts, as family and given name do
    zone: Annotated[str, Field(pattern=r"^(Z|[+-]\d{2}:\d{2})$")] | None = None  # of times that name none: +08:00
    null: tuple[str, ...] = ()  # null markers beyond the usual ones (decode.NULL_MARKERS)
    separator: str | None = None  # regular expression that splits a multi-valued string
    max_bytes: int | None = None  # the column's byte width: a value that fills it is flagged TRUNCATED
    byte_encoding: str = "gb18030"  # in which that width counts
    filter: Mapping[Op, str] | tuple[Op, ...] = ()  # rest/soap: operator -> upstream parameter; sql: operators
    current: bool = False  # region codes that the agency renews with the table: no retired one is looked for


class Deleted(Model):
    """Soft deletion: a row whose `path` holds one of `values` is not there."""

    path: str
    values: tuple[str, ...]


class Join(Model):
    """For sql datasets that point at a person by another column than the person key."""

    column: str  # in this dataset
    table: str  # the persons' table
    on: str  # the column there that `column` equals
    key: str  # the column there that is the person key


class Lookup(Model):
    """For sql: what another table says of a column's value, as a code table does; with `many`, each of its rows."""

    column: str  # in this dataset, or behind another lookup
    table: str
    on: str  # the column there that `column` equals; without `many`, any one of the rows that do
    many: bool = False  # for fields of several texts
    where: Mapping[str, str] = {}  # constant conditions on that table's raw values


class Pages(Model):
    """How a list is paged. `end` names business codes that mean that there is no more."""

    kind: Literal["cursor", "offset", "number"]
    size: int = 100
    first: int = 1  # number of the first page
    next: str | None = None  # cursor: where the next cursor stands in the answer
    total: str | None = None


class Envelope(Model):
    """What is wrapped round the data of an answer."""

    data: str  # path of the payload within the answer
    encoding: Literal["none", "base64-json"] = "none"


class Endpoint(Model):
    """One upstream call. Placeholders, encoded for where they stand, never concatenated raw:

    {key} {keys} {page} {size} {offset} {cursor} {value:PARAM} {request.id} {request.actor} {request.agency}
    {request.purpose} {fields}
    """

    method: Literal["GET", "POST"] = "GET"
    path: str = ""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: object = None  # rest: JSON template; soap: mapping of element name -> template
    operation: str | None = None  # soap: the operation's element
    action: str | None = None  # soap: SOAPAction
    envelope: Envelope | None = None
    rows: str = "@"  # JMESPath (rest), XPath (soap) to the rows within the payload
    owner: str | None = None  # path in a row of the person key it was asked for, where several were asked at once
    batch: int = Field(1, ge=1)  # keys in one call
    separator: str = ","  # joins {keys}
    key_pattern: str | None = None  # a key that does not match is never sent
    pages: Pages | None = None


class Dataset(Model):
    """One dataset of the agency that yields one canonical entity."""

    dataset: str  # sql: table or view; else the agency's name for it
    key: str
    person: str | None = None  # path of the source's person key; PersonRecord leaves it out
    join: Join | None = None
    lookups: Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Lookup] = {}
    as_of: FieldMap | None = None
    deleted: Deleted | None = None
    where: Mapping[str, str] = {}  # constant conditions on raw values; sql pushes them, others filter rows
    fields: Mapping[str, FieldMap]
    # rest, soap
    keys: Endpoint | None = None
    fetch: Endpoint | None = None
    related: Endpoint | None = None
    search: Endpoint | None = None
    # subgraph: dotted fields from the federated entity to the rows
    rows: str | None = None
    max_batch: int = Field(100, ge=1)
    max_page: int = Field(100, ge=1)


class ErrorRule(Model):
    """What an answer means beyond its data, by HTTP status or by a business code in a 200."""

    status: int | None = None
    path: str | None = None
    equals: tuple[str, ...] = ()
    means: Literal["absent", "end", "refused", "invalid", "throttled", "unavailable", "malformed"]


class AgencyEntry(Model):
    """An agency for which this source speaks."""

    code: str
    name: str
    kind: str  # a name of schema.enums.AgencyKind
    jurisdiction: str  # GB/T 2260

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in AgencyKind.__members__:
            raise ValueError(f"no agency kind {kind}. {suggest(kind, AgencyKind.__members__)}")
        return kind


class Manifest(Model):
    """A whole adapter.yaml."""

    contract: Literal["1.0"]
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,40}$")]
    version: str
    name: str
    owner: str
    jurisdiction: Annotated[str, Field(pattern=r"^\d{6}$")]  # the province's GB/T 2260 code
    agency: AgencyEntry
    agencies: tuple[AgencyEntry, ...] = ()  # further ones: facilities, stations
    source: SourceMap
    precedence: int = 50  # among sources that disagree the lowest wins, then the newest
    entities: Mapping[str, tuple[Dataset, ...]]  # a lone dataset may be written without its list
    errors: tuple[ErrorRule, ...] = ()

    def datasets(self, entity: str) -> tuple[Dataset, ...]:
        """The datasets that yield an entity; empty when this source has none."""
        return self.entities.get(entity, ())

    @field_validator("entities", mode="before")
    @classmethod
    def _listed(cls, entities: object) -> object:
        if not isinstance(entities, Mapping):
            return entities
        return {name: found if isinstance(found, list | tuple) else (found,) for name, found in entities.items()}

    @field_validator("entities")
    @classmethod
    def _resolved(cls, entities: Mapping[str, tuple[Dataset, ...]]) -> Mapping[str, tuple[Dataset, ...]]:
        problems: list[tuple[str, str]] = []
        resolved = {
            name: tuple(_resolve(name, found, where, problems) for where, found in _places(name, many))
            for name, many in entities.items()
        }
        if problems:
            raise Problems(problems)
        return resolved

    @model_validator(mode="after")
    def _readable(self) -> Manifest:
        problems = [
            (f"{where}{path}", sentence)
            for entity, many in self.entities.items()
            for where, dataset in _places(entity, many)
            for path, sentence in check_dataset(self.source.kind, entity, dataset)
        ]
        if problems:
            raise Problems(problems)
        return self


def _places(entity: str, many: tuple[Dataset, ...]) -> list[tuple[str, Dataset]]:
    """Each dataset with its path in the file."""
    if len(many) == 1:
        return [(f"entities.{entity}", many[0])]
    return [(f"entities.{entity}.{index}", dataset) for index, dataset in enumerate(many)]


def _resolve(entity: str, dataset: Dataset, where: str, problems: list[tuple[str, str]]) -> Dataset:
    """The dataset with each field's type and code map filled in from schema.entities."""
    try:
        check_entity(entity)
    except ValueError as err:
        problems.append((where, str(err)))
        return dataset
    fields = {}
    for name, spec in dataset.fields.items():
        try:
            fields[name] = _resolve_field(entity, name, spec)
        except ValueError as err:
            problems.append((f"{where}.fields.{name}", str(err)))
    as_of = dataset.as_of.model_copy(update={"type": "datetime"}) if dataset.as_of else None
    return dataset.model_copy(update={"fields": fields, "as_of": as_of})


def _resolve_field(entity: str, name: str, spec: FieldMap) -> FieldMap:
    column = column_of(entity, name)
    if (spec.path is None) == (spec.constant is None):
        raise ValueError("needs either path or constant. Write one of the two.")
    if spec.constant is not None:
        check_constant(column, spec.constant)
    if spec.current and name not in REGION_FIELDS:
        raise ValueError("current: says something of region codes alone. Leave it out.")
    update = {"type": check_type(column, spec.type), "values": check_values(column, spec.values)}
    return spec.model_copy(update=update)
