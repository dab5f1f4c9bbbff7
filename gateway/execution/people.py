"""People: reads some persons' files in one batch: holders, fetch, merge, decide, mask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from adapters.contract import Call, Record
from gateway.authorization.decision import Authorizer, Decision, Effect, Evidence
from gateway.authorization.facts import derive_facts, never_visible
from gateway.execution.directory import Directory
from gateway.execution.evidence import evidence
from gateway.execution.handles import Handles
from gateway.execution.journeys import CASE_ENTITIES, journeys
from gateway.execution.mask import mask_file
from gateway.execution.merge import Merger
from gateway.execution.plan import COMPARED, Plan
from gateway.execution.trace import Trace
from gateway.identity.index import IdentityIndex
from gateway.sources.reading import Reading, Sources
from gateway.viewer import Viewer
from schema.derived import PERSON_DERIVATIONS
from schema.file import PersonFile
from schema.label import Label


@dataclass(frozen=True, slots=True)
class House:
    """What every request shares."""

    sources: Sources
    index: IdentityIndex
    authorizer: Authorizer
    directory: Directory
    merger: Merger
    handles: Handles


@dataclass(frozen=True, slots=True)
class Judged:
    """One person's unmasked file with the decision about it; never leaves gateway/execution."""

    raw: PersonFile
    evidence: Evidence
    decision: Decision
    today: date

    def derived(self, name: str) -> object:
        """A derived field by which lists are filtered and sorted, computed when it is asked for."""
        return PERSON_DERIVATIONS[name].compute(self.raw, self.today)

    @property
    def is_known(self) -> bool:
        """Whether the viewer may know that this person is in the graph at all."""
        return self.decision[Label.EXISTENCE].effect is Effect.ALLOW

    @property
    def is_listable(self) -> bool:
        """Whether the viewer may come upon this person in a list, not only ask about them."""
        return self.is_known and self.decision[Label.EXISTENCE].may_filter


class People:
    """Reads and judges persons for one request."""

    def __init__(self, house: House, viewer: Viewer, call: Call, trace: Trace, today: date) -> None:
        self._house = house
        self._viewer = viewer
        self._call = call
        self._trace = trace
        self._today = today
        self._hidden = never_visible(house.authorizer, viewer)

    async def files(self, tokens: Sequence[str], plan: Plan, root: str) -> dict[str, PersonFile]:
        """Masked files of those among `tokens` whom the viewer may know; by the token asked for."""
        judged, reading = await self.judge(tokens, plan)
        shown = {token: file for token, one in judged.items() if (file := self.show(one, plan, root))}
        self._trace.heard(reading.outcomes, reading.problems, shown=bool(shown))
        return shown

    def show(self, one: Judged, plan: Plan, root: str) -> PersonFile | None:
        """What the viewer may see of one person, put on record either way; None for one they may not know."""
        if not one.is_known:
            self._trace.hid(one.raw.id, one.decision, root)
            return None
        self._trace.saw(one.raw.id, one.decision, plan)
        return mask_file(one.raw, one.decision, plan.derived, self._today)

    async def judge(self, tokens: Iterable[str], plan: Plan) -> tuple[dict[str, Judged], Reading]:
        """Unmasked files with their decisions, of those among `tokens` whom any source holds."""
        primaries = {token: primary for token in tokens if (primary := self._house.index.primary(token))}
        holders = {primary: self._house.index.holders(primary) for primary in primaries.values()}
        if not holders:
            return {}, Reading({}, (), ())
        needs = plan.completed(self._hidden)
        reading = await self._house.sources.read(holders, needs, self._call, peers=not self._viewer.forwarded)
        blind = self._blind_guards(reading)
        failed = {entity for problem in reading.problems for entity in problem.entities}
        empty: dict[str, Sequence[Record]] = {entity: () for entity in needs if entity not in failed}
        judged = {
            primary: self._judged(primary, {**empty, **reading.records.get(primary, {})}, tuple(found), plan, blind)
            for primary, found in holders.items()
        }
        return {token: judged[primary] for token, primary in primaries.items()}, reading

    def _blind_guards(self, reading: Reading) -> frozenset[str]:
        """The sources that did not answer and that alone could have said that a record is sealed."""
        failed = {problem.source for problem in reading.problems if "PersonRecord" in problem.entities}
        return frozenset(source for source in failed if self._house.directory.declares(source, "sealed"))

    def _judged(
        self,
        token: str,
        records: Mapping[str, Sequence[Record]],
        held_by: Sequence[str],
        plan: Plan,
        blind: frozenset[str],
    ) -> Judged:
        house = self._house
        merged = house.merger.merge(records, COMPARED if plan.shows_conflicts else ())
        raw = PersonFile(
            id=token,
            values=merged.values,
            rows={entity: rows for entity, rows in merged.rows.items() if entity not in CASE_ENTITIES},
            cases=journeys(token, merged.rows, house.handles),
            records=merged.records,
            disagreements=merged.disagreements,
        )
        found = evidence(raw, merged, house.directory.holders_codes(held_by), self._today)
        if not blind.isdisjoint(held_by):
            # Not knowing whether a record is sealed is no licence to show it (治安管理处罚法 136).
            found = replace(found, sealed=True)
        decision = house.authorizer.decide(derive_facts(self._viewer, found))
        return Judged(raw, found, decision, self._today)
