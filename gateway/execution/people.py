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
from gateway.sources.reading import Holders, Problem, Reading, Sources
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
        """Unmasked files with their decisions, of those among `tokens` whom any source holds.

        Another province is asked about a person whom we hold ourselves only once our own records have shown that
        the viewer may know of them: a question, too, tells that somebody is known (个人信息保护法 6).
        """
        primaries = {token: primary for token in tokens if (primary := self._house.index.primary(token))}
        holders = {primary: self._house.index.holders(primary) for primary in primaries.values()}
        abroad = {} if self._viewer.forwarded else self._part(holders, peers=True)
        own = self._part(holders, peers=False)
        first = {**{token: found for token, found in abroad.items() if token not in own}, **own}
        needs = plan.completed(self._hidden)
        judged, reading = await self._read(first, needs, plan, Reading({}, (), ()))
        further = {token: abroad[token] for token in own if token in abroad and judged[token].is_known}
        if further:
            more, reading = await self._read(further, needs, plan, reading)
            judged |= more
        return {token: judged[primary] for token, primary in primaries.items() if primary in judged}, reading

    def _part(self, holders: Holders, *, peers: bool) -> dict[str, Mapping[str, Sequence[str]]]:
        """Of each person the holders that are other gateways, or those that are not; people without any left out."""
        is_peer = self._house.directory.is_peer
        parts = {
            token: {source: keys for source, keys in found.items() if is_peer(source) is peers}
            for token, found in holders.items()
        }
        return {token: found for token, found in parts.items() if found}

    async def _read(
        self, holders: Holders, needs: Mapping[str, frozenset[str]], plan: Plan, before: Reading
    ) -> tuple[dict[str, Judged], Reading]:
        """Some people read and judged, with what was read of them before; and everything read so far."""
        if not holders:
            return {}, before
        found = await self._house.sources.read(holders, needs, self._call, peers=not self._viewer.forwarded)
        reading = before.joined(found)
        return {token: self._judged(token, reading, needs, plan) for token in holders}, reading

    def _judged(self, token: str, reading: Reading, needs: Mapping[str, frozenset[str]], plan: Plan) -> Judged:
        house = self._house
        held_by = house.index.holders(token)
        problems = [problem for problem in reading.problems if problem.source in held_by]
        failed = {entity for problem in problems for entity in problem.entities}
        # What every source was asked for and none has is known to be empty.
        empty: dict[str, Sequence[Record]] = {entity: () for entity in needs if entity not in failed}
        records = {**empty, **reading.records.get(token, {})}
        merged = house.merger.merge(records, COMPARED if plan.shows_conflicts else ())
        raw = PersonFile(
            id=token,
            values=merged.values,
            rows={entity: rows for entity, rows in merged.rows.items() if entity not in CASE_ENTITIES},
            cases=journeys(token, merged.rows, house.handles),
            records=merged.records,
            disagreements=merged.disagreements,
        )
        found = evidence(raw, merged, house.directory.holders_codes(tuple(held_by)), self._today)
        if any(self._is_blind(problem) for problem in problems):
            # Not knowing whether a record is sealed is no licence to show it (治安管理处罚法 136).
            found = replace(found, sealed=True)
        decision = house.authorizer.decide(derive_facts(self._viewer, found))
        return Judged(raw, found, decision, self._today)

    def _is_blind(self, problem: Problem) -> bool:
        """Whether a source did not answer that alone could have said that a record is sealed."""
        return "PersonRecord" in problem.entities and self._house.directory.declares(problem.source, "sealed")
