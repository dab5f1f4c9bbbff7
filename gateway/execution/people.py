"""People: reads some persons' files in one batch: holders, fetch, merge, decide, mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from adapters.contract import Call, Record
from gateway.authorization.decision import Authorizer, Decision
from gateway.authorization.facts import BOUND_ROLES, derive_facts, never_visible
from gateway.authorization.standing import NO_STANDING, Standing
from gateway.execution.directory import Directory
from gateway.execution.evidence import evidence
from gateway.execution.handles import Handles
from gateway.execution.journeys import CASE_ENTITIES, journeys
from gateway.execution.mask import Mask
from gateway.execution.merge import Merger
from gateway.execution.plan import COMPARED, Plan
from gateway.execution.trace import Trace
from gateway.identity.index import IdentityIndex
from gateway.sources.reading import Holders, Known, Problem, Reading, Sources
from gateway.viewer import Viewer
from schema.derived import PERSON_DERIVATIONS
from schema.file import PersonFile, Row

_OF_CASES = frozenset(CASE_ENTITIES)
_NO_RECORDS: Mapping[str, Sequence[Record]] = {}


@dataclass(frozen=True, slots=True)
class House:
    """What every request shares."""

    sources: Sources
    index: IdentityIndex
    authorizer: Authorizer
    directory: Directory
    merger: Merger
    handles: Handles
    standing: Callable[[Viewer], Standing] = lambda _viewer: NO_STANDING  # what our own registers say of a viewer


class Judged(Struct, frozen=True, gc=False):
    """One person's unmasked file with the decision about it; never leaves gateway/execution."""

    raw: PersonFile
    mask: Mask
    today: date

    @property
    def decision(self) -> Decision:
        """What was decided of this person."""
        return self.mask.decision

    def derived(self, name: str) -> object:
        """A derived field by which lists are filtered and sorted, computed when it is asked for."""
        return PERSON_DERIVATIONS[name].compute(self.raw, self.today)


class People:
    """Reads and judges persons for one request."""

    def __init__(self, house: House, viewer: Viewer, call: Call, trace: Trace, today: date) -> None:
        self._house = house
        self._viewer = viewer
        self._call = call
        self._trace = trace
        self._today = today
        self._standing = house.standing(viewer)
        self._hidden = never_visible(house.authorizer, viewer, self._standing)
        self._masks: dict[tuple[int, int], tuple[Mask, Plan]] = {}  # holds the plans, so that ids stay theirs

    async def files(self, tokens: Sequence[str], plan: Plan, root: str) -> dict[str, PersonFile]:
        """Masked files of those among `tokens` whom the viewer may know; by the token asked for."""
        judged, reading = await self.judge(tokens, plan)
        shown = {token: file for token, one in judged.items() if (file := self.show(one, plan, root))}
        self._trace.heard(reading.outcomes, reading.problems, shown=bool(shown))
        return shown

    def show(self, one: Judged, plan: Plan, root: str) -> PersonFile | None:
        """What the viewer may see of one person, put on record either way; None for one they may not know."""
        if not one.mask.is_known:
            self._trace.hid(one.raw.id, one.decision, root)
            return None
        self._trace.saw(one.raw.id, one.decision, plan)
        return self._mask(one.decision, plan).file(one.raw)

    def _mask(self, decision: Decision, plan: Plan) -> Mask:
        key = (id(decision), id(plan))
        found = self._masks.get(key)
        if found is None:
            found = self._masks[key] = (Mask(decision, plan.derived, self._today), plan)
        return found[0]

    def needs(self, plan: Plan) -> Mapping[str, frozenset[str]]:
        """The columns that judging and showing by this plan takes."""
        return plan.completed(self._hidden, binding=not BOUND_ROLES.isdisjoint(self._viewer.roles))

    async def judge(
        self, tokens: Iterable[str], plan: Plan, known: Known | None = None
    ) -> tuple[dict[str, Judged], Reading]:
        """Unmasked files with their decisions, of those among `tokens` whom any source holds.

        Another province is asked about a person whom we hold ourselves only once our own records have shown that
        the viewer may know of them: a question, too, tells that somebody is known (个人信息保护法 6).
        """
        primaries = {token: primary for token in tokens if (primary := self._house.index.primary(token))}
        holders = {primary: self._house.index.holders(primary) for primary in primaries.values()}
        abroad = {} if self._viewer.forwarded else self._part(holders, peers=True)
        own = self._part(holders, peers=False)
        first = {**{token: found for token, found in abroad.items() if token not in own}, **own}
        needs = self.needs(plan)
        judged, reading = await self._read(first, holders, needs, plan, Reading({}, (), ()), known)
        further = {token: abroad[token] for token in own if token in abroad and judged[token].mask.is_known}
        if further:
            more, reading = await self._read(further, holders, needs, plan, reading, known)
            judged |= more
        return {token: judged[primary] for token, primary in primaries.items() if primary in judged}, reading

    def _part(self, holders: Holders, *, peers: bool) -> dict[str, Mapping[str, Sequence[str]]]:
        """Of each person the holders that are other gateways, or those that are not; people without any left out."""
        if not self._house.directory.has_peers:
            return {} if peers else {token: found for token, found in holders.items() if found}
        is_peer = self._house.directory.is_peer
        parts = {
            token: {source: keys for source, keys in found.items() if is_peer(source) is peers}
            for token, found in holders.items()
        }
        return {token: found for token, found in parts.items() if found}

    async def _read(
        self,
        holders: Holders,
        everywhere: Holders,
        needs: Mapping[str, frozenset[str]],
        plan: Plan,
        before: Reading,
        known: Known | None,
    ) -> tuple[dict[str, Judged], Reading]:
        """Some people read and judged, with what was read of them before; and everything read so far.

        `everywhere` says of each of them who holds something, whether asked this time or not.
        """
        if not holders:
            return {}, before
        peers = not self._viewer.forwarded
        found = await self._house.sources.read(holders, needs, self._call, peers=peers, known=known)
        reading = before.joined(found)
        judge = _Judging(self._house, self._viewer, self._standing, self._today, reading, needs, plan)
        judged: dict[str, Judged] = {}
        for token in holders:
            raw, decision = judge.person(token, tuple(everywhere[token]))
            judged[token] = Judged(raw, self._mask(decision, plan), self._today)
        return judged, reading


class _Judging:
    """Puts together and decides about the people of one reading; what is alike for all is worked out once."""

    def __init__(
        self,
        house: House,
        viewer: Viewer,
        standing: Standing,
        today: date,
        reading: Reading,
        needs: Mapping[str, frozenset[str]],
        plan: Plan,
    ) -> None:
        self._house = house
        self._viewer = viewer
        self._standing = standing
        self._today = today
        self._reading = reading
        self._needs = needs
        self._compared = COMPARED if plan.shows_conflicts else ()
        self._empty = _parted(needs)

    def person(self, token: str, held_by: tuple[str, ...]) -> tuple[PersonFile, Decision]:
        """One person's unmasked file and the decision about it, from all the sources that hold something."""
        house, reading = self._house, self._reading
        problems = [one for one in reading.problems if one.source in held_by] if reading.problems else ()
        # What every source was asked for and none has is known to be empty; what failed is not known.
        empty = self._empty if not problems else _parted(self._needs.keys() - _failed(problems))
        rows, of_cases = dict(empty[0]), dict(empty[1])
        records: Sequence[Record] = ()
        for entity, found in reading.records.get(token, _NO_RECORDS).items():
            if entity == "PersonRecord":
                records = found
            elif found:
                (of_cases if entity in _OF_CASES else rows)[entity] = house.merger.rows(entity, found)
        merged = house.merger.person(records, self._compared)
        raw = PersonFile(
            token,
            merged.values,
            rows,
            journeys(token, of_cases, house.handles),
            merged.records,
            merged.disagreements,
        )
        known = evidence(raw, house.directory.holders_codes(held_by), self._viewer.agency, self._today)
        if problems and any(self._is_blind(problem) for problem in problems):
            # Not knowing whether a record is sealed is no licence to show it (治安管理处罚法 136).
            known = replace(known, sealed=True)
        return raw, house.authorizer.decide(derive_facts(self._viewer, known, self._standing))

    def _is_blind(self, problem: Problem) -> bool:
        """Whether a source did not answer that alone could have said that a record is sealed."""
        return "PersonRecord" in problem.entities and self._house.directory.declares(problem.source, "sealed")


_Rows = Mapping[str, tuple[Row, ...]]


def _parted(entities: Iterable[str]) -> tuple[_Rows, _Rows]:
    """No rows of each of these entities: those that stand with the person, and those that belong to cases."""
    known = [entity for entity in entities if entity != "PersonRecord"]
    return (
        {entity: () for entity in known if entity not in _OF_CASES},
        {entity: () for entity in CASE_ENTITIES if entity in known},
    )


def _failed(problems: Iterable[Problem]) -> set[str]:
    return {entity for problem in problems for entity in problem.entities}
