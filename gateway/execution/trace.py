"""Trace: what one request did, gathered while it runs; becomes its audit record and the answer's extensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.audit.record import AccessedField, SourceOutcome
from gateway.authorization.decision import Decision, Effect
from gateway.execution.plan import Plan
from gateway.sources.reading import Problem
from schema.label import Label


@dataclass(slots=True)
class Trace:
    """Filled by the reader. Nothing of a person who was not shown reaches the extensions."""

    persons: dict[str, None] = field(default_factory=dict)
    fields: dict[AccessedField, None] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], float] = field(default_factory=dict)
    shown_outcomes: dict[tuple[str, str], float] = field(default_factory=dict)
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)
    withheld: dict[tuple[str, str, str, str], None] = field(default_factory=dict)
    hidden_persons: int = 0
    told: dict[tuple[int, int], tuple[Plan, Decision]] = field(default_factory=dict)  # holds them, so ids stay theirs

    def saw(self, person: str, decision: Decision, plan: Plan) -> None:
        """A person was shown under a decision."""
        self.persons[person] = None
        case = (id(plan), id(decision))
        if case in self.told:
            return
        self.told[case] = (plan, decision)
        for planned in plan.fields:
            grant = decision[planned.label]
            name = grant.effect.name
            self.fields[AccessedField(planned.path, planned.label.value, name, grant.policies)] = None
            if grant.effect is not Effect.ALLOW:
                self.withheld[(planned.path, planned.label.value, name, grant.reason)] = None

    def hid(self, person: str, decision: Decision, root: str) -> None:
        """A person was answered as unknown: on record, but nowhere in the answer."""
        self.persons[person] = None
        self.hidden_persons += 1
        grant = decision[Label.EXISTENCE]
        self.fields[AccessedField(root, Label.EXISTENCE.value, Effect.DENY.name, grant.policies)] = None

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
