"""What can be changed: the gateway's own registers. Agencies' records are theirs and are only read.

Root fields run one after the other, and each counts from the next one on. A person in a payload is read like any
other, after the change: it shows what a query would show.
"""

from __future__ import annotations

import strawberry

from schema.break_glass import (
    BreakGlass,
    BreakGlassInput,
    ReviewBreakGlassInput,
    break_glass,
    break_glass_wish,
)
from schema.consent import Consent, RecordConsentInput, RevokeConsentInput, consent, consent_wish
from schema.person import Person, person


async def _person(info: strawberry.Info, person_id: str) -> Person | None:
    file = await info.context.reader.person(person_id, info)
    return person(file) if file else None


@strawberry.type
class ConsentPayload:
    """The consent as it is now."""

    consent: Consent

    @strawberry.field(description="Whose consent it is, as far as you may see them.")
    async def person(self, info: strawberry.Info) -> Person | None:
        return await _person(info, self.consent.person)


@strawberry.type
class BreakGlassPayload:
    """The emergency access as it is now."""

    break_glass: BreakGlass

    @strawberry.field(description="Whom it is about, as far as you may see them; null where nobody is known here.")
    async def person(self, info: strawberry.Info) -> Person | None:
        return await _person(info, self.break_glass.person)


@strawberry.type
class Mutation:
    """Each change is on record before its answer leaves, and so is each refusal."""

    @strawberry.mutation(
        description="登记同意. By the person themselves; or by a facility, centre or aftercare office that holds the "
        "signed paper (个人信息保护法 14, 29)."
    )
    async def record_consent(self, info: strawberry.Info, input: RecordConsentInput) -> ConsentPayload | None:
        facts = await info.context.desk.record_consent(consent_wish(input))
        return ConsentPayload(consent=consent(facts))

    @strawberry.mutation(
        description="撤回同意. By the person, or by the agency that put it on record; counts from then on."
    )
    async def revoke_consent(self, info: strawberry.Info, input: RevokeConsentInput) -> ConsentPayload | None:
        return ConsentPayload(consent=consent(await info.context.desk.revoke_consent(input.consent)))

    @strawberry.mutation(
        description="紧急查阅. Opens kinds of information about one person for thirty minutes; alerts supervisors; "
        "is reviewed within 72 hours and stays on record for ever. Never opens HIV status (艾滋病防治条例 39)."
    )
    async def break_glass(self, info: strawberry.Info, input: BreakGlassInput) -> BreakGlassPayload | None:
        facts = await info.context.desk.break_glass(break_glass_wish(input))
        return BreakGlassPayload(break_glass=break_glass(facts))

    @strawberry.mutation(
        description="复核紧急查阅. By a supervisor or auditor, never one's own; ends it if it still runs."
    )
    async def review_break_glass(
        self, info: strawberry.Info, input: ReviewBreakGlassInput
    ) -> BreakGlassPayload | None:
        facts = await info.context.desk.review_break_glass(input.break_glass, input.verdict.name, input.remark)
        return BreakGlassPayload(break_glass=break_glass(facts))
