"""Plain Strawberry as its documentation shows it: types, DataLoaders, httpx; parsed and validated documents kept.

Dates and enumerations are strings here, which spares it the work of reading and writing them.
"""

# No postponed annotations: Strawberry reads them where they stand.
from typing import Any

import strawberry
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from bench.contenders.apis import Apis, Row


@strawberry.type
class Jurisdiction:
    """A region."""

    code: str
    name: str


@strawberry.type
class Place:
    """An address in a region."""

    address: str | None
    jurisdiction: Jurisdiction | None


@strawberry.type
class Agency:
    """Who did it."""

    code: str
    name: str


@strawberry.interface
class Measure:
    """What all measures have."""

    kind: str | None
    starts_on: str | None
    due_end_on: str | None
    ended_on: str | None
    end_reason: str | None
    status: str | None
    agency: Agency | None


@strawberry.type
class CompulsoryIsolation(Measure):
    """In a facility."""


@strawberry.type
class CommunityRecovery(Measure):
    """In the community."""

    ordered_on: str | None
    reported_on: str | None


@strawberry.type
class Assessment:
    """One assessment."""

    stage: str | None
    assessed_on: str | None
    detoxification: str | None
    recovery: str | None
    conduct: str | None
    social_adaptation: str | None
    advised: bool | None


@strawberry.type
class Agreement:
    """One agreement."""

    kind: str | None
    signed_on: str | None
    ends_on: str | None
    agency: Agency | None


@strawberry.type
class Case:
    """One journey."""

    opened_on: str | None
    stage: str | None
    measures: list[Measure]
    assessments: list[Assessment]
    agreements: list[Agreement]


@strawberry.type
class CaseEdge:
    """Relay's edge."""

    node: Case


@strawberry.type
class CaseConnection:
    """Relay's connection."""

    edges: list[CaseEdge]


@strawberry.type
class SupportGrant:
    """One grant."""

    kind: str | None
    started_on: str | None
    ended_on: str | None
    agency_name: str | None


@strawberry.type
class Employment:
    """One job."""

    status: str | None
    employer: str | None
    started_on: str | None


@strawberry.type
class SupportRecord:
    """Grants and jobs."""

    grants: list[SupportGrant]
    employments: list[Employment]


@strawberry.type
class Person:
    """Somebody."""

    id: strawberry.ID
    name: str | None
    sex: str | None
    birth_date: str | None
    education: str | None
    marital_status: str | None
    phones: list[str]
    domicile: Place | None
    residence: Place | None

    @strawberry.field
    async def cases(self, info: strawberry.Info, first: int = 20) -> CaseConnection:
        """From custody."""
        file = await info.context["custody"].load(self.id)
        return CaseConnection(edges=[CaseEdge(node=_case(file))][:first])

    @strawberry.field
    async def support(self, info: strawberry.Info) -> SupportRecord:
        """From support."""
        file = await info.context["support"].load(self.id)
        return SupportRecord(
            grants=[_shaped(SupportGrant, row) for row in file["grants"]],
            employments=[_shaped(Employment, row) for row in file["employments"]],
        )


@strawberry.type
class PersonEdge:
    """Relay's edge."""

    node: Person


@strawberry.type
class PersonConnection:
    """Relay's connection."""

    edges: list[PersonEdge]


@strawberry.input
class RegionFilter:
    """A region and all below it."""

    under: str


@strawberry.input
class PersonFilter:
    """By residence."""

    residence: RegionFilter


@strawberry.type
class Query:
    """The two roots of the bench."""

    @strawberry.field
    async def person(self, info: strawberry.Info, id: strawberry.ID) -> Person | None:
        """One person."""
        return _person(await info.context["register"].load(id))

    @strawberry.field
    async def persons(self, info: strawberry.Info, filter: PersonFilter, first: int = 20) -> PersonConnection:
        """The people of a region."""
        rows = await info.context["apis"].living_under(filter.residence.under)
        return PersonConnection(edges=[PersonEdge(node=_person(row)) for row in rows[:first]])


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


_FIELDS: dict[type, list[tuple[str, str]]] = {
    kind: [(name, _camel(name)) for name in kind.__annotations__] for kind in (SupportGrant, Employment, Assessment)
}


def _shaped(kind: Any, row: Row) -> Any:
    return kind(**{name: row[key] for name, key in _FIELDS[kind]})


def _agency(row: Row) -> Agency:
    return Agency(code=row["agencyCode"], name=row["agencyName"])


def _place(row: Row, name: str) -> Place:
    region = Jurisdiction(code=row[f"{name}Code"], name=row[f"{name}Name"])
    return Place(address=row[f"{name}Address"], jurisdiction=region)


def _person(row: Row) -> Person:
    return Person(
        id=row["id"],
        name=row["name"],
        sex=row["sex"],
        birth_date=row["birthDate"],
        education=row["education"],
        marital_status=row["maritalStatus"],
        phones=row["phones"],
        domicile=_place(row, "domicile"),
        residence=_place(row, "residence"),
    )


def _measure(row: Row) -> Measure:
    common: Row = {
        "kind": row["kind"],
        "starts_on": row["startsOn"],
        "due_end_on": row["dueEndOn"],
        "ended_on": row["endedOn"],
        "end_reason": row["endReason"],
        "status": row["status"],
        "agency": _agency(row),
    }
    if row["kind"] == "COMMUNITY_RECOVERY":
        return CommunityRecovery(**common, ordered_on=row["orderedOn"], reported_on=row["reportedOn"])
    return CompulsoryIsolation(**common)


def _case(file: Row) -> Case:
    return Case(
        opened_on=file["openedOn"],
        stage=file["stage"],
        measures=[_measure(row) for row in file["measures"]],
        assessments=[_shaped(Assessment, row) for row in file["assessments"]],
        agreements=[
            Agreement(kind=row["kind"], signed_on=row["signedOn"], ends_on=row["endsOn"], agency=_agency(row))
            for row in file["agreements"]
        ],
    )


class _Endpoint(GraphQL[Any, Any]):
    def __init__(self, schema: strawberry.Schema) -> None:
        super().__init__(schema)
        self._apis = Apis()

    async def get_context(self, request: Any, response: Any) -> Any:
        """Loaders of one request."""
        loaders = {agency: self._loader(agency) for agency in ("register", "custody", "support")}
        return {"request": request, "response": response, "apis": self._apis, **loaders}

    def _loader(self, agency: str) -> DataLoader[str, Row]:
        async def load(ids: list[str]) -> list[Row]:
            return await self._apis.files(agency, ids)

        return DataLoader(load_fn=load)


def application() -> Any:
    """The ASGI application."""
    schema = strawberry.Schema(
        query=Query,
        types=[CompulsoryIsolation, CommunityRecovery],
        extensions=[ParserCache, ValidationCache],
    )
    return _Endpoint(schema)
