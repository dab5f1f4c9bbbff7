"""Mask: the one place where values that may not be seen disappear, before anything is shaped.

In: the unmasked file and one decision. Out: the file that resolvers read. Derived fields are computed here, from
the unmasked file, and stand or fall by their own label. What a decision means for an entity's columns is worked out
once for all the people whom it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from gateway.authorization.decision import Decision, Effect
from gateway.authorization.masks import apply
from schema.derived import CASE_DERIVATIONS, PERSON_DERIVATIONS, Derivation
from schema.entities import ENTITIES, PERSON_RECORD, Column
from schema.file import CaseFile, Disagreement, PersonFile, Row, Values
from schema.label import Label

Rows = Mapping[str, tuple[Row, ...] | None]


class Mask:
    """What one decision leaves of people's files, of which the `derived` fields are wanted."""

    def __init__(self, decision: Decision, derived: Collection[str], today: date) -> None:
        self.decision = decision
        existence = decision[Label.EXISTENCE]
        self.is_known = existence.effect is Effect.ALLOW
        """Whether the viewer may know that these people are in the graph at all."""
        self.is_listable = self.is_known and existence.may_filter
        """Whether the viewer may come upon them in a list, not only ask about them."""
        self._today = today
        self._guarded, self._hidden = _guards(decision.effects)
        self._careful = frozenset(self._guarded) | self._hidden
        self._hides_cases = decision[Label.CUSTODY].effect is Effect.DENY
        self._of_person = _shown(PERSON_DERIVATIONS, derived, decision)
        self._of_case = _shown(CASE_DERIVATIONS, derived, decision)

    def file(self, raw: PersonFile) -> PersonFile:
        """What is left of one person's file."""
        return PersonFile(
            raw.id,
            self._values("PersonRecord", raw.values),
            self._entities(raw.rows),
            self._cases(raw),
            self._rows("PersonRecord", raw.records),
            self._disagreements(raw.disagreements) if raw.disagreements else raw.disagreements,
            {name: compute(raw, self._today) for name, compute in self._of_person},
        )

    def _cases(self, raw: PersonFile) -> tuple[CaseFile, ...] | None:
        if raw.cases is None or self._hides_cases:
            return None
        return tuple([self._case(case) for case in raw.cases])

    def _case(self, case: CaseFile) -> CaseFile:
        derived = {name: compute(case, self._today) for name, compute in self._of_case}
        return CaseFile(case.owner, case.anchor, case.handles, self._entities(case.rows), derived)

    def _entities(self, rows: Rows) -> Rows:
        if self._careful.isdisjoint(rows):
            return rows
        kept = dict(rows)
        for entity in self._careful:
            if entity in kept:
                kept[entity] = self._rows(entity, kept[entity])
        return kept

    def _rows(self, entity: str, rows: tuple[Row, ...] | None) -> tuple[Row, ...] | None:
        if rows is None or entity in self._hidden:
            return None
        if not rows or entity not in self._guarded:
            return rows
        guarded = self._guarded[entity]
        return tuple(
            [
                row
                if guarded.isdisjoint(row.values)
                else Row(entity, self._values(entity, row.values), row.found, row.frame)
                for row in rows
            ]
        )

    def _values(self, entity: str, values: Values) -> Values:
        guarded = self._guarded.get(entity)
        if guarded is None or guarded.isdisjoint(values):
            return values
        columns, decision = ENTITIES[entity].columns, self.decision
        return {
            name: _cell(columns[name], value, decision) if name in guarded else value
            for name, value in values.items()
        }

    def _disagreements(self, found: tuple[Disagreement, ...] | None) -> tuple[Disagreement, ...] | None:
        """The disagreements that are still ones: values that a mask makes alike are not shown to differ."""
        if found is None or self.decision[Label.EXISTENCE].effect is Effect.DENY:
            return None
        masked = (_masked(one, self.decision) for one in found)
        return tuple(one for one in masked if len({value for value, _ in one.values}) > 1)


@lru_cache(maxsize=4_096)
def _guards(effects: tuple[Effect, ...]) -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
    """Under one vector of effects, in the order of Label: the columns of each entity that are not simply shown (of
    entities that have such columns), and the entities of which nothing is."""
    by_label = dict(zip(Label, effects, strict=True))
    guarded = {
        name: frozenset(
            column.name for column in entity.columns.values() if by_label[column.label] is not Effect.ALLOW
        )
        for name, entity in ENTITIES.items()
    }
    hidden = frozenset(name for name, entity in ENTITIES.items() if by_label[entity.label] is Effect.DENY)
    return {name: columns for name, columns in guarded.items() if columns}, hidden


Computing = list[tuple[str, Callable[[Any, date], object]]]


def _shown(declared: Mapping[str, Derivation[Any]], wanted: Collection[str], decision: Decision) -> Computing:
    """Name of each wanted derivation and what computes what of it is shown; what is denied is not computed."""
    found: Computing = []
    for name, derivation in declared.items():
        if name not in wanted:
            continue
        grant = decision[derivation.label]
        if grant.effect is Effect.ALLOW:
            found.append((name, derivation.compute))
        elif grant.effect is Effect.MASK:
            found.append((name, _in_part(derivation.compute, grant.mask)))
        else:
            found.append((name, _nothing))
    return found


def _nothing(_raw: object, _today: date) -> None:
    return None


def _in_part(compute: Callable[[Any, date], object], mask: str | None) -> Callable[[Any, date], object]:
    """A derived value that may only be seen in part is not shown, unless a mask fits it."""

    def shown(raw: object, today: date) -> object:
        value = compute(raw, today)
        return apply(mask, value, None) if isinstance(value, date | str) else None

    return shown


def _cell(column: Column, value: object, decision: Decision) -> object:
    grant = decision[column.label]
    if value is None or grant.effect is Effect.DENY:
        return None
    if grant.effect is Effect.MASK:
        return apply(grant.mask, value, column.kind)
    return value


def _masked(one: Disagreement, decision: Decision) -> Disagreement:
    column = PERSON_RECORD[one.column]
    return replace(
        one,
        values=tuple((_cell(column, value, decision), origin) for value, origin in one.values),
        chosen=_cell(column, one.chosen, decision),
    )
