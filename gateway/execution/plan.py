"""Plan: what a selection needs of whom, read off the declarations of the fields it names."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_directive_values

from gateway.authorization.decision import Decision
from gateway.execution.mask import Mask
from schema.declare import Declaration, declaration_of
from schema.derived import DERIVATIONS, Derivation
from schema.entities import ENTITIES, Column
from schema.label import Label

# What decides who may see whom is always read: places, responsible organs, birth year, sealing, control.
EVIDENCE: Mapping[str, tuple[str, ...]] = {
    "PersonRecord": (
        "executionPlaceCode",
        "residenceCode",
        "domicileCode",
        "responsiblePoliceCodes",
        "birthDate",
        "sealed",
        "controlStatus",
    ),
    "Measure": ("kind", "agencyCode", "startsOn", "endedOn", "orderedOn", "reportedOn", "executionPlaceCode"),
    "Decision": ("kind", "agencyCode", "decidedOn"),
}

# For viewers of some roles an agreement in force is a tie (gateway/authorization/facts.py).
BINDING: Mapping[str, tuple[str, ...]] = {"Agreement": ("agencyCode", "signedOn", "endsOn")}

# What joins several sources' rows of one measure or decision, and rows to a journey.
JOINING: Mapping[str, tuple[str, ...]] = {
    "Measure": ("kind", "decisionNumber", "startsOn", "dueEndOn", "endedOn", "endReason", "orderedOn", "reportedOn"),
    "Decision": ("kind", "number", "decidedOn"),
    "Assessment": ("assessedOn", "stage"),
    "Agreement": ("signedOn", "kind"),
    "Visit": ("visitedOn", "kind"),
    "DrugTest": ("testedOn", "dueOn"),
    "Event": ("at", "kind"),
    "Treatment": ("startedOn",),
    "SupportGrant": ("startedOn", "kind"),
    "Employment": ("startedOn",),
    "Training": ("startedOn", "course"),
    "FamilyMember": ("name", "relation"),
}

# About what a conflict is worth showing: who somebody is and where they belong.
COMPARED = (
    "name",
    "sex",
    "birthDate",
    "idNumber",
    "ethnicity",
    "education",
    "maritalStatus",
    "domicileCode",
    "residenceCode",
    "executionPlaceCode",
    "firstUsedOn",
    "controlStatus",
    "diedOn",
)


_MOST_MASKS = 1_000  # decisions that one plan keeps its masks for


@dataclass(frozen=True, slots=True)
class PlannedField:
    """One labelled path of the graph, without aliases and indexes."""

    path: str
    label: Label


@dataclass(slots=True)
class Plan:
    """What one root needs; the same for every person under it."""

    needs: dict[str, set[str]] = field(default_factory=dict)
    derived: set[str] = field(default_factory=set)
    fields: dict[PlannedField, None] = field(default_factory=dict)  # a set in order
    shows_records: bool = False
    shows_conflicts: bool = False
    _completed: dict[tuple[frozenset[Label], bool], dict[str, frozenset[str]]] = field(default_factory=dict)
    _joined: dict[Hashable, Plan] = field(default_factory=dict)
    _masks: dict[tuple[int, date], Mask] = field(default_factory=dict)

    def add(self, columns: tuple[Column, ...]) -> None:
        """Need these columns."""
        self._completed.clear()
        self._joined.clear()
        self._masks.clear()
        for column in columns:
            self.needs.setdefault(column.entity, set()).add(column.name)

    def derive(self, name: str) -> None:
        """Need a derivation and its inputs."""
        self.derived.add(name)
        self.add(DERIVATIONS[name].needs)

    def joined(self, other: Plan, kind: Hashable) -> Plan:
        """A plan that needs what both need; it shows what this one shows. Worked out once for each kind of other."""
        found = self._joined.get(kind)
        if found is None:
            needs = {name: set(columns) for name, columns in self.needs.items()}
            for name, columns in other.needs.items():
                needs.setdefault(name, set()).update(columns)
            derived = self.derived | other.derived
            found = Plan(needs, derived, self.fields, self.shows_records, self.shows_conflicts)
            self._joined[kind] = found
        return found

    def mask(self, decision: Decision, today: date) -> Mask:
        """What a decision leaves of people's files, as far as this shows them; kept, as few decisions are met."""
        key = (id(decision), today)  # a mask holds its decision, so that the identity stays its own
        found = self._masks.get(key)
        if found is None:
            if len(self._masks) >= _MOST_MASKS:
                self._masks.clear()
            found = self._masks[key] = Mask(decision, self.derived, today, shows_records=self.shows_records)
        return found

    def completed(self, hidden: frozenset[Label], *, binding: bool = False) -> dict[str, frozenset[str]]:
        """What to fetch: without labels that this viewer can never see, with what decides and what joins.

        A derivation under a visible label keeps its inputs even where these are hidden: they are not shown.
        `binding` where agreements decide as well.
        """
        found = self._completed.get((hidden, binding))
        if found is None:
            deciding = {**EVIDENCE, **BINDING} if binding else EVIDENCE
            found = self._completed[hidden, binding] = self._complete(hidden, deciding)
        return found

    def _complete(
        self, hidden: frozenset[Label], deciding: Mapping[str, tuple[str, ...]]
    ) -> dict[str, frozenset[str]]:
        kept: dict[str, set[str]] = {
            entity: {name for name in names if ENTITIES[entity][name].label not in hidden}
            for entity, names in self.needs.items()
            if ENTITIES[entity].label not in hidden
        }
        for name in self.derived:
            derivation: Derivation[Any] = DERIVATIONS[name]
            if derivation.label not in hidden:
                for column in derivation.needs:
                    kept.setdefault(column.entity, set()).add(column.name)
        for entity, names in deciding.items():
            kept.setdefault(entity, set()).update(names)
        for entity in list(kept):
            kept[entity].update(JOINING.get(entity, ()))
        return {entity: frozenset(names) for entity, names in kept.items()}


def plan(info: GraphQLResolveInfo[Any]) -> Plan:
    """The plan of everything selected under the field that is being resolved."""
    made = Plan()
    walker = _Walker(info, made)
    root = get_named_type(info.return_type)
    for node in info.field_nodes:
        if node.selection_set:
            walker.walk(root, node.selection_set, info.field_name)
    return made


class _Walker:
    """Walks a selection along the schema; abstract types are walked with all that their fragments name."""

    def __init__(self, info: GraphQLResolveInfo[Any], made: Plan) -> None:
        self._info = info
        self._plan = made

    def walk(self, parent: GraphQLNamedType, selections: SelectionSetNode, path: str) -> None:
        for under, node in self._fields(parent, selections):
            if not isinstance(under, GraphQLObjectType | GraphQLInterfaceType):
                continue
            definition = under.fields.get(node.name.value)
            if definition is None:  # __typename
                continue
            here = f"{path}.{node.name.value}"
            declared = _declared(definition)
            if declared:
                self._take(declared, here, f"{under.name}.{node.name.value}")
            if node.selection_set:
                self.walk(get_named_type(definition.type), node.selection_set, here)

    def _take(self, declared: Declaration, path: str, coordinate: str) -> None:
        self._plan.fields[PlannedField(path, declared.label)] = None
        if declared.derived:
            self._plan.derive(declared.derived)
        else:
            self._plan.add(declared.needs)
        if declared.rows:
            self._plan.needs.setdefault(declared.rows, set())
        if coordinate == "Person.records":
            self._plan.shows_records = True
        elif coordinate == "Person.conflicts":
            self._plan.shows_conflicts = True
            self._plan.needs.setdefault("PersonRecord", set()).update(COMPARED)

    def _fields(
        self, parent: GraphQLNamedType, selections: SelectionSetNode
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
        for node in selections.selections:
            if not is_included(node, self._info.variable_values):
                continue
            if isinstance(node, FieldNode):
                yield parent, node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                under = self._info.schema.type_map[condition.name.value] if condition else parent
                yield from self._fields(under, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment: Any = self._info.fragments[node.name.value]
                definition = getattr(fragment, "definition", fragment)
                under = self._info.schema.type_map[definition.type_condition.name.value]
                yield from self._fields(under, definition.selection_set)


def is_included(node: Any, variables: VariableValues) -> bool:
    """Whether @skip and @include leave a selection in."""
    if not node.directives:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def _declared(definition: Any) -> Declaration | None:
    strawberry_field = definition.extensions.get("strawberry-definition")
    return declaration_of(strawberry_field.metadata) if strawberry_field else None
