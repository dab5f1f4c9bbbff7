"""What a plan shows under a decision, spelled out once however many people and requests it applies to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.audit.record import AccessedField
from gateway.audit.shown import FieldList
from gateway.authorization.decision import Decision, Effect
from gateway.execution.plan import Plan
from schema.label import Label

_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """The list for the record, and what the answer's extensions say of fields that were not shown whole."""

    plan: Plan  # both are held here, so that their identities stay theirs
    decision: Decision
    fields: FieldList
    withheld: tuple[tuple[str, str, str, str], ...]  # path, label, effect, reason


_tellings: Final[dict[tuple[int, int], Telling]] = {}


def telling(plan: Plan, decision: Decision) -> Telling:
    """Plans are kept with their documents and decisions with their facts, so that most requests bring known ones."""
    case = (id(plan), id(decision))
    found = _tellings.get(case)
    if found is None:
        if len(_tellings) >= _KEPT:
            _tellings.clear()
        found = _tellings[case] = _tell(plan, decision)
    return found


@lru_cache(_KEPT)
def unknown(root: str, policies: tuple[str, ...]) -> FieldList:
    """The list for a person who was answered as unknown."""
    return FieldList.of([AccessedField(root, Label.EXISTENCE.value, Effect.DENY.name, policies)])


def _tell(plan: Plan, decision: Decision) -> Telling:
    fields, withheld = [], []
    for planned in plan.fields:
        grant = decision[planned.label]
        fields.append(AccessedField(planned.path, planned.label.value, grant.effect.name, grant.policies))
        if grant.effect is not Effect.ALLOW:
            withheld.append((planned.path, planned.label.value, grant.effect.name, grant.reason))
    return Telling(plan, decision, FieldList.of(fields), tuple(withheld))
