"""Viewer: who the gateway thinks is asking, for what purpose, and what that lets them see, label by label."""

from __future__ import annotations

import strawberry

from schema.agency import Agency, agency
from schema.declare import LabelEnum
from schema.enums import Clearance, Purpose, Role
from schema.jurisdiction import Jurisdiction, jurisdiction
from schema.reader import ViewerFacts


@strawberry.type(description="What this viewer can see of one label at best; a person's own facts may lower it.")
class LabelGrant:
    """`effect` is ALLOW, MASK or DENY."""

    label: LabelEnum  # type: ignore[valid-type]  # strawberry.enum returns the class itself at run time
    effect: str
    because: str


@strawberry.type(description="查询者. Everything here comes from the signed token.")
class Viewer:
    """Who asks."""

    facts: strawberry.Private[ViewerFacts]

    @strawberry.field
    def subject(self) -> str:
        return self.facts.subject

    @strawberry.field
    def agency(self) -> Agency:
        return agency(self.facts.agency)

    @strawberry.field
    def jurisdiction(self) -> Jurisdiction:
        return jurisdiction(self.facts.agency.jurisdiction)

    @strawberry.field
    def roles(self) -> list[Role]:
        return [Role[name] for name in self.facts.roles]

    @strawberry.field
    def purpose(self) -> Purpose:
        return Purpose[self.facts.purpose]

    @strawberry.field(description="The legal basis of a statutory query, where the token carries one.")
    def case_number(self) -> str | None:
        return self.facts.case_number

    @strawberry.field(description="As the token's issuer says it, within what that issuer may say.")
    def clearance(self) -> Clearance:
        return Clearance[self.facts.clearance]

    @strawberry.field(description="Gateways that forwarded the request.")
    def via(self) -> list[str]:
        return list(self.facts.via)

    @strawberry.field
    def labels(self) -> list[LabelGrant]:
        return [LabelGrant(label=one.label, effect=one.effect, because=one.because) for one in self.facts.labels]
