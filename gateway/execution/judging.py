"""Judging: the people of one reading put together and decided about.

Step by step over all of them, not person by person: what is alike for all is worked out once, and what a step makes
of a hundred people it makes in one go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from gateway.authorization.decision import Decision, Evidence
from gateway.authorization.facts import derive_all
from gateway.authorization.standing import Standing
from gateway.execution.evidence import evidence_of_all
from gateway.execution.house import House
from gateway.execution.journeys import CASE_ENTITIES, journeys
from gateway.execution.mask import Mask
from gateway.execution.plan import COMPARED, Plan
from gateway.sources.reading import Problem, Reading
from gateway.viewer import Viewer
from schema.derived import PERSON_DERIVATIONS
from schema.file import CaseFile, PersonFile, Row

_OF_CASES = frozenset(CASE_ENTITIES)
_PERSON = "PersonRecord"

_Rows = Mapping[str, tuple[Row, ...]]
_HeldBy = Sequence[tuple[str, ...]]  # of each person the sources that hold something of them


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


class Judging:
    """Judges the people of one reading for one viewer."""

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

    def people(self, tokens: Sequence[str], held_by: _HeldBy) -> tuple[list[PersonFile], list[Decision]]:
        """Of each person the unmasked file and the decision about it, from all the sources that hold something."""
        raws = self._files(tokens, held_by)
        facts = derive_all(self._viewer, self._evidence(raws, held_by), self._standing)
        decide = self._house.authorizer.decide
        # equal facts are the same object: each is decided about once
        decisions = {id(one): one for one in facts}
        decided = {key: decide(one) for key, one in decisions.items()}
        return raws, [decided[id(one)] for one in facts]

    # ---- files --------------------------------------------------------------------------------------------------

    def _files(self, tokens: Sequence[str], held_by: _HeldBy) -> list[PersonFile]:
        rows, of_cases = self._rows(tokens, held_by)
        merged = self._house.merger.people(self._reading.of(_PERSON, tokens), self._compared)
        return list(
            map(
                PersonFile,
                tokens,
                [one.values for one in merged],
                rows,
                self._cases(tokens, of_cases),
                [one.records for one in merged],
                [one.disagreements for one in merged],
            )
        )

    def _rows(self, tokens: Sequence[str], held_by: _HeldBy) -> tuple[Sequence[_Rows], Sequence[_Rows]]:
        """Of each person the rows that stand with them, and those that belong to cases, by entity."""
        blank = self._blank(held_by)
        rows, of_cases = [dict(one[0]) for one in blank], [dict(one[1]) for one in blank]
        for entity in self._reading.records:
            if entity == _PERSON:
                continue
            merged = self._house.merger.rows_of_all(entity, self._reading.of(entity, tokens))
            for into, some in zip(of_cases if entity in _OF_CASES else rows, merged, strict=True):
                if some:
                    into[entity] = some
        return rows, of_cases

    def _blank(self, held_by: _HeldBy) -> Sequence[tuple[_Rows, _Rows]]:
        """What every source was asked for and none has is known to be empty; what failed is not known."""
        if not self._reading.problems:
            return [self._empty] * len(held_by)
        failed = [_failed(self._problems(held)) for held in held_by]
        return [_parted(self._needs.keys() - each) if each else self._empty for each in failed]

    def _problems(self, held_by: tuple[str, ...]) -> Sequence[Problem]:
        return [one for one in self._reading.problems if one.source in held_by]

    def _cases(self, tokens: Sequence[str], of_cases: Sequence[_Rows]) -> Sequence[tuple[CaseFile, ...]]:
        handles = self._house.handles
        return [journeys(token, rows, handles) for token, rows in zip(tokens, of_cases, strict=True)]

    # ---- what decides -------------------------------------------------------------------------------------------

    def _evidence(self, raws: Sequence[PersonFile], held_by: _HeldBy) -> Sequence[Evidence]:
        codes = self._house.directory.holders_codes
        known = evidence_of_all(raws, [codes(held) for held in held_by], self._viewer.agency, self._today)
        if not self._reading.problems:
            return known
        return [
            # Not knowing whether a record is sealed is no licence to show it (治安管理处罚法 136).
            replace(one, sealed=True) if any(self._is_blind(problem) for problem in self._problems(held)) else one
            for one, held in zip(known, held_by, strict=True)
        ]

    def _is_blind(self, problem: Problem) -> bool:
        """Whether a source did not answer that alone could have said that a record is sealed."""
        return _PERSON in problem.entities and self._house.directory.declares(problem.source, "sealed")


def _parted(entities: Iterable[str]) -> tuple[_Rows, _Rows]:
    """No rows of each of these entities: those that stand with the person, and those that belong to cases."""
    known = [entity for entity in entities if entity != _PERSON]
    return (
        {entity: () for entity in known if entity not in _OF_CASES},
        {entity: () for entity in CASE_ENTITIES if entity in known},
    )


def _failed(problems: Iterable[Problem]) -> set[str]:
    return {entity for problem in problems for entity in problem.entities}
