"""Trace: what one request did, gathered while it runs; becomes its audit record and the answer's extensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.audit.record import SourceOutcome
from gateway.audit.shown import FieldList, Shown, ShownFields
from gateway.authorization.decision import Decision
from gateway.execution.plan import Plan
from gateway.execution.telling import Telling, telling, unknown
from gateway.sources.reading import Problem
from schema.label import Label


@dataclass(slots=True)
class Trace:
    """Filled by the reader. Nothing of a person who was not shown reaches the extensions."""

    persons: dict[str, None] = field(default_factory=dict)
    shown: dict[Telling, dict[str, None]] = field(default_factory=dict)  # to whom
    hidden: dict[FieldList, dict[str, None]] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], float] = field(default_factory=dict)
    shown_outcomes: dict[tuple[str, str], float] = field(default_factory=dict)
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)
    withheld: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    hidden_persons: int = 0
    unshown: bool = False  # whether somebody who was asked for is not shown, for whatever reason

    def saw(self, people: Sequence[str], decision: Decision, plan: Plan) -> None:
        """Some persons were shown under one decision."""
        shown = dict.fromkeys(people)
        self.persons.update(shown)
        told = telling(plan, decision)
        to = self.shown.get(told)
        if to is None:
            to = self.shown[told] = {}
            self.withheld.update(dict.fromkeys(told.withheld))
        to.update(shown)

    def hid(self, person: str, decision: Decision, root: str) -> None:
        """A person was answered as unknown: on record, but nowhere in the answer."""
        self.persons[person] = None
        self.hidden_persons += 1
        self.hidden.setdefault(unknown(root, decision[Label.EXISTENCE].policies), {})[person] = None

    def fields(self) -> ShownFields:
        """What became of which fields, and to whose files it applied, for the record."""
        everybody = self.persons.keys()
        lists = [(told.fields, to) for told, to in self.shown.items()] + list(self.hidden.items())
        return ShownFields([Shown(fields, None if to.keys() == everybody else tuple(to)) for fields, to in lists])

    def heard(self, outcomes: Iterable[SourceOutcome], problems: Iterable[Problem], *, shown: bool) -> None:
        """How sources did; `shown` when a person of this round is in the answer."""
        for outcome in outcomes:
            key = (outcome.source, outcome.outcome)
            for kept in (self.outcomes, self.shown_outcomes) if shown else (self.outcomes,):
                kept[key] = max(kept.get(key, 0.0), outcome.milliseconds)
        if shown:
            for problem in problems:
                self.problems.setdefault((problem.source, problem.code), problem)

    def outcome(self) -> str:
        """OK, PARTIAL (a source failed) or DENIED (nobody whom the viewer may know)."""
        if self.hidden_persons and self.hidden_persons == len(self.persons):
            return "DENIED"
        return "PARTIAL" if any(code != "ok" for _, code in self.outcomes) else "OK"

    def extensions(self) -> Mapping[str, object]:
        """`authorization`: once per distinct case, never per row. `sources`: who answered, in how long."""
        found: dict[str, object] = {}
        if self.withheld:
            found["authorization"] = [
                {"path": path, "label": label, "effect": effect, "reason": reason}
                for path, label, effect, reason in self.withheld
            ]
        if self.shown_outcomes:
            found["sources"] = [
                {"source": source, "outcome": outcome, "milliseconds": round(milliseconds, 1)}
                for (source, outcome), milliseconds in self.shown_outcomes.items()
            ]
        return found
