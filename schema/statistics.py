"""Statistics: how many people, and nobody in particular."""

from __future__ import annotations

import strawberry

from schema.enums import PersonStatus
from schema.jurisdiction import Jurisdiction, jurisdiction
from schema.reader import CellFacts, CountFacts


@strawberry.type(description="A number of people, rounded down to a multiple of five.")
class PeopleCell:
    """One count of a table."""

    jurisdiction: Jurisdiction | None = strawberry.field(description="The part of the region; null: all of it.")
    status: PersonStatus | None = strawberry.field(description="Null: every status.")
    people: int


@strawberry.type(
    description="统计: people for whom a region is responsible, by its direct parts and by status. What is not "
    "listed is fewer than five people, or nobody."
)
class PeopleCounts:
    """A fixed table: there is nothing to filter by, so no two tables overlap but by region."""

    jurisdiction: Jurisdiction
    total: int | None = strawberry.field(description="Null: fewer than five.")
    cells: list[PeopleCell]
    by_jurisdiction: list[PeopleCell]
    by_status: list[PeopleCell]
    complete: bool = strawberry.field(description="Whether every source answered.")


def _cell(facts: CellFacts) -> PeopleCell:
    return PeopleCell(
        jurisdiction=jurisdiction(facts.part) if facts.part else None,
        status=PersonStatus[facts.status] if facts.status else None,
        people=facts.people,
    )


def people_counts(facts: CountFacts) -> PeopleCounts:
    """A table of the graph."""
    return PeopleCounts(
        jurisdiction=jurisdiction(facts.region),
        total=facts.total,
        cells=[_cell(one) for one in facts.cells],
        by_jurisdiction=[_cell(one) for one in facts.by_part],
        by_status=[_cell(one) for one in facts.by_status],
        complete=facts.complete,
    )
