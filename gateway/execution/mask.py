"""Mask: the one place where values that may not be seen disappear, before anything is shaped.

In: the unmasked file and one decision. Out: the file that resolvers read. Derived fields are computed here, from
the unmasked file, and stand or fall by their own label.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache

from gateway.authorization.decision import Decision, Effect
from gateway.authorization.masks import apply
from schema.derived import CASE_DERIVATIONS, PERSON_DERIVATIONS
from schema.entities import ENTITIES, PERSON_RECORD, Column
from schema.file import CaseFile, Disagreement, PersonFile, Row
from schema.label import Label


def mask_file(raw: PersonFile, decision: Decision, derived: Collection[str], today: date) -> PersonFile:
    """What this decision leaves of a person's file."""
    return PersonFile(
        id=raw.id,
        values=_values(PERSON_RECORD.name, raw.values, decision),
        rows={entity: _rows(entity, rows, decision) for entity, rows in raw.rows.items()},
        cases=_cases(raw, decision, derived, today),
        records=_rows(PERSON_RECORD.name, raw.records, decision),
        disagreements=_disagreements(raw.disagreements, decision),
        derived={
            name: _derived(PERSON_DERIVATIONS[name].compute(raw, today), PERSON_DERIVATIONS[name].label, decision)
            for name in derived
            if name in PERSON_DERIVATIONS
        },
    )


def _cell(column: Column, value: object, decision: Decision) -> object:
    grant = decision[column.label]
    if value is None or grant.effect is Effect.DENY:
        return None
    if grant.effect is Effect.MASK:
        return apply(grant.mask, value, column.kind)
    return value


@lru_cache(maxsize=20_000)
def _guarded(entity: str, effects: tuple[Effect, ...]) -> frozenset[str]:
    """The columns of an entity that are not simply shown, under one vector of effects."""
    by_label = dict(zip(Label, effects, strict=True))
    return frozenset(
        name for name, column in ENTITIES[entity].columns.items() if by_label[column.label] is not Effect.ALLOW
    )


def _values(entity: str, values: Mapping[str, object], decision: Decision) -> Mapping[str, object]:
    guarded = _guarded(entity, decision.effects)
    if guarded.isdisjoint(values):
        return values
    columns = ENTITIES[entity].columns
    return {
        name: _cell(columns[name], value, decision) if name in guarded else value for name, value in values.items()
    }


def _rows(entity: str, rows: tuple[Row, ...] | None, decision: Decision) -> tuple[Row, ...] | None:
    if rows is None or decision[ENTITIES[entity].label].effect is Effect.DENY:
        return None
    if not _guarded(entity, decision.effects):
        return rows
    return tuple([Row(entity, _values(entity, row.values, decision), row.origin) for row in rows])


def _cases(raw: PersonFile, decision: Decision, derived: Collection[str], today: date) -> tuple[CaseFile, ...] | None:
    if raw.cases is None or decision[Label.CUSTODY].effect is Effect.DENY:
        return None
    return tuple(
        CaseFile(
            case.owner,
            case.anchor,
            case.handles,
            {entity: _rows(entity, rows, decision) for entity, rows in case.rows.items()},
            {
                name: _derived(CASE_DERIVATIONS[name].compute(case, today), CASE_DERIVATIONS[name].label, decision)
                for name in derived
                if name in CASE_DERIVATIONS
            },
        )
        for case in raw.cases
    )


def _derived(value: object, label: Label, decision: Decision) -> object:
    """A derived value under its label; one that may only be seen in part is not shown, unless a mask fits it."""
    grant = decision[label]
    if grant.effect is Effect.ALLOW:
        return value
    if grant.effect is Effect.MASK and isinstance(value, date | str):
        return apply(grant.mask, value, None)
    return None


def _disagreements(found: tuple[Disagreement, ...] | None, decision: Decision) -> tuple[Disagreement, ...] | None:
    """The disagreements that are still ones: values that a mask makes alike are not shown to differ."""
    if found is None or decision[Label.EXISTENCE].effect is Effect.DENY:
        return None
    masked = (_masked(one, decision) for one in found)
    return tuple(one for one in masked if len({value for value, _ in one.values}) > 1)


def _masked(one: Disagreement, decision: Decision) -> Disagreement:
    column = PERSON_RECORD[one.column]
    return replace(
        one,
        values=tuple((_cell(column, value, decision), origin) for value, origin in one.values),
        chosen=_cell(column, one.chosen, decision),
    )
