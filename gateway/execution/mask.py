"""Mask: the one place where values that may not be seen disappear, before anything is shaped.

In: the unmasked file and one decision. Out: the file that resolvers read. Derived fields are computed here, from
the unmasked file, and stand or fall by their own label. What a decision means for an entity's columns is worked out
once for all the people whom it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, islice, repeat
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from gateway.authorization.decision import Decision, Effect
from gateway.authorization.masks import apply
from schema.derived import CASE_DERIVATIONS, PERSON_DERIVATIONS, Derivation
from schema.entities import ENTITIES, PERSON_RECORD, Column
from schema.file import CaseFile, Disagreement, PersonFile, Row, Values
from schema.label import Label

Rows = Mapping[str, tuple[Row, ...] | None]

_PERSON: Final = "PersonRecord"


class Mask:
    """What one decision leaves of people's files; `derived` fields and records only where they are wanted."""

    def __init__(
        self, decision: Decision, derived: Collection[str], today: date, *, shows_records: bool = True
    ) -> None:
        self.decision = decision
        existence = decision[Label.EXISTENCE]
        self.is_known = existence.effect is Effect.ALLOW
        """Whether the viewer may know that these people are in the graph at all."""
        self.is_listable = self.is_known and existence.may_filter
        """Whether the viewer may come upon them in a list, not only ask about them."""
        self._today = today
        self._shows_records = shows_records
        self._guarded, self._hidden = _guards(decision.effects)
        self._careful = frozenset(self._guarded) | self._hidden
        self._hides_cases = decision[Label.CUSTODY].effect is Effect.DENY
        self._of_person = _shown(PERSON_DERIVATIONS, derived, decision)
        self._of_case = _shown(CASE_DERIVATIONS, derived, decision)

    def file(self, raw: PersonFile) -> PersonFile:
        """What is left of one person's file."""
        return self.files((raw,))[0]

    def files(self, raws: Sequence[PersonFile]) -> list[PersonFile]:
        """What is left of each file."""
        return list(
            map(
                PersonFile,
                [raw.id for raw in raws],
                [self._values(_PERSON, raw.values) for raw in raws],
                self._entities([raw.rows for raw in raws]),
                self._cases(raws),
                self._rows(_PERSON, [raw.records if self._shows_records else () for raw in raws]),
                [self._disagreements(raw.disagreements) if raw.disagreements else raw.disagreements for raw in raws],
                _computed(self._of_person, raws, self._today),
            )
        )

    def _cases(self, raws: Sequence[PersonFile]) -> list[tuple[CaseFile, ...] | None]:
        if self._hides_cases:
            return [None] * len(raws)
        cases = [case for raw in raws for case in raw.cases or ()]
        shown = map(
            CaseFile,
            [case.owner for case in cases],
            [case.anchor for case in cases],
            [case.handles for case in cases],
            self._entities([case.rows for case in cases]),
            _computed(self._of_case, cases, self._today),
        )
        return [None if raw.cases is None else tuple(islice(shown, len(raw.cases))) for raw in raws]

    def _entities(self, each: Sequence[Rows]) -> Sequence[Rows]:
        """What is left of rows by entity, of many people or cases at once."""
        careful = self._careful.intersection(chain.from_iterable(each))
        kept: list[dict[str, tuple[Row, ...] | None]] | None = None
        for entity in careful:
            found = [rows.get(entity) for rows in each]
            left = self._rows(entity, found)
            if left is found:
                continue
            kept = list(map(dict, each)) if kept is None else kept
            for rows, own in zip(kept, left, strict=True):
                if entity in rows:
                    rows[entity] = own
        return each if kept is None else kept

    def _rows(self, entity: str, found: Sequence[tuple[Row, ...] | None]) -> Sequence[tuple[Row, ...] | None]:
        """What is left of an entity's rows, of many at once; the same sequence where nothing of them is guarded."""
        if entity in self._hidden:
            return [None] * len(found)
        guarded = self._guarded.get(entity)
        if guarded is None or all([guarded.isdisjoint(row.values) for rows in found for row in rows or ()]):  # noqa: C419 - sooner done
            return found
        return [rows and tuple([self._row(entity, row) for row in rows]) for rows in found]

    def _row(self, entity: str, row: Row) -> Row:
        left = self._values(entity, row.values)
        return row if left is row.values else Row(entity, left, row.found, row.frame)

    def _values(self, entity: str, values: Values) -> Values:
        guarded = self._guarded.get(entity)
        if guarded is None or guarded.isdisjoint(values):
            return values
        columns, decision, left = ENTITIES[entity].columns, self.decision, dict(values)
        for name in guarded.intersection(values):
            left[name] = _cell(columns[name], values[name], decision)
        return left

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
_UNDERIVED: Final[Mapping[str, object]] = MappingProxyType({})


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


def _computed(computing: Computing, subjects: Sequence[Any], today: date) -> Iterable[Mapping[str, object]]:
    """Of each subject its derived fields by name."""
    if not computing:
        return repeat(_UNDERIVED, len(subjects))
    names = [name for name, _ in computing]
    columns = [[compute(subject, today) for subject in subjects] for _, compute in computing]
    return [dict(zip(names, found, strict=True)) for found in zip(*columns, strict=True)]


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
