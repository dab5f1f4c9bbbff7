"""What resolvers ask of whoever runs the graph. The gateway fulfils it; schema/ knows nothing else of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from schema.codes import Regions
from schema.file import CaseFile, PersonFile
from schema.label import Label

Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True, gc=False):
    """One page of a list; `cursor` makes the one after an item, by its place in the page, when it is asked for.

    `total` is None where it may not be told.
    """

    items: Sequence[Item]
    cursor: Callable[[int], str]
    has_next: bool
    has_previous: bool = False
    total: int | None = None


class AgencyFacts(Struct, frozen=True, gc=False):
    """An organisation of the directory, or one that only a source names: without a kind."""

    code: str
    name: str
    kind: str
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """How a source is doing."""

    ok: bool
    detail: str
    lag_seconds: int | None


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the registry knows of a source; `capabilities` is entity -> (fields, field -> operators)."""

    id: str
    name: str
    owner: str
    version: str
    contract: str
    kind: str
    agency: str
    jurisdiction: str
    is_peer: bool
    capabilities: Mapping[str, tuple[Sequence[str], Mapping[str, Sequence[str]]]]


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """What the viewer can see of one label at best."""

    label: Label
    effect: str
    because: str


@dataclass(frozen=True, slots=True)
class ViewerFacts:
    """Who the gateway thinks is asking."""

    subject: str
    agency: AgencyFacts
    roles: Sequence[str]
    purpose: str
    case_number: str | None
    clearance: str
    via: Sequence[str]
    labels: Sequence[LabelFacts]


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field of an access."""

    path: str
    label: str
    effect: str
    policies: Sequence[str]


@dataclass(frozen=True, slots=True)
class AccessFacts:
    """One entry of the access log."""

    id: str
    at: datetime
    subject: str
    agency: AgencyFacts
    roles: Sequence[str]
    purpose: str
    case_number: str | None
    clearance: str
    operation: str
    operation_hash: str
    persons: Sequence[str]
    fields: Sequence[FieldFacts]
    sources: Sequence[str]
    peers: Sequence[str]
    outcome: str
    policies: Sequence[str]
    policy_version: str
    request_id: str
    via: Sequence[str]
    index: int
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class CoverageFacts:
    """How far the log's index reaches."""

    indexed: int
    durable: int
    through: datetime | None
    contradicted_at: int | None


@dataclass(frozen=True, slots=True)
class AccessPage:
    """A page of the access log; `more_than` where the total is not known exactly."""

    page: Page[AccessFacts]
    more_than: int | None
    coverage: CoverageFacts | None  # for auditors
    not_listed: str | None  # what is kept off the list, told to the person concerned


@dataclass(frozen=True, slots=True)
class InclusionFacts:
    """That an entry is in the log: hashes from its leaf to the root that the checkpoint signs."""

    index: int
    log_size: int
    hashes: Sequence[str]  # hexadecimal
    checkpoint: str  # C2SP signed note


@dataclass(frozen=True, slots=True)
class CellFacts:
    """One count of a table; None where it is of all parts, or of every status."""

    part: str | None
    status: str | None
    people: int


@dataclass(frozen=True, slots=True)
class CountFacts:
    """How many people a region is responsible for; what is not listed is fewer than five people, or nobody."""

    region: str
    total: int | None
    cells: Sequence[CellFacts]
    by_part: Sequence[CellFacts]
    by_status: Sequence[CellFacts]
    complete: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a filter, as the caller wrote it: field, operator, value (str, date, or tuple of str)."""

    field: str
    op: str  # eq | startsWith | under | in
    value: object


@dataclass(frozen=True, slots=True)
class AccessConditions:
    """Conditions on the access log; all hold."""

    person: str | None = None
    subject: str | None = None
    agency: str | None = None
    purpose: str | None = None
    role: str | None = None
    field: str | None = None
    label: str | None = None
    effect: str | None = None
    policy: str | None = None
    source: str | None = None
    peer: str | None = None
    outcome: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Reader(Protocol):
    """Answers the roots. `info` is strawberry's: the selection under it says what must be fetched.

    Every list method raises BAD_PAGE_SIZE, BAD_CURSOR; every id BAD_ID, as GraphQL errors with those codes.
    An unknown person and one who is not the viewer's to know are both None.
    """

    today: date
    regions: Regions

    async def person(self, person_id: str, info: Any) -> PersonFile | None:
        """One person by Person.id."""
        ...

    async def lookup(self, kind: str, number: str, info: Any) -> PersonFile | None:
        """One person by a document number."""
        ...

    async def persons(
        self,
        where: Sequence[Condition],
        order: tuple[str, bool] | None,
        first: int,
        after: str | None,
        info: Any,
    ) -> Page[PersonFile]:
        """People who meet all conditions; order is (field, descending)."""
        ...

    async def case(self, case_id: str, info: Any) -> tuple[PersonFile, CaseFile] | None:
        """One case by Case.id, with its person."""
        ...

    async def cases(
        self,
        where: Sequence[Condition],
        order: tuple[str, bool] | None,
        first: int,
        after: str | None,
        info: Any,
    ) -> Page[tuple[PersonFile, CaseFile]]:
        """Cases that meet all conditions."""
        ...

    def slice(
        self, items: Sequence[Item], key: Callable[[Item], str], first: int, after: str | None, of: str
    ) -> Page[Item]:
        """One page of rows already at hand; `key` gives a stable row id, `of` names the list for its cursors."""
        ...

    def viewer(self) -> ViewerFacts:
        """Who asks."""
        ...

    def agency(self, code: str, name: str | None = None) -> AgencyFacts:
        """The directory's entry, or one made of what the source said."""
        ...

    def agencies(self, jurisdiction: str | None, kind: str | None) -> Sequence[AgencyFacts]:
        """The directory, by region and kind."""
        ...

    def sources(self) -> Sequence[SourceFacts]:
        """Every federated source."""
        ...

    def source(self, source_id: str, jurisdiction: str | None = None) -> SourceFacts:
        """One source; a peer's own source is described by what came with its rows."""
        ...

    async def health(self, source_id: str) -> HealthFacts | None:
        """How a source is doing now."""
        ...

    async def accesses(self, where: AccessConditions, first: int, after: str | None) -> AccessPage | None:
        """The access log, newest first; None where the viewer may not read it."""
        ...

    async def accesses_of(self, person_id: str, first: int, after: str | None) -> AccessPage | None:
        """The trail of a person who is shown in this answer; None where the viewer may not read it."""
        ...

    async def inclusion(self, index: int) -> InclusionFacts | None:
        """The proof that an entry is in the log; None where the viewer may not have it."""
        ...

    async def access(self, access_id: str) -> AccessFacts | None:
        """One entry by Access.id."""
        ...
