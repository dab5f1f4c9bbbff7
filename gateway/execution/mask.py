"""Mask: the one place where values that may not be seen disappear, before anything is shaped.

In: the unmasked file and one decision. Out: the file that resolvers read. Derived fields are computed here, from
the unmasked file, and stand or fall by their own label. What a decision means for an entity's columns is worked out
once for all the people whom it is about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
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
        self._guarded: dict[str, frozenset[str]] = {}
        self._hidden: dict[str, bool] = {}
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
            self._disagreements(raw.disagreements),
            {name: show(compute(raw, self._today)) for name, compute, show in self._of_person},
        )

    def _cases(self, raw: PersonFile) -> tuple[CaseFile, ...] | None:
        if raw.cases is None or self._hides_cases:
            return None
        return tuple([self._case(case) for case in raw.cases])

    def _case(self, case: CaseFile) -> CaseFile:
        derived = {name: show(compute(case, self._today)) for name, compute, show in self._of_case}
        return CaseFile(case.owner, case.anchor, case.handles, self._entities(case.rows), derived)

    def _entities(self, rows: Rows) -> Rows:
        return {entity: self._rows(entity, found) for entity, found in rows.items()}

    def _rows(self, entity: str, rows: tuple[Row, ...] | None) -> tuple[Row, ...] | None:
        guarded = self._guarded.get(entity)
        if guarded is None:
            guarded = self._guard(entity)
        if rows is None or self._hidden[entity]:
            return None
        if not guarded or not rows:
            return rows
        return tuple([Row(entity, self._values(entity, row.values), row.origin) for row in rows])

    def _values(self, entity: str, values: Values) -> Values:
        guarded = self._guarded.get(entity)
        if guarded is None:
            guarded = self._guard(entity)
        if guarded.isdisjoint(values):
            return values
        columns, decision = ENTITIES[entity].columns, self.decision
        return {
            name: _cell(columns[name], value, decision) if name in guarded else value
            for name, value in values.items()
        }

    def _guard(self, entity: str) -> frozenset[str]:
        """The columns of an entity that are not simply shown."""
        by_label = dict(zip(Label, self.decision.effects, strict=True))
        declared = ENTITIES[entity]
        self._hidden[entity] = by_label[declared.label] is Effect.DENY
        found = self._guarded[entity] = frozenset(
            name for name, column in declared.columns.items() if by_label[column.label] is not Effect.ALLOW
        )
        return found

    def _disagreements(self, found: tuple[Disagreement, ...] | None) -> tuple[Disagreement, ...] | None:
        """The disagreements that are still ones: values that a mask makes alike are not shown to differ."""
        if found is None or self.decision[Label.EXISTENCE].effect is Effect.DENY:
            return None
        masked = (_masked(one, self.decision) for one in found)
        return tuple(one for one in masked if len({value for value, _ in one.values}) > 1)


def _shown(
    declared: Mapping[str, Derivation[Any]], wanted: Collection[str], decision: Decision
) -> list[tuple[str, Any, Any]]:
    """Of the wanted derivations: name, what computes it, what is shown of that. What is denied is not computed."""
    found: list[tuple[str, Any, Any]] = []
    for name, derivation in declared.items():
        if name not in wanted:
            continue
        grant = decision[derivation.label]
        if grant.effect is Effect.ALLOW:
            found.append((name, derivation.compute, _as_it_is))
        elif grant.effect is Effect.MASK:
            found.append((name, derivation.compute, _in_part(grant.mask)))
        else:
            found.append((name, _nothing, _as_it_is))
    return found


def _as_it_is(value: object) -> object:
    return value


def _nothing(_raw: object, _today: date) -> None:
    return None


def _in_part(mask: str | None) -> Any:
    """A derived value that may only be seen in part is not shown, unless a mask fits it."""
    return lambda value: apply(mask, value, None) if isinstance(value, date | str) else None


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
