"""The roots: what can be asked."""

from __future__ import annotations

import strawberry

from schema.access import AccessConnection, access, access_page
from schema.agency import Agency, agency
from schema.break_glass import BreakGlass, break_glass
from schema.case import Case, case
from schema.consent import consent
from schema.enums import AgencyKind, BreakGlassState
from schema.filters import (
    AccessFilter,
    CaseFilter,
    CaseOrder,
    Direction,
    DocumentInput,
    PersonFilter,
    PersonOrder,
    access_conditions,
    case_conditions,
    person_conditions,
)
from schema.jurisdiction import Jurisdiction, jurisdiction
from schema.node import Connection, Node, connect, itself, public_code
from schema.person import Person, person
from schema.source import Source, source
from schema.statistics import PeopleCounts, people_counts
from schema.viewer import Viewer


def _ordering(order: PersonOrder | CaseOrder | None) -> tuple[str, bool] | None:
    return (order.field.name, order.direction is Direction.DESC) if order else None


@strawberry.type
class Query:
    """One endpoint over all agencies."""

    @strawberry.field(description="Anything by its id: a person, case, agency, jurisdiction or access.")
    async def node(self, info: strawberry.Info, id: strawberry.ID) -> Node | None:
        reader = info.context.reader
        if code := public_code("j1", id):
            return jurisdiction(code)
        if code := public_code("a1", id):
            return agency(reader.agency(code))
        if id.startswith("c1_"):
            found = await reader.case(id, info)
            return case(*found) if found else None
        if id.startswith("x1_"):
            entry = await reader.access(id)
            return access(entry) if entry else None
        if id.startswith("k1_"):
            held = info.context.desk.consent(id)
            return consent(held) if held else None
        if id.startswith("b1_"):
            opened = info.context.desk.break_glass_entry(id)
            return break_glass(opened) if opened else None
        file = await reader.person(id, info)
        return person(file) if file else None

    @strawberry.field(description="One person by id. Same answer for 'unknown' and 'not yours to know'.")
    async def person(self, info: strawberry.Info, id: strawberry.ID) -> Person | None:
        file = await info.context.reader.person(id, info)
        return person(file) if file else None

    @strawberry.field(
        description="Find one person by a document number. Same answer for 'unknown' and 'not yours to know'."
    )
    async def lookup(self, info: strawberry.Info, document: DocumentInput) -> Person | None:
        file = await info.context.reader.lookup(document.kind.name, document.number, info)
        return person(file) if file else None

    @strawberry.field(description="People who meet all conditions and whom you may find by each of them.")
    async def persons(
        self,
        info: strawberry.Info,
        filter: PersonFilter | None = None,
        order_by: PersonOrder | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Person]:
        reader = info.context.reader
        page = await reader.persons(person_conditions(filter), _ordering(order_by), first, after, info)
        return connect(page, person, itself)

    @strawberry.field(description="One case by id.")
    async def case(self, info: strawberry.Info, id: strawberry.ID) -> Case | None:
        found = await info.context.reader.case(id, info)
        return case(*found) if found else None

    @strawberry.field(description="Cases of people for whom a region is responsible.")
    async def cases(
        self,
        info: strawberry.Info,
        filter: CaseFilter | None = None,
        order_by: CaseOrder | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Case]:
        reader = info.context.reader
        page = await reader.cases(case_conditions(filter), _ordering(order_by), first, after, info)
        return connect(page, lambda found: case(*found))

    @strawberry.field(description="Province, city, county or township by code.")
    def jurisdiction(self, code: str) -> Jurisdiction | None:
        return jurisdiction(code) if code.isascii() and code.isdigit() and len(code) in (6, 9, 12) else None

    @strawberry.field(description="The directory of agencies.")
    def agencies(
        self, info: strawberry.Info, jurisdiction: str | None = None, kind: AgencyKind | None = None
    ) -> list[Agency]:
        found = info.context.reader.agencies(jurisdiction, kind.name if kind else None)
        return [agency(one) for one in found]

    @strawberry.field(description="Every federated source, its owner, its contract version and how it is doing now.")
    def sources(self, info: strawberry.Info) -> list[Source]:
        return [source(one) for one in info.context.reader.sources()]

    @strawberry.field(description="Who the gateway thinks I am, for what purpose, and what that lets me see.")
    def viewer(self, info: strawberry.Info) -> Viewer:
        return Viewer(facts=info.context.reader.viewer())

    @strawberry.field(description="For auditors: the access log, newest first.")
    async def accesses(
        self,
        info: strawberry.Info,
        filter: AccessFilter | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> AccessConnection | None:
        page = await info.context.reader.accesses(access_conditions(filter), first, after)
        return access_page(page)

    @strawberry.field(
        description="For reviewers: emergency accesses of their region, newest first; unreviewed ones with `state`."
    )
    def break_glasses(
        self,
        info: strawberry.Info,
        state: BreakGlassState | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[BreakGlass] | None:
        page = info.context.desk.break_glasses(state.name if state else None, first, after)
        return connect(page, break_glass) if page else None

    @strawberry.field(
        description="For the purpose STATISTICS: a region's table of people; null outside one's own region. Small "
        "numbers are withheld."
    )
    async def people_counts(self, info: strawberry.Info, jurisdiction: str) -> PeopleCounts | None:
        found = await info.context.desk.people_counts(jurisdiction)
        return people_counts(found) if found else None
